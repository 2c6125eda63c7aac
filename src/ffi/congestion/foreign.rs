//! A congestion controller of the host, as the core sees it.

use std::cell::UnsafeCell;

use libc::c_void;

use crate::congestion::{AckSample, CongestionController};
use crate::time::{Duration, Instant};

use crate::ffi::abi::{xqc_cc_params_t, xqc_cong_ctrl_callback_t};

/// A controller without a rate of its own may send a window in this share of a round trip:
/// a quarter faster than the window alone, so that the pacer does not hold the window back.
const RATE_GAIN: (u64, u64) = (5, 4);

/// What `xqc_packet_out_t *` and `xqc_sample_t *` point at in calls of a controller: all packets
/// that one ACK frame acknowledged. C cannot look inside; a table that wraps one of ours passes it
/// on.
pub(super) struct AckedPackets {
    pub sample: AckSample,
}

/// A controller of the host. No function of it may call the library, as its documentation says;
/// one that does gets errors, see [`crate::ffi::guard::with_engine`].
pub(super) struct ForeignController {
    table: xqc_cong_ctrl_callback_t,
    /// The controller's own memory, as large as it asked for and aligned as `malloc` would.
    memory: Box<[UnsafeCell<u128>]>,
}

impl ForeignController {
    /// A controller that runs on `table`.
    pub fn new(table: xqc_cong_ctrl_callback_t, parameters: xqc_cc_params_t) -> Self {
        // SAFETY: the host gave this function; it takes nothing.
        let size = table.xqc_cong_ctl_size.map_or(0, |size| unsafe { size() });
        let cells = size.div_ceil(size_of::<u128>());
        let memory = std::iter::repeat_with(|| UnsafeCell::new(0)).take(cells).collect();
        let controller = Self { table, memory };
        let (state, nothing) = (controller.state(), std::ptr::null_mut::<c_void>());
        // The context that C would get is upstream's own sender: there is none.
        match (table.xqc_cong_ctl_init_bbr, table.xqc_cong_ctl_init) {
            // SAFETY: the memory is zeroed and as large as the controller asked for.
            (Some(init), _) => unsafe { init(state, nothing.cast(), parameters) },
            // SAFETY: as above.
            (None, Some(init)) => unsafe { init(state, nothing.cast(), parameters) },
            (None, None) => {}
        }
        controller
    }

    /// The controller's memory. The host alone reads and writes it.
    fn state(&self) -> *mut c_void {
        self.memory.as_ptr().cast_mut().cast()
    }
}

impl CongestionController for ForeignController {
    fn on_ack(&mut self, sample: &AckSample) {
        let mut packets = AckedPackets { sample: *sample };
        let (state, packets) = (self.state(), &raw mut packets);
        let now = sample.now.as_micros();
        if let Some(on_ack) = self.table.xqc_cong_ctl_on_ack {
            // SAFETY: the host gave this function; the packets live through the call.
            unsafe { on_ack(state, packets.cast(), now) };
        }
        if let Some(on_ack) = self.table.xqc_cong_ctl_on_ack_multiple_pkts {
            // SAFETY: as above.
            unsafe { on_ack(state, packets.cast()) };
        }
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

    fn on_idle_restart(&mut self, now: Instant) {
        if let Some(restart) = self.table.xqc_cong_ctl_restart_from_idle {
            // SAFETY: the host gave this function.
            unsafe { restart(self.state(), now.as_micros()) };
        }
    }

    fn set_mtu(&mut self, _mtu: u16) {}

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
        let (faster, than) = RATE_GAIN;
        let per_second = 1_000_000 / than * faster;
        Some(self.window().saturating_mul(per_second) / smoothed_rtt.as_micros().max(1))
    }

    fn in_slow_start(&self) -> bool {
        // SAFETY: the host gave this function.
        self.table.xqc_cong_ctl_in_slow_start.is_some_and(|ask| unsafe { ask(self.state()) != 0 })
    }

    fn in_recovery(&self) -> bool {
        // SAFETY: the host gave this function.
        self.table.xqc_cong_ctl_in_recovery.is_some_and(|ask| unsafe { ask(self.state()) != 0 })
    }

    fn name(&self) -> &'static str {
        "foreign"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::{Cubic, Parameters};
    use crate::ffi::abi::{xqc_packet_out_t, xqc_send_ctl_t, Zeroable};
    use crate::ffi::congestion::tables::CUBIC;

