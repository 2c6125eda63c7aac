//! CONNECTION_CLOSE for a client that gets no connection.

use crate::error::TransportErrorCode;
use crate::tls::InitialSecrets;
use crate::wire::frame::ConnectionClose;
use crate::wire::header::LongHeader;
use crate::wire::{ConnectionId, LongPacketType, PacketNumber, Version};

use super::keys::DirectionKeys;
use super::packet_builder::PacketBuilder;
use super::settings::MIN_DATAGRAM_SIZE;

/// The Initial packet that declines a client whose Initial came in `version` from `client` to
/// `dcid`, with `code`. It fills the smallest datagram that an Initial may come in, which is no more
/// than the client has sent.
pub fn lone_close(
    version: Version,
    client: &ConnectionId,
    dcid: &ConnectionId,
    code: TransportErrorCode,
) -> Vec<u8> {
    let mut datagram = vec![0; usize::from(MIN_DATAGRAM_SIZE)];
    let header = LongHeader {
        packet_type: LongPacketType::Initial,
        version,
        dcid: client,
        scid: dcid,
        token: &[],
        pn: PacketNumber(0),
        pn_len: 1,
    };
    // Header and frame are far shorter than the datagram.
    if let Some(mut builder) = PacketBuilder::long(&mut datagram, &header) {
        let close = ConnectionClose { error_code: code.0, frame_type: Some(0), reason: &[] };
        close.encode(&mut builder.frames);
        let mut layout = builder.layout();
        layout.pad_to(&mut datagram, usize::from(MIN_DATAGRAM_SIZE));
        let keys =
            DirectionKeys::new(&InitialSecrets::new(version, dcid.as_slice()).server, version);
        layout.protect(&mut datagram, &keys.packet, &keys.header);
    }
    datagram
}
