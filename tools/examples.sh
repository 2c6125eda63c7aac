#!/usr/bin/env bash
# Builds the example programs against the library that build.sh built: examples.sh [DIRECTORY]
. "$(dirname "$0")/common.sh"

to=${1:-$BUILD_DIR/examples}
mkdir -p "$BUILD_DIR"
# shellcheck source=/dev/null
. "$BUILD_INFO"

say "building the examples"
cmake -S "$ROOT/examples" -B "$to" -DXQUIC_LIB="$TARGET_DIR/release/libxquic.so" \
    -DXQUIC_INCLUDE="$HEADERS" -DBORINGSSL_LIB="$BORINGSSL_LIBRARY" \
    -DBORINGSSL_INCLUDE="$BORINGSSL_INCLUDE" >"$BUILD_DIR/examples.log" || die "$(cat "$BUILD_DIR/examples.log")"
cmake --build "$to" >"$BUILD_DIR/examples.log" 2>&1 || die "$(cat "$BUILD_DIR/examples.log")"
