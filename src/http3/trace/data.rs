//! The data of events, and the names that qlog has for ours.

use crate::http3::frame::FrameType;
use crate::http3::priority::Priority;
use crate::http3::qpack::{is_secret, Field};
use crate::http3::settings::Settings;
use crate::observe::{Array, Object};
use crate::wire::Reader;

/// Fields of a section that are shown; the others are counted.
const MAX_FIELDS: usize = 100;

/// What stands for a value that nobody should read in a file.
pub(super) const HIDDEN: &str = "(hidden)";

pub(super) fn write_settings(data: &mut Object<'_>, settings: &Settings) {
    if let Some(size) = settings.max_field_section_size {
        data.number("max_field_section_size", size);
    }
    data.number("max_table_capacity", settings.qpack_max_table_capacity);
    data.number("blocked_streams_count", settings.qpack_blocked_streams);
    data.flag("enable_connect_protocol", settings.enable_connect_protocol);
    data.flag("h3_datagram", settings.h3_datagram);
}

/// The fields of a section, in order, as far as they are shown.
pub(super) fn write_fields<'a>(array: &mut Array<'_>, mut fields: impl Iterator<Item = Field<'a>>) {
    for field in fields.by_ref().take(MAX_FIELDS) {
        array.object(|data| {
            data.untrusted("name", field.name);
            match is_secret(&field) {
                true => data.text("value", HIDDEN),
                false => data.untrusted("value", field.value),
            };
        });
    }
    let others = fields.count();
    if others > 0 {
        array.object(|data| {
            data.text("name", "...").text("value", format_args!("{others} more fields"));
        });
    }
}

/// A frame of a control stream, or one of which nothing is known.
pub(super) fn write_frame(frame: &mut Object<'_>, kind: FrameType, content: &[u8]) {
    let mut reader = Reader::new(content);
    match kind {
        FrameType::SETTINGS => {
            frame.text("frame_type", "settings");
            frame.array("settings", |array| write_wire_settings(array, &mut reader));
        }
        FrameType::GOAWAY => write_single(frame, ("goaway", "id"), &mut reader),
        FrameType::MAX_PUSH_ID => write_single(frame, ("max_push_id", "push_id"), &mut reader),
        FrameType::CANCEL_PUSH => write_single(frame, ("cancel_push", "push_id"), &mut reader),
        FrameType::PRIORITY_UPDATE_REQUEST | FrameType::PRIORITY_UPDATE_PUSH => {
            let of_push = kind == FrameType::PRIORITY_UPDATE_PUSH;
            frame.text("frame_type", "priority_update");
            frame.text("target_stream_type", if of_push { "push" } else { "request" });
            if let Ok(id) = reader.varint() {
                frame.number("prioritized_element_id", id);
            }
            frame.untrusted("priority_field_value", reader.rest());
        }
        // RFC 9114 section 7.2.8.
        FrameType(other) if other >= 0x21 && (other - 0x21) % 0x1f == 0 => {
            frame.text("frame_type", "reserved");
        }
        FrameType(other) => {
            frame.text("frame_type", "unknown").number("frame_type_value", other);
        }
    }
}

fn write_single(
    frame: &mut Object<'_>,
    (frame_type, name): (&'static str, &'static str),
    reader: &mut Reader<'_>,
) {
    frame.text("frame_type", frame_type);
    if let Ok(value) = reader.varint() {
        frame.number(name, value);
    }
}

/// The settings of a frame as they stand in it, unknown ones included.
fn write_wire_settings(array: &mut Array<'_>, reader: &mut Reader<'_>) {
    while let (Ok(id), Ok(value)) = (reader.varint(), reader.varint()) {
        array.object(|data| {
            match id {
                0x01 => data.text("name", "settings_qpack_max_table_capacity"),
                0x06 => data.text("name", "settings_max_field_section_size"),
                0x07 => data.text("name", "settings_qpack_blocked_streams"),
                0x08 => data.text("name", "settings_enable_connect_protocol"),
                0x33 => data.text("name", "settings_h3_datagram"),
                id if id >= 0x21 && (id - 0x21) % 0x1f == 0 => data.text("name", "reserved"),
                id => data.text("name", "unknown").number("name_value", id),
            };
            data.number("value", value);
        });
    }
}

/// A priority as a field would say it, all of what RFC 9218 knows.
pub(super) fn priority_text(priority: &Priority) -> String {
    let incremental = if priority.incremental { ", i" } else { "" };
    format!("u={}{incremental}", priority.urgency)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http3::qpack::Indexing;

    fn shown(kind: FrameType, content: &[u8]) -> String {
        let mut out = String::new();
        Object::write(&mut out, |frame| write_frame(frame, kind, content));
        out
    }

    fn fields(list: &[Field<'_>]) -> String {
        let mut out = String::new();
        Object::write(&mut out, |data| {
            data.array("f", |array| write_fields(array, list.iter().copied()));
        });
        out
    }

    #[test]
    fn control_frames_are_shown_with_what_they_say() {
        assert_eq!(
            shown(FrameType::SETTINGS, &[0x06, 0x40, 0x64, 0x21, 0x00, 0x2a, 0x05]),
            concat!(
                r#"{"frame_type":"settings","settings":["#,
                r#"{"name":"settings_max_field_section_size","value":100},"#,
                r#"{"name":"reserved","value":0},"#,
                r#"{"name":"unknown","name_value":42,"value":5}]}"#
            )
        );
        assert_eq!(shown(FrameType::GOAWAY, &[0x08]), r#"{"frame_type":"goaway","id":8}"#);
        let push = r#"{"frame_type":"max_push_id","push_id":3}"#;
        assert_eq!(shown(FrameType::MAX_PUSH_ID, &[0x03]), push);
        assert_eq!(shown(FrameType(0x40), &[]), r#"{"frame_type":"reserved"}"#);
        assert_eq!(
            shown(FrameType::PRIORITY_UPDATE_REQUEST, b"\x04u=1, i"),
            concat!(
                r#"{"frame_type":"priority_update","target_stream_type":"request","#,
                r#""prioritized_element_id":4,"priority_field_value":"u=1, i"}"#
            )
        );
    }

    /// A frame that is broken is told of all the same, as far as it goes.
    #[test]
    fn what_is_missing_is_left_out() {
        assert_eq!(shown(FrameType::GOAWAY, &[0x40]), r#"{"frame_type":"goaway"}"#);
        assert!(shown(FrameType::SETTINGS, &[0x06]).ends_with(r#""settings":[]}"#));
        assert!(shown(FrameType::PRIORITY_UPDATE_PUSH, &[]).contains(r#""push""#));
    }

    #[test]
    fn credentials_are_hidden_by_their_names_and_by_the_wish_of_the_sender() {
        let text = fields(&[
            Field::new(b"accept", b"text/plain"),
            Field::new(b"authorization", b"Basic secret1"),
            Field::new(b"cookie", b"secret2"),
            Field::with_indexing(b"x-key", b"secret3", Indexing::Never),
        ]);
        assert!(text.contains("text/plain") && text.contains("x-key"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(text.matches(HIDDEN).count(), 3);
    }

    #[test]
    fn long_sections_are_cut() {
        let many = [Field::new(b"n", b"v"); 250];
        let text = fields(&many);
        assert!(text.contains("150 more fields"), "{text}");
        assert!(text.len() < 3500);
    }
}
