//! What one end of an HTTP/3 connection is set up with.

use crate::http3::message::Rules;
use crate::http3::settings::Settings;

/// Our own settings, and limits on what the peer can make us hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalSettings {
    /// The largest field section we take, in bytes as RFC 9114 section 4.2.2 counts them.
    pub max_field_section_size: u64,
    /// The dynamic table we use for sending has at most so many bytes.
    pub qpack_encoder_capacity: u64,
    /// The dynamic table we offer the peer, in bytes.
    pub qpack_decoder_capacity: u64,
    /// How many streams may wait for it.
    pub qpack_blocked_streams: u64,
    /// The encoder duplicates no entry that makes room for its copy.
    pub compat_duplicate: bool,
    /// Bytes of field sections that wait for the dynamic table, on one stream.
    pub max_blocked_per_stream: u64,
    /// The same on all streams together.
    pub max_blocked_per_connection: u64,
    /// Extended CONNECT is offered (RFC 9220).
    pub extended_connect: bool,
    /// The fields `connection` and `upgrade` are let through.
    pub upgrade_fields: bool,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            max_field_section_size: 32 * 1024,
            qpack_encoder_capacity: 16 * 1024,
            qpack_decoder_capacity: 16 * 1024,
            qpack_blocked_streams: 64,
            compat_duplicate: false,
            max_blocked_per_stream: 1024 * 1024,
            max_blocked_per_connection: 8 * 1024 * 1024,
            extended_connect: false,
            upgrade_fields: false,
        }
    }
}

impl LocalSettings {
    /// What the peer is told.
    pub(super) fn to_wire(self) -> Settings {
        Settings {
            max_field_section_size: Some(self.max_field_section_size),
            qpack_max_table_capacity: self.qpack_decoder_capacity,
            qpack_blocked_streams: self.qpack_blocked_streams,
            enable_connect_protocol: self.extended_connect,
            h3_datagram: false,
        }
    }

    /// What messages may contain.
    pub(super) fn rules(self) -> Rules {
        Rules { extended_connect: self.extended_connect, upgrade_fields: self.upgrade_fields }
    }
}
