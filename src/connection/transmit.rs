//! Datagrams out: what may go, which packets a datagram holds, which frames a packet holds.

use smallvec::SmallVec;

use crate::path::{PathHandle, Transmit};
use crate::recovery::{AckDue, EcnCodepoint, SentPacket, Space};
use crate::time::Instant;
use crate::wire::frame::{Frame, FrameSet, FrameType, RetireConnectionId};
use crate::wire::header::{LongHeader, ShortHeader};
use crate::wire::{LongPacketType, PacketNumber, PacketType, Role, Writer};

use super::crypto_stream::CryptoStream;
use super::new_token::NextToken;
use super::packet_builder::{PacketBuilder, PacketLayout};
use super::settings::{ACK_DELAY_EXPONENT, MIN_DATAGRAM_SIZE};
use super::space::PacketSpace;
use super::token::Token;
use super::{Connection, Timer};

/// Packets with nothing but an ACK that may follow each other.
const ACKS_PER_PING: u32 = 64;

/// The first bit of a long header (RFC 9000 section 17.2).
const LONG_HEADER: u8 = 0x80;

/// A packet that is written and not yet protected: padding may still be added.
pub(super) struct Draft {
    pub(super) space: Space,
    /// Where the packet starts in the datagram.
    start: usize,
    layout: PacketLayout,
    content: Content,
}

impl Draft {
    /// The packet in `builder`, unless no frame was written.
    #[inline]
    pub(super) fn new(
        space: Space,
        start: usize,
        builder: PacketBuilder<'_>,
        content: Content,
    ) -> Option<Self> {
        (!builder.is_empty()).then(|| Self { space, start, layout: builder.layout(), content })
    }

    /// Adds PADDING up to `len` bytes of datagram, as far as `buffer`, which holds it, reaches.
    pub(super) fn pad_to(&mut self, buffer: &mut [u8], len: usize) {
        let len = len.saturating_sub(self.start);
        self.layout.pad_to(&mut buffer[self.start..], len);
    }

    /// Which frames it holds, as far as anything refers to them.
    #[inline]
    fn frames(&self) -> FrameSet {
        let mut frames = FrameSet::default();
        for token in &self.content.tokens {
            frames.insert(token.frame_type());
        }
        if self.layout.is_padded() {
            frames.insert(FrameType::PADDING);
        }
        if self.content.tokens.is_empty() {
            // Nothing refers to these two: one has no content, the other has nobody to miss it.
            let eliciting = self.content.ack_eliciting;
            frames.insert(if eliciting { FrameType::PING } else { FrameType::CONNECTION_CLOSE });
        }
        frames
    }

    /// Where the packet ends in the datagram.
    pub(super) fn end(&self) -> usize {
        self.start + self.layout.len
    }
}

/// What the frames of a packet are, for the books of loss recovery.
#[derive(Default)]
pub(super) struct Content {
    tokens: SmallVec<[Token; 4]>,
    ack_eliciting: bool,
    /// A PATH_CHALLENGE or PATH_RESPONSE asks for a full-sized datagram.
    expand: bool,
    /// The packet probes the path MTU.
    mtu_probe: bool,
}

impl Content {
    /// The content of a path MTU probe in packet `number`.
    pub(super) fn mtu_probe(number: PacketNumber) -> Self {
        let mut content = Self { mtu_probe: true, ..Self::default() };
        content.push(Token::MtuProbe(number));
        content
    }

    #[inline]
    pub(super) fn push(&mut self, token: Token) {
        self.tokens.push(token);
        self.ack_eliciting = true;
    }

    /// RFC 9000 sections 8.2.1 and 8.2.2: the datagram is expanded, so that the path proves its
    /// size.
    pub(super) fn expand(&mut self) {
        self.ack_eliciting = true;
        self.expand = true;
    }
}

/// The least that is sent to an address with little left of its anti-amplification limit: enough
/// for a challenge.
pub(super) const MIN_LIMITED_DATAGRAM: usize = 64;

/// What a packet may carry now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    Nothing,
    /// Only what is not congestion controlled.
    AckOnly,
    Everything,
}

