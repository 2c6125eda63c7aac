//! Frames as qlog shows them: what they say, without the data, tokens and secrets they carry.

use super::json::{Array, Object};
use crate::wire::frame::{Ack, ConnectionClose, Frame};
use crate::wire::{Direction, Reader};

/// Frames of one packet that are shown, and ranges of one ACK.
const MAX_SHOWN: usize = 64;

/// Adds the frames of a packet's payload. Delays of ACKs are scaled by `ack_delay_exponent`.
/// Beyond some dozens only their length is told, so that a packet full of the smallest frames
/// stays bearable; so is what cannot be read.
pub fn write_frames(frames: &mut Array<'_>, payload: &[u8], ack_delay_exponent: u8) {
    let mut reader = Reader::new(payload);
    let mut shown = 0;
    while !reader.is_empty() {
        let rest = reader.remaining();
        let frame = if shown < MAX_SHOWN { Frame::decode(&mut reader).ok() } else { None };
        let Some(frame) = frame else {
            frames.object(|out| {
                out.text("frame_type", "unknown");
                out.object("raw", |raw| {
                    raw.number("length", rest as u64);
                });
            });
            return;
        };
        frames.object(|out| write_frame(out, &frame, ack_delay_exponent));
        shown += 1;
    }
}

fn write_frame(out: &mut Object<'_>, frame: &Frame<'_>, ack_delay_exponent: u8) {
    let name = match frame {
        Frame::ConnectionClose(_) => "CONNECTION_CLOSE",
        frame => frame.frame_type().name().unwrap_or("unknown"),
    };
    out.text("frame_type", name.to_ascii_lowercase());
    match frame {
        Frame::Padding(frame) => {
            out.number("length", frame.len as u64);
        }
        Frame::Ack(frame) => write_ack(out, frame, ack_delay_exponent),
        Frame::Stream(frame) => {
            out.number("stream_id", frame.id.0).number("offset", frame.offset);
            out.number("length", frame.data.len() as u64).flag("fin", frame.fin);
        }
        Frame::Crypto(frame) => {
            out.number("offset", frame.offset).number("length", frame.data.len() as u64);
        }
        Frame::NewToken(frame) => {
            out.object("token", |token| {
                token.object("raw", |raw| {
                    raw.number("length", frame.token.len() as u64);
                });
            });
        }
        Frame::NewConnectionId(frame) => {
            out.number("sequence_number", frame.sequence);
            out.number("retire_prior_to", frame.retire_prior_to);
            out.number("connection_id_length", frame.cid.len() as u64);
            out.hex("connection_id", frame.cid.as_slice());
        }
        Frame::RetireConnectionId(frame) => {
            out.number("sequence_number", frame.sequence);
        }
        Frame::PathChallenge(frame) => {
            out.hex("data", &frame.0);
        }
        Frame::PathResponse(frame) => {
            out.hex("data", &frame.0);
        }
        Frame::ConnectionClose(frame) => write_close(out, frame),
        Frame::Datagram(frame) => {
            out.number("length", frame.data.len() as u64);
        }
        frame => write_flow(out, frame),
    }
}

/// Frames about streams and credit.
fn write_flow(out: &mut Object<'_>, frame: &Frame<'_>) {
    match frame {
        Frame::ResetStream(frame) => {
            out.number("stream_id", frame.id.0).number("error_code", frame.error_code);
            out.number("final_size", frame.final_size);
        }
        Frame::StopSending(frame) => {
            out.number("stream_id", frame.id.0).number("error_code", frame.error_code);
        }
        Frame::MaxData(frame) => {
            out.number("maximum", frame.maximum);
        }
        Frame::MaxStreamData(frame) => {
            out.number("stream_id", frame.id.0).number("maximum", frame.maximum);
        }
        Frame::MaxStreams(frame) => {
            out.text("stream_type", stream_type(frame.direction)).number("maximum", frame.maximum);
        }
        Frame::DataBlocked(frame) => {
            out.number("limit", frame.limit);
        }
        Frame::StreamDataBlocked(frame) => {
            out.number("stream_id", frame.id.0).number("limit", frame.limit);
        }
        Frame::StreamsBlocked(frame) => {
            out.text("stream_type", stream_type(frame.direction)).number("limit", frame.limit);
        }
        // The others have no fields, or were written by the caller.
        _ => {}
    }
}

fn write_ack(out: &mut Object<'_>, frame: &Ack<'_>, ack_delay_exponent: u8) {
    let scale = 1_u64.checked_shl(ack_delay_exponent.into()).unwrap_or(u64::MAX);
    out.millis("ack_delay", frame.delay.saturating_mul(scale));
    out.array("acked_ranges", |ranges| {
        for range in frame.iter().take(MAX_SHOWN) {
            ranges.array(|pair| {
                pair.number(*range.start());
                if range.start() != range.end() {
                    pair.number(*range.end());
                }
            });
        }
    });
    if let Some(ecn) = frame.ecn {
        out.number("ect0", ecn.ect0).number("ect1", ecn.ect1).number("ce", ecn.ce);
    }
}

fn write_close(out: &mut Object<'_>, frame: &ConnectionClose<'_>) {
    let space = if frame.frame_type.is_some() { "transport" } else { "application" };
    out.text("error_space", space).number("error_code", frame.error_code);
    out.number("raw_error_code", frame.error_code).untrusted("reason", frame.reason);
    if let Some(frame_type) = frame.frame_type {
        out.number("trigger_frame_type", frame_type);
    }
}

