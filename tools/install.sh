#!/usr/bin/env bash
# Installs what build.sh built: install.sh PREFIX
#
#   lib/libxquic.so, lib/libxquic.a
#   lib/pkgconfig/xquic.pc, lib/cmake/xquic/
#   include/xquic/*.h
#   lib/xquic/boringssl/{include,lib}: the BoringSSL inside, for hosts that link it themselves
#
# With DESTDIR set the files go below it, but name PREFIX as their place.
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || die "usage: install.sh PREFIX"
case $1 in /*) prefix=$1 ;; *) die "the prefix must be an absolute path: $1" ;; esac
to=${DESTDIR:-}$prefix
[ -f "$BUILD_INFO" ] || die "nothing is built yet: run 'make build' first"
# shellcheck source=/dev/null
. "$BUILD_INFO"

fill_in() { # TEMPLATE OUTPUT
    sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$(package_version)|" "$1" >"$scratch"
    install -m 644 "$scratch" "$2"
}

# cmake leaves the archives at the top of its build directory, a ready-made BoringSSL in lib/.
boringssl_archive() { # NAME
    local directory
    for directory in lib "$1" .; do
        if [ -f "$BORINGSSL_LIBRARY/$directory/lib$1.a" ]; then
            printf '%s\n' "$BORINGSSL_LIBRARY/$directory/lib$1.a"
            return
        fi
    done
    die "no lib$1.a in $BORINGSSL_LIBRARY"
}

scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

install -d "$to/lib/pkgconfig" "$to/lib/cmake/xquic" "$to/include/xquic" \
    "$to/lib/xquic/boringssl/lib" "$to/lib/xquic/boringssl/include"
install -m 755 "$TARGET_DIR/release/libxquic.so" "$to/lib/libxquic.so"
install -m 644 "$TARGET_DIR/release/libxquic.a" "$to/lib/libxquic.a"
install -m 644 "$HEADERS"/xquic/*.h "$to/include/xquic/"
install -m 644 "$ROOT/cmake/xquicConfig.cmake" "$to/lib/cmake/xquic/"
fill_in "$ROOT/cmake/xquicConfigVersion.cmake.in" "$to/lib/cmake/xquic/xquicConfigVersion.cmake"
fill_in "$ROOT/cmake/xquic.pc.in" "$to/lib/pkgconfig/xquic.pc"
for name in ssl crypto; do
    archive=$(boringssl_archive "$name")
    install -m 644 "$archive" "$to/lib/xquic/boringssl/lib/"
done
cp -R "$BORINGSSL_INCLUDE/openssl" "$to/lib/xquic/boringssl/include/"
say "installed to $to"
