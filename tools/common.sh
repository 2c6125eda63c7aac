# Shared by the scripts of this directory; to be sourced.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where cargo builds, and where this project's own scripts put what they make.
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
BUILD_DIR=${XQUIC_BUILD_DIR:-$ROOT/build}

case $TARGET_DIR in /*) ;; *) TARGET_DIR=$PWD/$TARGET_DIR ;; esac
case $BUILD_DIR in /*) ;; *) BUILD_DIR=$PWD/$BUILD_DIR ;; esac
export CARGO_TARGET_DIR=$TARGET_DIR

# Written by build.sh: where the headers and the BoringSSL of the last build are.
# shellcheck disable=SC2034 # Used where this file is sourced.
BUILD_INFO=$TARGET_DIR/release/xquic-build.info

# rustup puts cargo here without every shell knowing it.
if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
fi

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

package_version() {
    sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml" | head -n 1
}
