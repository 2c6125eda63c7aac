//! The data of events, and the names that qlog has for ours.

use crate::connection::event::CloseReason;
use crate::connection::State;
use crate::error::TransportErrorCode;
use crate::observe::{Array, Object};
use crate::path::Addresses;
use crate::recovery::Space;
use crate::wire::header::ProtectedHeader;
use crate::wire::{
    ConnectionId, LongPacketType, PacketNumber, PacketType, Role, TransportParameters, Version,
};

pub(super) fn write_addresses(data: &mut Object<'_>, addresses: &Addresses) {
    data.text("ip_version", if addresses.peer.is_ipv6() { "v6" } else { "v4" });
    if let Some(local) = addresses.local {
        data.text("src_ip", local.ip()).number("src_port", local.port().into());
    }
    data.text("dst_ip", addresses.peer.ip()).number("dst_port", addresses.peer.port().into());
    data.text("protocol", "QUIC");
}

pub(super) fn write_datagrams(data: &mut Object<'_>, len: usize) {
    data.number("count", 1).array("raw", |raw: &mut Array<'_>| {
        raw.object(|raw| {
            raw.number("length", len as u64);
        });
    });
}

/// Header and sizes of a packet of `size` bytes, `payload` of them frames.
pub(super) fn write_packet(
    data: &mut Object<'_>,
    packet_type: PacketType,
    number: PacketNumber,
    dcid: &ConnectionId,
    size: usize,
    payload: usize,
) {
    data.object("header", |header| {
        header.text("packet_type", type_name(packet_type)).number("packet_number", number.0);
        header.hex("dcid", dcid.as_slice());
    });
    data.object("raw", |raw| {
        raw.number("length", size as u64).number("payload_length", payload as u64);
    });
}

/// Parameters without the secrets among them.
pub(super) fn write_parameters(
    data: &mut Object<'_>,
    owner: &'static str,
    parameters: &TransportParameters,
) {
    data.text("owner", owner);
    data.flag("disable_active_migration", parameters.disable_active_migration);
    data.number("max_idle_timeout", parameters.max_idle_timeout.as_millis());
    data.number("max_udp_payload_size", parameters.max_udp_payload_size);
    data.number("ack_delay_exponent", parameters.ack_delay_exponent.into());
    data.number("max_ack_delay", parameters.max_ack_delay.as_millis());
    data.number("active_connection_id_limit", parameters.active_connection_id_limit);
    let limits = [
        ("initial_max_data", parameters.initial_max_data),
        ("initial_max_stream_data_bidi_local", parameters.initial_max_stream_data_bidi_local),
        ("initial_max_stream_data_bidi_remote", parameters.initial_max_stream_data_bidi_remote),
        ("initial_max_stream_data_uni", parameters.initial_max_stream_data_uni),
        ("initial_max_streams_bidi", parameters.initial_max_streams_bidi),
        ("initial_max_streams_uni", parameters.initial_max_streams_uni),
        ("max_datagram_frame_size", parameters.max_datagram_frame_size),
    ];
    for (name, limit) in limits {
        data.number(name, limit);
    }
}

pub(super) fn write_reason(data: &mut Object<'_>, reason: &CloseReason) {
    let peer = matches!(
        reason,
        CloseReason::PeerApplication { .. }
            | CloseReason::PeerTransport { .. }
            | CloseReason::StatelessReset
    );
    data.text("owner", if peer { "remote" } else { "local" });
    match reason {
        CloseReason::LocalApplication(code) => {
            data.number("application_code", *code).text("trigger", "application");
        }
        CloseReason::PeerApplication { code, reason } => {
            data.number("application_code", *code).untrusted("reason", reason);
            data.text("trigger", "application");
        }
        CloseReason::LocalTransport(code) | CloseReason::EarlyDataLimitsReduced(code) => {
            write_code(data, code.0);
        }
        CloseReason::PeerTransport { code, reason, .. } => {
            data.untrusted("reason", reason);
            write_code(data, code.0);
        }
        CloseReason::IdleTimeout | CloseReason::HandshakeTimeout => {
            data.text("trigger", "idle_timeout");
        }
        CloseReason::StatelessReset => {
            data.text("trigger", "stateless_reset");
        }
        CloseReason::VersionMismatch => {
            data.text("trigger", "version_mismatch");
        }
        CloseReason::NoViablePath => {
            write_code(data, TransportErrorCode::NO_VIABLE_PATH.0);
        }
        CloseReason::PathLost => {
            data.text("trigger", "aborted");
        }
    }
}

pub(super) fn write_code(data: &mut Object<'_>, code: u64) {
    data.number("connection_code", code);
    data.text("trigger", if code == 0 { "clean" } else { "error" });
}

pub(super) fn wire_version(version: Version) -> String {
    format!("{:08x}", version.0)
}

pub(super) fn key_type(owner: Role, level: &str) -> String {
    match owner {
        Role::Client => format!("client_{level}_secret"),
        Role::Server => format!("server_{level}_secret"),
    }
}

fn type_name(packet_type: PacketType) -> &'static str {
    match packet_type {
        PacketType::Initial => "initial",
        PacketType::ZeroRtt => "0RTT",
        PacketType::Handshake => "handshake",
        PacketType::OneRtt => "1RTT",
    }
}

pub(super) fn space_name(id: Space) -> &'static str {
    match id {
        Space::Initial => "initial",
        Space::Handshake => "handshake",
        Space::Application => "1RTT",
    }
}

pub(super) fn header_type(header: &ProtectedHeader<'_>) -> &'static str {
    match header {
        ProtectedHeader::Short { .. } => "1RTT",
        ProtectedHeader::Long { packet_type, .. } => match packet_type {
            LongPacketType::Initial => "initial",
            LongPacketType::ZeroRtt => "0RTT",
            LongPacketType::Handshake => "handshake",
        },
        ProtectedHeader::Retry { .. } => "retry",
        ProtectedHeader::VersionNegotiation { .. } => "version_negotiation",
        ProtectedHeader::UnknownVersion { .. } => "unknown",
    }
}

pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Handshaking => "handshake_started",
        State::Complete => "handshake_complete",
        State::Confirmed => "handshake_confirmed",
        State::Closing => "closing",
        State::Draining => "draining",
        State::Closed => "closed",
    }
}