    /// A host's controller around ours: its own counter, then ours.
    #[repr(C)]
    struct Wrapper {
        acks: u64,
        inner: [u128; 64],
    }

    unsafe extern "C" fn size() -> usize {
        // SAFETY: our function takes nothing.
        let inner = CUBIC.xqc_cong_ctl_size.map_or(usize::MAX, |size| unsafe { size() });
        assert!(inner <= size_of::<[u128; 64]>());
        size_of::<Wrapper>()
    }

    fn inner(state: *mut c_void) -> *mut c_void {
        // SAFETY: the controller passes the memory that `size` asked for.
        unsafe { (&raw mut (*state.cast::<Wrapper>()).inner).cast() }
    }

    unsafe extern "C" fn init(
        state: *mut c_void,
        context: *mut xqc_send_ctl_t,
        parameters: xqc_cc_params_t,
    ) {
        if let Some(init) = CUBIC.xqc_cong_ctl_init {
            // SAFETY: the inner memory is large enough.
            unsafe { init(inner(state), context, parameters) };
        }
    }

    unsafe extern "C" fn on_ack(state: *mut c_void, packet: *mut xqc_packet_out_t, now: u64) {
        // SAFETY: the controller passes the memory that `size` asked for.
        unsafe { (*state.cast::<Wrapper>()).acks += 1 };
        if let Some(on_ack) = CUBIC.xqc_cong_ctl_on_ack {
            // SAFETY: the inner memory was set up by `init`.
            unsafe { on_ack(inner(state), packet, now) };
        }
    }

    unsafe extern "C" fn on_lost(state: *mut c_void, sent: u64) {
        if let Some(on_lost) = CUBIC.xqc_cong_ctl_on_lost {
            // SAFETY: as above.
            unsafe { on_lost(inner(state), sent) };
        }
    }

    unsafe extern "C" fn window(state: *mut c_void) -> u64 {
        // SAFETY: as above.
        CUBIC.xqc_cong_ctl_get_cwnd.map_or(0, |window| unsafe { window(inner(state)) })
    }

    fn wrapped() -> ForeignController {
        let table = xqc_cong_ctrl_callback_t {
            xqc_cong_ctl_size: Some(size),
            xqc_cong_ctl_init: Some(init),
            xqc_cong_ctl_on_ack: Some(on_ack),
            xqc_cong_ctl_on_lost: Some(on_lost),
            xqc_cong_ctl_get_cwnd: Some(window),
            ..xqc_cong_ctrl_callback_t::ZERO
        };
        ForeignController::new(table, xqc_cc_params_t::ZERO)
    }

    #[test]
    fn a_table_around_ours_behaves_like_ours() {
        let mut foreign = wrapped();
        let mut native = Cubic::new(Parameters::new(1200));
        let mut now = Instant::from_micros(1_000_000);
        for round in 0..200_u64 {
            let sent = now;
            now += Duration::from_millis(20);
            if round == 50 {
                foreign.on_congestion_event(now, sent, 1200);
                // C is not told when a loss is found: the time of the ACK before counts.
                native.on_congestion_event(sent, sent, 1200);
            }
            let in_flight = native.window();
            let sample = AckSample {
                now,
                sent,
                bytes_acked: 1200,
                prior_in_flight: in_flight,
                in_flight: in_flight - 1200,
                ..AckSample::default()
            };
            foreign.on_ack(&sample);
            native.on_ack(&sample);
            assert_eq!(foreign.window(), native.window(), "in round {round}");
        }
        // SAFETY: the state is a `Wrapper`.
        assert_eq!(unsafe { (*foreign.state().cast::<Wrapper>()).acks }, 200);
        assert!(foreign.window() > 12_000);
    }

    #[test]
    fn without_a_rate_a_window_leaves_a_little_faster_than_once_a_round_trip() {
        let foreign = wrapped();
        let rate = foreign.pacing_rate(Duration::from_millis(100));
        assert_eq!(rate, Some(foreign.window() * 10 * 5 / 4));
    }

    #[test]
    fn what_a_table_leaves_out_is_not_called() {
        let mut foreign = wrapped();
        foreign.on_persistent_congestion(Instant::from_micros(1));
        foreign.on_idle_restart(Instant::from_micros(1));
        assert!(!foreign.in_slow_start() && !foreign.in_recovery());
    }
}