impl Connection {
    /// Writes the next datagram to the front of `buffer` and tells its length and where it goes,
    /// or `None` if there is nothing to send now. To be called until it returns `None`.
    #[inline]
    pub fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Transmit> {
        if self.keys.is_worn() {
            self.renew_keys(now);
        }
        if !self.state.is_open() {
            return self.transmit_close(now, buffer).map(on_active_path);
        }
        self.streams.set_time(now);
        if self.streams.begin_packet(self.path.pto_count) {
            self.streams.note_path(self.path.state());
        }
        self.marking = self.path.ecn.marks();
        if self.mtu_probe_due {
            if let Some(probe) = self.transmit_mtu_probe(now, buffer) {
                return Some(probe);
            }
        }
        if self.others.is_some() {
            if let Some(sent) = self.transmit_elsewhere(now, buffer) {
                return Some(sent);
            }
        }
        let limit = self.datagram_limit(buffer.len())?;
        let buffer = &mut buffer[..limit];
        let len = match self.early {
            None => self.transmit_one_rtt(now, buffer),
            Some(_) => self.transmit_coalesced(now, buffer),
        };
        let Some(len) = len else {
            self.on_nothing_sent();
            return None;
        };
        Some(self.account(len))
    }

    /// Lets the controller know when it is the data that is missing, not room.
    #[inline]
    fn on_nothing_sent(&mut self) {
        let tells = self.congestion_limited || self.path.sampler.is_some();
        if tells && !self.wants_one_rtt() && self.path.has_room() {
            // RFC 9002 section 7.8.
            self.congestion_limited = false;
            self.path.on_nothing_to_send();
        }
    }

    /// How long the next datagram may be.
    #[inline]
    fn datagram_limit(&self, room: usize) -> Option<usize> {
        let limit = room.min(usize::from(self.path.max_datagram_size));
        // RFC 9000 section 8.1. An Initial of a server cannot be smaller than a full datagram, so
        // a budget below that waits for more from the client. Later a client that has moved may
        // have left little, and a challenge is short.
        let budget = usize::try_from(self.path.amplification.budget()).unwrap_or(usize::MAX);
        let limit = limit.min(budget);
        (limit >= usize::from(MIN_DATAGRAM_SIZE) || limit >= self.least_datagram()).then_some(limit)
    }

    /// With less room than this nothing is sent.
    pub(super) fn least_datagram(&self) -> usize {
        match self.early {
            Some(_) => usize::from(MIN_DATAGRAM_SIZE),
            None => MIN_LIMITED_DATAGRAM,
        }
    }

    /// The steady state: one 1-RTT packet a datagram.
    #[inline]
    fn transmit_one_rtt(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let draft = self.draft_one_rtt(now, buffer, 0)?;
        let expand = draft.content.expand;
        Some(self.finish_last(draft, expand, now, buffer))
    }

    /// During the handshake: packets of several levels share a datagram (RFC 9000 section 12.2).
    fn transmit_coalesced(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let mut used = 0;
        let mut expand = false;
        let mut open: Option<Draft> = None;
        for space in Space::ALL {
            let draft = match space {
                Space::Application if self.keys.can_seal() => self.draft_one_rtt(now, buffer, used),
                Space::Application => self.draft_early_data(now, buffer, used),
                _ => self.draft_early(space, now, buffer, used),
            };
            let Some(draft) = draft else { continue };
            used = draft.end();
            expand |= self.must_expand(&draft);
            if let Some(complete) = open.replace(draft) {
                self.finish(&complete, now, buffer);
            }
        }
        Some(self.finish_last(open?, expand, now, buffer))
    }

    /// Finishes the last packet of a datagram, after expanding it to 1200 bytes if asked to and as
    /// far as `buffer` reaches. Returns the length of the datagram.
    pub(super) fn finish_last(
        &mut self,
        mut last: Draft,
        expand: bool,
        now: Instant,
        buffer: &mut [u8],
    ) -> usize {
        if expand {
            last.pad_to(buffer, MIN_DATAGRAM_SIZE.into());
        }
        let len = last.end();
        self.finish(&last, now, buffer);
        len
    }

    /// True if the datagram that holds `draft` has to be 1200 bytes long (RFC 9000 section 14.1).
    fn must_expand(&self, draft: &Draft) -> bool {
        let initial = draft.space == Space::Initial;
        draft.content.expand
            || (initial && (self.role == Role::Client || draft.content.ack_eliciting))
    }

