//! What the connection tells its trace. A hook is one test where there is no trace; what it says
//! is gathered here, off the common path.

mod data;
mod tracer;

use crate::congestion::CongestionController;
use crate::observe::{write_frames, Filter, Kind, Object, Records, SharedTrace, Trace};
use crate::recovery::{LossTimer, Space};
use crate::stream::{StreamEvent, StreamKey};
use crate::time::Instant;
use crate::tls::Level;
use crate::wire::header::ProtectedHeader;
use crate::wire::{ConnectionId, PacketNumber, PacketType, Role, StreamId, TransportParameters};

use super::event::CloseReason;
use super::parameters::{local_parameters, Identity};
use super::settings::ACK_DELAY_EXPONENT;
use super::{Connection, State};

use data::{
    header_type, key_type, space_name, state_name, wire_version, write_addresses, write_datagrams,
    write_packet, write_parameters, write_reason,
};

pub(super) use tracer::Tracer;

impl Connection {
    /// Begins to collect events, from now on and as far as `filter` wants them; their times count
    /// from `origin`.
    pub fn start_trace(&mut self, filter: Filter, origin: Instant, now: Instant) {
        let group = self.early.as_deref().map(|early| early.original_dcid);
        let group = group.unwrap_or_else(|| self.local_cids.primary());
        let mut trace = Trace::new(filter, origin, group);
        trace.set_time(now);
        let remote_cid = *self.remote_cids.active();
        self.tracer = Some(Box::new(Tracer::new(trace, &self.path, remote_cid)));
        self.trace_beginning();
    }

    /// Changes which events are collected, if any are.
    pub fn set_trace_filter(&mut self, filter: Filter) {
        if let Some(tracer) = self.tracer.as_deref_mut() {
            tracer.trace.set_filter(filter);
        }
    }

    /// Collects no more; what is collected is forgotten.
    pub fn stop_trace(&mut self) {
        self.tracer = None;
    }

    /// What events are collected in, for the protocol on top, if they are.
    pub fn trace_handle(&self) -> Option<SharedTrace> {
        self.tracer.as_deref().map(|tracer| tracer.trace.clone())
    }

    /// True if events are collected.
    pub fn is_traced(&self) -> bool {
        self.tracer.is_some()
    }

    /// Takes the events that were collected; [`Connection::give_back_records`] takes their memory
    /// back.
    pub fn take_records(&mut self) -> Records {
        self.tracer.as_deref_mut().map(|tracer| tracer.trace.take()).unwrap_or_default()
    }

    /// See [`Connection::take_records`].
    pub fn give_back_records(&mut self, records: Records) {
        if let Some(tracer) = self.tracer.as_deref_mut() {
            tracer.trace.give_back(records);
        }
    }

    /// The time of the events that follow.
    #[inline]
    pub(super) fn trace_time(&mut self, now: Instant) {
        if let Some(tracer) = self.tracer.as_deref_mut() {
            tracer.trace.set_time(now);
        }
    }

