//! The loss detection timer of a connection (RFC 9002 sections 6.1.2, 6.2 and A.8).

use super::{ProbeTimes, Space};
use crate::time::Instant;

/// What one packet number space contributes to the timer.
#[derive(Clone, Copy, Debug)]
pub struct SpaceTimer {
    /// Which space it is.
    pub space: Space,
    /// When the next packet of the space is lost for being too old.
    pub loss_time: Option<Instant>,
    /// When the last ack-eliciting packet left.
    pub last_ack_eliciting: Option<Instant>,
    /// True while an ack-eliciting packet is in flight.
    pub ack_eliciting_in_flight: bool,
}

/// How far the connection is, as far as the timer cares.
#[derive(Clone, Copy, Debug, Default)]
pub struct Handshake {
    /// The handshake is confirmed (RFC 9001 section 4.1.2).
    pub confirmed: bool,
    /// The peer has validated our address: always true at a server (RFC 9002 section A.6).
    pub peer_validated_address: bool,
    /// We are a server that may not send for anti-amplification (RFC 9000 section 8.1).
    pub at_amplification_limit: bool,
    /// Handshake keys are there.
    pub has_handshake_keys: bool,
}

impl Handshake {
    /// True if an acknowledgement ends the probe timeout's backoff.
    ///
    /// RFC 9002 section 6.2.1: not at a client whose address may be unvalidated; the server could
    /// still be unable to answer, and Initial acknowledgements prove nothing.
    pub fn ack_resets_backoff(&self) -> bool {
        self.peer_validated_address
    }
}

/// When the timer fires and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossTimer {
    /// Nothing to wait for.
    Idle,
    /// Packets of `space` are lost at `at`.
    Loss {
        /// The space whose losses are due.
        space: Space,
        /// When.
        at: Instant,
    },
    /// A probe in `space` is due at `at`.
    Probe {
        /// The space that must send.
        space: Space,
        /// When.
        at: Instant,
    },
}

