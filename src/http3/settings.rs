//! What the two ends tell each other at the beginning (RFC 9114 section 7.2.4).

use super::error::{Code, ConnectionError};
use super::frame::broken;
use crate::wire::{varint, Reader, Writer};

/// The settings of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// SETTINGS_MAX_FIELD_SECTION_SIZE; `None` is no limit.
    pub max_field_section_size: Option<u64>,
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY, in bytes.
    pub qpack_max_table_capacity: u64,
    /// SETTINGS_QPACK_BLOCKED_STREAMS.
    pub qpack_blocked_streams: u64,
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 9220).
    pub enable_connect_protocol: bool,
    /// SETTINGS_H3_DATAGRAM (RFC 9297).
    pub h3_datagram: bool,
}

impl Default for Settings {
    /// What holds for an end of which nothing is known yet (RFC 9114 section 7.2.4.2).
    fn default() -> Self {
        Self {
            max_field_section_size: None,
            qpack_max_table_capacity: 0,
            qpack_blocked_streams: 0,
            enable_connect_protocol: false,
            h3_datagram: false,
        }
    }
}

mod id {
    pub const QPACK_MAX_TABLE_CAPACITY: u64 = 0x01;
    pub const MAX_FIELD_SECTION_SIZE: u64 = 0x06;
    pub const QPACK_BLOCKED_STREAMS: u64 = 0x07;
    pub const ENABLE_CONNECT_PROTOCOL: u64 = 0x08;
    pub const H3_DATAGRAM: u64 = 0x33;
}

/// The most bytes that SETTINGS may have: more than any sensible peer needs.
pub const MAX_SETTINGS_LEN: u64 = 4096;

impl Settings {
    /// Appends the content of a SETTINGS frame to `out`. What has its default is left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let none = Self::default();
        let mut put = |id: u64, value: u64| {
            let mut bytes = [0; 16];
            let mut writer = Writer::new(&mut bytes);
            writer.varint(id);
            // A host may want no limit at all.
            writer.varint(value.min(varint::MAX));
            out.extend_from_slice(writer.written());
        };
        if let Some(size) = self.max_field_section_size {
            put(id::MAX_FIELD_SECTION_SIZE, size);
        }
        if self.qpack_max_table_capacity != none.qpack_max_table_capacity {
            put(id::QPACK_MAX_TABLE_CAPACITY, self.qpack_max_table_capacity);
        }
        if self.qpack_blocked_streams != none.qpack_blocked_streams {
            put(id::QPACK_BLOCKED_STREAMS, self.qpack_blocked_streams);
        }
        if self.enable_connect_protocol {
            put(id::ENABLE_CONNECT_PROTOCOL, 1);
        }
        if self.h3_datagram {
            put(id::H3_DATAGRAM, 1);
        }
    }

    /// Reads the content of a SETTINGS frame.
    ///
    /// # Errors
    /// H3_FRAME_ERROR if it ends in the middle of a setting, H3_SETTINGS_ERROR for what must not be.
    pub fn decode(content: &[u8]) -> Result<Self, ConnectionError> {
        let mut settings = Self::default();
        let mut seen = Seen::default();
        let mut reader = Reader::new(content);
        while !reader.is_empty() {
            let (Ok(id), Ok(value)) = (reader.varint(), reader.varint()) else {
                return Err(broken("SETTINGS end within a setting"));
            };
            seen.add(id)?;
            settings.set(id, value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, id: u64, value: u64) -> Result<(), ConnectionError> {
        match id {
            id::QPACK_MAX_TABLE_CAPACITY => self.qpack_max_table_capacity = value,
            id::MAX_FIELD_SECTION_SIZE => self.max_field_section_size = Some(value),
            id::QPACK_BLOCKED_STREAMS => self.qpack_blocked_streams = value,
            id::ENABLE_CONNECT_PROTOCOL => self.enable_connect_protocol = flag(value)?,
            id::H3_DATAGRAM => self.h3_datagram = flag(value)?,
            // RFC 9114 section 7.2.4.1: settings of HTTP/2 that have no meaning here.
            0x02..=0x05 => return Err(invalid("a setting of HTTP/2")),
            _ => {}
        }
        Ok(())
    }
}

/// The settings that were read, as far as they are kept apart.
#[derive(Default)]
struct Seen(smallvec::SmallVec<[u64; 16]>);

impl Seen {
    // RFC 9114 section 7.2.4: no setting comes twice. The frame's length bounds how many there are.
    fn add(&mut self, id: u64) -> Result<(), ConnectionError> {
        if self.0.contains(&id) {
            return Err(invalid("a setting comes twice"));
        }
        self.0.push(id);
        Ok(())
    }
}

// RFC 8441 section 3, RFC 9297 section 2.1.1.
fn flag(value: u64) -> Result<bool, ConnectionError> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(invalid("a flag that is neither 0 nor 1")),
    }
}

const fn invalid(reason: &'static str) -> ConnectionError {
    ConnectionError::new(Code::SETTINGS_ERROR, reason)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FULL: Settings = Settings {
        max_field_section_size: Some(70_000),
        qpack_max_table_capacity: 16_384,
        qpack_blocked_streams: 64,
        enable_connect_protocol: true,
        h3_datagram: true,
    };

    fn code(content: &[u8]) -> Option<Code> {
        Settings::decode(content).err().map(|error| error.code)
    }

    #[test]
    fn settings_come_back() {
        for settings in [FULL, Settings::default()] {
            let mut content = Vec::new();
            settings.encode(&mut content);
            assert_eq!(Settings::decode(&content), Ok(settings));
        }
    }

    #[test]
    fn a_limit_larger_than_any_integer_is_the_largest_one() {
        let endless = Settings { max_field_section_size: Some(u64::MAX), ..Settings::default() };
        let mut content = Vec::new();
        endless.encode(&mut content);
        let read = Settings::decode(&content).map(|settings| settings.max_field_section_size);
        assert_eq!(read, Ok(Some((1 << 62) - 1)));
    }

    // RFC 9114 section 7.2.4.1.
    #[test]
    fn settings_of_http2_are_an_error_and_unknown_ones_are_not() {
        for id in 0x02..=0x05 {
            assert_eq!(code(&[id, 0]), Some(Code::SETTINGS_ERROR));
        }
        // A reserved one, 0x1f * 1 + 0x21 = 0x40, in two bytes.
        assert_eq!(Settings::decode(&[0x40, 0x40, 7]), Ok(Settings::default()));
    }

    // RFC 9114 section 7.2.4.
    #[test]
    fn a_setting_that_comes_twice_is_an_error_even_if_unknown() {
        assert_eq!(code(&[0x06, 1, 0x06, 1]), Some(Code::SETTINGS_ERROR));
        assert_eq!(code(&[0x3f, 1, 0x06, 1, 0x3f, 1]), Some(Code::SETTINGS_ERROR));
    }

    // RFC 8441 section 3, RFC 9297 section 2.1.1.
    #[test]
    fn flags_are_zero_or_one() {
        for id in [0x08, 0x33] {
            assert_eq!(code(&[id, 0]), None);
            assert_eq!(code(&[id, 1]), None);
            assert_eq!(code(&[id, 2]), Some(Code::SETTINGS_ERROR));
        }
    }

    // RFC 9114 section 7.1.
    #[test]
    fn settings_that_end_within_one_are_a_broken_frame() {
        assert_eq!(code(&[0x06]), Some(Code::FRAME_ERROR));
        assert_eq!(code(&[0x06, 0x40]), Some(Code::FRAME_ERROR));
    }
}
