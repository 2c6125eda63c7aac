//! Build script: writes the C headers when asked to.
//!
//! `XQUIC_GENERATE_HEADERS=include cargo check` brings `include/xquic/*.h` up to date; any other
//! directory serves for comparing, or for installing a build with other features. Ordinary builds
//! leave the headers alone.

use std::env;
use std::error::Error;
use std::path::Path;

#[path = "tools/headers.rs"]
mod headers;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=XQUIC_GENERATE_HEADERS");
    if let Some(directory) = env::var_os("XQUIC_GENERATE_HEADERS") {
        let scratch = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
        headers::generate(Path::new(&directory), Path::new(&scratch))?;
    }
    Ok(())
}
