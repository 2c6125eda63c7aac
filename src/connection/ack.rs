//! Acknowledgements in: what they settle.

use std::collections::VecDeque;

use crate::congestion::{AckSample, CongestionController, RttSample};
use crate::error::TransportError;
use crate::path::cids::{LocalCids, RemoteCids};
use crate::path::mtu::MtuSearch;
use crate::recovery::{
    ack_delay_bound, AckOutcome, EcnPath, EcnReport, ReceivedPackets, SentPacket, SentSpace, Space,
};
use crate::stream::Streams;
use crate::time::{Duration, Instant};
use crate::wire::frame::Ack;
use crate::wire::{PacketNumber, Role};

use super::crypto_stream::CryptoStream;
use super::datagrams::Datagrams;
use super::event::Event;
use super::new_token::NextToken;
use super::pings::Pings;
use super::space::PacketSpace;
use super::timers::{Timer, Timers};
use super::token::Token;
use super::{Connection, State};

/// What tokens of acknowledged or lost packets are about.
pub(super) struct Subjects<'a> {
    pub streams: &'a mut Streams,
    pub crypto: &'a mut CryptoStream,
    pub datagrams: Option<&'a mut Datagrams>,
    /// Lost datagrams are sent again, whatever the application says.
    pub repeat_datagrams: bool,
    pub datagrams_lost: &'a mut u32,
    pub received: &'a mut ReceivedPackets,
    pub local_cids: &'a mut LocalCids,
    pub remote_cids: &'a mut RemoteCids,
    pub events: &'a mut VecDeque<Event>,
    pub handshake_done_due: &'a mut bool,
    pub pings: &'a mut Pings,
    pub mtu: &'a mut Option<Box<MtuSearch>>,
    pub ecn: &'a mut EcnPath,
    pub timers: &'a mut Timers,
    pub next_token: &'a mut Option<Box<NextToken>>,
}

impl Subjects<'_> {
    /// The frame behind `token` arrived.
    #[inline]
    pub fn on_acked(&mut self, token: &Token) {
        match token {
            Token::Stream(token) => self.streams.on_acked(token),
            Token::Ack(largest) => self.received.on_ack_acked(*largest),
            Token::Crypto { offset, len } => self.crypto.on_acked(*offset, *len),
            Token::RetireConnectionId(sequence) => {
                self.remote_cids.on_retirement_acked(*sequence);
            }
            Token::Ping(number) => {
                if let Some(name) = self.pings.on_acked(*number) {
                    self.events.push_back(Event::PingAcked(name));
                }
            }
            Token::Datagram(number) => self.on_datagram_acked(*number),
            Token::MtuProbe(number) => self.settle_mtu_probe(*number, true),
            Token::Address => *self.next_token = None,
            Token::HandshakeDone | Token::NewConnectionId(_) => {}
        }
    }

    /// The frame behind `token` did not arrive: its content is sent again as it is now.
    #[inline]
    pub fn on_lost(&mut self, token: &Token) {
        match token {
            Token::Stream(token) => self.streams.on_lost(token),
            // RFC 9000 section 13.3: the next ACK is newer anyway.
            Token::Ack(_) => {}
            Token::Ping(number) => self.pings.on_lost(*number),
            Token::Crypto { offset, len } => self.crypto.on_lost(*offset, *len),
            Token::HandshakeDone => *self.handshake_done_due = true,
            Token::Address => self.next_token.iter_mut().for_each(|token| token.on_lost()),
            Token::NewConnectionId(sequence) => self.local_cids.on_announcement_lost(*sequence),
            Token::RetireConnectionId(sequence) => self.remote_cids.on_retirement_lost(*sequence),
            Token::Datagram(number) => self.on_datagram_lost(*number),
            Token::MtuProbe(number) => self.settle_mtu_probe(*number, false),
        }
    }

    /// What `token` stands for goes into a probe (RFC 9002 section 6.2.4): as for a loss, but
    /// nothing is lost yet.
    pub fn on_probed(&mut self, token: &Token) {
        match token {
            Token::Datagram(number) if self.repeat_datagrams => {
                if let Some(datagrams) = self.datagrams.as_deref_mut() {
                    datagrams.outbox.repeat(*number);
                }
            }
            Token::Datagram(_) | Token::MtuProbe(_) => {}
            token => self.on_lost(token),
        }
    }

    /// The packet with `token` counts as never sent. Datagrams are taken back all at once.
    pub fn on_taken_back(&mut self, token: &Token) {
        if !matches!(token, Token::Datagram(_)) {
            self.on_lost(token);
        }
    }

    #[cold]
    fn on_datagram_acked(&mut self, number: u64) {
        if let Some(datagrams) = self.datagrams.as_deref_mut() {
            datagrams.outbox.on_acked(number);
        }
    }

    #[cold]
    fn on_datagram_lost(&mut self, number: u64) {
        if let Some(datagrams) = self.datagrams.as_deref_mut() {
            *self.datagrams_lost += 1;
            datagrams.outbox.on_lost(number, self.repeat_datagrams);
        }
    }

    /// A path MTU probe arrived or was lost: the search goes on with the next timers.
    #[cold]
    fn settle_mtu_probe(&mut self, number: PacketNumber, arrived: bool) {
        let Some(search) = self.mtu.as_deref_mut() else { return };
        if arrived {
            search.on_probe_acked(number);
        } else {
            search.on_probe_lost(number);
        }
        self.timers.set(Timer::MtuSearch, Instant::default());
    }

    /// A packet was lost, whatever it carried: what that says of the path.
    pub fn on_packet_lost(&mut self, id: Space, number: PacketNumber, packet: &SentPacket) {
        if packet.ect {
            self.ecn.on_marked_lost();
        }
        let Some(search) = self.mtu.as_deref_mut() else { return };
        // Enough large packets make a black hole.
        let ordinary = id == Space::Application && packet.in_flight && !packet.mtu_probe;
        if ordinary && search.on_lost(number, packet.size) {
            self.timers.set(Timer::MtuSearch, Instant::default());
        }
    }
}

