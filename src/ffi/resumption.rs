//! What a client keeps from one connection to the next: sessions, and the server's transport
//! parameters in the text that hosts have on disk.

use std::fmt::Write as _;

use libc::c_char;

use crate::time::Duration;
use crate::wire::{StreamId, TransportParameters};

use super::abi::{xqc_conn_ssl_config_t, xqc_tls_group_type_t};
use super::cells::{ConnectionCell, EngineCell};
use super::memory::values;

/// Hands a session ticket to the host.
pub(super) fn save_session(engine: &EngineCell, connection: &ConnectionCell, ticket: &[u8]) {
    if let Some(save) = engine.transport.save_session_cb {
        // SAFETY: the host gave this function; the bytes are good for the call.
        unsafe { save(ticket.as_ptr().cast(), ticket.len(), connection.user_data.get()) };
    }
}

/// Hands the peer's transport parameters to the host, at a server too, as upstream does.
pub(super) fn save_parameters(
    engine: &EngineCell,
    connection: &ConnectionCell,
    parameters: &TransportParameters,
) {
    if let Some(save) = engine.transport.save_tp_cb {
        let text = parameters_to_text(parameters);
        let (bytes, len) = (text.as_ptr().cast(), text.trim_end_matches('\0').len());
        // SAFETY: the host gave this function; the bytes are good for the call.
        unsafe { save(bytes, len, connection.user_data.get()) };
    }
}

/// What a host kept for a connection.
pub(super) struct Kept<'a> {
    /// A session ticket.
    pub ticket: Option<&'a [u8]>,
    /// What is remembered of the server.
    pub remembered: Option<TransportParameters>,
}

impl<'a> Kept<'a> {
    /// Reads what the host gives to `xqc_connect`.
    ///
    /// # Safety
    ///
    /// Both pointers in `config` are null or readable for their lengths during `'a`.
    pub unsafe fn read(config: &xqc_conn_ssl_config_t) -> Self {
        // SAFETY: the caller vouches for both.
        let (ticket, parameters) = unsafe {
            (
                bytes(config.session_ticket_data, config.session_ticket_len),
                bytes(config.transport_parameter_data, config.transport_parameter_data_len),
            )
        };
        Self { ticket, remembered: parameters.map(parameters_from_text) }
    }
}

/// # Safety
///
/// `data` is null or readable for `len` bytes during `'a`.
unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches for the bytes.
    unsafe { values(data.cast(), len) }.filter(|bytes| !bytes.is_empty())
}

/// The key exchange groups that a connection offers in place of the engine's, the chosen one first.
pub(super) fn key_exchange_groups(choice: xqc_tls_group_type_t) -> Option<&'static str> {
    match choice.0 {
        1 => Some("P-256:X25519:P-384:P-521"),
        2 => Some("X25519:P-256:P-384:P-521"),
        3 => Some("P-384:X25519:P-256:P-521"),
        4 => Some("P-521:P-384:X25519:P-256"),
        _ => None,
    }
}

const MAX_STREAMS_BIDI: &str = "initial_max_streams_bidi";
const MAX_STREAMS_UNI: &str = "initial_max_streams_uni";
const MAX_STREAM_DATA_BIDI_LOCAL: &str = "initial_max_stream_data_bidi_local";
const MAX_STREAM_DATA_BIDI_REMOTE: &str = "initial_max_stream_data_bidi_remote";
const MAX_STREAM_DATA_UNI: &str = "initial_max_stream_data_uni";
const MAX_DATA: &str = "initial_max_data";
const MAX_ACK_DELAY: &str = "max_ack_delay";
const ACTIVE_CONNECTION_ID_LIMIT: &str = "active_connection_id_limit";
const MAX_DATAGRAM_FRAME_SIZE: &str = "max_datagram_frame_size";

/// One line `name=value` for each parameter that 0-RTT depends on, followed by a zero byte, which
/// hosts that print the text rely on.
fn parameters_to_text(parameters: &TransportParameters) -> String {
    let mut text = String::with_capacity(320);
    let mut line = |name, value: u64| {
        // A string takes what it is given.
        let _ = writeln!(text, "{name}={value}");
    };
    line(MAX_STREAMS_BIDI, parameters.initial_max_streams_bidi);
    line(MAX_STREAMS_UNI, parameters.initial_max_streams_uni);
    line(MAX_STREAM_DATA_BIDI_LOCAL, parameters.initial_max_stream_data_bidi_local);
    line(MAX_STREAM_DATA_BIDI_REMOTE, parameters.initial_max_stream_data_bidi_remote);
    line(MAX_STREAM_DATA_UNI, parameters.initial_max_stream_data_uni);
    line(MAX_DATA, parameters.initial_max_data);
    line(MAX_ACK_DELAY, parameters.max_ack_delay.as_millis());
    line(ACTIVE_CONNECTION_ID_LIMIT, parameters.active_connection_id_limit);
    if parameters.max_datagram_frame_size > 0 {
        line(MAX_DATAGRAM_FRAME_SIZE, parameters.max_datagram_frame_size);
    }
    text.push('\0');
    text
}

