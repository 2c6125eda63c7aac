//! Writing transport parameters, in random order and with one that means nothing.

use std::ops::Range;

use smallvec::SmallVec;

use super::{id, TransportParameters};
use crate::random::Random;
use crate::wire::{varint, ConnectionId, Role, Writer};

impl TransportParameters {
    /// The TLS extension in which `sender` sends these parameters; what has its default value is left
    /// out, and what only servers send is left out for clients.
    ///
    /// Order and the reserved parameter are drawn from `random`, so that no peer comes to depend on
    /// either (RFC 9000 section 18.1).
    pub fn encode(&self, sender: Role, random: &mut dyn Random) -> Vec<u8> {
        let mut list = List::default();
        self.list_integers(&mut list);
        list.optional_cid(id::INITIAL_SOURCE_CONNECTION_ID, self.initial_source_connection_id);
        if self.disable_active_migration {
            list.push(id::DISABLE_ACTIVE_MIGRATION, &[]);
        }
        if !self.connection_options.is_empty() {
            list.push(id::CONNECTION_OPTIONS, self.connection_options.as_flattened());
        }
        if let Some(versions) = &self.version_information {
            list.push(id::VERSION_INFORMATION, &versions.encode());
        }
        if sender.is_server() {
            self.list_server_only(&mut list);
        }
        list.push_grease(random);
        list.shuffled(random)
    }

    fn list_integers(&self, list: &mut List) {
        let default = Self::default();
        let integers = |p: &Self| {
            [
                (id::MAX_IDLE_TIMEOUT, p.max_idle_timeout.as_millis()),
                (id::MAX_UDP_PAYLOAD_SIZE, p.max_udp_payload_size),
                (id::INITIAL_MAX_DATA, p.initial_max_data),
                (id::INITIAL_MAX_STREAM_DATA_BIDI_LOCAL, p.initial_max_stream_data_bidi_local),
                (id::INITIAL_MAX_STREAM_DATA_BIDI_REMOTE, p.initial_max_stream_data_bidi_remote),
                (id::INITIAL_MAX_STREAM_DATA_UNI, p.initial_max_stream_data_uni),
                (id::INITIAL_MAX_STREAMS_BIDI, p.initial_max_streams_bidi),
                (id::INITIAL_MAX_STREAMS_UNI, p.initial_max_streams_uni),
                (id::ACK_DELAY_EXPONENT, p.ack_delay_exponent.into()),
                (id::MAX_ACK_DELAY, p.max_ack_delay.as_millis()),
                (id::ACTIVE_CONNECTION_ID_LIMIT, p.active_connection_id_limit),
                (id::MAX_DATAGRAM_FRAME_SIZE, p.max_datagram_frame_size),
                (id::CLOSE_DGRAM_REDUNDANCY, p.close_dgram_redundancy.into()),
                (id::NO_CRYPTO, p.no_crypto.into()),
                (id::PMTUD, p.pmtud),
                (id::EXTENDED_ACK_FEATURES, p.extended_ack_features),
                (id::MAX_RECEIVE_TIMESTAMPS_PER_ACK, p.max_receive_timestamps_per_ack),
                (id::RECEIVE_TIMESTAMPS_EXPONENT, p.receive_timestamps_exponent.into()),
            ]
        };
        for ((id, value), (_, default)) in integers(self).into_iter().zip(integers(&default)) {
            if value != default {
                list.integer(id, value);
            }
        }
    }

    fn list_server_only(&self, list: &mut List) {
        let original = self.original_destination_connection_id;
        list.optional_cid(id::ORIGINAL_DESTINATION_CONNECTION_ID, original);
        list.optional_cid(id::RETRY_SOURCE_CONNECTION_ID, self.retry_source_connection_id);
        if let Some(token) = &self.stateless_reset_token {
            list.push(id::STATELESS_RESET_TOKEN, &token.0);
        }
        if let Some(address) = &self.preferred_address {
            let mut buffer = [0; super::PreferredAddress::MAX_ENCODED_LEN];
            let mut w = Writer::new(&mut buffer);
            address.encode(&mut w);
            list.push(id::PREFERRED_ADDRESS, w.written());
        }
    }
}

