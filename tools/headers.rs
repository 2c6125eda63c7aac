//! Writes the public C headers from `src/ffi/abi/*.rs`.
//!
//! Each header has a template in `src/ffi/abi/headers/`: C that Rust cannot express (includes,
//! platform macros), and lines of the form `@rust NAME@`, which stand for the declarations in
//! `src/ffi/abi/NAME.rs`, and `@feature NAME MACRO@`, which define MACRO if the Cargo feature is
//! on. cbindgen does the translation, one run per Rust file, so that a header keeps the order its
//! template gives.
//!
//! cbindgen cannot see into macros, gives tag and typedef the same name, knows no string constants
//! and prints every number in decimal. So the text is made plain for it before ([`lower`]) and
//! finished after ([`finish`]).

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The headers, in the order in which they include one another.
const HEADERS: [&str; 6] =
    ["xqc_configure.h", "xqc_errno.h", "xquic_typedef.h", "xquic.h", "xqc_http3.h", "xqc_ext.h"];

/// Struct tags that are not the typedef's name with `_s` for `_t`, and the enums that have a tag.
const TAGS: [(&str, &str); 14] = [
    ("xqc_h3_priority_t", "xqc_http_priority_s"),
    ("xqc_cong_ctrl_callback_t", "xqc_congestion_control_callback_s"),
    ("xqc_scheduler_params_t", "xqc_scheduler_params_u"),
    ("xqc_log_level_t", "xqc_log_level_s"),
    ("qlog_event_importance_t", "qlog_event_importance_s"),
    ("xqc_conn_settings_type_t", "xqc_conn_settings_type_e"),
    ("xqc_conn_option_t", "xqc_conn_option_e"),
    ("xqc_tls_msg_type_t", "xqc_tls_msg_type_e"),
    ("xqc_tls_group_type_t", "xqc_tls_group_type_e"),
    ("xqc_proto_version_t", "xqc_proto_version_s"),
    ("xqc_scheduler_path_event_t", "xqc_scheduler_path_event_e"),
    ("xqc_scheduler_conn_event_t", "xqc_scheduler_conn_event_e"),
    ("xqc_http3_nv_flag_t", "xqc_http3_nv_flag_s"),
    ("xqc_http3_nv_hit_flag_t", "xqc_http3_nv_hit_flag_s"),
];

const SOURCES: &str = "src/ffi/abi";
const TEMPLATES: &str = "src/ffi/abi/headers";
const CONFIG: &str = "cbindgen.toml";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Writes all headers to `DIRECTORY/xquic/` and names to Cargo what they depend on.
pub(crate) fn generate(directory: &Path, scratch: &Path) -> Result<()> {
    let out = directory.join("xquic");
    fs::create_dir_all(&out)?;
    for watched in [SOURCES, CONFIG, "tools/headers.rs"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    let mut generator = Generator::new(scratch)?;
    for header in HEADERS {
        let path = out.join(header);
        let text = generator.header(header)?;
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            fs::write(&path, text)?;
        }
        println!("cargo:rerun-if-changed={}", path.display());
    }
    Ok(())
}

struct Generator {
    config: cbindgen::Config,
    scratch: PathBuf,
    /// Typedefs written so far: a struct body that follows must not repeat its own.
    typedefs: BTreeSet<String>,
}

impl Generator {
    fn new(scratch: &Path) -> Result<Self> {
        let config = cbindgen::Config::from_file(CONFIG)?;
        Ok(Self { config, scratch: scratch.to_owned(), typedefs: BTreeSet::new() })
    }

    fn header(&mut self, name: &str) -> Result<String> {
        let template = fs::read_to_string(Path::new(TEMPLATES).join(format!("{name}.in")))?;
        let mut out = String::new();
        for line in template.lines() {
            let words: Vec<&str> = directive(line).unwrap_or_default();
            match words[..] {
                ["rust", module] => out.push_str(&self.section(module)?),
                ["feature", feature, define] => feature_macro(&mut out, feature, define)?,
                _ => {
                    self.remember_typedef(line);
                    writeln!(out, "{line}")?;
                }
            }
        }
        Ok(out)
    }

    /// The C declarations for one Rust file.
    fn section(&mut self, module: &str) -> Result<String> {
        let source = fs::read_to_string(Path::new(SOURCES).join(format!("{module}.rs")))?;
        let lowered = lower(&source);
        let path = self.scratch.join(format!("{module}.rs"));
        fs::write(&path, &lowered.text)?;

        let mut config = self.config.clone();
        config.export.include = lowered.types;
        let mut c = Vec::new();
        cbindgen::Builder::new().with_config(config).with_src(&path).generate()?.write(&mut c);
        let c = String::from_utf8(c)?;
        let text = finish(&c, &lowered.strings, &self.typedefs);
        for line in text.lines() {
            self.remember_typedef(line);
        }
        Ok(text)
    }

    fn remember_typedef(&mut self, line: &str) {
        if let Some(declared) = line.strip_prefix("typedef struct ") {
            let name = declared.trim_end_matches(';').rsplit(' ').next().unwrap_or_default();
            self.typedefs.insert(name.to_owned());
        }
    }
}

/// The words of a template line that is a directive.
fn directive(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('@')?.strip_suffix('@')?;
    Some(inner.split_whitespace().collect())
}

/// A macro that tells whether the library was built with a feature. A host may define it on the
/// command line as well.
fn feature_macro(out: &mut String, feature: &str, define: &str) -> Result<()> {
    let variable = format!("CARGO_FEATURE_{}", feature.to_uppercase());
    if env::var_os(variable).is_some() {
        writeln!(out, "#ifndef {define}\n#define {define}\n#endif")?;
    } else {
        writeln!(out, "/* built without {define} */")?;
    }
    Ok(())
}

