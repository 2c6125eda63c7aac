#!/usr/bin/env bash
# Fuzzes each target of fuzz/, or only the named ones: fuzz.sh SECONDS [TARGET]...
#
# Starts from fuzz/seeds; what is found to be new goes to fuzz/corpus, and what breaks to
# fuzz/artifacts. Sanitizer coverage asks for unstable compiler flags, which RUSTC_BOOTSTRAP lets the
# stable compiler take.
. "$(dirname "$0")/common.sh"

VERSION=0.13.2
TARGETS=(headers frames transport_parameters tokens qpack qpack_streams server client http3_frames
    http3_server)

[ $# -gt 0 ] || die "how many seconds?"
seconds=$1
shift
targets=("$@")
[ $# -gt 0 ] || targets=("${TARGETS[@]}")

eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH

if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --version "$VERSION" --locked --quiet --root "$TARGET_DIR/tools"
    export PATH=$TARGET_DIR/tools/bin:$PATH
fi

export RUSTC_BOOTSTRAP=1
cd "$ROOT"
for target in "${targets[@]}"; do
    say "fuzzing $target for $seconds s"
    mkdir -p "fuzz/corpus/$target" "fuzz/seeds/$target"
    log=$TARGET_DIR/fuzz-$target.log
    if ! CARGO_TARGET_DIR=$TARGET_DIR/fuzz cargo fuzz run --release "$target" \
        "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=4096 >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        die "$target has a finding"
    fi
    grep '^Done' "$log" || tail -n 1 "$log"
done
