#!/usr/bin/env bash
# Installs what building (setup.sh build) or testing (setup.sh test) needs and the machine lacks.
#
# Only what is missing is installed, through apt, as root or with a sudo that asks no password.
# Elsewhere the missing packages are named, and the script stops.
. "$(dirname "$0")/common.sh"

missing=()

# Some programs are where Debian does not let everybody's PATH lead.
need_program() { # PROGRAM PACKAGE
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || missing+=("$2")
}

# bindgen, which reads BoringSSL's headers, loads libclang and wants the compiler's own headers.
have_libclang() {
    local headers
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null \
        || compgen -G '/usr/lib/*-linux-gnu/libclang*.so*' >/dev/null \
        || compgen -G '/usr/lib*/libclang*.so*' >/dev/null || return 1
    for headers in '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' \
        '/usr/lib*/clang/*/include/stddef.h'; do
        compgen -G "$headers" >/dev/null && return 0
    done
    return 1
}

find_missing() { # PURPOSE
    missing=()
    need_program git git
    need_program make make
    need_program cmake cmake
    need_program cc gcc
    need_program c++ g++
    need_program nm binutils
    need_program openssl openssl
    have_libclang || missing+=(libclang-dev)
    if [ "$1" = test ]; then
        need_program python3 python3
        need_program pkg-config pkg-config
        need_program valgrind valgrind
        # Peers of the interoperability tests.
        need_program gtlsclient ngtcp2-client
        need_program gtlsserver ngtcp2-server
        need_program chromium chromium
        python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    fi
    # valgrind reads the C library's symbols, which Debian keeps apart.
    if [ "$1" = test ] && [ -e /etc/debian_version ] && [ ! -d /usr/lib/debug/.build-id ]; then
        missing+=(libc6-dbg)
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! can_install; then
        printf 'These packages are missing: %s\n' "${missing[*]}" >&2
        printf 'Install them (Debian: apt-get install %s) and run this again.\n' \
            "${missing[*]}" >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    as_root apt-get -qq update
    as_root apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
}

check_rust() { # PURPOSE
    command -v cargo >/dev/null \
        || die "no Rust toolchain: install one (rustup, or your distribution's) and run this again"
    [ "$1" = test ] || return 0
    cargo fmt --version >/dev/null 2>&1 || die "rustfmt is missing: rustup component add rustfmt"
    cargo clippy --version >/dev/null 2>&1 || die "clippy is missing: rustup component add clippy"
}

# Another peer of the interoperability tests, in a Python environment of its own.
install_aioquic() {
    local venv=$BUILD_DIR/venv wanted=$ROOT/ctests/interop/requirements.txt
    cmp -s "$wanted" "$venv/installed.txt" && return 0
    say "installing aioquic into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
}

purpose=${1:-build}
case $purpose in
build | test) ;;
*) die "usage: setup.sh build|test" ;;
esac
find_missing "$purpose"
install_missing
check_rust "$purpose"
if [ "$purpose" = test ]; then
    install_aioquic
fi