/// Encoded parameters, one after the other, whose order is still open.
#[derive(Default)]
struct List {
    bytes: Vec<u8>,
    entries: SmallVec<[Range<usize>; 24]>,
}

impl List {
    fn push(&mut self, id: u64, value: &[u8]) {
        let start = self.bytes.len();
        let mut head = [0; 2 * varint::MAX_SIZE];
        let mut w = Writer::new(&mut head);
        w.varint(id);
        w.varint(value.len() as u64);
        self.bytes.extend_from_slice(w.written());
        self.bytes.extend_from_slice(value);
        self.entries.push(start..self.bytes.len());
    }

    fn integer(&mut self, id: u64, value: u64) {
        let mut buffer = [0; varint::MAX_SIZE];
        let mut w = Writer::new(&mut buffer);
        // Settings of the host have no upper bound of their own.
        w.varint(value.min(varint::MAX));
        self.push(id, w.written());
    }

    fn optional_cid(&mut self, id: u64, cid: Option<ConnectionId>) {
        if let Some(cid) = cid {
            self.push(id, cid.as_slice());
        }
    }

    /// RFC 9000 section 18.1: a parameter whose number nobody will ever define.
    fn push_grease(&mut self, random: &mut dyn Random) {
        let mut value = [0; 16];
        random.fill(&mut value);
        let len = usize::from(value[15] & 0x0f);
        self.push(id::grease(random.next_u64() & 0xffff), &value[..len]);
    }

    /// The parameters in an order of their own (Fisher and Yates).
    fn shuffled(mut self, random: &mut dyn Random) -> Vec<u8> {
        for last in (1..self.entries.len()).rev() {
            let chosen = random.next_u64() % (last as u64 + 1);
            self.entries.swap(last, chosen as usize);
        }
        let mut out = Vec::with_capacity(self.bytes.len());
        for entry in self.entries {
            out.extend_from_slice(&self.bytes[entry]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::time::Duration;
    use crate::wire::transport_parameters::{PreferredAddress, VersionInformation};
    use crate::wire::{Reader, ResetToken, Version};

    /// Numbers that differ from call to call.
    struct Counter(u64);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = (self.0 >> 56) as u8;
            }
        }
    }

    fn everything() -> TransportParameters {
        let cid = |byte: u8, len: usize| ConnectionId::new(&vec![byte; len]);
        TransportParameters {
            original_destination_connection_id: cid(1, 8),
            max_idle_timeout: Duration::from_secs(30),
            stateless_reset_token: Some(ResetToken([2; 16])),
            max_udp_payload_size: 1472,
            initial_max_data: 1 << 24,
            initial_max_stream_data_bidi_local: 1 << 20,
            initial_max_stream_data_bidi_remote: (1 << 20) + 1,
            initial_max_stream_data_uni: (1 << 20) + 2,
            initial_max_streams_bidi: 100,
            initial_max_streams_uni: 1 << 60,
            ack_delay_exponent: 0,
            max_ack_delay: Duration::from_millis(5),
            disable_active_migration: true,
            preferred_address: Some(PreferredAddress {
                ipv4: Some("192.0.2.1:443".parse().unwrap()),
                ipv6: Some("[2001:db8::1]:4433".parse().unwrap()),
                cid: cid(3, 20).unwrap(),
                reset_token: ResetToken([4; 16]),
            }),
            active_connection_id_limit: 8,
            initial_source_connection_id: cid(5, 0),
            retry_source_connection_id: cid(6, 20),
            max_datagram_frame_size: 65_535,
            close_dgram_redundancy: true,
            no_crypto: true,
            pmtud: 3,
            extended_ack_features: 2,
            max_receive_timestamps_per_ack: 63,
            receive_timestamps_exponent: 20,
            connection_options: Vec::new(),
            version_information: Some(VersionInformation {
                chosen: Version::V1,
                available: [Version::V2, Version::V1].into_iter().collect(),
            }),
        }
    }

