//! What a host may set for one connection, after defaults and clamps.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::congestion::ControllerFactory;
use crate::recovery::{ProbePolicy, DEFAULT_PACKET_THRESHOLD};
use crate::stream::Limits;
use crate::time::Duration;
use crate::wire::Version;

/// Settings of one connection. Every value is meant to be used as it stands.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version a client starts with.
    pub version: Version,
    /// How long the handshake may be silent.
    pub handshake_idle_timeout: Duration,
    /// Our max_idle_timeout; zero means none.
    pub idle_timeout: Duration,
    /// Send PINGs to keep the connection from going idle.
    pub keep_alive: bool,
    /// How long a close waits for queued data to leave.
    pub linger: Linger,
    /// Spread packets over the round trip.
    pub pacing: bool,
    /// The round-trip time to assume before the first sample.
    pub initial_rtt: Duration,
    /// How long to wait before probing.
    pub probes: ProbePolicy,
    /// A packet is lost when one sent so many later is acknowledged (RFC 9002 section 6.1.1).
    pub packet_threshold: u64,
    /// Raise that threshold, and the one of time, when packets arrive that were given up.
    pub learn_reordering: bool,
    /// The most bytes in flight, whatever the congestion window.
    pub window_limit: u64,
    /// The largest UDP payload we send.
    pub max_datagram_size: u16,
    /// Whether and how to search for a larger one that the path carries.
    pub mtu_search: MtuSearchSettings,
    /// What we say of path MTU discovery in upstream's transport parameter: its role bits, or 0.
    pub pmtud_offer: u8,
    /// The largest UDP payload we say we can receive.
    pub max_udp_payload_size: u16,
    /// Bytes a server sends per byte received before the address is validated.
    pub anti_amplification_limit: u64,
    /// Ack-eliciting packets that may wait for one ACK.
    pub ack_frequency: u32,
    /// How long they may wait.
    pub max_ack_delay: Duration,
    /// Report ECN counts even where no packet was marked, to test peers.
    pub always_report_ecn: bool,
    /// When packets arrive we want to hear from the peer, and tell it in turn.
    pub receive_timestamps: Option<ReceiveTimestamps>,
    /// Answer fewer packets with an ACK once many ACKs were sent.
    pub adaptive_acks: bool,
    /// Bytes of stream data that may wait for acknowledgement on the whole connection, however
    /// large the congestion window.
    pub send_capacity: u64,
    /// Credit given to the peer on the whole connection, in bytes.
    pub initial_max_data: u64,
    /// Credit per stream, in bytes.
    pub initial_max_stream_data: u64,
    /// Stream data to receive on the whole connection, in bytes per second; 0 for no bound.
    pub receive_rate: u64,
    /// Rates of single streams can be bounded. Bidirectional streams that we open start with this
    /// credit, in bytes, and have no less at any rate.
    pub limited_stream_window: Option<u64>,
    /// Start with the small limits that interoperability tests expect.
    pub interop_mode: bool,
    /// Bidirectional streams the peer may have open.
    pub initial_max_streams_bidi: u64,
    /// Unidirectional streams the peer may have open.
    pub initial_max_streams_uni: u64,
    /// Packets sealed with one 1-RTT key after which it is updated; zero leaves that to the limits
    /// of the AEAD.
    pub key_update_threshold: u64,
    /// Tags that tell the peer how we would have it behave (client).
    pub connection_options: Vec<[u8; 4]>,
    /// Makes the controllers of further paths.
    pub controller: ControllerFactory,
    /// Whether a client may move (server).
    pub migration: Migration,
    /// Where clients are to move once the handshake is confirmed (server).
    pub preferred_address: Option<PreferredAddresses>,
    /// Do not leave out packet numbers at random.
    pub disable_packet_number_skipping: bool,
    /// Unreliable datagrams.
    pub datagrams: DatagramSettings,
}

/// Settings for unreliable datagrams (RFC 9221).
#[derive(Clone, Copy, Debug, Default)]
pub struct DatagramSettings {
    /// The largest DATAGRAM frame we take, in bytes; 0 for none at all.
    pub max_frame_size: u16,
    /// Whether important ones are sent twice.
    pub redundancy: Redundancy,
    /// We ask the peer to send none twice.
    pub close_redundancy: bool,
    /// Lost ones are sent again, whatever the application says.
    pub retransmit: bool,
    /// After so long a silence the last one is repeated; zero for never.
    pub probe_after: Duration,
}

/// Whether important datagrams are sent twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redundancy {
    /// Once only.
    #[default]
    Off,
    /// Twice.
    AnyPath,
    /// Twice where there are two paths for it; on one path once.
    OtherPath,
}

/// How to search for the path MTU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MtuSearchSettings {
    /// Search at all.
    pub enabled: bool,
    /// The largest UDP payload worth trying.
    pub limit: u16,
    /// The time between two probes.
    pub interval: Duration,
}

