//! The events of the QUIC and HTTP/3 schemas of qlog, and which of them are wanted.

/// How important an event is. The numbers are those of the C API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Every viewer needs it.
    Core = 1,
    /// It saves viewers from guessing.
    Base = 2,
    /// It helps to find faults of an implementation.
    Extra = 3,
    /// Newer drafts have dropped it.
    Removed = 4,
}

/// Which events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// None less important than this.
    pub least: Importance,
    /// Also those that come with nearly every packet.
    pub frequent: bool,
}

impl Filter {
    /// Every event of at least this importance.
    pub fn at_least(least: Importance) -> Self {
        Self { least, frequent: true }
    }

    /// True if events of this kind are wanted.
    #[inline]
    pub fn wants(self, kind: Kind) -> bool {
        kind.importance() <= self.least && (self.frequent || !kind.is_frequent())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $importance:ident, $frequent:literal;)*) => {
        /// What an event is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// The name in the schema, with its category.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// How important the schema says it is.
            #[inline]
            pub const fn importance(self) -> Importance {
                match self {
                    $(Self::$kind => Importance::$importance,)*
                }
            }

            /// True if it comes with nearly every packet.
            #[inline]
            pub const fn is_frequent(self) -> bool {
                match self {
                    $(Self::$kind => $frequent,)*
                }
            }
        }
    };
}

// Names and importance as in draft-ietf-quic-qlog-quic-events, in the form that viewers of qlog
// 0.3 read; those of HTTP/3 as in draft-ietf-quic-qlog-h3-events, which has dropped QPACK since, as
// the original library says as well.
kinds! {
    /// Addresses and connection IDs at the beginning.
    ConnectionStarted = "connectivity:connection_started", Base, false;
    /// The connection moved to another state.
    ConnectionStateUpdated = "connectivity:connection_state_updated", Base, false;
    /// Why the connection ended.
    ConnectionClosed = "connectivity:connection_closed", Base, false;
    /// One end is addressed by another connection ID.
    ConnectionIdUpdated = "connectivity:connection_id_updated", Base, false;
    /// The spin bit of our packets has changed.
    SpinBitUpdated = "connectivity:spin_bit_updated", Base, false;
    /// Packets go another way.
    PathAssigned = "connectivity:path_assigned", Base, false;
    /// Datagrams may be larger, or must be smaller.
    MtuUpdated = "connectivity:mtu_updated", Extra, false;
    /// New keys.
    KeyUpdated = "security:key_updated", Base, false;
    /// Keys that are gone.
    KeyRetired = "security:key_retired", Base, false;
    /// Which versions each end speaks, and the one chosen.
    VersionInformation = "transport:version_information", Core, false;
    /// The application protocol.
    AlpnInformation = "transport:alpn_information", Core, false;
    /// Transport parameters.
    ParametersSet = "transport:parameters_set", Core, false;
    /// A packet left.
    PacketSent = "transport:packet_sent", Core, true;
    /// An authentic packet came.
    PacketReceived = "transport:packet_received", Core, true;
    /// A packet was not read.
    PacketDropped = "transport:packet_dropped", Base, true;
    /// A packet waits for its keys.
    PacketBuffered = "transport:packet_buffered", Base, true;
    /// UDP datagrams left.
    DatagramsSent = "transport:datagrams_sent", Extra, true;
    /// UDP datagrams came.
    DatagramsReceived = "transport:datagrams_received", Extra, true;
    /// A UDP datagram was not read.
    DatagramDropped = "transport:datagram_dropped", Extra, true;
    /// A stream moved to another state.
    StreamStateUpdated = "transport:stream_state_updated", Base, true;
    /// What loss detection and congestion control start from.
    RecoveryParametersSet = "recovery:parameters_set", Base, false;
    /// Figures of loss detection and congestion control.
    MetricsUpdated = "recovery:metrics_updated", Core, true;
    /// The congestion controller moved to another state.
    CongestionStateUpdated = "recovery:congestion_state_updated", Base, false;
    /// The loss timer was set, or ran out.
    LossTimerUpdated = "recovery:loss_timer_updated", Extra, true;
    /// A packet was declared lost.
    PacketLost = "recovery:packet_lost", Core, true;
    /// Settings of HTTP/3.
    HttpParametersSet = "http:parameters_set", Base, false;
    /// What a stream is for.
    HttpStreamTypeSet = "http:stream_type_set", Base, false;
    /// A request has another priority.
    HttpPriorityUpdated = "http:priority_updated", Base, false;
    /// A frame of HTTP/3 was written.
    HttpFrameCreated = "http:frame_created", Core, true;
    /// A frame of HTTP/3 came.
    HttpFrameParsed = "http:frame_parsed", Core, true;
    /// A table of QPACK changed.
    QpackStateUpdated = "qpack:state_updated", Removed, false;
    /// A request waits for a table, or no longer does.
    QpackStreamStateUpdated = "qpack:stream_state_updated", Removed, false;
    /// An entry came to a table, or left it.
    QpackDynamicTableUpdated = "qpack:dynamic_table_updated", Removed, false;
    /// A field section was encoded.
    QpackHeadersEncoded = "qpack:headers_encoded", Removed, false;
    /// A field section was decoded.
    QpackHeadersDecoded = "qpack:headers_decoded", Removed, false;
    /// An instruction of QPACK was written.
    QpackInstructionCreated = "qpack:instruction_created", Removed, false;
    /// An instruction of QPACK came.
    QpackInstructionParsed = "qpack:instruction_parsed", Removed, false;
    /// Something about the trace itself.
    Warning = "loglevel:warning", Core, false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_what_is_important_enough() {
        let base = Filter::at_least(Importance::Base);
        assert!(base.wants(Kind::PacketSent) && base.wants(Kind::ConnectionClosed));
        assert!(!base.wants(Kind::MtuUpdated));
        assert!(base.wants(Kind::HttpStreamTypeSet) && base.wants(Kind::HttpFrameParsed));
        let extra = Filter::at_least(Importance::Extra);
        assert!(!extra.wants(Kind::QpackHeadersEncoded));
        let calm = Filter { least: Importance::Removed, frequent: false };
        assert!(calm.wants(Kind::MtuUpdated) && !calm.wants(Kind::PacketSent));
    }
}
