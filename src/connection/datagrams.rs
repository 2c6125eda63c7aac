//! Unreliable datagrams of the application (RFC 9221).
//!
//! They are acknowledged and congestion controlled like all else, not flow controlled, and not sent
//! again unless the application or its settings ask for it.

use std::sync::Arc;

use crate::datagram::{frame_len, largest_payload, Class, Inbox, Outbox, Report, Sending, Written};
use crate::error::{TransportError, TransportErrorCode};
use crate::time::Instant;
use crate::wire::{frame, Role, TransportParameters, Writer};

use super::packet_builder::TAG_LEN;
use super::settings::{Redundancy, MIN_DATAGRAM_SIZE};
use super::token::Token;
use super::transmit::Content;
use super::{Connection, Timer};

/// Bytes of a 1-RTT header beside the connection ID: flags and the longest packet number.
const SHORT_HEADER_REST: usize = 1 + 4;

/// Bytes of a 0-RTT header beside the connection IDs: flags, version, the lengths of both IDs, the
/// length of the packet and its number.
const LONG_HEADER_REST: usize = 1 + 4 + 1 + 1 + 2 + 4;

/// The datagrams of a connection that has sent or received any.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    pub(super) outbox: Outbox,
    inbox: Inbox,
    /// A datagram was not taken; the application waits for its turn.
    awaited: Option<Obstacle>,
    /// The last packet began with stream data though datagrams waited.
    streams_were_first: bool,
    /// The last datagram, to be repeated after a silence.
    last: Vec<u8>,
}

/// What a datagram was not taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    /// The keys, or the peer's limit, were not there yet.
    Keys,
    /// Too many were waiting.
    Room,
}

/// Why a datagram was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatagramError {
    /// Not now; [`Connection::take_datagram_writable`] tells when.
    Blocked,
    /// The peer takes no datagrams.
    NotSupported,
    /// It does not fit into a packet, or the peer takes no such long ones.
    TooLarge,
    /// The connection is closing.
    Closing,
}

impl Connection {
    /// Takes a datagram for sending; returns its number.
    ///
    /// # Errors
    /// See [`DatagramError`].
    pub fn send_datagram(
        &mut self,
        now: Instant,
        data: &[u8],
        class: Class,
    ) -> Result<u64, DatagramError> {
        if !self.state.is_open() {
            return Err(DatagramError::Closing);
        }
        let limit = self.peer.max_datagram_frame_size;
        if self.refuses_datagrams() {
            return Err(DatagramError::NotSupported);
        }
        if limit == 0 {
            return Err(self.await_datagrams(Obstacle::Keys));
        }
        if frame_len(data.len()) > self.datagram_frame_room() {
            return Err(DatagramError::TooLarge);
        }
        if !self.can_seal_data() {
            return Err(self.await_datagrams(Obstacle::Keys));
        }
        let open = self.datagrams.as_deref().map_or(0, |known| known.outbox.open() as u64);
        if open >= self.packet_capacity() {
            return Err(self.await_datagrams(Obstacle::Room));
        }
        let datagrams = self.datagrams_mut();
        let number = datagrams.outbox.push(data, class);
        if matches!(class, Class::High | Class::Normal) {
            self.plan_datagram_probe(now, data);
        }
        Ok(number)
    }

    /// How many bytes the largest datagram has that can be sent now; 0 if the peer takes none, or
    /// has not said so yet.
    pub fn largest_datagram(&self) -> usize {
        match self.can_seal_data() {
            true => largest_payload(self.datagram_frame_room()),
            false => 0,
        }
    }

    /// True if the peer takes no datagrams, and that is settled.
    pub fn refuses_datagrams(&self) -> bool {
        self.peer.max_datagram_frame_size == 0 && self.keys.can_seal()
    }

