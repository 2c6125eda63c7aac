//! A congestion controller of the host, as the core sees it.

use std::cell::UnsafeCell;

use libc::c_void;

use crate::congestion::{AckSample, CongestionController};
use crate::time::{Duration, Instant};

use crate::ffi::abi::{xqc_cc_params_t, xqc_cong_ctrl_callback_t};

use super::sample::Sample;

/// What `xqc_packet_out_t *` points at in calls of a controller: one acknowledged packet. C cannot
/// look inside; a table that wraps one of ours passes it on.
pub(super) struct AckedPacket {
    pub sample: AckSample,
}

/// A controller of the host. No function of it may call the library, as its documentation says;
/// one that does gets errors, see [`crate::ffi::guard::with_engine`].
pub(super) struct ForeignController {
    table: xqc_cong_ctrl_callback_t,
    /// The controller's own memory, as large as it asked for and aligned as `malloc` would.
    memory: Box<[UnsafeCell<u128>]>,
    /// What a controller that works on samples is given, always at the same place.
    sample: Box<UnsafeCell<Sample>>,
    mtu: u64,
    /// When the last packet left.
    last_sent: Instant,
    /// Bytes delivered in all, where that is counted.
    delivered: u64,
}

impl ForeignController {
    /// A controller that runs on `table`, for a path with datagrams of `mtu` bytes.
    pub fn new(table: xqc_cong_ctrl_callback_t, parameters: xqc_cc_params_t, mtu: u16) -> Self {
        // SAFETY: the host gave this function; it takes nothing.
        let size = table.xqc_cong_ctl_size.map_or(0, |size| unsafe { size() });
        let cells = size.div_ceil(size_of::<u128>());
        let memory = std::iter::repeat_with(|| UnsafeCell::new(0)).take(cells).collect();
        let controller = Self {
            table,
            memory,
            sample: Box::new(UnsafeCell::new(Sample::EMPTY)),
            mtu: mtu.max(1).into(),
            last_sent: Instant::default(),
            delivered: 0,
        };
        controller.init(parameters);
        controller
    }

    fn init(&self, parameters: xqc_cc_params_t) {
        match (self.table.xqc_cong_ctl_init_bbr, self.table.xqc_cong_ctl_init) {
            // SAFETY: the memory is zeroed and as large as the controller asked for, and the
            // sample lives as long as the controller.
            (Some(init), _) => unsafe { init(self.state(), self.sample.get().cast(), parameters) },
            // The context that C would get is upstream's own sender: there is none.
            // SAFETY: as above.
            (None, Some(init)) => unsafe {
                init(self.state(), std::ptr::null_mut(), parameters);
            },
            (None, None) => {}
        }
    }

    /// The controller's memory. The host alone reads and writes it.
    fn state(&self) -> *mut c_void {
        self.memory.as_ptr().cast_mut().cast()
    }

    fn is_bbr_style(&self) -> bool {
        self.table.xqc_cong_ctl_init_bbr.is_some()
    }

    /// Tells of the acknowledged packets one by one: controllers count calls.
    fn on_packets_acked(&self, sample: &AckSample) {
        let Some(on_ack) = self.table.xqc_cong_ctl_on_ack else { return };
        let now = sample.now.as_micros();
        let mut left = sample.bytes_acked;
        while left > 0 {
            let bytes = left.min(self.mtu);
            let in_flight = sample.in_flight + left - bytes;
            let mut packet = AckedPacket {
                sample: AckSample {
                    bytes_acked: bytes,
                    prior_in_flight: (sample.prior_in_flight + left)
                        .saturating_sub(sample.bytes_acked),
                    in_flight,
                    ..*sample
                },
            };
            // SAFETY: the host gave this function; the packet lives through the call.
            unsafe { on_ack(self.state(), (&raw mut packet).cast(), now) };
            left -= bytes;
        }
    }

    fn on_sample(&mut self, sample: &AckSample) {
        let Some(rate) = &sample.rate else { return };
        self.delivered = rate.total_delivered;
        // A rate that is too high to be true would mislead; those that look at delays take the
        // sample all the same.
        if self.is_bbr_style() && rate.interval.is_zero() {
            return;
        }
        *self.sample.get_mut() = Sample::new(sample, rate, self.mtu);
        if let Some(on_ack) = self.table.xqc_cong_ctl_on_ack_multiple_pkts {
            // SAFETY: the host gave this function; the sample lives as long as the controller.
            unsafe { on_ack(self.state(), self.sample.get().cast()) };
        }
    }
}

impl CongestionController for ForeignController {
    fn on_sent(&mut self, now: Instant, _bytes: u64, _in_flight: u64) {
        self.last_sent = now;
    }

    fn on_ack(&mut self, sample: &AckSample) {
        self.on_packets_acked(sample);
        self.on_sample(sample);
    }

    fn on_congestion_event(&mut self, _now: Instant, sent: Instant, _lost: u64) {
        if let Some(on_lost) = self.table.xqc_cong_ctl_on_lost {
            // SAFETY: the host gave this function.
            unsafe { on_lost(self.state(), sent.as_micros()) };
        }
    }

    fn on_persistent_congestion(&mut self, _now: Instant) {
        if let Some(reset) = self.table.xqc_cong_ctl_reset_cwnd {
            // SAFETY: the host gave this function.
            unsafe { reset(self.state()) };
        }
    }

    fn on_idle_restart(&mut self, _now: Instant) {
        if let Some(restart) = self.table.xqc_cong_ctl_restart_from_idle {
            let sent = self.last_sent.as_micros();
            let argument = if self.is_bbr_style() { self.delivered } else { sent };
            // SAFETY: the host gave this function.
            unsafe { restart(self.state(), argument) };
        }
    }

    fn set_mtu(&mut self, mtu: u16) {
        self.mtu = mtu.max(1).into();
    }

    fn window(&self) -> u64 {
        // SAFETY: the host gave this function.
        self.table.xqc_cong_ctl_get_cwnd.map_or(0, |window| unsafe { window(self.state()) })
    }

    fn slow_start_threshold(&self) -> u64 {
        u64::MAX
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        if let Some(rate) = self.table.xqc_cong_ctl_get_pacing_rate {
            // SAFETY: the host gave this function.
            return Some(u64::from(unsafe { rate(self.state()) }));
        }
        // RFC 9002 section 7.7: a little faster than the window per round trip, so that pacing
        // does not keep the window from being used; slow start needs twice as much to double.
        let (faster, than) = if self.in_slow_start() { (2, 1) } else { (5, 4) };
        let per_second = self.window().saturating_mul(1_000_000 * faster / than);
        per_second.checked_div(smoothed_rtt.as_micros())
    }

    fn bandwidth(&self) -> Option<u64> {
        let bandwidth = self.table.xqc_cong_ctl_get_bandwidth_estimate?;
        // SAFETY: the host gave this function.
        Some(u64::from(unsafe { bandwidth(self.state()) }))
    }

    fn in_slow_start(&self) -> bool {
        // SAFETY: the host gave this function.
        self.table.xqc_cong_ctl_in_slow_start.is_some_and(|ask| unsafe { ask(self.state()) != 0 })
    }

    fn in_recovery(&self) -> bool {
        // SAFETY: the host gave this function.
        self.table.xqc_cong_ctl_in_recovery.is_some_and(|ask| unsafe { ask(self.state()) != 0 })
    }

    fn wants_rate_samples(&self) -> bool {
        self.is_bbr_style() || self.table.xqc_cong_ctl_on_ack_multiple_pkts.is_some()
    }

    fn name(&self) -> &'static str {
        "foreign"
    }
}

#[cfg(test)]
mod tests;