fn stream_type(direction: Direction) -> &'static str {
    match direction {
        Direction::Bidirectional => "bidirectional",
        Direction::Unidirectional => "unidirectional",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::frame::{
        DataBlocked, MaxData, MaxStreams, NewConnectionId, NewToken, PathChallenge, ResetStream,
        Stream, StreamsBlocked,
    };
    use crate::wire::{ConnectionId, ResetToken, Role, StreamId, Writer};

    fn shown(payload: &[u8]) -> String {
        let mut out = String::new();
        Object::write(&mut out, |o| {
            o.array("f", |frames| write_frames(frames, payload, 3));
        });
        out.strip_prefix(r#"{"f":["#).unwrap().strip_suffix("]}").unwrap().to_owned()
    }

    fn of(frame: Frame<'_>) -> String {
        let mut buffer = [0; 200];
        let mut writer = Writer::new(&mut buffer);
        frame.encode(&mut writer);
        let len = writer.position();
        shown(&buffer[..len])
    }

    #[test]
    fn frames_show_their_fields() {
        let id = StreamId::new(Role::Client, Direction::Bidirectional, 1);
        let stream = Frame::Stream(Stream { id, offset: 10, data: b"abc", fin: true });
        assert_eq!(
            of(stream),
            r#"{"frame_type":"stream","stream_id":4,"offset":10,"length":3,"fin":true}"#
        );
        let reset = Frame::ResetStream(ResetStream { id, error_code: 5, final_size: 6 });
        assert_eq!(
            of(reset),
            r#"{"frame_type":"reset_stream","stream_id":4,"error_code":5,"final_size":6}"#
        );
        assert_eq!(of(Frame::Ping), r#"{"frame_type":"ping"}"#);
        assert_eq!(
            of(Frame::MaxData(MaxData { maximum: 9 })),
            r#"{"frame_type":"max_data","maximum":9}"#
        );
        assert_eq!(
            of(Frame::DataBlocked(DataBlocked { limit: 9 })),
            r#"{"frame_type":"data_blocked","limit":9}"#
        );
        let direction = Direction::Unidirectional;
        assert_eq!(
            of(Frame::MaxStreams(MaxStreams { direction, maximum: 2 })),
            r#"{"frame_type":"max_streams","stream_type":"unidirectional","maximum":2}"#
        );
        assert_eq!(
            of(Frame::StreamsBlocked(StreamsBlocked { direction, limit: 2 })),
            r#"{"frame_type":"streams_blocked","stream_type":"unidirectional","limit":2}"#
        );
        assert_eq!(shown(&[0, 0, 0]), r#"{"frame_type":"padding","length":3}"#);
    }

    #[test]
    fn an_ack_shows_its_ranges_and_its_delay_in_milliseconds() {
        // Largest 10, delay 2 x 8 us, first range 10-8, gap, 5.
        assert_eq!(
            shown(&[0x02, 10, 2, 1, 2, 1, 0]),
            r#"{"frame_type":"ack","ack_delay":0.016,"acked_ranges":[[8,10],[5]]}"#
        );
    }

    #[test]
    fn a_close_shows_the_peers_words_without_trusting_them() {
        let close = ConnectionClose { error_code: 10, frame_type: Some(6), reason: b"a\"\0\xffb" };
        assert_eq!(
            of(Frame::ConnectionClose(close)),
            concat!(
                r#"{"frame_type":"connection_close","error_space":"transport","error_code":10,"#,
                "\"raw_error_code\":10,\"reason\":\"a\\\"\\u0000\u{fffd}b\",\"trigger_frame_type\":6}"
            )
        );
    }

    /// RFC 9000 section 19.17: challenge data is binary; so are connection IDs.
    #[test]
    fn challenges_and_connection_ids_are_shown_in_hexadecimal() {
        assert_eq!(
            of(Frame::PathChallenge(PathChallenge([0, 0x25, 0x73, 0, 1, 2, 3, 0xff]))),
            r#"{"frame_type":"path_challenge","data":"00257300010203ff"}"#
        );
        let cid = ConnectionId::new(&[0, 0x25, 0x6e, 0]).unwrap();
        let frame = NewConnectionId {
            sequence: 1,
            retire_prior_to: 0,
            cid,
            reset_token: ResetToken([0x77; 16]),
        };
        let text = of(Frame::NewConnectionId(frame));
        assert!(text.contains(r#""connection_id":"00256e00""#), "{text}");
        assert!(!text.contains("7777"), "a reset token is a secret: {text}");
    }

    #[test]
    fn tokens_are_not_shown() {
        let text = of(Frame::NewToken(NewToken { token: &[0x77; 20] }));
        assert_eq!(text, r#"{"frame_type":"new_token","token":{"raw":{"length":20}}}"#);
    }

    #[test]
    fn a_packet_of_a_thousand_frames_is_cut() {
        let text = shown(&[0x01; 1000]);
        assert_eq!(text.matches("ping").count(), MAX_SHOWN);
        assert!(text.ends_with(r#"{"frame_type":"unknown","raw":{"length":936}}"#), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_length() {
        assert_eq!(
            shown(&[0x01, 0x3f, 9, 9]),
            r#"{"frame_type":"ping"},{"frame_type":"unknown","raw":{"length":3}}"#
        );
    }
}
