#!/usr/bin/env bash
# Prints, as shell assignments, where BoringSSL is; builds it first if need be.
#
# BoringSSL takes minutes to compile, and every cargo profile would compile its own. So it is built
# once, and all other cargo calls are told to take that one:
#
#   eval "$(tools/boringssl.sh)"
#   export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH
#
# Where BORING_BSSL_PATH is set already, that BoringSSL is used as it is.
. "$(dirname "$0")/common.sh"

# In a directory of its own: where BORING_BSSL_PATH is set at one time and not at another, cargo
# compiles anew each time. The build script of boring-sys reports its place in cargo's messages.
built_directory() {
    cargo build --manifest-path "$ROOT/Cargo.toml" --target-dir "$TARGET_DIR/boringssl" \
        --release --locked -p boring-sys --message-format=json-render-diagnostics \
        | sed -n '/"reason":"build-script-executed"/{/boring-sys/s/.*"out_dir":"\([^"]*\)".*/\1/p}'
}

if [ -n "${BORING_BSSL_PATH:-}" ]; then
    library=$BORING_BSSL_PATH
    include=${BORING_BSSL_INCLUDE_PATH:-$BORING_BSSL_PATH/include}
else
    say "looking for BoringSSL (its first build takes minutes)" >&2
    out=$(built_directory)
    [ -n "$out" ] || die "cargo did not say where it built BoringSSL"
    library=$out/build
    include=$out/boringssl/include
    [ -d "$library" ] || die "$out holds no BoringSSL: 'make distclean' and run this again"
fi
[ -f "$include/openssl/ssl.h" ] || die "no BoringSSL headers in $include"
printf 'BORING_BSSL_PATH=%q\nBORING_BSSL_INCLUDE_PATH=%q\n' "$library" "$include"
