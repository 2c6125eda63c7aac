//! Challenges and responses: who is where (RFC 9000 section 8.2).

use crate::path::{ChallengeData, OtherPath, OtherPaths, PathHandle, Proof, Purpose, Transmit};
use crate::recovery::{EcnCodepoint, Rtt};
use crate::time::{Duration, Instant};
use crate::tls::HmacKey;
use crate::wire::frame::{PathChallenge, PathResponse};
use crate::wire::header::ShortHeader;
use crate::wire::{PacketNumber, PacketType, Writer};

use super::packet_builder::PacketBuilder;
use super::settings::MIN_DATAGRAM_SIZE;
use super::transmit::{number, Content, MIN_LIMITED_DATAGRAM};
use super::{Connection, Timer};

/// How long a path is kept after it was last of use, in probe timeouts.
const KEEP_PTOS: u64 = 3;

impl Connection {
    /// The probe timeout for a path that nothing is known of, or the present one if that is longer
    /// (RFC 9000 section 8.2.4).
    pub(super) fn validation_pto(&self) -> Duration {
        let unknown = Rtt::new(self.settings.initial_rtt).pto_base() + self.peer.max_ack_delay;
        self.probe_timeout().max(unknown)
    }

    /// How long a path is kept after it was last of use.
    pub(super) fn path_keep_time(&self) -> Duration {
        self.validation_pto().saturating_mul(KEEP_PTOS)
    }

    /// Unpredictable data, other for each packet (RFC 9000 section 8.2.1).
    fn challenge_data(&self, number: PacketNumber) -> ChallengeData {
        let digest = HmacKey::new(&self.path_secret).sign(&[&number.0.to_be_bytes()]);
        let mut data = ChallengeData::default();
        data.copy_from_slice(&digest[..8]);
        data
    }

    /// Writes responses and a challenge for the path in use.
    #[cold]
    pub(super) fn write_path_frames(&mut self, frames: &mut Writer<'_>, content: &mut Content) {
        while self.path.has_response() && frames.remaining() >= PathResponse::ENCODED_LEN {
            let Some(data) = self.path.take_response() else { break };
            PathResponse(data).encode(frames);
            content.expand();
        }
        if self.path.is_challenge_due() && frames.remaining() >= PathChallenge::ENCODED_LEN {
            let data = self.challenge_data(self.data.sent.next_packet_number());
            PathChallenge(data).encode(frames);
            let full = self.path.amplification.budget() >= u64::from(MIN_DATAGRAM_SIZE);
            self.path.on_challenge_sent(data, full);
            content.expand();
        }
    }

    /// Writes the next datagram for a path that is not in use: probing frames only
    /// (RFC 9000 section 9.1).
    #[cold]
    pub(super) fn transmit_elsewhere(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
    ) -> Option<Transmit> {
        if !self.keys.can_seal() || self.data.sent.is_full() {
            return None;
        }
        let handle = self.path_with_frames()?;
        let challenge = self.challenge_data(self.data.sent.next_packet_number());
        let other = self.others.as_deref_mut()?.get_mut(handle)?;
        let active = self.remote_cids.active();
        let dcid = other.lease.map_or(Some(active), |lease| self.remote_cids.lent(lease))?;
        let path = &mut other.path;
        let full = usize::from(MIN_DATAGRAM_SIZE);
        let budget = usize::try_from(path.amplification.budget()).unwrap_or(usize::MAX);
        let limit = full.min(buffer.len()).min(budget);
        let buffer = &mut buffer[..limit];
        let (pn, pn_len) = number(&self.data);
        let key_phase = self.keys.phase();
        let header = ShortHeader { dcid, spin: path.spin.value(), key_phase, pn, pn_len };
        let mut builder = PacketBuilder::short(buffer, &header)?;
        let frames = &mut builder.frames;
        while path.has_response() && frames.remaining() >= PathResponse::ENCODED_LEN {
            let Some(data) = path.take_response() else { break };
            PathResponse(data).encode(frames);
        }
        if path.is_challenge_due() && frames.remaining() >= PathChallenge::ENCODED_LEN {
            PathChallenge(challenge).encode(frames);
            path.on_challenge_sent(challenge, limit >= full);
        }
        let mut layout = builder.layout();
        layout.pad_to(buffer, full);
        path.amplification.on_sent(layout.len);
        if self.tracer.is_some() {
            let payload = layout.payload(buffer);
            self.trace_packet_sent(now, PacketType::OneRtt, layout.number, layout.len, payload);
            self.trace_datagram_sent(layout.len);
        }
        if let Some((packet_key, header_key)) = self.keys.seal_keys(layout.number) {
            layout.protect(buffer, packet_key, header_key);
        }
        self.note_probing_packet(now, layout.len);
        Some(Transmit { len: layout.len, path: handle, ecn: EcnCodepoint::NotEct })
    }