    /// Starts a packet of `id` at the front of `buffer`. `None` without keys or room.
    #[inline]
    pub(super) fn start_packet<'b>(
        &mut self,
        id: Space,
        buffer: &'b mut [u8],
    ) -> Option<PacketBuilder<'b>> {
        let dcid = self.remote_cids.active();
        let early = match id {
            Space::Application => {
                if !self.keys.can_seal() {
                    return None;
                }
                let (pn, pn_len) = number(&self.data);
                let key_phase = self.keys.phase();
                let spin = self.path.spin.value();
                let header = ShortHeader { dcid, spin, key_phase, pn, pn_len };
                return PacketBuilder::short(buffer, &header);
            }
            _ => self.early.as_deref()?,
        };
        let (packet_type, token, space) = match id {
            Space::Initial => (LongPacketType::Initial, &early.token[..], &early.initial),
            _ => (LongPacketType::Handshake, &[][..], &early.handshake),
        };
        let space = space.as_ref().filter(|space| space.local.is_some())?;
        let scid = self.local_cids.primary();
        let (pn, pn_len) = number(&space.space);
        let version = self.version;
        let header = LongHeader { packet_type, version, dcid, scid: &scid, token, pn, pn_len };
        PacketBuilder::long(buffer, &header)
    }

    /// Writes an Initial or Handshake packet at `start`.
    fn draft_early(
        &mut self,
        id: Space,
        now: Instant,
        buffer: &mut [u8],
        start: usize,
    ) -> Option<Draft> {
        let permission = self.early_permission(id, now);
        if permission == Permission::Nothing {
            return None;
        }
        if self.space(id)?.probes > 0 {
            self.fill_probe(id);
        }
        let mut builder = self.start_packet(id, buffer.get_mut(start..)?)?;
        let space = self.space(id)?;
        let mut content = Content::default();
        write_ack(space, &mut builder.frames, now, &mut content);
        if permission == Permission::Everything {
            write_crypto(&mut space.crypto, &mut builder.frames, &mut content);
            write_probe(space, &mut builder.frames, &mut content);
        }
        Draft::new(id, start, builder, content)
    }

    /// What an Initial or Handshake packet may carry now.
    fn early_permission(&mut self, id: Space, now: Instant) -> Permission {
        let Some(early) = self.early_space(id) else { return Permission::Nothing };
        if early.local.is_none() {
            return Permission::Nothing;
        }
        let probe = early.space.probes > 0;
        let data = early.space.crypto.wants_to_send();
        let ack = is_ack_due(&early.space, now);
        if probe || (data && self.congestion_allows(now)) {
            Permission::Everything
        } else if ack {
            Permission::AckOnly
        } else {
            Permission::Nothing
        }
    }

    /// Writes a 1-RTT packet at `start`.
    #[inline]
    pub(super) fn draft_one_rtt(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
        start: usize,
    ) -> Option<Draft> {
        let permission = self.one_rtt_permission(now);
        if permission == Permission::Nothing {
            return None;
        }
        if self.data.probes > 0 {
            self.fill_probe(Space::Application);
        }
        self.maybe_skip_packet_number();
        if permission == Permission::Everything && self.streams.has_control() {
            self.tune_windows(now);
        }
        let mut builder = self.start_packet(Space::Application, buffer.get_mut(start..)?)?;
        let mut content = Content::default();
        let acked = write_ack(&mut self.data, &mut builder.frames, now, &mut content);
        if permission == Permission::Everything {
            self.write_one_rtt_frames(&mut builder.frames, &mut content);
        }
        if let Some(largest) = acked {
            self.timers.clear(Timer::AckDelay);
            self.keys.on_ack_sent(largest);
            self.ask_for_ack_of_acks(&mut builder.frames, &mut content);
        }
        Draft::new(Space::Application, start, builder, content)
    }

    /// What a 1-RTT packet may carry now.
    #[inline]
    fn one_rtt_permission(&mut self, now: Instant) -> Permission {
        if !self.keys.can_seal() {
            return Permission::Nothing;
        }
        // RFC 9001 section 5.7: a server may send 1-RTT data before the handshake is complete, a
        // client has no keys before that.
        let probe = self.data.probes > 0;
        if self.data.sent.is_full() && !probe {
            // Nothing more can be remembered until the peer acknowledges.
            return Permission::Nothing;
        }
        if probe || (self.wants_one_rtt() && self.congestion_allows(now)) {
            Permission::Everything
        } else if self.path.has_frames() && self.path.is_challenge_due() {
            // Whether the peer is there at all comes before how fast it may be sent to.
            Permission::Everything
        } else if is_ack_due(&self.data, now) {
            Permission::AckOnly
        } else {
            Permission::Nothing
        }
    }

    /// True if any frame but an ACK waits for a 1-RTT packet.
    #[inline]
    pub(super) fn wants_one_rtt(&self) -> bool {
        self.streams.wants_to_send()
            || self.data.crypto.wants_to_send()
            || self.handshake_done_due
            || self.next_token.as_deref().is_some_and(NextToken::is_due)
            || self.ping_due
            || self.pings.wants_to_send()
            || self.path.has_frames()
            || self.wants_datagrams()
            || self.wants_connection_ids()
    }

    /// True if window and pacer let a full packet go.
    #[inline]
    pub(super) fn congestion_allows(&mut self, now: Instant) -> bool {
        let size = u64::from(self.path.max_datagram_size);
        if self.path.congestion_room() < size {
            self.congestion_limited = true;
            self.streams.on_held_back(now);
            return false;
        }
        match self.path.pacing_delay(now, size) {
            None => true,
            Some(at) => {
                self.timers.set(Timer::Pacing, at);
                self.congestion_limited = true;
                self.streams.on_paced(now);
                false
            }
        }
    }

    /// Fills a 1-RTT packet: control frames first, then stream data.
    #[inline]
    pub(super) fn write_one_rtt_frames(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        if self.handshake_done_due && frames.remaining() > 0 {
            Frame::HandshakeDone.encode(frames);
            self.handshake_done_due = false;
            content.push(Token::HandshakeDone);
        }
        if self.next_token.is_some() {
            self.write_new_token(frames).into_iter().for_each(|token| content.push(token));
        }
        if self.path.has_frames() {
            self.write_path_frames(frames, content);
        }
        if self.wants_connection_ids() {
            self.write_connection_ids(frames, content);
        }
        if self.data.crypto.wants_to_send() {
            write_crypto(&mut self.data.crypto, frames, content);
        }
        if self.wants_datagrams() {
            self.write_mixed(frames, content);
        } else if self.streams.wants_to_send() {
            self.streams.write_frames(frames, &mut |token| content.push(Token::Stream(token)));
        }
        self.write_named_pings(frames, content);
        if self.ping_due && !content.ack_eliciting {
            Frame::Ping.encode(frames);
            content.ack_eliciting = true;
        }
        self.ping_due &= !content.ack_eliciting;
        write_probe(&mut self.data, frames, content);
    }

    /// Adds a PING to every so many packets with nothing but an ACK. RFC 9000 section 13.2.4: the
    /// peer answers it, and both ends can forget what those packets said and that they were sent.
    #[inline]
    fn ask_for_ack_of_acks(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        let overdue = self.data.sent.since_ack_eliciting() >= ACKS_PER_PING;
        let room = frames.remaining() > 0 && self.path.congestion_room() > 0;
        if overdue && room && !content.ack_eliciting {
            Frame::Ping.encode(frames);
            content.ack_eliciting = true;
        }
    }

    fn write_named_pings(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        while frames.remaining() > 0 {
            let Some(number) = self.pings.next_to_send() else { return };
            Frame::Ping.encode(frames);
            content.push(Token::Ping(number));
        }
    }

    /// True if the peer has to hear of new or retired connection IDs.
    #[inline]
    fn wants_connection_ids(&self) -> bool {
        self.local_cids.has_announcement() || self.remote_cids.has_retirement()
    }

    fn write_connection_ids(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        while let Some(frame) = self.local_cids.next_announcement() {
            if frames.remaining() < frame.encoded_len() {
                return;
            }
            frame.encode(frames);
            self.local_cids.on_announced();
            content.push(Token::NewConnectionId(frame.sequence));
        }
        while let Some(sequence) = self.remote_cids.next_retirement() {
            let frame = RetireConnectionId { sequence };
            if frames.remaining() < frame.encoded_len() {
                return;
            }
            frame.encode(frames);
            self.remote_cids.on_retirement_sent();
            content.push(Token::RetireConnectionId(sequence));
        }
    }

    /// Protects a packet and enters it into the books.
    #[inline]
    pub(super) fn finish(&mut self, draft: &Draft, now: Instant, buffer: &mut [u8]) {
        let packet = &mut buffer[draft.start..];
        if self.tracer.is_some() {
            self.trace_draft(draft, now, packet);
        }
        self.protect(draft, packet);
        let size = draft.layout.len;
        let in_flight = draft.content.ack_eliciting || draft.layout.is_padded();
        let record = SentPacket {
            time: now,
            size: size as u16,
            ack_eliciting: draft.content.ack_eliciting,
            in_flight,
            mtu_probe: draft.content.mtu_probe,
            ect: self.marking,
        };
        let snapshot = if in_flight { self.path.on_sent(now, size as u64) } else { None };
        if let Some(space) = self.space(draft.space) {
            space.sent.on_sent(record, &draft.content.tokens);
            if let Some(snapshot) = snapshot {
                space.sent.attach_snapshot(snapshot);
            }
        }
        self.count_sent(now, draft.space, draft.layout.number, size, draft.frames());
        self.stats.flight_packets_sent += u64::from(in_flight);
        if draft.content.ack_eliciting {
            self.loss_timer_stale = true;
            self.on_ack_eliciting_sent(now);
        }
        if draft.space == Space::Handshake && self.role == Role::Client {
            // RFC 9001 section 4.9.1.
            self.discard_space(Space::Initial);
        }
    }

    #[cold]
    fn trace_draft(&mut self, draft: &Draft, now: Instant, packet: &[u8]) {
        let long = packet.first().is_some_and(|first| first & LONG_HEADER != 0);
        let packet_type = match draft.space {
            Space::Initial => PacketType::Initial,
            Space::Handshake => PacketType::Handshake,
            Space::Application if long => PacketType::ZeroRtt,
            Space::Application => PacketType::OneRtt,
        };
        let PacketLayout { number, len, .. } = draft.layout;
        self.trace_packet_sent(now, packet_type, number, len, draft.layout.payload(packet));
    }

    #[inline]
    fn protect(&mut self, draft: &Draft, packet: &mut [u8]) {
        if draft.space == Space::Application {
            if let Some((packet_key, header_key)) = self.keys.seal_keys(draft.layout.number) {
                draft.layout.protect(packet, packet_key, header_key);
            } else if let Some(keys) = self.early_write_keys() {
                draft.layout.protect(packet, &keys.packet, &keys.header);
            }
            return;
        }
        if let Some(keys) = self.early_space(draft.space).and_then(|early| early.local.as_ref()) {
            draft.layout.protect(packet, &keys.packet, &keys.header);
        }
    }

    /// RFC 9000 section 21.4: a peer that acknowledges a number nobody sent is found out.
    #[inline]
    fn maybe_skip_packet_number(&mut self) {
        let number = self.data.sent.next_packet_number().0;
        if number < self.next_skipped {
            return;
        }
        if number == self.next_skipped {
            self.data.sent.skip_packet_number();
        }
        self.plan_skipped_number(number);
    }
}