/// Reads what [`parameters_to_text`] wrote, here or in the original library. Lines may come in any
/// order and begin with a space; what is not known is passed over.
fn parameters_from_text(text: &[u8]) -> TransportParameters {
    // The text does not say whether migration was allowed: nothing is expected of it.
    let mut parameters =
        TransportParameters { disable_active_migration: true, ..TransportParameters::default() };
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_prefix(b" ").unwrap_or(line);
        let Some(split) = line.iter().position(|byte| *byte == b'=') else { continue };
        let (Ok(name), Some(value)) =
            (std::str::from_utf8(&line[..split]), decimal(&line[split + 1..]))
        else {
            continue;
        };
        set_parameter(&mut parameters, name, value);
    }
    parameters
}

fn set_parameter(parameters: &mut TransportParameters, name: &str, value: u64) {
    let streams = value.min(StreamId::MAX_COUNT);
    match name {
        MAX_STREAMS_BIDI => parameters.initial_max_streams_bidi = streams,
        MAX_STREAMS_UNI => parameters.initial_max_streams_uni = streams,
        MAX_STREAM_DATA_BIDI_LOCAL => parameters.initial_max_stream_data_bidi_local = value,
        MAX_STREAM_DATA_BIDI_REMOTE => parameters.initial_max_stream_data_bidi_remote = value,
        MAX_STREAM_DATA_UNI => parameters.initial_max_stream_data_uni = value,
        MAX_DATA => parameters.initial_max_data = value,
        MAX_ACK_DELAY => parameters.max_ack_delay = Duration::from_millis(value),
        ACTIVE_CONNECTION_ID_LIMIT => parameters.active_connection_id_limit = value,
        MAX_DATAGRAM_FRAME_SIZE => parameters.max_datagram_frame_size = value,
        _ => {}
    }
}

/// The number that `text` begins with, at most what a varint holds.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let mut value = None;
    for digit in digits {
        let tens = value.unwrap_or(0_u64).saturating_mul(10);
        value = Some(tens.saturating_add(u64::from(digit - b'0')));
    }
    value.map(|value| value.min(crate::wire::varint::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> TransportParameters {
        TransportParameters {
            initial_max_streams_bidi: 1024,
            initial_max_streams_uni: 3,
            initial_max_stream_data_bidi_local: 16_777_216,
            initial_max_stream_data_bidi_remote: 5,
            initial_max_stream_data_uni: 6,
            initial_max_data: 34_359_738_368,
            active_connection_id_limit: 8,
            disable_active_migration: true,
            ..TransportParameters::default()
        }
    }

    #[test]
    fn the_text_is_that_of_the_original_library() {
        let expected = "initial_max_streams_bidi=1024\ninitial_max_streams_uni=3\n\
                        initial_max_stream_data_bidi_local=16777216\n\
                        initial_max_stream_data_bidi_remote=5\ninitial_max_stream_data_uni=6\n\
                        initial_max_data=34359738368\nmax_ack_delay=25\n\
                        active_connection_id_limit=8\n";
        assert_eq!(parameters_to_text(&parameters()), format!("{expected}\0"));
        let with_datagrams = TransportParameters { max_datagram_frame_size: 1200, ..parameters() };
        let text = parameters_to_text(&with_datagrams);
        assert_eq!(text, format!("{expected}max_datagram_frame_size=1200\n\0"));
        assert_eq!(parameters_from_text(text.as_bytes()), with_datagrams);
    }

    #[test]
    fn lines_come_in_any_order_and_unknown_ones_are_passed_over() {
        let text = b"initial_max_data=7\nfuture=1\n\n max_ack_delay=3\ninitial_max_data\n=\n\
                     initial_max_streams_uni=2x\ninitial_max_streams_bidi=x\n\xff=1\n";
        let expected = TransportParameters {
            initial_max_data: 7,
            max_ack_delay: Duration::from_millis(3),
            initial_max_streams_uni: 2,
            disable_active_migration: true,
            ..TransportParameters::default()
        };
        assert_eq!(parameters_from_text(text), expected);
        // What follows a zero byte belongs to nobody.
        let cut = [&text[..], b"\0initial_max_data=9"].concat();
        assert_eq!(parameters_from_text(&cut), expected);
    }

    #[test]
    fn numbers_too_large_for_the_wire_are_cut() {
        let text = b"initial_max_data=99999999999999999999999\ninitial_max_streams_uni=18446744073709551615";
        let parameters = parameters_from_text(text);
        assert_eq!(parameters.initial_max_data, crate::wire::varint::MAX);
        assert_eq!(parameters.initial_max_streams_uni, StreamId::MAX_COUNT);
    }
}