/// A Rust file that cbindgen understands.
struct Lowered {
    text: String,
    /// The types it declares, in order.
    types: Vec<String>,
    /// The string constants; `STRING_n` stands for the n-th in the text.
    strings: Vec<String>,
}

/// Unwraps macros and foreign blocks, and hides from cbindgen what it would print badly.
fn lower(source: &str) -> Lowered {
    let mut lowered = Lowered { text: String::new(), types: Vec::new(), strings: Vec::new() };
    let mut wrapper = None;
    let source = source.replace("CStr =\n    c\"", "CStr = c\"");
    for line in source.lines() {
        match line {
            "c_enum! {" | "opaque! {" | "extern \"C\" {" => wrapper = Some(line),
            "}" if wrapper.is_some() => wrapper = None,
            _ => {
                let line = lower_line(line, wrapper, &mut lowered.strings);
                if let Some(name) = declared_type(&line) {
                    lowered.types.push(name.to_owned());
                }
                lowered.text.push_str(&line);
                lowered.text.push('\n');
            }
        }
    }
    lowered
}

fn lower_line(line: &str, wrapper: Option<&str>, strings: &mut Vec<String>) -> String {
    if wrapper == Some("extern \"C\" {") {
        return lower_foreign(line);
    }
    if let Some((name, value)) = line.split_once(": &CStr = c") {
        strings.push(value.trim_end_matches(';').to_owned());
        return format!("{name}: u32 = STRING_{};", strings.len() - 1);
    }
    let line = line.replace("pub enum ", "#[repr(C)] pub enum ");
    match line.split_once("0x") {
        Some((before, after)) if !before.contains("//") => {
            let end = after.find(|c: char| !c.is_ascii_hexdigit() && c != '_');
            let (digits, rest) = after.split_at(end.unwrap_or(after.len()));
            format!("{before}HEX_{}{rest}", digits.replace('_', ""))
        }
        _ => line,
    }
}

/// Foreign functions and statics become definitions, which cbindgen exports with its prefix.
fn lower_foreign(line: &str) -> String {
    let comment = line.trim_start().starts_with("//");
    match line.strip_suffix(';') {
        Some(start) if !comment && line.contains("pub static ") => {
            start.replace("pub static ", "#[no_mangle] pub static ") + " = 0;"
        }
        Some(start) if !comment => lower_function(start) + " {}",
        _ => lower_function(line),
    }
}

fn lower_function(line: &str) -> String {
    line.replacen("    pub fn ", "    #[no_mangle] pub extern \"C\" fn ", 1)
}

fn declared_type(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("#[repr(C)] ").strip_prefix("pub ")?;
    let rest = ["struct ", "enum ", "type "].iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Gives structs and enums their tags, prefixes data objects, and restores numbers and strings.
fn finish(c: &str, strings: &[String], typedefs: &BTreeSet<String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut opening = 0;
    for line in c.lines() {
        if line.trim() == ";" {
            end_conditional_field(&mut lines);
            continue;
        }
        let mut line = line.replace("HEX_", "0x");
        for (index, value) in strings.iter().enumerate() {
            if line.ends_with(&format!("STRING_{index}")) {
                line = line.replace(&format!("STRING_{index}"), value);
            }
        }
        if let Some(object) = line.strip_prefix("extern const ") {
            line = format!("XQC_EXPORT_PUBLIC_API XQC_EXTERN const {object}");
        } else if line == "typedef struct {" || line == "typedef enum {" {
            opening = lines.len();
        } else if let Some(name) = line.strip_prefix("} ").and_then(|rest| rest.strip_suffix(';')) {
            let name = name.to_owned();
            if typedefs.contains(&name) {
                lines[opening] = format!("struct {} {{", tag(&name));
                "};".clone_into(&mut line);
            } else {
                lines[opening] = tagged_opening(&lines[opening], &name);
            }
        } else if let Some(name) = opaque_name(&line) {
            line = format!("typedef struct {} {name};", tag(name));
        }
        lines.push(line);
    }
    let mut text = join_short_comments(&lines);
    text.push('\n');
    text
}

/// cbindgen writes the semicolon of a conditional field after the `#endif`; it belongs before.
fn end_conditional_field(lines: &mut [String]) {
    if let Some(field) = lines.iter_mut().rev().find(|line| !line.starts_with('#')) {
        field.push(';');
    }
}

fn tagged_opening(opening: &str, name: &str) -> String {
    let tagged = opening.contains("struct") || TAGS.iter().any(|(typedef, _)| *typedef == name);
    if tagged {
        opening.replace('{', &format!("{} {{", tag(name)))
    } else {
        opening.to_owned()
    }
}

/// `X` in `typedef struct X X;`.
fn opaque_name(line: &str) -> Option<&str> {
    let (first, second) =
        line.strip_prefix("typedef struct ")?.strip_suffix(';')?.split_once(' ')?;
    (first == second).then_some(first)
}

fn tag(typedef: &str) -> String {
    match TAGS.iter().find(|(name, _)| *name == typedef) {
        Some((_, tag)) => (*tag).to_owned(),
        None => typedef.strip_suffix("_t").unwrap_or(typedef).to_owned() + "_s",
    }
}

/// Puts a comment of one line onto one line.
fn join_short_comments(lines: &[String]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut rest = lines;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let [text, end, after @ ..] = tail {
            let body = text.trim_start().strip_prefix("* ");
            if let (true, Some(body), "*/") = (first.ends_with("/**"), body, end.trim_start()) {
                out.push(format!("{first} {body} */"));
                rest = after;
                continue;
            }
        }
        out.push(first.clone());
    }
    out.join("\n") + "\n"
}