    /// The next path that is not in use and has something to say.
    fn path_with_frames(&self) -> Option<PathHandle> {
        let ready = |other: &OtherPath| {
            let budget = other.path.amplification.budget();
            let reachable = other.lease.is_none_or(|lease| self.remote_cids.lent(lease).is_some());
            other.path.has_frames() && budget >= MIN_LIMITED_DATAGRAM as u64 && reachable
        };
        let others = self.others.as_deref()?;
        others.iter().find(|(_, other)| ready(other)).map(|(handle, _)| handle)
    }

    /// Enters a packet of another path into the books. It neither fills the window of the path in
    /// use nor starts its timers: what is lost over there says nothing here (RFC 9000 section 9.4).
    fn note_probing_packet(&mut self, now: Instant, len: usize) {
        self.data.sent.on_sent_elsewhere(now, len as u16);
        self.stats.packets_sent += 1;
        self.stats.datagrams_sent += 1;
        self.stats.bytes_sent += len as u64;
    }

    /// A PATH_RESPONSE came. RFC 9000 section 8.2.3: whichever path it comes on, it validates the
    /// one that the challenge went over; section 19.18: one that nobody asked for is ignored.
    pub(super) fn on_path_response(&mut self, now: Instant, data: ChallengeData) {
        if let Some(proof) = self.path.on_response(&data) {
            self.on_active_path_proven(now, proof);
        } else {
            self.on_other_path_response(now, data);
        }
        self.arm_path_timer();
    }

    fn on_active_path_proven(&mut self, now: Instant, proof: Proof) {
        self.loss_timer_stale = true;
        match proof {
            Proof::Full => self.settle_path(now),
            // RFC 9000 section 8.2.3: the size is still to be proven.
            Proof::AddressOnly => self.path.begin_validation(now, self.validation_pto()),
        }
    }

    fn on_other_path_response(&mut self, now: Instant, data: ChallengeData) {
        let pto = self.validation_pto();
        let forget_at = now + self.path_keep_time();
        let Some(others) = self.others.as_deref_mut() else { return };
        let mut wanted = None;
        for other in others.iter_mut() {
            let Some(proof) = other.path.on_response(&data) else { continue };
            other.forget_at = other.forget_at.max(forget_at);
            match (proof, other.purpose) {
                (Proof::AddressOnly, _) => other.path.begin_validation(now, pto),
                (Proof::Full, Purpose::Wanted) => wanted = Some(other.path.addresses),
                (Proof::Full, _) => {}
            }
            break;
        }
        if let Some(handle) = wanted.and_then(|addresses| others.find(&addresses)) {
            self.move_to(now, handle);
        }
    }

    /// Looks after all paths: challenges are repeated, validations fail, paths are forgotten.
    pub(super) fn on_path_timeout(&mut self, now: Instant) {
        if self.path.on_validation_timeout(now) {
            self.on_active_path_failed(now);
        }
        while let Some(gone) = self.take_useless_path(now) {
            self.give_up_path(now, &gone);
        }
        let nothing = self.others.as_deref().is_some_and(OtherPaths::is_empty);
        if nothing && self.settings.preferred_address.is_none() {
            self.others = None;
        }
        self.arm_path_timer();
    }

    /// Takes out a path that failed or that nothing was heard of for long enough.
    fn take_useless_path(&mut self, now: Instant) -> Option<OtherPath> {
        let unsettled = self.path.is_validating();
        let others = self.others.as_deref_mut()?;
        let mut failed = None;
        for other in others.iter_mut() {
            let over = other.path.on_validation_timeout(now);
            if over && other.purpose != Purpose::Former && failed.is_none() {
                failed = Some(other.path.addresses);
            }
        }
        if let Some(addresses) = failed {
            let handle = others.find(&addresses)?;
            return others.remove(handle);
        }
        let fallback = others.fallback().filter(|_| unsettled);
        let fallback = fallback.and_then(|handle| others.get(handle)).map(|it| it.path.addresses);
        others.remove_if(|other| {
            other.forget_at <= now
                && !other.path.is_validating()
                && fallback != Some(other.path.addresses)
        })
    }

    /// A path is not used any more, nor is the connection ID that it had for itself.
    pub(super) fn give_up_path(&mut self, now: Instant, path: &OtherPath) {
        let Some(lease) = path.lease else { return };
        if let Err(error) = self.remote_cids.end_lease(lease) {
            self.close_on_error(now, error);
        }
    }

    /// Sets the timer to the next thing that any path waits for.
    pub(super) fn arm_path_timer(&mut self) {
        if !self.state.is_open() {
            return;
        }
        let unsettled = self.path.is_validating();
        let others = self.others.as_deref().into_iter().flat_map(OtherPaths::iter);
        let others = others.filter_map(|(_, other)| {
            // What may still be fallen back on is kept as long as that is open.
            let kept = unsettled && other.purpose == Purpose::Former;
            let forget = (!kept).then_some(other.forget_at);
            other.path.validation_timeout().or(forget)
        });
        let next = others.chain(self.path.validation_timeout()).min();
        self.timers.set_or_clear(Timer::PathValidation, next);
    }
}
