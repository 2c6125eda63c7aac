//! Every function and data object of the API, as declared, and the proof that definitions agree.
//!
//! The declarations export nothing and must not be called: they are what the headers are made of.
//! A file of `ffi` that defines some of them lists these once, in `check_prototypes!` or
//! `check_objects!`. That fails to compile if a type differs, and a test below fails if a
//! definition is not listed.

pub use super::connection_functions::*;
pub use super::engine_functions::*;
pub use super::ext_functions::*;
pub use super::http3_ext_functions::*;
pub use super::http3_functions::*;
pub use super::objects::*;
pub use super::path_functions::*;
pub use super::stream_functions::*;
pub use super::undeclared::*;

/// Proves that the functions of these names in scope have the types the headers declare.
///
/// Two functions can stand in one array only if their types become the same pointer type.
macro_rules! check_prototypes {
    ($($name:ident),+ $(,)?) => {
        $(const _: fn() = || {
            let _ = [$crate::ffi::abi::prototypes::$name, $name];
        };)+
    };
}

/// Proves that the statics of these names in scope have the types the headers declare.
macro_rules! check_objects {
    ($($name:ident),+ $(,)?) => {
        $(const _: fn() = || {
            let _ = [&raw const $crate::ffi::abi::prototypes::$name, &raw const $name];
        };)+
    };
}

pub(crate) use {check_objects, check_prototypes};

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                rust_files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// The names that stand in invocations of one of the two macros in a file.
    fn listed(source: &str) -> Vec<&str> {
        let prototypes = source.split("check_prototypes!").skip(1);
        let invocations = prototypes.chain(source.split("check_objects!").skip(1));
        let lists = invocations.filter_map(|rest| rest.split([')', '}']).next());
        lists.flat_map(|list| list.split([',', ' ', '\n', '(', '{'])).collect()
    }

    /// The names of exported definitions in a file.
    fn defined(source: &str) -> Vec<&str> {
        let starts = ["extern \"C\" fn ", "pub static "];
        let mut lines = source.lines().map(str::trim_start);
        let mut names = Vec::new();
        while let Some(line) = lines.next() {
            if !line.starts_with("#[no_mangle]") && !line.starts_with("#[unsafe(no_mangle)]") {
                continue;
            }
            let item = lines.find(|line| starts.iter().any(|start| line.contains(start)));
            let rest = item.and_then(|line| starts.iter().find_map(|s| line.split(s).nth(1)));
            names.extend(rest.and_then(|rest| rest.split(['(', ':', '<']).next()));
        }
        names
    }

    #[test]
    fn every_exported_definition_is_checked_against_its_declaration() {
        let ffi = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
        let mut files = Vec::new();
        rust_files(&ffi, &mut files);
        files.retain(|path| !path.starts_with(ffi.join("abi")));
        assert!(!files.is_empty());
        for file in files {
            let source = fs::read_to_string(&file).unwrap_or_default();
            let listed = listed(&source);
            for name in defined(&source) {
                assert!(
                    listed.contains(&name),
                    "{name} in {} is not in check_prototypes! or check_objects!",
                    file.display()
                );
            }
        }
    }

    #[test]
    fn definitions_and_lists_are_found_in_source_text() {
        let source = "
            #[no_mangle]
            pub unsafe extern \"C\" fn xqc_a(x: u8) {}
            #[no_mangle]
            #[allow(non_upper_case_globals)]
            pub static xqc_b: u8 = 0;
            fn inner() {}
            check_prototypes!(xqc_a, xqc_c);
            check_objects! {
                xqc_b,
            }
        ";
        assert_eq!(defined(source), ["xqc_a", "xqc_b"]);
        for name in ["xqc_a", "xqc_b", "xqc_c"] {
            assert!(listed(source).contains(&name), "{name}");
        }
    }
}
