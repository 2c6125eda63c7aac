#!/usr/bin/env bash
# Writes include/xquic/*.h from the sources; with --check only says whether they are up to date.
. "$(dirname "$0")/common.sh"

eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH

generate() { # DIRECTORY
    mkdir -p "$1"
    XQUIC_GENERATE_HEADERS=$1 cargo check --manifest-path "$ROOT/Cargo.toml" --locked --quiet
}

if [ "${1:-}" = --check ]; then
    fresh=$BUILD_DIR/fresh-headers
    rm -rf "$fresh"
    generate "$fresh"
    diff -ru "$ROOT/include" "$fresh" \
        || die "include/ is out of date: run 'make headers' and commit the result"
else
    generate "$ROOT/include"
fi
