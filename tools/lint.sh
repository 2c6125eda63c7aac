#!/usr/bin/env bash
# Format and lints of the Rust sources, every warning an error.
. "$(dirname "$0")/common.sh"

eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH

cd "$ROOT"
cargo fmt --check
cargo clippy --all-targets --locked --quiet -- -D warnings