    /// How long a DATAGRAM frame can be as far as path and peer go.
    fn datagram_frame_room(&self) -> usize {
        let mut header = SHORT_HEADER_REST + self.remote_cids.active().len();
        if !self.keys.can_seal() {
            let ids = self.remote_cids.active().len() + self.local_cids.primary().len();
            header = LONG_HEADER_REST + ids;
        }
        let packet = usize::from(self.path.max_datagram_size).saturating_sub(header + TAG_LEN);
        packet.min(usize::try_from(self.peer.max_datagram_frame_size).unwrap_or(usize::MAX))
    }

    /// True if there are keys for data of the application: of 1-RTT, or at a client of 0-RTT.
    fn can_seal_data(&self) -> bool {
        self.keys.can_seal() || self.early_write_keys().is_some()
    }

    /// Keeps the bytes of sent datagrams, so that [`Connection::settle_datagram`] can have them
    /// sent again.
    pub fn keep_datagrams(&mut self) {
        self.datagrams_kept = true;
    }

    /// Puts the oldest unread datagram into `out`, in place of what was there, and returns when it
    /// came.
    pub fn read_datagram(&mut self, out: &mut Vec<u8>) -> Option<Instant> {
        self.datagrams.as_deref_mut()?.inbox.pop(out)
    }

    /// What became of a sent datagram, the oldest news first.
    pub fn poll_datagram_report(&mut self) -> Option<Report> {
        self.datagrams.as_deref_mut()?.outbox.poll_report()
    }

    /// The application's answer to [`Report::Lost`]: whether the datagram is sent again. Without
    /// [`Connection::keep_datagrams`] it is not.
    pub fn settle_datagram(&mut self, number: u64, again: bool) {
        if let Some(datagrams) = self.datagrams.as_deref_mut() {
            datagrams.outbox.settle(number, again);
        }
    }

    /// True once if a datagram was refused as [`DatagramError::Blocked`] and can be sent now: the
    /// keys have come, or a tenth of the room is free again.
    pub fn take_datagram_writable(&mut self) -> bool {
        let Some(datagrams) = self.datagrams.as_deref() else { return false };
        let Some(awaited) = datagrams.awaited else { return false };
        let open = datagrams.outbox.open() as u64;
        let refused = self.peer.max_datagram_frame_size == 0;
        if !self.state.is_open() || refused || !self.can_seal_data() {
            return false;
        }
        let capacity = self.packet_capacity();
        let free = capacity.saturating_sub(open);
        if awaited == Obstacle::Room && (free == 0 || free < capacity / 10) {
            return false;
        }
        self.datagrams_mut().awaited = None;
        true
    }

    /// True if datagrams were sent, refused or received, ever.
    #[inline]
    pub fn has_datagrams(&self) -> bool {
        self.datagrams.is_some()
    }

    /// The largest DATAGRAM frame the peer takes, as far as known; 0 if none at all.
    pub fn datagram_limit_peer(&self) -> u64 {
        self.peer.max_datagram_frame_size
    }

    /// Takes over what the peer is remembered to take, until it says so itself.
    pub fn set_datagram_limit_peer(&mut self, limit: u16) {
        self.peer.max_datagram_frame_size = limit.into();
    }

    fn datagrams_mut(&mut self) -> &mut Datagrams {
        self.datagrams.get_or_insert_default()
    }

    fn await_datagrams(&mut self, obstacle: Obstacle) -> DatagramError {
        self.datagrams_mut().awaited = Some(obstacle);
        DatagramError::Blocked
    }

    /// How many datagrams may wait or be on their way: as many as stream data may fill packets.
    fn packet_capacity(&self) -> u64 {
        (self.settings.send_capacity / u64::from(MIN_DATAGRAM_SIZE)).max(1)
    }

    /// Has the last datagram repeated after a silence, if the settings say so.
    fn plan_datagram_probe(&mut self, now: Instant, data: &[u8]) {
        let after = self.settings.datagrams.probe_after;
        if after.is_zero() {
            return;
        }
        let last = &mut self.datagrams_mut().last;
        last.clear();
        last.extend_from_slice(data);
        self.timers.set(Timer::DatagramProbe, now + after);
    }

