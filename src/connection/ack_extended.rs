//! ACKs that tell when packets arrived, where both ends want them.

use crate::error::{TransportError, TransportErrorCode};
use crate::recovery::{Space, StampPolicy};
use crate::time::Instant;
use crate::wire::frame::ack_extended::RECEIVE_TIMESTAMPS;
use crate::wire::frame::{AckExtended, FrameType};
use crate::wire::TransportParameters;

use super::settings::Settings;
use super::Connection;

/// Adds to `parameters` what we want to hear of arrivals.
pub(super) fn announce_timestamps(settings: &Settings, parameters: &mut TransportParameters) {
    if let Some(wanted) = settings.receive_timestamps {
        parameters.extended_ack_features = RECEIVE_TIMESTAMPS;
        parameters.max_receive_timestamps_per_ack = wanted.most.into();
        parameters.receive_timestamps_exponent = wanted.exponent;
    }
}

impl Connection {
    /// Takes over what the peer wants to hear of arrivals. Nothing is told unless we want to hear
    /// as well.
    pub(super) fn negotiate_timestamps(&mut self, peer: &TransportParameters) {
        let both = self.settings.receive_timestamps.is_some()
            && peer.extended_ack_features & RECEIVE_TIMESTAMPS != 0;
        if both && peer.max_receive_timestamps_per_ack > 0 {
            self.data.received.tell_times(StampPolicy {
                base: self.created,
                most: peer.max_receive_timestamps_per_ack,
                exponent: peer.receive_timestamps_exponent,
            });
        }
    }

    /// Runs an ACK_EXTENDED frame: it counts as an ACK, and its timestamps have to keep to what we
    /// said we take.
    #[cold]
    pub(super) fn on_ack_extended(
        &mut self,
        now: Instant,
        space: Space,
        frame: &AckExtended<'_>,
    ) -> Result<(), TransportError> {
        // RFC 9000 section 12.4: where it was not negotiated there is no such frame.
        let Some(wanted) = self.settings.receive_timestamps else {
            return Err(encoding("unknown frame type"));
        };
        if frame.timestamp_count() > usize::from(wanted.most) {
            return Err(encoding("more receive timestamps than asked for"));
        }
        self.on_ack(now, space, &frame.ack)
    }
}

fn encoding(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorCode::FRAME_ENCODING_ERROR, reason)
        .in_frame(FrameType::ACK_EXTENDED.0)
}
