#!/usr/bin/env bash
# Runs every test of the project, or only the named steps: test.sh [STEP]...
#
# A failing step does not keep the later ones from running. The last lines say how long each
# step took, and count them.
. "$(dirname "$0")/common.sh"

STEPS=(lints headers rust conformance fuzz library abi symbols c c_valgrind c_asan examples aioquic
    aioquic_h3 ngtcp2 quiche chromium install speed)
RELEASE=$TARGET_DIR/release

step_lints() {
    "$ROOT/tools/lint.sh"
}

step_headers() {
    "$ROOT/tools/headers.sh" --check
}

step_rust() {
    cargo test --manifest-path "$ROOT/Cargo.toml" --locked --quiet
}

step_conformance() {
    local names=$BUILD_DIR/rust-tests.txt
    cargo test --manifest-path "$ROOT/Cargo.toml" --locked --quiet -- --list >"$names" \
        && python3 "$ROOT/tools/check_conformance.py" "$names"
}

# A look at each target; `make fuzz` looks longer.
step_fuzz() {
    "$ROOT/tools/fuzz.sh" 10
}

step_library() {
    "$ROOT/tools/build.sh" && "$ROOT/tools/examples.sh"
}

step_abi() {
    python3 "$ROOT/ctests/abi/check_abi.py" --include "$ROOT/include" \
        --area headers,types,functions,macros --quiet \
        && python3 "$ROOT/tools/check_ext.py" "$ROOT/include"
}

step_symbols() {
    python3 "$ROOT/tools/check_symbols.py" "$RELEASE/libxquic.so" \
        && python3 "$ROOT/tools/check_ext.py" "$ROOT/include" "$RELEASE/libxquic.so"
}

run_ctests() { # DIRECTORY [CMAKE-OPTION]...
    local to=$BUILD_DIR/$1
    shift
    cmake -S "$ROOT/ctests" -B "$to" -DXQUIC_INCLUDE="$ROOT/include" \
        -DXQUIC_LIB="$RELEASE/libxquic.so" "$@" >/dev/null \
        && cmake --build "$to" -j "$(nproc)" >/dev/null \
        && ctest --test-dir "$to" --output-on-failure -j "$(nproc)" --no-tests=error
}

step_c() {
    run_ctests ctests -DBORINGSSL_LIB="$BORING_BSSL_PATH" \
        -DBORINGSSL_INCLUDE="$BORING_BSSL_INCLUDE_PATH"
}

step_c_valgrind() {
    run_ctests ctests-valgrind -DCTESTS_VALGRIND=ON
}

# The static library, so that both ways of linking are tested.
step_c_asan() {
    run_ctests ctests-asan -DCTESTS_ASAN=ON -DXQUIC_LIB="$RELEASE/libxquic.a" \
        "-DXQUIC_EXTRA_LIBS=stdc++;gcc_s;pthread;m;dl"
}

step_examples() {
    local examples=$BUILD_DIR/examples interop=$ROOT/ctests/interop
    python3 "$interop/test_examples.py" "$examples" \
        && python3 "$interop/test_examples_tcp.py" "$examples" \
        && python3 "$interop/test_examples_http3.py" "$examples" \
        && python3 "$interop/test_ffi.py" "$examples" "$RELEASE/libxquic.so" "$ROOT/include"
}

step_aioquic() {
    local python=$BUILD_DIR/venv/bin/python interop=$ROOT/ctests/interop
    "$python" "$interop/test_aioquic.py" "$BUILD_DIR/examples" \
        && "$python" "$interop/test_aioquic_cases.py" "$BUILD_DIR/examples"
}

step_aioquic_h3() {
    "$BUILD_DIR/venv/bin/python" "$ROOT/ctests/interop/test_aioquic_h3.py" "$BUILD_DIR/examples"
}

step_ngtcp2() {
    python3 "$ROOT/ctests/interop/test_ngtcp2.py" "$BUILD_DIR/examples"
}

step_quiche() {
    cargo build --manifest-path "$ROOT/Cargo.toml" --locked --quiet --example quiche_peer \
        && python3 "$ROOT/ctests/interop/test_quiche.py" "$BUILD_DIR/examples" \
            "$TARGET_DIR/debug/examples/quiche_peer"
}

# Leaves build/chromium.png for people to look at.
step_chromium() {
    python3 "$ROOT/ctests/interop/test_chromium.py" "$BUILD_DIR/examples" "$BUILD_DIR"
}

step_install() {
    "$ROOT/ctests/install/test.sh"
}

# The limits of docs/PERFORMANCE.md that hold on every machine: counts, not times.
step_speed() {
    local figures=$BUILD_DIR/figures.txt
    "$ROOT/tools/bench.sh" quick | tee "$figures"
    awk '
        /^instructions per byte:/ { instructions = $4 + 0 }
        /^idle:/ { resident = $2 + 0 }
        /^instructions per request, h3-small:/ { small = $5 + 0 }
        /^instructions per request, h3-large:/ { large = $5 + 0 }
        END {
            if (!instructions || !resident || !small || !large) {
                print "a figure is missing"; exit 1
            }
            # 0.45 of what upstream takes, and as much as it takes.
            if (small > 81000) { print "more than 81,000 instructions per small request"; exit 1 }
            if (large > 1536000) { print "more than 1,536,000 instructions per large one"; exit 1 }
            if (instructions > 12.5) { print "more than 12.5 instructions per byte"; exit 1 }
            if (resident > 55000) { print "more than 55,000 bytes per idle pair"; exit 1 }
        }' "$figures"
}

started=$SECONDS
eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH
mkdir -p "$BUILD_DIR"

summary=("$((SECONDS - started)) s  dependencies")
failed=()
steps=("$@")
[ $# -gt 0 ] || steps=("${STEPS[@]}")
for step in "${steps[@]}"; do
    declare -F "step_$step" >/dev/null || die "no step '$step'; there are: ${STEPS[*]}"
    say "test step: $step"
    started=$SECONDS
    # In a subshell of its own, so that "set -e" holds inside and a failure is seen here.
    if (set +e; "step_$step"); then
        result=passed
    else
        failed+=("$step")
        result=FAILED
    fi
    say "step $step $result ($((SECONDS - started)) s)"
    summary+=("$((SECONDS - started)) s  $step $result")
done

printf '%s\n' "" "${summary[@]}" "$SECONDS s  in all"
[ ${#failed[@]} = 0 ] || say "failed: ${failed[*]}"
echo "$((${#steps[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
[ ${#failed[@]} = 0 ]