impl Connection {
    /// Runs an ACK frame for `id`.
    #[inline]
    pub(super) fn on_ack(
        &mut self,
        now: Instant,
        id: Space,
        ack: &Ack<'_>,
    ) -> Result<(), TransportError> {
        let prior_in_flight = self.path.bytes_in_flight;
        let mut sampler = self.path.sampler.take();
        let Some((sent, mut subjects)) = self.split(id) else {
            self.path.sampler = sampler;
            return Ok(());
        };
        let outcome = sent.on_ack(ack, now, |acked| {
            if let Some(sampler) = sampler.as_deref_mut() {
                sampler.on_packet_acked(now, &acked);
            }
            for token in acked.tokens {
                subjects.on_acked(token);
            }
        });
        self.path.sampler = sampler;
        let outcome = outcome?;
        if !outcome.newly_acked() {
            return Ok(());
        }
        self.stats.packets_acked += u64::from(outcome.packets);
        self.path.bytes_in_flight = prior_in_flight.saturating_sub(outcome.bytes);
        if let Some(sample) = outcome.rtt_sample {
            self.sample_rtt(now, id, ack, sample);
        }
        if outcome.late_packets > 0 {
            self.on_late_packets(now, ack, &outcome);
        }
        if let (true, Some(largest)) = (outcome.ecn != EcnReport::Nothing, &outcome.largest) {
            self.on_ecn_report(now, outcome.ecn, largest);
        }
        if let (Some(search), Some(largest)) = (&mut self.path.mtu, &outcome.largest) {
            if id == Space::Application {
                search.on_delivered(largest.packet_number, largest.size);
            }
        }
        self.detect_lost(now, id);
        if let Some(largest) = outcome.largest {
            self.stats.largest_acked_size = self.stats.largest_acked_size.max(largest.size);
            self.grow_window(now, prior_in_flight, largest.sent, outcome.bytes);
        }
        self.on_acks_settled(id);
        if self.tracer.is_some() {
            self.trace_path();
        }
        Ok(())
    }

