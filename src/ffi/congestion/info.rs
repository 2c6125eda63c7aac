//! What controllers of the BBR family tell about themselves for logs.

use libc::c_void;

use crate::congestion::{Insight, Mode};
use crate::time::{Duration, Instant};

use super::callable::{with_controller, FromParameters};

/// The table that `xqc_cong_ctl_info_cb` points at. The public headers keep it closed; this is the
/// order of upstream's sources.
#[repr(C)]
pub(super) struct InfoTable {
    mode: unsafe extern "C" fn(*mut c_void) -> u8,
    min_rtt: unsafe extern "C" fn(*mut c_void) -> u64,
    idle_restart: unsafe extern "C" fn(*mut c_void) -> u8,
    full_bw_reached: unsafe extern "C" fn(*mut c_void) -> u8,
    recovery_mode: unsafe extern "C" fn(*mut c_void) -> u8,
    recovery_start_time: unsafe extern "C" fn(*mut c_void) -> u64,
    packet_conservation: unsafe extern "C" fn(*mut c_void) -> u8,
    round_start: unsafe extern "C" fn(*mut c_void) -> u8,
    pacing_gain: unsafe extern "C" fn(*mut c_void) -> f32,
    cwnd_gain: unsafe extern "C" fn(*mut c_void) -> f32,
}

/// A getter of the table.
macro_rules! getter {
    ($name:ident -> $type:ty, $insight:ident => $value:expr) => {
        unsafe extern "C" fn $name<C: FromParameters>(memory: *mut c_void) -> $type {
            // SAFETY: the caller vouches for the memory, as for every function of the table.
            unsafe {
                with_controller::<C, _>(memory, <$type>::default(), |controller| {
                    let Some($insight) = controller.insight() else { return <$type>::default() };
                    $value
                })
            }
        }
    };
}

getter!(mode -> u8, insight => mode_number(&insight));
getter!(min_rtt -> u64, insight => insight.min_rtt.map_or(0, Duration::as_micros));
getter!(idle_restart -> u8, insight => insight.restarting.into());
getter!(full_bw_reached -> u8, insight => insight.pipe_is_full.into());
getter!(recovery_mode -> u8, insight => insight.recovery_start.is_some().into());
getter!(recovery_start_time -> u64,
    insight => insight.recovery_start.map_or(0, Instant::as_micros));
getter!(packet_conservation -> u8, insight => insight.conserving.into());
getter!(round_start -> u8, insight => insight.round_start.into());
getter!(pacing_gain -> f32, insight => insight.pacing_gain as f32);
getter!(cwnd_gain -> f32, insight => insight.window_gain as f32);

/// Upstream's number of the phase.
fn mode_number(insight: &Insight) -> u8 {
    match insight.mode {
        Mode::Startup => 0,
        Mode::Drain => 1,
        Mode::ProbeBandwidth => 2,
        Mode::ProbeRtt => 3,
    }
}

/// The getters for one kind of controller.
pub(super) const fn info<C: FromParameters>() -> InfoTable {
    InfoTable {
        mode: mode::<C>,
        min_rtt: min_rtt::<C>,
        idle_restart: idle_restart::<C>,
        full_bw_reached: full_bw_reached::<C>,
        recovery_mode: recovery_mode::<C>,
        recovery_start_time: recovery_start_time::<C>,
        packet_conservation: packet_conservation::<C>,
        round_start: round_start::<C>,
        pacing_gain: pacing_gain::<C>,
        cwnd_gain: cwnd_gain::<C>,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ffi::abi::{xqc_cc_params_t, Zeroable};
    use crate::ffi::congestion::tables::xqc_bbr_cb;

    #[test]
    fn a_new_controller_is_in_startup() {
        let mut memory = [0_u128; 256];
        let state: *mut c_void = memory.as_mut_ptr().cast();
        // SAFETY: our function takes nothing.
        let size = xqc_bbr_cb.xqc_cong_ctl_size.map_or(usize::MAX, |size| unsafe { size() });
        assert!(size <= size_of_val(&memory));
        let init = xqc_bbr_cb.xqc_cong_ctl_init_bbr.unwrap();
        // SAFETY: the memory is large enough.
        unsafe { init(state, std::ptr::null_mut(), xqc_cc_params_t::ZERO) };
        let table: *const InfoTable = xqc_bbr_cb.xqc_cong_ctl_info_cb.cast();
        // SAFETY: the table is a static of ours, and the memory was set up for it.
        unsafe {
            assert_eq!(((*table).mode)(state), 0);
            assert_eq!(((*table).min_rtt)(state), 0);
            assert_eq!(((*table).full_bw_reached)(state), 0);
            assert!(((*table).pacing_gain)(state) > 2.0);
            assert!(((*table).cwnd_gain)(std::ptr::null_mut()) == 0.0);
        }
    }
}