/// When the loss detection timer must fire, from all spaces that still have keys
/// (RFC 9002 section A.8).
pub fn loss_timer(
    spaces: &[SpaceTimer],
    handshake: Handshake,
    times: &ProbeTimes<'_>,
    now: Instant,
) -> LossTimer {
    if let Some((at, space)) = spaces.iter().filter_map(|s| Some((s.loss_time?, s.space))).min() {
        return LossTimer::Loss { space, at };
    }
    if handshake.at_amplification_limit {
        return LossTimer::Idle;
    }
    let probe = spaces
        .iter()
        .filter(|s| s.ack_eliciting_in_flight)
        // RFC 9002 section 6.2.1: before confirmation the peer may be unable to read this space.
        .filter(|s| handshake.confirmed || s.space != Space::Application)
        .filter_map(|s| Some((s.last_ack_eliciting? + times.period(s.space), s.space)))
        .min();
    match probe {
        Some((at, space)) => LossTimer::Probe { space, at },
        None if handshake.peer_validated_address => LossTimer::Idle,
        None => {
            // RFC 9002 section 6.2.2.1: a server at its amplification limit can only be woken by
            // the client, so the client keeps its timer even with nothing in flight, or nothing
            // that the server can read yet.
            let handshake_keys = handshake.has_handshake_keys;
            let space = if handshake_keys { Space::Handshake } else { Space::Initial };
            LossTimer::Probe { space, at: now + times.period(space) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::{ProbePolicy, Rtt};
    use crate::time::Duration;

    const NOW: Instant = Instant::from_micros(10_000_000);
    const DELAY: Duration = Duration::from_millis(25);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// 100 ms smoothed, 50 ms variation: a probe timeout of 300 ms without delay.
    fn rtt() -> Rtt {
        let mut rtt = Rtt::new(ms(333));
        rtt.update(ms(100), Duration::ZERO, NOW);
        rtt
    }

    fn space(space: Space, sent: Option<Instant>) -> SpaceTimer {
        SpaceTimer {
            space,
            loss_time: None,
            last_ack_eliciting: sent,
            ack_eliciting_in_flight: sent.is_some(),
        }
    }

    fn timer(spaces: &[SpaceTimer], handshake: Handshake) -> LossTimer {
        let (policy, rtt) = (ProbePolicy::default(), rtt());
        let times = ProbeTimes { policy: &policy, rtt: &rtt, max_ack_delay: DELAY, count: 0 };
        loss_timer(spaces, handshake, &times, NOW)
    }

    const CONFIRMED: Handshake = Handshake {
        confirmed: true,
        peer_validated_address: true,
        at_amplification_limit: false,
        has_handshake_keys: true,
    };

    #[test]
    fn a_client_not_yet_validated_keeps_its_backoff() {
        // RFC 9002 section 6.2.1.
        assert!(!Handshake::default().ack_resets_backoff());
        assert!(CONFIRMED.ack_resets_backoff());
    }

    #[test]
    fn a_pending_loss_goes_before_any_probe() {
        // RFC 9002 section 6.2.1.
        let mut handshake = space(Space::Handshake, Some(NOW));
        let mut application = space(Space::Application, Some(NOW));
        handshake.loss_time = Some(NOW + ms(9));
        application.loss_time = Some(NOW + ms(5));
        let due = timer(&[handshake, application], CONFIRMED);
        assert_eq!(due, LossTimer::Loss { space: Space::Application, at: NOW + ms(5) });
    }

    #[test]
    fn the_earliest_space_is_probed() {
        let spaces = [
            space(Space::Initial, Some(NOW)),
            space(Space::Handshake, Some(NOW - ms(50))),
            space(Space::Application, None),
        ];
        let due = timer(&spaces, Handshake::default());
        assert_eq!(due, LossTimer::Probe { space: Space::Handshake, at: NOW + ms(250) });
    }

    #[test]
    fn application_data_is_not_probed_before_confirmation() {
        // RFC 9002 section 6.2.1.
        let spaces = [space(Space::Application, Some(NOW))];
        let waiting = Handshake { confirmed: false, ..CONFIRMED };
        assert_eq!(timer(&spaces, waiting), LossTimer::Idle);
    }

    #[test]
    fn a_server_probes_for_an_outstanding_handshake_done() {
        // The server confirms on completion, so HANDSHAKE_DONE is covered by its timer.
        let spaces = [space(Space::Application, Some(NOW))];
        let due = timer(&spaces, CONFIRMED);
        assert_eq!(due, LossTimer::Probe { space: Space::Application, at: NOW + ms(325) });
    }

    #[test]
    fn a_client_not_yet_validated_keeps_its_timer_with_nothing_in_flight() {
        // RFC 9002 section 6.2.2.1: a padded Initial, or a Handshake packet once there are keys.
        let spaces = [space(Space::Initial, None), space(Space::Handshake, None)];
        let client = Handshake::default();
        let due = timer(&spaces, client);
        assert_eq!(due, LossTimer::Probe { space: Space::Initial, at: NOW + ms(300) });
        let with_keys = Handshake { has_handshake_keys: true, ..client };
        let due = timer(&spaces, with_keys);
        assert_eq!(due, LossTimer::Probe { space: Space::Handshake, at: NOW + ms(300) });
    }

    #[test]
    fn with_nothing_in_flight_and_a_valid_address_the_timer_rests() {
        assert_eq!(timer(&[space(Space::Application, None)], CONFIRMED), LossTimer::Idle);
    }

    #[test]
    fn a_server_at_its_amplification_limit_stops_the_timer() {
        // RFC 9002 section 6.2.2.1.
        let limited = Handshake { at_amplification_limit: true, ..CONFIRMED };
        assert_eq!(timer(&[space(Space::Initial, Some(NOW))], limited), LossTimer::Idle);
    }
}