    /// Adjusts a round-trip sample by the peer's delay (RFC 9002 section 5.3).
    #[inline]
    fn sample_rtt(&mut self, now: Instant, id: Space, ack: &Ack<'_>, sample: Duration) {
        let confirmed = (self.state == State::Confirmed).then_some(self.peer.max_ack_delay);
        let delay = ack.delay.saturating_mul(1 << self.peer.ack_delay_exponent);
        let delay = Duration::from_micros(delay).min(ack_delay_bound(id, confirmed));
        self.path.rtt.update(sample, delay, now);
    }

    /// Losses turned out to be none: the packets were only late.
    #[cold]
    fn on_late_packets(&mut self, now: Instant, ack: &Ack<'_>, outcome: &AckOutcome) {
        self.stats.spurious_losses += u64::from(outcome.late_packets);
        if let Some((lowest, sent)) = outcome.lowest_late {
            let numbers = ack.largest.0.saturating_sub(lowest.0);
            let path = &mut self.path;
            path.reordering.on_late(numbers, sent, now, &path.rtt);
        }
    }

    #[inline]
    fn grow_window(&mut self, now: Instant, prior_in_flight: u64, sent: Instant, bytes: u64) {
        let app_limited = !self.congestion_limited;
        let path = &mut self.path;
        path.controller.on_ack(&AckSample {
            now,
            sent,
            bytes_acked: bytes,
            prior_in_flight,
            in_flight: path.bytes_in_flight,
            app_limited,
            rtt: RttSample {
                latest: path.rtt.latest(),
                smoothed: path.rtt.smoothed(),
                variation: path.rtt.variation(),
                min: path.rtt.min(),
            },
            rate: path.sampler.as_mut().and_then(|sampler| sampler.sample(path.rtt.min())),
        });
        path.pacer.on_acked(now, bytes);
        path.update_pacing_rate();
        self.fit_write_ahead();
    }

    /// What an ACK means beside the packets that it names.
    #[inline]
    fn on_acks_settled(&mut self, id: Space) {
        self.loss_timer_stale = true;
        // RFC 9002 section 6.2.1: an Initial ACK alone does not show that the server has
        // validated the client's address, so the backoff stays.
        if self.peer_completed_validation() {
            self.path.pto_count = 0;
        }
        if id == Space::Handshake && self.role == Role::Client {
            self.server_validated_us = true;
            self.path.pto_count = 0;
        }
    }

    /// True if the peer needs no more packets of ours to be allowed to send
    /// (RFC 9002 appendix A.8).
    #[inline]
    pub(super) fn peer_completed_validation(&self) -> bool {
        self.role == Role::Server || self.server_validated_us || self.state == State::Confirmed
    }

    /// One space's sent packets, and everything that their tokens can be about.
    #[inline]
    pub(super) fn split(&mut self, id: Space) -> Option<(&mut SentSpace<Token>, Subjects<'_>)> {
        let space = match id {
            Space::Application => &mut self.data,
            Space::Initial => &mut self.early.as_deref_mut()?.initial.as_mut()?.space,
            Space::Handshake => &mut self.early.as_deref_mut()?.handshake.as_mut()?.space,
        };
        let PacketSpace { sent, received, crypto, .. } = space;
        let subjects = Subjects {
            streams: &mut self.streams,
            crypto,
            datagrams: self.datagrams.as_deref_mut(),
            repeat_datagrams: self.settings.datagrams.retransmit,
            datagrams_lost: &mut self.stats.datagram_frames.lost,
            received,
            local_cids: &mut self.local_cids,
            remote_cids: &mut self.remote_cids,
            events: &mut self.events,
            handshake_done_due: &mut self.handshake_done_due,
            pings: &mut self.pings,
            mtu: &mut self.path.mtu,
            ecn: &mut self.path.ecn,
            timers: &mut self.timers,
            next_token: &mut self.next_token,
        };
        Some((sent, subjects))
    }
}
