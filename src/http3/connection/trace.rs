//! What the connection tells its trace.

use super::Connection;
use crate::http3::frame::FrameType;
use crate::http3::settings::Settings;
use crate::http3::stream_type::StreamType;
use crate::http3::trace::{header_of, Owner, Tracer};
use crate::observe::SharedTrace;
use crate::stream::{StreamKey, Streams};
use crate::time::Instant;
use crate::wire::StreamId;

impl Connection {
    /// Tells what happens from now on; `None` for no more.
    pub fn set_trace(&mut self, trace: Option<SharedTrace>) {
        let new = |trace| Box::new(Tracer::new(trace, &self.encoder, &self.decoder));
        self.tracer = trace.map(new);
        self.trace_settings(Owner::Local, &self.local.to_wire());
        if let Some(peer) = &self.peer {
            self.trace_settings(Owner::Remote, peer);
        }
    }

    /// The time of what follows.
    #[inline]
    pub(super) fn trace_time(&self, now: Instant) {
        if let Some(tracer) = &self.tracer {
            tracer.set_time(now);
        }
    }

    #[inline]
    pub(super) fn trace_settings(&self, owner: Owner, settings: &Settings) {
        if let Some(tracer) = &self.tracer {
            tracer.settings(owner, settings);
        }
    }

    #[inline]
    pub(super) fn trace_stream_type(&self, owner: Owner, id: StreamId, name: &'static str) {
        if let Some(tracer) = &self.tracer {
            tracer.stream_type(owner, Some(id), name);
        }
    }

    /// One of our own streams was opened, if it has a key. SETTINGS are the first on theirs.
    pub(super) fn trace_own_stream(
        &self,
        streams: &Streams,
        opened: Option<StreamKey>,
        name: &'static str,
    ) {
        let (Some(tracer), Some(key)) = (&self.tracer, opened) else { return };
        let id = streams.id(key);
        tracer.stream_type(Owner::Local, id, name);
        if self.control.is(key) {
            let mut content = Vec::new();
            self.local.to_wire().encode(&mut content);
            tracer.frame(Owner::Local, id, header_of(FrameType::SETTINGS, &content), &content);
        }
    }

    /// A unidirectional stream of the peer has told what it is.
    pub(super) fn trace_peer_stream(&self, streams: &Streams, key: StreamKey, kind: StreamType) {
        let Some(tracer) = &self.tracer else { return };
        let name = match kind {
            StreamType::CONTROL => "control",
            StreamType::PUSH => "push",
            StreamType::QPACK_ENCODER => "qpack_encode",
            StreamType::QPACK_DECODER => "qpack_decode",
            // RFC 9114 section 6.2.3.
            StreamType(other) if other >= 0x21 && (other - 0x21) % 0x1f == 0 => "reserved",
            _ => "unknown",
        };
        tracer.stream_type(Owner::Remote, streams.id(key), name);
    }

    /// A frame of the peer's control stream is whole.
    pub(super) fn trace_control_frame(
        &self,
        streams: &Streams,
        key: StreamKey,
        kind: FrameType,
        content: &[u8],
    ) {
        if let Some(tracer) = &self.tracer {
            tracer.frame(Owner::Remote, streams.id(key), header_of(kind, content), content);
        }
    }
}
