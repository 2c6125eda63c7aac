#!/usr/bin/env bash
# Links libxquic.so out of libxquic.a: link-shared.sh ARCHIVE OUTPUT
#
# rustc could make a shared library itself, but it hands the linker a version script of its own,
# which leaves no place for the version node XQUIC_VERS_1.0 that xquic's symbols carry. So the
# shared library is linked from the static one: every xqc_ symbol is named as a root, and the
# linker takes from the archive what those need.
. "$(dirname "$0")/common.sh"

[ $# = 2 ] || die "usage: link-shared.sh ARCHIVE OUTPUT"
archive=$1
output=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

nm --defined-only --extern-only --format=posix "$archive" 2>/dev/null \
    | sed -n 's/^\(xqc_[A-Za-z0-9_]*\) [A-Z] .*/-Wl,-u,\1/p' | sort -u >"$scratch/roots"
[ -s "$scratch/roots" ] || die "$archive defines no xqc_ symbol"

# The map gives every xqc_ symbol upstream's node; a name on its own goes before the pattern.
{
    echo "XQUIC_EXT_1.0 { global:"
    sed -n 's/^    pub fn \(xqc_[A-Za-z0-9_]*\)(.*/    \1;/p' "$ROOT/src/ffi/abi/ext_functions.rs"
    echo "};"
    cat "$ROOT/cmake/xquic.map"
} >"$scratch/map"

# -Bsymbolic-functions: the library's own calls reach its own functions, whatever the host defines.
# The C++ runtime goes in statically, for BoringSSL, so that a C host need not bring one.
"${CXX:-c++}" -shared -o "$scratch/libxquic.so" "@$scratch/roots" "$archive" \
    -Wl,-soname,libxquic.so -Wl,--version-script,"$scratch/map" -Wl,--gc-sections \
    -Wl,-Bsymbolic-functions -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack \
    -static-libstdc++ -Wl,--as-needed -lpthread -lm -ldl
mv "$scratch/libxquic.so" "$output"