/// The receive timestamps that we take in ACK_EXTENDED frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveTimestamps {
    /// In one frame, at most 63.
    pub most: u8,
    /// A tick is 2 to this power milliseconds, at most 20.
    pub exponent: u8,
}

/// What a server lets clients do with their addresses (RFC 9000 section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migration {
    /// What comes from a new address to the connection ID in use is taken for the work of a NAT
    /// and followed. Clients are told not to move on purpose, by disable_active_migration; packets
    /// of those that do are dropped.
    #[default]
    RebindingOnly,
    /// Clients may move.
    Allowed,
    /// Whatever comes from a new address is dropped.
    Refused,
}

/// Where a server would rather be reached (RFC 9000 section 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferredAddresses {
    /// For clients that speak IPv4.
    pub ipv4: Option<SocketAddrV4>,
    /// For clients that speak IPv6.
    pub ipv6: Option<SocketAddrV6>,
}

impl PreferredAddresses {
    /// True if `address` is one of them.
    pub fn contains(&self, address: &SocketAddr) -> bool {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        match ip {
            IpAddr::V4(ip) => self.ipv4 == Some(SocketAddrV4::new(ip, port)),
            IpAddr::V6(ip) => {
                self.ipv6.is_some_and(|known| *known.ip() == ip && known.port() == port)
            }
        }
    }
}

/// How long a close waits for queued data to leave and to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linger {
    /// Not at all.
    Off,
    /// As long as the closing period lasts, three probe timeouts.
    ThreeProbeTimeouts,
    /// This long.
    For(Duration),
}

/// Connection IDs of the peer that we store (RFC 9000 section 18.2, active_connection_id_limit).
pub const ACTIVE_CONNECTION_ID_LIMIT: u64 = 8;

/// The exponent our ACK delays are scaled by (RFC 9000 section 18.2): the default.
pub const ACK_DELAY_EXPONENT: u8 = 3;

/// Packets of a few bytes each that may wait unacknowledged when the host sets no limit.
const DEFAULT_QUEUED_PACKETS: u64 = 18_000;

/// Streams of each direction in interop mode.
const INTEROP_MAX_STREAMS: u64 = 128;

/// The most credit a peer begins with on all streams together, in bytes. What the application does
/// not read is held, so this bounds the memory that a peer can make a connection take; upstream, which
/// grants what all streams may have together, has no such bound.
pub const MAX_CONNECTION_CREDIT: u64 = 64 << 20;

/// Connection credit in interop mode, in bytes.
const INTEROP_MAX_DATA: u64 = 1 << 20;

/// The UDP payload every path must carry (RFC 9000 section 14.1).
pub const MIN_DATAGRAM_SIZE: u16 = 1200;

impl Settings {
    /// What the peer is allowed from the start.
    pub fn limits(&self) -> Limits {
        let per_stream = self.initial_max_stream_data;
        let limits = Limits {
            max_data: self.initial_max_data,
            max_stream_data_bidi_local: self.limited_stream_window.unwrap_or(per_stream),
            max_stream_data_bidi_remote: per_stream,
            max_stream_data_uni: per_stream,
            max_streams_bidi: self.initial_max_streams_bidi,
            max_streams_uni: self.initial_max_streams_uni,
        };
        if !self.interop_mode {
            return limits;
        }
        Limits {
            max_data: INTEROP_MAX_DATA,
            max_streams_bidi: INTEROP_MAX_STREAMS,
            max_streams_uni: INTEROP_MAX_STREAMS,
            ..limits
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::V1,
            handshake_idle_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            keep_alive: false,
            linger: Linger::Off,
            pacing: false,
            initial_rtt: Duration::from_millis(250),
            probes: ProbePolicy::default(),
            packet_threshold: DEFAULT_PACKET_THRESHOLD,
            learn_reordering: false,
            window_limit: u64::MAX,
            max_datagram_size: MIN_DATAGRAM_SIZE,
            mtu_search: MtuSearchSettings {
                enabled: false,
                limit: 1420,
                interval: Duration::from_millis(500),
            },
            pmtud_offer: 0,
            max_udp_payload_size: 1500,
            anti_amplification_limit: 3,
            ack_frequency: 2,
            max_ack_delay: Duration::from_millis(25),
            always_report_ecn: false,
            receive_timestamps: None,
            adaptive_acks: false,
            send_capacity: DEFAULT_QUEUED_PACKETS * u64::from(MIN_DATAGRAM_SIZE),
            initial_max_data: MAX_CONNECTION_CREDIT,
            initial_max_stream_data: 16 << 20,
            receive_rate: 0,
            limited_stream_window: None,
            interop_mode: false,
            initial_max_streams_bidi: 1024,
            initial_max_streams_uni: 1024,
            key_update_threshold: 0,
            connection_options: Vec::new(),
            controller: ControllerFactory::default(),
            migration: Migration::default(),
            preferred_address: None,
            disable_packet_number_skipping: false,
            datagrams: DatagramSettings::default(),
        }
    }
}
