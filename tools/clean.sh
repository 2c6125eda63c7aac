#!/usr/bin/env bash
# Removes what was built. Dependencies, BoringSSL among them, go only with "clean.sh all".
. "$(dirname "$0")/common.sh"

rm -rf "$BUILD_DIR"
rm -rf "$TARGET_DIR"/release/libxquic.so "$TARGET_DIR"/release/libxquic.so.stamp \
    "$TARGET_DIR"/release/include "$BUILD_INFO"
if [ "${1:-}" = all ]; then
    cargo clean --manifest-path "$ROOT/Cargo.toml" --quiet
else
    cargo clean --manifest-path "$ROOT/Cargo.toml" --quiet -p xquic
    cargo clean --manifest-path "$ROOT/Cargo.toml" --quiet --release -p xquic
fi
