//! Unidirectional streams of the peer (RFC 9114 section 6.2).

use super::control::ControlReader;
use super::Connection;
use crate::http3::error::{Code, ConnectionError};
use crate::http3::stream_type::{PartialType, StreamType};
use crate::stream::{StreamKey, Streams};
use crate::wire::Role;

/// What a unidirectional stream of the peer is.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Its type has not come whole.
    Untyped(PartialType),
    /// The control stream.
    Control(Box<ControlReader>),
    /// Instructions of the peer's QPACK encoder.
    Encoder,
    /// Instructions of the peer's QPACK decoder.
    Decoder,
    /// Of a type that we do not know: nothing of it is read.
    Ignored,
}

impl Default for Incoming {
    fn default() -> Self {
        Self::Untyped(PartialType::default())
    }
}

impl Incoming {
    /// True if the connection cannot go on without it.
    pub fn is_critical(&self) -> bool {
        matches!(self, Self::Control(_) | Self::Encoder | Self::Decoder)
    }
}

// RFC 9114 section 6.2.1, RFC 9204 section 4.2.
pub(super) const CLOSED_CRITICAL: ConnectionError =
    ConnectionError::new(Code::CLOSED_CRITICAL_STREAM, "a stream ended that has to stay");

impl Connection {
    /// Reads all there is of a unidirectional stream. It is taken out of the table meanwhile.
    pub(super) fn read_incoming(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        incoming: &mut Incoming,
    ) -> Result<(), ConnectionError> {
        loop {
            let piece = streams.peek(key);
            if piece.is_empty() {
                let ended = streams.is_readable(key) && streams.consume(key, 0) != Ok(false);
                // RFC 9114 section 6.2: a stream may end before its type.
                return if ended && incoming.is_critical() { Err(CLOSED_CRITICAL) } else { Ok(()) };
            }
            let count = match incoming {
                Incoming::Untyped(partial) => {
                    let (count, stream_type) = partial.take(piece);
                    if let Some(stream_type) = stream_type {
                        *incoming = self.classify(streams, key, stream_type)?;
                    }
                    count
                }
                Incoming::Control(reader) => {
                    let (count, frame) = reader.take(piece, self.role)?;
                    if let Some(frame) = frame {
                        self.trace_control_frame(streams, key, frame, reader.content());
                        self.on_control_frame(streams, frame, reader.content())?;
                    }
                    count
                }
                Incoming::Encoder => {
                    self.decoder.on_encoder_stream(piece)?;
                    if let Some(tracer) = &mut self.tracer {
                        tracer.encoder_said(piece, &self.decoder);
                    }
                    piece.len()
                }
                Incoming::Decoder => {
                    self.encoder.on_decoder_stream(piece)?;
                    if let Some(tracer) = &mut self.tracer {
                        tracer.decoder_said(piece, &self.encoder);
                    }
                    piece.len()
                }
                Incoming::Ignored => return Ok(()),
            };
            let ended = streams.consume(key, count) == Ok(true);
            if ended {
                return if incoming.is_critical() { Err(CLOSED_CRITICAL) } else { Ok(()) };
            }
        }
    }

    fn classify(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        stream_type: StreamType,
    ) -> Result<Incoming, ConnectionError> {
        self.trace_peer_stream(streams, key, stream_type);
        let critical = &mut self.critical;
        let (slot, incoming) = match stream_type {
            StreamType::CONTROL => (&mut critical.control, Incoming::Control(Box::default())),
            StreamType::QPACK_ENCODER => (&mut critical.encoder, Incoming::Encoder),
            StreamType::QPACK_DECODER => (&mut critical.decoder, Incoming::Decoder),
            StreamType::PUSH => return Err(refuse_push(self.role)),
            _ => {
                // RFC 9114 section 6.2.3.
                let _ = streams.stop_sending(key, Code::STREAM_CREATION_ERROR.0);
                return Ok(Incoming::Ignored);
            }
        };
        // RFC 9114 section 6.2.1, RFC 9204 section 4.2.
        if std::mem::replace(slot, true) {
            return Err(ConnectionError::new(
                Code::STREAM_CREATION_ERROR,
                "a second stream of a type of which there is one",
            ));
        }
        Ok(incoming)
    }
}

// RFC 9114 sections 4.6 and 6.2.2: clients push nothing, and we granted no push.
fn refuse_push(role: Role) -> ConnectionError {
    match role {
        Role::Server => ConnectionError::new(Code::STREAM_CREATION_ERROR, "a push from a client"),
        Role::Client => ConnectionError::new(Code::ID_ERROR, "a push that was not granted"),
    }
}
