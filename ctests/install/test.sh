#!/usr/bin/env bash
# Installs the built library and uses it as a C project would: through pkg-config, find_package
# and add_subdirectory, shared and static.
. "$(dirname "$0")/../../tools/common.sh"

here=$ROOT/ctests/install
work=$BUILD_DIR/install-test
prefix=$work/prefix
rm -rf "$work"
mkdir -p "$work"

run() { # PROGRAM
    [[ $("$1") == "connection IDs of "* ]] || die "$1 does not run"
    say "$(realpath --relative-to="$work" "$1") runs"
}

cmake_project() { # NAME [CMAKE-OPTION]...
    local name=$1
    shift
    if ! cmake -S "$here/$name" -B "$work/$name" "$@" >"$work/$name.log" 2>&1 \
        || ! cmake --build "$work/$name" >>"$work/$name.log" 2>&1; then
        die "$(tail -n 30 "$work/$name.log")"
    fi
    run "$work/$name/shared"
    run "$work/$name/static"
}

DESTDIR="" "$ROOT/tools/install.sh" "$prefix" >/dev/null
for file in lib/libxquic.so lib/libxquic.a lib/pkgconfig/xquic.pc \
    lib/cmake/xquic/xquicConfig.cmake lib/cmake/xquic/xquicConfigVersion.cmake \
    include/xquic/xqc_configure.h include/xquic/xqc_errno.h include/xquic/xqc_ext.h \
    include/xquic/xqc_http3.h include/xquic/xquic.h include/xquic/xquic_typedef.h lib/xquic/boringssl/lib/libssl.a \
    lib/xquic/boringssl/lib/libcrypto.a lib/xquic/boringssl/include/openssl/ssl.h; do
    [ -s "$prefix/$file" ] || die "$file was not installed"
done

# With DESTDIR the files go below it, but still name their final place.
DESTDIR=$work/stage "$ROOT/tools/install.sh" /opt/xquic >/dev/null
grep -q '^prefix=/opt/xquic$' "$work/stage/opt/xquic/lib/pkgconfig/xquic.pc" \
    || die "xquic.pc does not name the prefix"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# shellcheck disable=SC2046 # pkg-config prints words.
cc -o "$work/pkg-shared" "$here/program.c" $(pkg-config --cflags --libs xquic) \
    -Wl,-rpath,"$prefix/lib"
run "$work/pkg-shared"
# shellcheck disable=SC2046
cc -o "$work/pkg-static" "$here/program.c" $(pkg-config --cflags xquic) "$prefix/lib/libxquic.a" \
    $(pkg-config --static --libs-only-l xquic | sed 's/-lxquic//')
run "$work/pkg-static"

cmake_project found "-DCMAKE_PREFIX_PATH=$prefix"
cmake_project embedded
