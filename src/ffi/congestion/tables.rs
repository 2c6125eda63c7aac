//! Our congestion controllers as tables of functions that C can call.
//!
//! Hosts wrap our tables in their own, so each function works in memory that C owns.

use libc::{c_int, c_void, size_t};

use crate::congestion::{AckSample, CongestionController, Cubic, NewReno, Parameters};
use crate::time::Instant;

use crate::ffi::abi::prototypes::check_objects;
use crate::ffi::abi::{
    xqc_cc_params_t, xqc_cong_ctrl_callback_t, xqc_packet_out_t, xqc_send_ctl_t, xqc_usec_t,
};
use crate::ffi::guard::catch;

use super::core_parameters;
use super::foreign::AckedPackets;

/// The bytes a packet counts in a controller that is called from C, which is not told its path.
const CALLED_MTU: u16 = 1200;

/// A native controller in memory that C owns.
struct CallableController<C> {
    controller: C,
    /// The latest time seen: `on_lost` is not told the time.
    now: Instant,
}

/// Makes a controller of one kind from settings.
trait FromParameters: CongestionController {
    fn from_parameters(parameters: Parameters) -> Self;
}

impl FromParameters for NewReno {
    fn from_parameters(parameters: Parameters) -> Self {
        Self::new(parameters)
    }
}

impl FromParameters for Cubic {
    fn from_parameters(parameters: Parameters) -> Self {
        Self::new(parameters)
    }
}

/// Runs `body` with the controller in memory that [`init`] has set up.
///
/// # Safety
///
/// `memory` is null or was set up by [`init`] for the same `C`.
unsafe fn with_callable<C, R>(
    memory: *mut c_void,
    failed: R,
    body: impl FnOnce(&mut CallableController<C>) -> R,
) -> R {
    let callable: *mut CallableController<C> = memory.cast();
    // SAFETY: the caller vouches for it; C calls one function at a time, and none of ours calls
    // another.
    match unsafe { callable.as_mut() } {
        Some(callable) => catch(failed, || body(callable)),
        None => failed,
    }
}

unsafe extern "C" fn size_of_controller<C>() -> size_t {
    size_of::<CallableController<C>>()
}

unsafe extern "C" fn init<C: FromParameters>(
    memory: *mut c_void,
    _send_ctl: *mut xqc_send_ctl_t,
    parameters: xqc_cc_params_t,
) {
    let made = catch(None, || Some(C::from_parameters(core_parameters(&parameters, CALLED_MTU))));
    if let (Some(controller), false) = (made, memory.is_null()) {
        let callable = CallableController { controller, now: Instant::default() };
        // SAFETY: the caller gives as much aligned memory as `size_of_controller` asked for.
        unsafe { memory.cast::<CallableController<C>>().write(callable) };
    }
}

unsafe extern "C" fn on_lost<C: FromParameters>(memory: *mut c_void, lost_sent_time: xqc_usec_t) {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, (), |callable| {
            let sent = Instant::from_micros(lost_sent_time);
            callable.controller.on_congestion_event(callable.now.max(sent), sent, 0);
        });
    }
}

unsafe extern "C" fn on_ack<C: FromParameters>(
    memory: *mut c_void,
    packet: *mut xqc_packet_out_t,
    now: xqc_usec_t,
) {
    let packets: *const AckedPackets = packet.cast();
    // SAFETY: the caller passes on the pointer that it was given.
    let Some(packets) = (unsafe { packets.as_ref() }) else { return };
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, (), |callable| {
            callable.now = Instant::from_micros(now);
            callable.controller.on_ack(&AckSample { now: callable.now, ..packets.sample });
        });
    }
}

unsafe extern "C" fn window<C: FromParameters>(memory: *mut c_void) -> u64 {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, 0, |callable| callable.controller.window()) }
}

unsafe extern "C" fn reset_window<C: FromParameters>(memory: *mut c_void) {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, (), |callable| {
            callable.controller.on_persistent_congestion(callable.now);
        });
    }
}

unsafe extern "C" fn in_slow_start<C: FromParameters>(memory: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, 0, |callable| callable.controller.in_slow_start().into())
    }
}

unsafe extern "C" fn in_recovery<C: FromParameters>(memory: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, 0, |callable| callable.controller.in_recovery().into()) }
}

unsafe extern "C" fn restart_from_idle<C: FromParameters>(memory: *mut c_void, now: u64) {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, (), |callable| {
            callable.now = callable.now.max(Instant::from_micros(now));
            callable.controller.on_idle_restart(callable.now);
        });
    }
}

const fn table<C: FromParameters>() -> xqc_cong_ctrl_callback_t {
    xqc_cong_ctrl_callback_t {
        xqc_cong_ctl_size: Some(size_of_controller::<C>),
        xqc_cong_ctl_init: Some(init::<C>),
        xqc_cong_ctl_on_lost: Some(on_lost::<C>),
        xqc_cong_ctl_on_ack: Some(on_ack::<C>),
        xqc_cong_ctl_get_cwnd: Some(window::<C>),
        xqc_cong_ctl_reset_cwnd: Some(reset_window::<C>),
        xqc_cong_ctl_in_slow_start: Some(in_slow_start::<C>),
        xqc_cong_ctl_in_recovery: Some(in_recovery::<C>),
        xqc_cong_ctl_restart_from_idle: Some(restart_from_idle::<C>),
        xqc_cong_ctl_on_ack_multiple_pkts: None,
        xqc_cong_ctl_init_bbr: None,
        xqc_cong_ctl_get_pacing_rate: None,
        xqc_cong_ctl_get_bandwidth_estimate: None,
        xqc_cong_ctl_info_cb: std::ptr::null_mut(),
    }
}

/// The table of CUBIC.
pub(super) const CUBIC: xqc_cong_ctrl_callback_t = table::<Cubic>();

/// The table of NewReno.
pub(super) const NEW_RENO: xqc_cong_ctrl_callback_t = table::<NewReno>();

/// CUBIC (RFC 9438).
#[no_mangle]
#[allow(non_upper_case_globals, reason = "the name is the C API's")]
pub static xqc_cubic_cb: xqc_cong_ctrl_callback_t = CUBIC;

/// NewReno (RFC 9002 section 7).
#[cfg(feature = "reno")]
#[no_mangle]
#[allow(non_upper_case_globals, reason = "the name is the C API's")]
pub static xqc_reno_cb: xqc_cong_ctrl_callback_t = NEW_RENO;

check_objects!(xqc_cubic_cb);
#[cfg(feature = "reno")]
check_objects!(xqc_reno_cb);