    /// Adds an event, if there is a trace.
    #[inline]
    pub(super) fn trace(&mut self, kind: Kind, body: impl FnOnce(&mut Object<'_>)) {
        if let Some(tracer) = self.tracer.as_deref_mut() {
            tracer.trace.event(kind, body);
        }
    }

    fn trace_beginning(&mut self) {
        let addresses = self.path.addresses;
        let (local, remote) = (self.local_cids.primary(), *self.remote_cids.active());
        self.trace(Kind::ConnectionStarted, |data| {
            write_addresses(data, &addresses);
            data.hex("src_cid", local.as_slice()).hex("dst_cid", remote.as_slice());
        });
        self.trace_version();
        let settings = self.settings.clone();
        let identity = Identity {
            source: local,
            original_destination: None,
            retry_source: None,
            reset_token: None,
            preferred: None,
        };
        let parameters = local_parameters(&settings, &identity);
        self.trace(Kind::ParametersSet, |data| write_parameters(data, "local", &parameters));
        let mtu = self.path.max_datagram_size.into();
        let window = self.path.controller.window();
        self.trace(Kind::RecoveryParametersSet, |data| {
            data.number("max_datagram_size", mtu).number("initial_congestion_window", window);
            data.millis("initial_rtt", settings.initial_rtt.as_micros());
        });
        if self.early.is_some() {
            self.trace_keys(Space::Initial, Kind::KeyUpdated);
        }
    }

    /// The version in use was settled.
    pub(super) fn trace_version(&mut self) {
        let version = self.version;
        self.trace(Kind::VersionInformation, |data| {
            data.text("chosen_version", wire_version(version));
        });
    }

    /// A datagram came.
    #[cold]
    pub(super) fn trace_datagram_received(&mut self, now: Instant, len: usize) {
        self.trace_time(now);
        self.trace(Kind::DatagramsReceived, |data| write_datagrams(data, len));
    }

    /// A datagram leaves.
    #[cold]
    pub(super) fn trace_datagram_sent(&mut self, len: usize) {
        self.trace(Kind::DatagramsSent, |data| write_datagrams(data, len));
        self.trace_path();
    }

    /// A packet of `size` bytes was authentic; its frames are `payload`.
    #[cold]
    pub(super) fn trace_packet_received(
        &mut self,
        packet_type: PacketType,
        number: PacketNumber,
        dcid: &ConnectionId,
        size: usize,
        payload: &[u8],
    ) {
        let exponent = self.peer.ack_delay_exponent;
        self.trace(Kind::PacketReceived, |data| {
            write_packet(data, packet_type, number, dcid, size, payload.len());
            data.array("frames", |frames| write_frames(frames, payload, exponent));
        });
    }

    /// A packet of `size` bytes, not yet encrypted, leaves; its frames are `payload`.
    #[cold]
    pub(super) fn trace_packet_sent(
        &mut self,
        now: Instant,
        packet_type: PacketType,
        number: PacketNumber,
        size: usize,
        payload: &[u8],
    ) {
        self.trace_time(now);
        let dcid = *self.remote_cids.active();
        self.trace(Kind::PacketSent, |data| {
            write_packet(data, packet_type, number, &dcid, size, payload.len());
            data.array("frames", |frames| write_frames(frames, payload, ACK_DELAY_EXPONENT));
        });
    }

    /// A packet was not read, or not yet.
    #[cold]
    pub(super) fn trace_unread(
        &mut self,
        kind: Kind,
        header: &ProtectedHeader<'_>,
        size: usize,
        trigger: &'static str,
    ) {
        let name = header_type(header);
        self.trace(kind, |data| {
            data.object("header", |header| {
                header.text("packet_type", name);
            });
            data.object("raw", |raw| {
                raw.number("length", size as u64);
            });
            data.text("trigger", trigger);
        });
    }

    /// Packets were declared lost.
    #[cold]
    pub(super) fn trace_losses(&mut self, id: Space, numbers: &[PacketNumber]) {
        for number in numbers {
            self.trace(Kind::PacketLost, |data| {
                data.object("header", |header| {
                    header.text("packet_type", space_name(id)).number("packet_number", number.0);
                });
            });
        }
        self.trace_path();
    }

    /// Tells what has changed of the figures of the path.
    #[cold]
    pub(super) fn trace_path(&mut self) {
        let Some(tracer) = self.tracer.as_deref_mut() else { return };
        tracer.notice_path(&self.path);
        tracer.notice_remote_cid(*self.remote_cids.active());
    }

    /// The loss timer was set anew.
    #[cold]
    pub(super) fn trace_loss_timer(&mut self, now: Instant, timer: &LossTimer) {
        let Some(tracer) = self.tracer.as_deref_mut() else { return };
        let (kind, deadline) = match timer {
            LossTimer::Idle => ("pto", None),
            LossTimer::Loss { at, .. } => ("ack", Some(*at)),
            LossTimer::Probe { at, .. } => ("pto", Some(*at)),
        };
        if !tracer.notice_deadline(deadline) {
            return;
        }
        tracer.trace.event(Kind::LossTimerUpdated, |data| {
            data.text("event_type", if deadline.is_some() { "set" } else { "cancelled" });
            data.text("timer_type", kind);
            if let Some(at) = deadline {
                data.millis("delta", at.saturating_since(now).as_micros());
            }
        });
    }

    /// The loss timer ran out.
    #[cold]
    pub(super) fn trace_loss_timeout(&mut self, timer: &LossTimer) {
        let kind = if matches!(timer, LossTimer::Loss { .. }) { "ack" } else { "pto" };
        self.trace(Kind::LossTimerUpdated, |data| {
            data.text("event_type", "expired").text("timer_type", kind);
        });
    }

    /// The connection moves to another state.
    #[cold]
    pub(super) fn trace_state(&mut self, next: State) {
        let before = self.state;
        self.trace(Kind::ConnectionStateUpdated, |data| {
            data.text("old", state_name(before)).text("new", state_name(next));
        });
    }

    /// The connection is over.
    #[cold]
    pub(super) fn trace_closed(&mut self, reason: &CloseReason) {
        self.trace(Kind::ConnectionClosed, |data| write_reason(data, reason));
    }

    /// The keys of a level, for one direction, were made by TLS.
    #[cold]
    pub(super) fn trace_key_installed(&mut self, level: Level, local: bool) {
        let owner = if local { self.role } else { self.role.peer() };
        let level = match level {
            Level::Initial => "initial",
            Level::EarlyData => "0rtt",
            Level::Handshake => "handshake",
            Level::OneRtt => "1rtt",
        };
        self.trace(Kind::KeyUpdated, |data| {
            data.text("key_type", key_type(owner, level)).text("trigger", "tls");
        });
    }

    /// Both keys of a level that only the handshake needs come or go.
    #[cold]
    pub(super) fn trace_keys(&mut self, id: Space, kind: Kind) {
        let level = if id == Space::Initial { "initial" } else { "handshake" };
        for owner in [Role::Client, Role::Server] {
            self.trace(kind, |data| {
                data.text("key_type", key_type(owner, level)).text("trigger", "tls");
            });
        }
    }

    /// The 1-RTT keys were updated, for the `generation`th time.
    #[cold]
    pub(super) fn trace_key_update(&mut self, generation: u64, by_peer: bool) {
        let trigger = if by_peer { "remote_update" } else { "local_update" };
        for owner in [Role::Client, Role::Server] {
            self.trace(Kind::KeyUpdated, |data| {
                data.text("key_type", key_type(owner, "1rtt"));
                data.number("generation", generation).text("trigger", trigger);
            });
        }
    }

    /// The 1-RTT keys of that generation are gone.
    #[cold]
    pub(super) fn trace_old_keys(&mut self, generation: u64) {
        for owner in [Role::Client, Role::Server] {
            self.trace(Kind::KeyRetired, |data| {
                data.text("key_type", key_type(owner, "1rtt")).number("generation", generation);
            });
        }
    }

    /// The peer's transport parameters were taken over.
    #[cold]
    pub(super) fn trace_peer_parameters(&mut self, parameters: &TransportParameters) {
        self.trace(Kind::ParametersSet, |data| write_parameters(data, "remote", parameters));
    }

    /// The application protocol was chosen.
    #[cold]
    pub(super) fn trace_alpn(&mut self, protocol: &[u8]) {
        self.trace(Kind::AlpnInformation, |data| {
            data.untrusted("chosen_alpn", protocol);
        });
    }

    /// We opened a stream.
    #[inline]
    pub fn trace_opened(&mut self, key: StreamKey) {
        if self.tracer.is_some() {
            self.trace_stream(key, "open");
        }
    }

    /// Something happened to a stream.
    #[cold]
    pub(super) fn trace_stream_event(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Opened(key) => self.trace_stream(*key, "open"),
            StreamEvent::ResetByPeer { key, .. } => self.trace_stream(*key, "reset_received"),
            StreamEvent::StoppedByPeer { key, .. } => self.trace_stream(*key, "reset_sent"),
            StreamEvent::Closed(key) => self.trace_stream(*key, "closed"),
            _ => {}
        }
    }

    #[cold]
    fn trace_stream(&mut self, key: StreamKey, state: &'static str) {
        let Some(StreamId(id)) = self.streams.id(key) else { return };
        self.trace(Kind::StreamStateUpdated, |data| {
            data.number("stream_id", id).text("new", state);
        });
    }
}
