//! A trace, and what was last told in it of what changes slowly.

use crate::congestion::CongestionController;
use crate::observe::{Kind, Object, SharedTrace, Trace};
use crate::path::{Addresses, Path};
use crate::time::Instant;
use crate::wire::ConnectionId;

use super::data::write_addresses;

/// A connection's trace, and what was last told in it.
pub struct Tracer {
    pub(super) trace: SharedTrace,
    metrics: Metrics,
    congestion: &'static str,
    mtu: u16,
    addresses: Addresses,
    remote_cid: ConnectionId,
    deadline: Option<Instant>,
    spin: bool,
}

/// The figures of loss detection and congestion control that qlog knows; times in microseconds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Metrics {
    min_rtt: u64,
    smoothed_rtt: u64,
    latest_rtt: u64,
    rtt_variance: u64,
    pto_count: u64,
    congestion_window: u64,
    bytes_in_flight: u64,
    ssthresh: u64,
}

impl Metrics {
    fn of(path: &Path) -> Self {
        let rtt = &path.rtt;
        let measured = |micros: u64| if rtt.has_sample() { micros } else { 0 };
        let threshold = path.controller.slow_start_threshold();
        Self {
            min_rtt: measured(rtt.min().as_micros()),
            smoothed_rtt: measured(rtt.smoothed().as_micros()),
            latest_rtt: measured(rtt.latest().as_micros()),
            rtt_variance: measured(rtt.variation().as_micros()),
            pto_count: path.pto_count.into(),
            congestion_window: path.controller.window(),
            bytes_in_flight: path.bytes_in_flight,
            // A threshold that was never set is no figure.
            ssthresh: if threshold >= 1 << 53 { 0 } else { threshold },
        }
    }

    /// Writes what differs from `before`.
    fn write(&self, before: &Self, data: &mut Object<'_>) {
        let times = [
            ("min_rtt", self.min_rtt, before.min_rtt),
            ("smoothed_rtt", self.smoothed_rtt, before.smoothed_rtt),
            ("latest_rtt", self.latest_rtt, before.latest_rtt),
            ("rtt_variance", self.rtt_variance, before.rtt_variance),
        ];
        for (name, now, _) in times.into_iter().filter(|(_, now, then)| now != then) {
            data.millis(name, now);
        }
        let counts = [
            ("pto_count", self.pto_count, before.pto_count),
            ("congestion_window", self.congestion_window, before.congestion_window),
            ("bytes_in_flight", self.bytes_in_flight, before.bytes_in_flight),
            ("ssthresh", self.ssthresh, before.ssthresh),
        ];
        for (name, now, _) in counts.into_iter().filter(|(_, now, then)| now != then) {
            data.number(name, now);
        }
    }
}

impl Tracer {
    /// Nothing was told of `path` yet but where it runs and its datagram size.
    pub fn new(trace: Trace, path: &Path, remote_cid: ConnectionId) -> Self {
        Self {
            trace: SharedTrace::new(trace),
            metrics: Metrics::default(),
            congestion: "",
            mtu: path.max_datagram_size,
            addresses: path.addresses,
            remote_cid,
            deadline: None,
            spin: path.spin.value(),
        }
    }

    /// Tells what has changed of a path.
    pub fn notice_path(&mut self, path: &Path) {
        let metrics = Metrics::of(path);
        let before = std::mem::replace(&mut self.metrics, metrics);
        if before != metrics {
            self.trace.event(Kind::MetricsUpdated, |data| metrics.write(&before, data));
        }
        self.notice_congestion_state(path);
        self.notice_mtu(path.max_datagram_size);
        self.notice_addresses(&path.addresses);
        self.notice_spin(path.spin.value());
    }

    /// True if the loss timer was not set to `deadline` before.
    pub fn notice_deadline(&mut self, deadline: Option<Instant>) -> bool {
        std::mem::replace(&mut self.deadline, deadline) != deadline
    }

    fn notice_congestion_state(&mut self, path: &Path) {
        let state = match &path.controller {
            controller if controller.in_recovery() => "recovery",
            controller if controller.in_slow_start() => "slow_start",
            _ => "congestion_avoidance",
        };
        let before = std::mem::replace(&mut self.congestion, state);
        if before != state {
            self.trace.event(Kind::CongestionStateUpdated, |data| {
                if !before.is_empty() {
                    data.text("old", before);
                }
                data.text("new", state);
            });
        }
    }

    fn notice_mtu(&mut self, mtu: u16) {
        let before = std::mem::replace(&mut self.mtu, mtu);
        if before != mtu {
            self.trace.event(Kind::MtuUpdated, |data| {
                data.number("old", before.into()).number("new", mtu.into());
            });
        }
    }

    fn notice_spin(&mut self, spin: bool) {
        if std::mem::replace(&mut self.spin, spin) != spin {
            self.trace.event(Kind::SpinBitUpdated, |data| {
                data.flag("state", spin);
            });
        }
    }

    fn notice_addresses(&mut self, addresses: &Addresses) {
        if self.addresses != *addresses {
            self.addresses = *addresses;
            self.trace.event(Kind::PathAssigned, |data| write_addresses(data, addresses));
        }
    }

    /// Tells if the peer is addressed by another connection ID.
    pub fn notice_remote_cid(&mut self, cid: ConnectionId) {
        let before = std::mem::replace(&mut self.remote_cid, cid);
        if before != cid {
            self.trace.event(Kind::ConnectionIdUpdated, |data| {
                data.text("owner", "remote");
                data.hex("old", before.as_slice()).hex("new", cid.as_slice());
            });
        }
    }
}
