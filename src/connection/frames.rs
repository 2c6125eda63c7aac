//! What each frame does to the connection.

use crate::error::{TransportError, TransportErrorCode};
use crate::recovery::Space;
use crate::time::Instant;
use crate::wire::frame::{self, Frame};
use crate::wire::{ConnectionId, Role};

use super::event::Event;
use super::Connection;

impl Connection {
    /// Runs one frame that came in a packet of `space`, sent to `dcid`. The caller has checked
    /// that the packet type allows it.
    #[inline]
    pub(super) fn on_frame(
        &mut self,
        now: Instant,
        space: Space,
        dcid: &ConnectionId,
        frame: Frame<'_>,
    ) -> Result<(), TransportError> {
        match frame {
            Frame::Stream(frame) => self.streams.on_stream(&frame),
            Frame::Ack(frame) => self.on_ack(now, space, &frame),
            Frame::AckExtended(frame) => self.on_ack_extended(now, space, &frame),
            Frame::Padding(_) | Frame::Ping => Ok(()),
            Frame::Crypto(frame) => self.on_crypto(space, &frame),
            Frame::MaxData(frame) => self.streams.on_max_data(&frame),
            Frame::MaxStreamData(frame) => self.streams.on_max_stream_data(&frame),
            Frame::MaxStreams(frame) => self.streams.on_max_streams(&frame),
            Frame::ResetStream(frame) => self.streams.on_reset_stream(&frame),
            Frame::StopSending(frame) => self.streams.on_stop_sending(&frame),
            Frame::DataBlocked(frame) => self.streams.on_data_blocked(&frame),
            Frame::StreamDataBlocked(frame) => self.streams.on_stream_data_blocked(&frame),
            Frame::StreamsBlocked(frame) => self.streams.on_streams_blocked(&frame),
            Frame::ConnectionClose(frame) => {
                self.on_connection_close(now, &frame);
                Ok(())
            }
            Frame::Datagram(frame) => self.on_datagram_frame(now, &frame),
            frame => self.on_rare_frame(now, dcid, frame),
        }
    }

    /// Frames that come a few times in the life of a connection.
    fn on_rare_frame(
        &mut self,
        now: Instant,
        dcid: &ConnectionId,
        frame: Frame<'_>,
    ) -> Result<(), TransportError> {
        match frame {
            Frame::HandshakeDone => self.on_handshake_done(),
            Frame::NewToken(frame) => self.on_new_token(&frame),
            Frame::NewConnectionId(frame) => {
                let changed = self.remote_cids.on_new(&frame).map_err(|e| e.in_frame(0x18))?;
                if changed {
                    self.path.spin.restart();
                }
                Ok(())
            }
            Frame::RetireConnectionId(frame) => self.on_retire_connection_id(&frame, dcid),
            Frame::PathChallenge(frame) => {
                self.on_path_challenge(now, dcid, frame.0);
                Ok(())
            }
            Frame::PathResponse(frame) => {
                self.on_path_response(now, frame.0);
                Ok(())
            }
            // The others are run elsewhere.
            _ => Ok(()),
        }
    }

    fn on_crypto(&mut self, space: Space, frame: &frame::Crypto<'_>) -> Result<(), TransportError> {
        match self.space(space) {
            Some(space) => space.crypto.on_frame(frame),
            None => Ok(()),
        }
    }

    fn on_handshake_done(&mut self) -> Result<(), TransportError> {
        // RFC 9000 section 19.20.
        if self.role == Role::Server {
            return Err(violation("a client sent HANDSHAKE_DONE").in_frame(0x1e));
        }
        self.confirm_handshake();
        Ok(())
    }

    fn on_retire_connection_id(
        &mut self,
        frame: &frame::RetireConnectionId,
        dcid: &ConnectionId,
    ) -> Result<(), TransportError> {
        if let Some(cid) = self.local_cids.retire(frame.sequence, dcid)? {
            self.events.push_back(Event::ConnectionIdRetired(cid));
            self.request_connection_ids();
        }
        Ok(())
    }
}

fn violation(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorCode::PROTOCOL_VIOLATION, reason)
}
