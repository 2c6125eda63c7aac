//! The record that a qlog file begins with.

use super::json::Object;
use crate::wire::Role;

/// The header of a file of JSON text sequences (RFC 7464) with the events of one endpoint. Times
/// in the events count from `reference_ms`, in milliseconds since 1970.
///
/// Each event names its connection in `group_id`.
pub fn file_header(role: Role, reference_ms: u64) -> String {
    let mut out = String::new();
    Object::write(&mut out, |file| {
        file.text("qlog_version", "0.3").text("qlog_format", "JSON-SEQ").text("title", "xquic");
        file.object("trace", |trace| {
            trace.object("vantage_point", |point| {
                point.text("name", "xquic").text("type", role_name(role));
            });
            trace.object("common_fields", |fields| {
                fields.array("protocol_type", |types| {
                    types.text("QUIC");
                    types.text("HTTP3");
                });
                fields.text("time_format", "relative").number("reference_time", reference_ms);
            });
        });
    });
    out
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_viewers_ask_for() {
        let header = file_header(Role::Server, 1_700_000_000_000);
        for part in [
            r#""qlog_version":"0.3""#,
            r#""qlog_format":"JSON-SEQ""#,
            r#""type":"server""#,
            r#""protocol_type":["QUIC","HTTP3"]"#,
            r#""reference_time":1700000000000"#,
        ] {
            assert!(header.contains(part), "{header}");
        }
    }
}
