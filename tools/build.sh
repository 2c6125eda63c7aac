#!/usr/bin/env bash
# Builds libxquic.a and libxquic.so in cargo's release directory.
#
# XQUIC_FEATURES, if set, is the whole list of Cargo features, comma-separated; such a build also
# gets headers of its own, because the public headers tell which features are in. CARGO_FLAGS is
# handed to cargo.
. "$(dirname "$0")/common.sh"

eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH

headers=$ROOT/include
features=()
if [ -n "${XQUIC_FEATURES+set}" ]; then
    features=(--no-default-features --features "$XQUIC_FEATURES")
    headers=$TARGET_DIR/release/include
    export XQUIC_GENERATE_HEADERS=$headers
    mkdir -p "$headers"
fi

say "building libxquic"
# shellcheck disable=SC2086 # CARGO_FLAGS is a list of words.
cargo build --manifest-path "$ROOT/Cargo.toml" --release --locked "${features[@]}" ${CARGO_FLAGS:-}

archive=$TARGET_DIR/release/libxquic.a
shared=$TARGET_DIR/release/libxquic.so
# cargo may put an older archive back, so its time alone does not tell whether it has changed.
stamp=$(stat -c '%i %Y %s' "$archive" "$ROOT/tools/link-shared.sh" "$ROOT/cmake/xquic.map")
if [ ! -f "$shared" ] || [ "$stamp" != "$(cat "$shared.stamp" 2>/dev/null)" ]; then
    "$ROOT/tools/link-shared.sh" "$archive" "$shared"
    printf '%s\n' "$stamp" >"$shared.stamp"
fi

{
    printf 'HEADERS=%q\n' "$headers"
    printf 'BORINGSSL_LIBRARY=%q\n' "$BORING_BSSL_PATH"
    printf 'BORINGSSL_INCLUDE=%q\n' "$BORING_BSSL_INCLUDE_PATH"
} >"$BUILD_INFO"
say "built $shared"