    /// The numbers of the parameters in `bytes`, in their order.
    fn ids(bytes: &[u8]) -> Vec<u64> {
        let mut r = Reader::new(bytes);
        let mut ids = Vec::new();
        while !r.is_empty() {
            ids.push(r.varint().unwrap());
            r.varint_bytes().unwrap();
        }
        ids
    }

    #[test]
    fn connection_options_are_sent_as_tags_and_not_taken_from_peers() {
        let asked = TransportParameters {
            connection_options: vec![*b"B2ON", *b"IW10"],
            ..TransportParameters::default()
        };
        let bytes = asked.encode(Role::Client, &mut Counter(1));
        let at = bytes.windows(11).position(|part| part == b"\x71\x28\x08B2ONIW10");
        assert!(at.is_some(), "{bytes:02x?}");
        let seen = TransportParameters::decode(&bytes, Role::Client).unwrap();
        assert_eq!(seen, TransportParameters::default());
    }

    #[test]
    fn every_parameter_comes_back() {
        let bytes = everything().encode(Role::Server, &mut Counter(1));
        assert_eq!(TransportParameters::decode(&bytes, Role::Server), Ok(everything()));
    }

    /// RFC 9000 section 18.2.
    #[test]
    fn a_client_leaves_out_what_only_servers_send() {
        let bytes = everything().encode(Role::Client, &mut Counter(1));
        let expected = TransportParameters {
            original_destination_connection_id: None,
            stateless_reset_token: None,
            preferred_address: None,
            retry_source_connection_id: None,
            ..everything()
        };
        assert_eq!(TransportParameters::decode(&bytes, Role::Client), Ok(expected));
    }

    /// RFC 9000 section 18.1.
    #[test]
    fn one_reserved_parameter_is_sent() {
        for seed in 0..50 {
            let bytes = TransportParameters::default().encode(Role::Client, &mut Counter(seed));
            let ids = ids(&bytes);
            assert_eq!(ids.len(), 1, "defaults are left out");
            assert_eq!(ids[0] % 31, 27);
        }
    }

    #[test]
    fn the_order_follows_the_random_source() {
        let encode = |seed| everything().encode(Role::Server, &mut Counter(seed));
        assert_eq!(encode(1), encode(1));
        let firsts: std::collections::HashSet<u64> =
            (0..40).map(|seed| ids(&encode(seed))[0] % 31).collect();
        assert!(firsts.len() > 10);
    }

    #[test]
    fn a_setting_no_varint_can_hold_is_sent_as_the_largest() {
        let huge = TransportParameters { initial_max_data: u64::MAX, ..Default::default() };
        let bytes = huge.encode(Role::Client, &mut Counter(1));
        let decoded = TransportParameters::decode(&bytes, Role::Client).unwrap();
        assert_eq!(decoded.initial_max_data, varint::MAX);
    }
    /// Whatever decodes also encodes, and decodes to the same again.
    #[test]
    fn damaged_parameters_are_refused_or_kept() {
        let sound = everything().encode(Role::Server, &mut Counter(1));
        let mut random = Counter(2);
        let mut kept = 0;
        for _ in 0..20_000 {
            let mut bytes = sound.clone();
            let at = random.next_u64() as usize % bytes.len();
            bytes[at] = random.next_u8();
            if let Ok(decoded) = TransportParameters::decode(&bytes, Role::Server) {
                kept += 1;
                let again = decoded.encode(Role::Server, &mut random);
                assert_eq!(TransportParameters::decode(&again, Role::Server), Ok(decoded));
            }
        }
        assert!(kept > 1_000, "only {kept}");
    }
}
