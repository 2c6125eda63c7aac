//! Frame types and the one table of what each is and where it may stand.

use std::fmt;

use super::{FrameError, FrameErrorKind};
use crate::wire::packet_type::PacketType;
use crate::wire::{varint, Reader, Role};

/// The type of a frame as it stands on the wire (RFC 9000 section 19, RFC 9221 section 4).
///
/// Types whose low bits are flags have their lowest value named here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameType(pub u64);

/// What the table knows about a type, one bit each.
#[derive(Clone, Copy)]
struct Rules(u8);

/// May stand in Initial packets.
const I: u8 = 1 << PacketType::Initial as u8;
/// May stand in Handshake packets.
const H: u8 = 1 << PacketType::Handshake as u8;
/// May stand in 0-RTT packets.
const Z: u8 = 1 << PacketType::ZeroRtt as u8;
/// May stand in 1-RTT packets.
const O: u8 = 1 << PacketType::OneRtt as u8;
/// Makes its packet ack-eliciting (RFC 9002 section 2).
const ELICITS: u8 = 1 << 4;
/// Counts toward bytes in flight (RFC 9002 section 2).
const FLIGHT: u8 = 1 << 5;
/// Leaves its packet a probing packet (RFC 9000 section 9.1).
const PROBES: u8 = 1 << 6;
/// Only a server sends it.
const SERVER: u8 = 1 << 7;
/// What nearly every frame is.
const COUNTS: u8 = ELICITS | FLIGHT;

