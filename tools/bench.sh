#!/usr/bin/env bash
# Measures this library: bench.sh [quick]. XQUIC_LIB and XQUIC_INCLUDE name another one to compare.
. "$(dirname "$0")/common.sh"

to=$BUILD_DIR/bench
mkdir -p "$BUILD_DIR"
cmake -S "$ROOT/ctests" -B "$to" -DCMAKE_BUILD_TYPE=Release \
    -DXQUIC_LIB="${XQUIC_LIB:-$TARGET_DIR/release/libxquic.so}" \
    -DXQUIC_INCLUDE="${XQUIC_INCLUDE:-$ROOT/include}" >"$BUILD_DIR/bench.log" 2>&1 \
    || die "$(cat "$BUILD_DIR/bench.log")"
cmake --build "$to" --target bench loopback >"$BUILD_DIR/bench.log" 2>&1 || die "$(cat "$BUILD_DIR/bench.log")"
exec "$ROOT/ctests/bench/run.sh" "$to/bench" "$@"
