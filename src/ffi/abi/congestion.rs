//! `xquic.h`: congestion controllers, built in and of the host's own.

use core::ffi::{c_int, c_void};

use libc::size_t;

use super::{xqc_bbr_info_interface_t, xqc_packet_out_t, xqc_sample_t, xqc_send_ctl_t, xqc_usec_t};

/// Parameters for the congestion controller. They take effect only with `customize_on`; a value of
/// 0 then still means the controller's default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct xqc_cc_params_t {
    /// 1: use the values below.
    pub customize_on: u32,
    /// Initial window in packets.
    pub init_cwnd: u32,
    /// Smallest window in packets.
    pub min_cwnd: u32,
    /// Expected bandwidth in bytes per second, where the controller starts.
    pub expect_bw: u32,
    /// Bandwidth in bytes per second beyond which the controller does not probe.
    pub max_expect_bw: u32,
    /// BBR: 1 looks out for token bucket policers.
    pub bbr_enable_lt_bw: u8,
    /// BBR: 1 treats samples of a sender without data like any other.
    pub bbr_ignore_app_limit: u8,
    /// BBR: bits of `xqc_bbr_optimization_flag_t` or `xqc_bbr2_optimization_flag_t`.
    pub cc_optimization_flags: u32,
    /// Copa: above 0, at most `copa_delta_max`, default 0.05. Smaller gives throughput precedence.
    pub copa_delta_base: f64,
    /// Copa: above 0, at most 1, default 0.5.
    pub copa_delta_max: f64,
    /// Copa: at least 1, default 1. Larger competes harder with controllers that fill queues.
    pub copa_delta_ai_unit: f64,
}

/// A congestion controller. The library's own ones are the objects `xqc_cubic_cb` and so on; a host
/// may give a table of its own, or a copy with some members replaced. `cong_ctl` is memory that the
/// library provides, one block for each path. No member may call the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_cong_ctrl_callback_t {
    /// Returns the bytes of memory one path needs.
    pub xqc_cong_ctl_size: Option<unsafe extern "C" fn() -> size_t>,
    /// Initializes that memory; null for controllers that have `xqc_cong_ctl_init_bbr`.
    pub xqc_cong_ctl_init: Option<
        unsafe extern "C" fn(
            cong_ctl: *mut c_void,
            ctl_ctx: *mut xqc_send_ctl_t,
            cc_params: xqc_cc_params_t,
        ),
    >,
    /// A packet sent at `lost_sent_time` was lost.
    pub xqc_cong_ctl_on_lost:
        Option<unsafe extern "C" fn(cong_ctl: *mut c_void, lost_sent_time: xqc_usec_t)>,
    /// The packet `po` was acknowledged.
    pub xqc_cong_ctl_on_ack: Option<
        unsafe extern "C" fn(cong_ctl: *mut c_void, po: *mut xqc_packet_out_t, now: xqc_usec_t),
    >,
    /// Returns the window in bytes.
    pub xqc_cong_ctl_get_cwnd: Option<unsafe extern "C" fn(cong_ctl: *mut c_void) -> u64>,
    /// Persistent congestion: the window falls to its minimum.
    pub xqc_cong_ctl_reset_cwnd: Option<unsafe extern "C" fn(cong_ctl: *mut c_void)>,
    /// Returns nonzero in slow start.
    pub xqc_cong_ctl_in_slow_start: Option<unsafe extern "C" fn(cong_ctl: *mut c_void) -> c_int>,
    /// Returns nonzero in recovery.
    pub xqc_cong_ctl_in_recovery: Option<unsafe extern "C" fn(cong_ctl: *mut c_void) -> c_int>,
    /// Sending resumes after a pause; `arg` is the time the last packet was sent, in microseconds.
    pub xqc_cong_ctl_restart_from_idle:
        Option<unsafe extern "C" fn(cong_ctl: *mut c_void, arg: u64)>,
    /// An ACK was processed; takes the place of `xqc_cong_ctl_on_ack` for controllers that work on
    /// samples.
    pub xqc_cong_ctl_on_ack_multiple_pkts:
        Option<unsafe extern "C" fn(cong_ctl: *mut c_void, sampler: *mut xqc_sample_t)>,
    /// Initializes the memory of a controller that works on samples.
    pub xqc_cong_ctl_init_bbr: Option<
        unsafe extern "C" fn(
            cong_ctl: *mut c_void,
            sampler: *mut xqc_sample_t,
            cc_params: xqc_cc_params_t,
        ),
    >,
    /// Returns the pacing rate in bytes per second. Null: paced by window and round trip time.
    pub xqc_cong_ctl_get_pacing_rate: Option<unsafe extern "C" fn(cong_ctl: *mut c_void) -> u32>,
    /// Returns the estimated bandwidth in bytes per second.
    pub xqc_cong_ctl_get_bandwidth_estimate:
        Option<unsafe extern "C" fn(cong_ctl: *mut c_void) -> u32>,
    /// Further getters for logs; null for a host's own controller.
    pub xqc_cong_ctl_info_cb: *mut xqc_bbr_info_interface_t,
}

// SAFETY: a table of functions; the pointer in it refers to immutable data or is null.
unsafe impl Sync for xqc_cong_ctrl_callback_t {}
// SAFETY: as above.
unsafe impl Send for xqc_cong_ctrl_callback_t {}

zeroable!(xqc_cc_params_t, xqc_cong_ctrl_callback_t);
