#!/usr/bin/env bash
# Format, lints and documentation of the Rust sources, every warning an error.
. "$(dirname "$0")/common.sh"

eval "$("$ROOT/tools/boringssl.sh")"
export BORING_BSSL_PATH BORING_BSSL_INCLUDE_PATH

cd "$ROOT"
cargo fmt --check
# As most hosts build it with its tests, and the two ends of what features can make of it.
cargo clippy --all-targets --locked --quiet -- -D warnings
cargo clippy --no-default-features --locked --quiet -- -D warnings
cargo clippy --all-features --locked --quiet -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --quiet