/// An unmarked datagram on the path in use.
#[inline]
fn on_active_path(len: usize) -> Transmit {
    Transmit { len, path: PathHandle::ACTIVE, ecn: EcnCodepoint::NotEct }
}

/// The number of the next packet and how many bytes of it go on the wire.
#[inline]
pub(super) fn number(space: &PacketSpace) -> (PacketNumber, usize) {
    let number = space.sent.next_packet_number();
    (number, number.encoded_len(space.sent.largest_acked()))
}

/// True if an ACK has to leave even if nothing else does. A delayed one is due when its timer
/// expires, which makes the connection look here.
#[inline]
fn is_ack_due(space: &PacketSpace, now: Instant) -> bool {
    match space.received.deadline() {
        AckDue::None => false,
        AckDue::At(deadline) => deadline <= now,
        AckDue::Now => true,
    }
}

/// Writes an ACK if there is news. Returns the largest number it names.
#[inline]
fn write_ack(
    space: &mut PacketSpace,
    frames: &mut Writer<'_>,
    now: Instant,
    content: &mut Content,
) -> Option<PacketNumber> {
    if !space.received.has_new() {
        return None;
    }
    let largest = space.received.encode_ack(frames, now, ACK_DELAY_EXPONENT)?;
    content.tokens.push(Token::Ack(largest));
    Some(largest)
}

/// Writes as much handshake data as fits.
fn write_crypto(crypto: &mut CryptoStream, frames: &mut Writer<'_>, content: &mut Content) {
    while let Some((offset, len)) = crypto.write_frame(frames) {
        content.push(Token::Crypto { offset, len });
    }
}

/// Counts a due probe as sent; makes sure that it elicits an ACK.
fn write_probe(space: &mut PacketSpace, frames: &mut Writer<'_>, content: &mut Content) {
    if space.probes == 0 {
        return;
    }
    if !content.ack_eliciting && frames.remaining() > 0 {
        Frame::Ping.encode(frames);
        content.ack_eliciting = true;
    }
    space.probes -= 1;
}