/// Declares the types, their names and their rules in one place.
macro_rules! frame_types {
    ($($(#[$doc:meta])* $name:ident = $first:literal ..= $last:literal: $rules:expr;)*) => {
        impl FrameType {
            $($(#[$doc])* pub const $name: Self = Self($first);)*

            /// The RFC's name of the type, if there is such a type.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($first..=$last => Some(stringify!($name)),)*
                    _ => self.extension_name(),
                }
            }
        }

        /// The rules of the types below 64, by type; no bit set where there is no such type.
        const RULES: [Rules; 64] = {
            let mut table = [Rules(0); 64];
            $(
                let mut value = $first;
                while value <= $last {
                    table[value] = Rules($rules);
                    value += 1;
                }
            )*
            table
        };
    };
}

// RFC 9000 table 3. Section 12.5 goes further than the table for 0-RTT: what acknowledges or
// answers something cannot be sent there.
frame_types! {
    /// RFC 9000 section 19.1.
    PADDING = 0x00..=0x00: I | H | Z | O | FLIGHT | PROBES;
    /// RFC 9000 section 19.2.
    PING = 0x01..=0x01: I | H | Z | O | COUNTS;
    /// RFC 9000 section 19.3; the higher value carries ECN counts.
    ACK = 0x02..=0x03: I | H | O;
    /// RFC 9000 section 19.4.
    RESET_STREAM = 0x04..=0x04: Z | O | COUNTS;
    /// RFC 9000 section 19.5.
    STOP_SENDING = 0x05..=0x05: Z | O | COUNTS;
    /// RFC 9000 section 19.6.
    CRYPTO = 0x06..=0x06: I | H | O | COUNTS;
    /// RFC 9000 section 19.7.
    NEW_TOKEN = 0x07..=0x07: O | COUNTS | SERVER;
    /// RFC 9000 section 19.8; the three low bits are flags.
    STREAM = 0x08..=0x0f: Z | O | COUNTS;
    /// RFC 9000 section 19.9.
    MAX_DATA = 0x10..=0x10: Z | O | COUNTS;
    /// RFC 9000 section 19.10.
    MAX_STREAM_DATA = 0x11..=0x11: Z | O | COUNTS;
    /// RFC 9000 section 19.11; the higher value is for unidirectional streams.
    MAX_STREAMS = 0x12..=0x13: Z | O | COUNTS;
    /// RFC 9000 section 19.12.
    DATA_BLOCKED = 0x14..=0x14: Z | O | COUNTS;
    /// RFC 9000 section 19.13.
    STREAM_DATA_BLOCKED = 0x15..=0x15: Z | O | COUNTS;
    /// RFC 9000 section 19.14; the higher value is for unidirectional streams.
    STREAMS_BLOCKED = 0x16..=0x17: Z | O | COUNTS;
    /// RFC 9000 section 19.15.
    NEW_CONNECTION_ID = 0x18..=0x18: Z | O | COUNTS | PROBES;
    /// RFC 9000 section 19.16.
    RETIRE_CONNECTION_ID = 0x19..=0x19: O | COUNTS;
    /// RFC 9000 section 19.17.
    PATH_CHALLENGE = 0x1a..=0x1a: Z | O | COUNTS | PROBES;
    /// RFC 9000 section 19.18.
    PATH_RESPONSE = 0x1b..=0x1b: O | COUNTS | PROBES;
    /// RFC 9000 section 19.19, closed by QUIC itself.
    CONNECTION_CLOSE = 0x1c..=0x1c: I | H | Z | O;
    /// RFC 9000 section 19.19, closed by the application.
    CONNECTION_CLOSE_APPLICATION = 0x1d..=0x1d: Z | O;
    /// RFC 9000 section 19.20.
    HANDSHAKE_DONE = 0x1e..=0x1e: O | COUNTS | SERVER;
    /// RFC 9221 section 4; the higher value has a length.
    DATAGRAM = 0x30..=0x31: Z | O | COUNTS;
}

/// Types of extensions. Whether one was negotiated the connection knows.
impl FrameType {
    /// draft-smith-quic-receive-ts, as upstream speaks it.
    pub const ACK_EXTENDED: Self = Self(0xb1);
}

impl FrameType {
    /// Reads the type a frame starts with.
    #[inline]
    pub fn read(r: &mut Reader<'_>) -> Result<Self, FrameError> {
        match r.peek().first() {
            Some(&byte) if byte < 0x40 => {
                let _ = r.u8();
                Ok(Self(u64::from(byte)))
            }
            _ => Self::read_long(r),
        }
    }

    /// Reads a type of more than one byte.
    #[cold]
    fn read_long(r: &mut Reader<'_>) -> Result<Self, FrameError> {
        let start = r.position();
        let value =
            r.varint().map_err(|end| FrameError { frame_type: Self::PADDING, kind: end.into() })?;
        // RFC 9000 section 12.4: the type is in the shortest form, so that the comparison of first
        // bytes, here and in others' code, is the comparison of types.
        if r.position() - start != varint::size(value) {
            return Err(Self(value).error(FrameErrorKind::TypeNotShortest));
        }
        Ok(Self(value))
    }

    /// True if there is such a type.
    #[inline]
    pub fn is_known(self) -> bool {
        self.rules().0 != 0
    }

    /// True if the frame may stand in packets of type `packet` (RFC 9000 section 12.4).
    #[inline]
    pub fn allowed_in(self, packet: PacketType) -> bool {
        self.has(1 << packet as u8)
    }

    /// True if `sender` may send the frame (RFC 9000 sections 19.7 and 19.20).
    #[inline]
    pub fn allowed_from(self, sender: Role) -> bool {
        sender == Role::Server || !self.has(SERVER)
    }

    /// True if the frame asks for an acknowledgement of its packet (RFC 9002 section 2).
    #[inline]
    pub fn is_ack_eliciting(self) -> bool {
        self.has(ELICITS)
    }

    /// True if the frame makes its packet count toward bytes in flight (RFC 9002 section 2).
    #[inline]
    pub fn is_in_flight(self) -> bool {
        self.has(FLIGHT)
    }

    /// True if a packet of such frames only is a probing packet (RFC 9000 section 9.1).
    #[inline]
    pub fn is_probing(self) -> bool {
        self.has(PROBES)
    }

    /// Refuses a type that is unknown or may not stand in packets of type `packet`.
    #[inline]
    pub fn check_allowed(self, packet: PacketType) -> Result<(), FrameError> {
        if self.allowed_in(packet) {
            return Ok(());
        }
        let known = self.is_known();
        Err(self.error(if known {
            FrameErrorKind::NotAllowed
        } else {
            FrameErrorKind::UnknownType
        }))
    }

    /// Refuses a type that `sender` must not send.
    #[inline]
    pub fn check_sender(self, sender: Role) -> Result<(), FrameError> {
        if self.allowed_from(sender) {
            return Ok(());
        }
        Err(self.error(FrameErrorKind::NotAllowed))
    }

    /// `kind` blamed on this type.
    pub(super) const fn error(self, kind: FrameErrorKind) -> FrameError {
        FrameError { frame_type: self, kind }
    }

    #[inline]
    fn has(self, rule: u8) -> bool {
        self.rules().0 & rule != 0
    }

    #[inline]
    fn rules(self) -> Rules {
        match usize::try_from(self.0) {
            Ok(value) if value < RULES.len() => RULES[value],
            _ => self.extension_rules(),
        }
    }

    const fn extension_name(self) -> Option<&'static str> {
        match self {
            Self::ACK_EXTENDED => Some("ACK_EXTENDED"),
            _ => None,
        }
    }

    /// The rules of types outside the table.
    #[cold]
    const fn extension_rules(self) -> Rules {
        match self {
            Self::ACK_EXTENDED => Rules(O),
            _ => Rules(0),
        }
    }
}

impl fmt::Debug for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{TransportError, TransportErrorCode as Code};
    use PacketType::{Handshake, Initial, OneRtt, ZeroRtt};

    /// The columns "Pkts" and "Spec" of RFC 9000 table 3, by type, with section 12.5 applied.
    const RFC: [(u64, &str, &str); 32] = [
        (0x00, "IH01", "NP"),
        (0x01, "IH01", ""),
        (0x02, "IH_1", "NC"),
        (0x03, "IH_1", "NC"),
        (0x04, "__01", ""),
        (0x05, "__01", ""),
        (0x06, "IH_1", ""),
        (0x07, "___1", ""),
        (0x08, "__01", ""),
        (0x0b, "__01", ""),
        (0x0f, "__01", ""),
        (0x10, "__01", ""),
        (0x11, "__01", ""),
        (0x12, "__01", ""),
        (0x13, "__01", ""),
        (0x14, "__01", ""),
        (0x15, "__01", ""),
        (0x16, "__01", ""),
        (0x17, "__01", ""),
        (0x18, "__01", "P"),
        (0x19, "___1", ""),
        (0x1a, "__01", "P"),
        (0x1b, "___1", "P"),
        // RFC 9002 section 2 counts in flight what elicits an ACK, and PADDING: not a close.
        (0x1c, "IH01", "NC"),
        (0x1d, "__01", "NC"),
        (0x1e, "___1", ""),
        (0x1f, "____", "NC"),
        (0x2f, "____", "NC"),
        (0x30, "__01", ""),
        (0x31, "__01", ""),
        (0x32, "____", "NC"),
        (0x4000, "____", "NC"),
    ];

    #[test]
    fn the_table_is_the_rfcs_table() {
        for (value, packets, spec) in RFC {
            let frame = FrameType(value);
            let columns = [(Initial, 'I'), (Handshake, 'H'), (ZeroRtt, '0'), (OneRtt, '1')];
            let found: String = columns
                .map(|(packet, letter)| if frame.allowed_in(packet) { letter } else { '_' })
                .into_iter()
                .collect();
            assert_eq!(found, packets, "{frame:?}");
            assert_eq!(frame.is_ack_eliciting(), !spec.contains('N'), "{frame:?}");
            assert_eq!(frame.is_in_flight(), !spec.contains('C'), "{frame:?}");
            assert_eq!(frame.is_probing(), spec.contains('P'), "{frame:?}");
            assert_eq!(frame.is_known(), packets != "____", "{frame:?}");
        }
    }

    /// RFC 9000 section 12.4: a known frame in the wrong packet is PROTOCOL_VIOLATION.
    #[test]
    fn application_frames_are_refused_before_the_handshake_is_done() {
        for frame in [FrameType::STREAM, FrameType::MAX_DATA, FrameType::DATAGRAM] {
            for packet in [Initial, Handshake] {
                let error = frame.check_allowed(packet).map_err(TransportError::from);
                assert_eq!(error.map_err(|e| e.code), Err(Code::PROTOCOL_VIOLATION));
            }
        }
    }

    /// RFC 9000 section 12.5.
    #[test]
    fn an_application_close_is_refused_in_initial_and_handshake() {
        let frame = FrameType::CONNECTION_CLOSE_APPLICATION;
        for packet in [Initial, Handshake] {
            assert_eq!(frame.check_allowed(packet), Err(frame.error(FrameErrorKind::NotAllowed)));
        }
        assert_eq!(FrameType::CONNECTION_CLOSE.check_allowed(Initial), Ok(()));
    }

    /// RFC 9001 section 8.3.
    #[test]
    fn crypto_is_refused_in_early_data() {
        let error = FrameType::CRYPTO.error(FrameErrorKind::NotAllowed);
        assert_eq!(FrameType::CRYPTO.check_allowed(ZeroRtt), Err(error));
    }

    /// RFC 9000 section 12.4: an unknown type is FRAME_ENCODING_ERROR, not PROTOCOL_VIOLATION.
    #[test]
    fn an_unknown_type_is_an_encoding_error_everywhere() {
        for value in [0x1f, 0x40, 0x1234_5678] {
            let error = FrameType(value).check_allowed(OneRtt).map_err(TransportError::from);
            assert_eq!(error.map_err(|e| e.code), Err(Code::FRAME_ENCODING_ERROR));
        }
    }

    #[test]
    fn two_frames_come_from_servers_only() {
        let server_only: Vec<u64> =
            (0..64).filter(|value| !FrameType(*value).allowed_from(Role::Client)).collect();
        assert_eq!(server_only, [0x07, 0x1e]);
        assert!((0..64).all(|value| FrameType(value).allowed_from(Role::Server)));
    }

    /// RFC 9000 section 12.4.
    #[test]
    fn a_type_in_a_longer_form_than_needed_is_refused() {
        for bytes in [&[0x40, 0x01][..], &[0x80, 0, 0, 0x08], &[0xc0, 0, 0, 0, 0, 0, 0, 0x1e]] {
            let error = FrameType::read(&mut Reader::new(bytes));
            assert_eq!(error.map_err(|e| e.kind), Err(FrameErrorKind::TypeNotShortest));
        }
        assert_eq!(FrameType::read(&mut Reader::new(&[0x40, 0x40])), Ok(FrameType(0x40)));
        assert_eq!(FrameType::read(&mut Reader::new(&[0x31])), Ok(FrameType(0x31)));
    }
}
