#!/usr/bin/env bash
# Prints, as shell assignments, where BoringSSL is; builds it first if need be.
#
# BoringSSL takes minutes to compile, and every cargo profile would compile its own. So it is built
# once, in the release profile, and the other cargo calls are told to take that one:
#
#   eval "$(tools/boringssl.sh)"
#   export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH
#
# Where BORING_BSSL_PATH is set already, that BoringSSL is used as it is.
. "$(dirname "$0")/common.sh"

# The build script of boring-sys reports its directory in cargo's messages.
built_directory() {
    cargo build --manifest-path "$ROOT/Cargo.toml" --release --locked -p boring-sys \
        --message-format=json-render-diagnostics \
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
    # Built by cargo itself, but against a BoringSSL named by an earlier BORING_BSSL_PATH?
    [ -d "$library" ] || die "$out holds no BoringSSL: set BORING_BSSL_PATH again, or 'make distclean'"
fi
[ -f "$include/openssl/ssl.h" ] || die "no BoringSSL headers in $include"
printf 'BORING_BSSL_PATH=%q\nBORING_BSSL_INCLUDE_PATH=%q\n' "$library" "$include"
