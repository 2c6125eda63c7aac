//! `xquic.h`: path schedulers and reinjection.

use core::ffi::{c_int, c_void};

use libc::size_t;

use super::{xqc_bool_t, xqc_connection_t, xqc_log_t, xqc_packet_out_t, xqc_path_ctx_t};

/// Thresholds for path schedulers. 0 means the default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct xqc_scheduler_params_t {
    /// Round trip time in microseconds above which a path counts as bad. Default 2,000,000.
    pub rtt_us_thr_high: u64,
    /// Round trip time in microseconds below which it counts as good again. Default 500,000.
    pub rtt_us_thr_low: u64,
    /// Bandwidth in bytes per second below which a path counts as bad. Default 375,000.
    pub bw_Bps_thr: u64,
    /// Loss rate in percent above which a path counts as bad. Default 30.
    pub loss_percent_thr_high: f64,
    /// Loss rate in percent below which it counts as good again. Default 10.
    pub loss_percent_thr_low: f64,
    /// Probe timeouts in a row after which a path counts as bad. Default 2.
    pub pto_cnt_thr: u32,
}

c_enum! {
    /// What a scheduler is told about a path.
    pub enum xqc_scheduler_path_event_t {
        /// It has room in its window again.
        XQC_SCHED_EVENT_PATH_NOT_FULL = 0,
    }
}

c_enum! {
    /// What a scheduler is told about a connection.
    pub enum xqc_scheduler_conn_event_t {
        /// A round of sending starts.
        XQC_SCHED_EVENT_CONN_ROUND_START = 0,
        /// A round of sending is over.
        XQC_SCHED_EVENT_CONN_ROUND_FIN = 1,
    }
}

/// A path scheduler. `scheduler` is memory that the library provides, one block for each
/// connection. No member may call the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_scheduler_callback_t {
    /// Returns the bytes of memory one connection needs.
    pub xqc_scheduler_size: Option<unsafe extern "C" fn() -> size_t>,
    /// Initializes that memory.
    pub xqc_scheduler_init: Option<
        unsafe extern "C" fn(
            scheduler: *mut c_void,
            log: *mut xqc_log_t,
            params: *mut xqc_scheduler_params_t,
        ),
    >,
    /// Returns the path to send `packet_out` on, null for none now. `check_cwnd`: only paths with
    /// room in their window. `reinject`: not the path it was sent on before. `cc_blocked` receives
    /// whether windows were the only obstacle; it may be null.
    pub xqc_scheduler_get_path: Option<
        unsafe extern "C" fn(
            scheduler: *mut c_void,
            conn: *mut xqc_connection_t,
            packet_out: *mut xqc_packet_out_t,
            check_cwnd: c_int,
            reinject: c_int,
            cc_blocked: *mut xqc_bool_t,
        ) -> *mut xqc_path_ctx_t,
    >,
    /// Something happened to a path. Optional.
    pub xqc_scheduler_handle_path_event: Option<
        unsafe extern "C" fn(
            scheduler: *mut c_void,
            path: *mut xqc_path_ctx_t,
            event: xqc_scheduler_path_event_t,
            event_arg: *mut c_void,
        ),
    >,
    /// Something happened to the connection. Optional.
    pub xqc_scheduler_handle_conn_event: Option<
        unsafe extern "C" fn(
            scheduler: *mut c_void,
            conn: *mut xqc_connection_t,
            event: xqc_scheduler_conn_event_t,
            event_arg: *mut c_void,
        ),
    >,
}

c_enum! {
    /// When unacknowledged data is considered for sending again on another path. Bits.
    pub enum xqc_reinjection_mode_t {
        /// After new data was given to paths.
        XQC_REINJ_UNACK_AFTER_SCHED = 1 << 0,
        /// Before new data is given to paths.
        XQC_REINJ_UNACK_BEFORE_SCHED = 1 << 1,
        /// After packets were sent.
        XQC_REINJ_UNACK_AFTER_SEND = 1 << 2,
    }
}

/// Decides about reinjection. `reinj_ctl` is memory that the library provides, one block for each
/// connection. No member may call the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_reinj_ctl_callback_t {
    /// Returns the bytes of memory one connection needs.
    pub xqc_reinj_ctl_size: Option<unsafe extern "C" fn() -> size_t>,
    /// Initializes that memory.
    pub xqc_reinj_ctl_init:
        Option<unsafe extern "C" fn(reinj_ctl: *mut c_void, conn: *mut xqc_connection_t)>,
    /// New information on the quality of experience. Optional.
    pub xqc_reinj_ctl_update:
        Option<unsafe extern "C" fn(reinj_ctl: *mut c_void, qoe_info: *mut c_void)>,
    /// Forget what was learnt. Optional.
    pub xqc_reinj_ctl_reset:
        Option<unsafe extern "C" fn(reinj_ctl: *mut c_void, qoe_info: *mut c_void)>,
    /// Returns whether the packet `po` should be sent again on another path.
    pub xqc_reinj_ctl_can_reinject: Option<
        unsafe extern "C" fn(
            reinj_ctl: *mut c_void,
            po: *mut xqc_packet_out_t,
            mode: xqc_reinjection_mode_t,
        ) -> xqc_bool_t,
    >,
}

zeroable!(xqc_scheduler_params_t, xqc_scheduler_callback_t, xqc_reinj_ctl_callback_t);