    /// No datagram was sent for a while: the last one is sent once more, under a number of its own.
    pub(super) fn on_datagram_probe(&mut self, now: Instant) {
        let Some(datagrams) = self.datagrams.as_deref_mut() else { return };
        let last = std::mem::take(&mut datagrams.last);
        if !last.is_empty() {
            // What is not taken was no use to probe with.
            let _ = self.send_datagram(now, &last, Class::Probe);
        }
    }

    /// Runs a DATAGRAM frame.
    pub(super) fn on_datagram_frame(
        &mut self,
        now: Instant,
        frame: &frame::Datagram<'_>,
    ) -> Result<(), TransportError> {
        // RFC 9221 section 3: also if we take none at all.
        if frame.frame_len > usize::from(self.datagram_limit) {
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(TransportError::new(code, "a longer DATAGRAM than allowed").in_frame(0x30));
        }
        let dropped = self.datagrams_mut().inbox.push(now, frame.data);
        self.stats.datagram_frames.received += 1;
        self.stats.datagram_frames.dropped += dropped as u32;
        Ok(())
    }

    /// A client may ask its server to send nothing twice.
    pub(super) fn negotiate_redundancy(&mut self, parameters: &TransportParameters) {
        if self.role == Role::Server && parameters.close_dgram_redundancy {
            Arc::make_mut(&mut self.settings).datagrams.redundancy = Redundancy::Off;
        }
    }

    /// True if a datagram waits for a packet.
    #[inline]
    pub(super) fn wants_datagrams(&self) -> bool {
        self.datagrams.as_deref().is_some_and(|known| known.outbox.wants_to_send())
    }

    /// Fills a packet with datagrams and stream data; both take turns to come first, so that
    /// neither keeps the other from being sent.
    #[cold]
    #[inline(never)]
    pub(super) fn write_mixed(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        let streams = self.streams.wants_to_send();
        let datagrams = self.datagrams_mut();
        let streams_first = streams && !datagrams.streams_were_first;
        datagrams.streams_were_first = streams_first;
        if !streams_first {
            self.write_datagrams(frames, content);
        }
        if streams {
            self.streams.write_frames(frames, &mut |token| content.push(Token::Stream(token)));
        }
        if streams_first {
            self.write_datagrams(frames, content);
        }
    }

    /// Writes as many datagrams as fit.
    fn write_datagrams(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        let largest = self.datagram_frame_room();
        // RFC 9001 section 4.6.2: the server may reject what goes out in 0-RTT packets.
        let early = !self.keys.can_seal();
        let sending = Sending {
            keep: early || self.datagrams_kept || self.settings.datagrams.retransmit,
            twice: self.settings.datagrams.redundancy == Redundancy::AnyPath,
        };
        let Self { datagrams, stats, .. } = self;
        let Some(datagrams) = datagrams.as_deref_mut() else { return };
        let counts = &mut stats.datagram_frames;
        datagrams.outbox.write(frames, largest, sending, |Written { number, class, copy }| {
            content.push(Token::Datagram(number));
            counts.sent += 1;
            counts.high += u32::from(class == Class::High);
            counts.high_copies += u32::from(class == Class::High && copy);
            counts.probes += u32::from(class == Class::Probe);
        });
    }

    /// What 0-RTT packets carried is to be sent again, as if it never was.
    pub(super) fn take_back_datagrams(&mut self) {
        if let Some(datagrams) = self.datagrams.as_deref_mut() {
            datagrams.outbox.rewind();
        }
    }

    /// Gives back memory of a connection that has become quiet.
    pub(super) fn shrink_datagrams(&mut self) {
        if let Some(datagrams) = self.datagrams.as_deref_mut() {
            datagrams.outbox.shrink();
            datagrams.inbox.shrink();
        }
    }
}
