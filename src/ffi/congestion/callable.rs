//! Our congestion controllers as functions that C can call.
//!
//! Hosts wrap our tables in their own, so each function works in memory that C owns.

use libc::{c_int, c_void, size_t};

use crate::congestion::{
    AckSample, Bbr, Bbr2, CongestionController, Copa, Cubic, NewReno, Parameters, Unlimited,
};
use crate::ffi::abi::{
    xqc_cc_params_t, xqc_cong_ctrl_callback_t, xqc_packet_out_t, xqc_sample_t, xqc_send_ctl_t,
    xqc_usec_t,
};
use crate::ffi::guard::catch;
use crate::time::{Duration, Instant};

use super::foreign::AckedPacket;
use super::parameters::core_parameters;
use super::sample::Sample;

/// The bytes a packet counts in a controller that is called from C, which is not told its path.
pub(super) const CALLED_MTU: u16 = 1200;

/// A native controller in memory that C owns.
struct CallableController<C> {
    controller: C,
    /// The latest time seen: `on_lost` is not told the time.
    now: Instant,
    /// The latest smoothed round-trip time: the functions that ask are not told it.
    smoothed_rtt: Duration,
    /// Sending began again after a rest; when, the next acknowledgement will tell.
    restarting: bool,
}

/// Makes a controller of one kind from settings. No controller owns memory of its own: C gives the
/// memory back without telling.
pub(super) trait FromParameters: CongestionController {
    fn from_parameters(parameters: Parameters) -> Self;
}

macro_rules! from_parameters {
    ($($controller:ident)+) => {$(
        impl FromParameters for $controller {
            fn from_parameters(parameters: Parameters) -> Self {
                const { assert!(!std::mem::needs_drop::<Self>()) }
                Self::new(parameters)
            }
        }
    )+};
}

from_parameters!(NewReno Cubic Copa Bbr Bbr2);

impl FromParameters for Unlimited {
    fn from_parameters(_parameters: Parameters) -> Self {
        Self
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

/// Runs `body` with a controller that nothing changes.
///
/// # Safety
///
/// As for [`with_callable`].
pub(super) unsafe fn with_controller<C: FromParameters, R>(
    memory: *mut c_void,
    failed: R,
    body: impl FnOnce(&C) -> R,
) -> R {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, failed, |callable| body(&callable.controller)) }
}

unsafe extern "C" fn size_of_controller<C>() -> size_t {
    size_of::<CallableController<C>>()
}

/// Sets `memory` up.
///
/// # Safety
///
/// `memory` is null, or aligned and as large as [`size_of_controller`] says.
unsafe fn set_up<C: FromParameters>(
    memory: *mut c_void,
    smoothed_rtt: Duration,
    parameters: &xqc_cc_params_t,
) {
    let made = catch(None, || Some(C::from_parameters(core_parameters(parameters, CALLED_MTU))));
    if let (Some(controller), false) = (made, memory.is_null()) {
        let now = Instant::default();
        let callable = CallableController { controller, now, smoothed_rtt, restarting: false };
        // SAFETY: the caller vouches for the memory.
        unsafe { memory.cast::<CallableController<C>>().write(callable) };
    }
}

unsafe extern "C" fn init<C: FromParameters>(
    memory: *mut c_void,
    _send_ctl: *mut xqc_send_ctl_t,
    parameters: xqc_cc_params_t,
) {
    // SAFETY: the caller gives as much aligned memory as `size_of_controller` asked for.
    unsafe { set_up::<C>(memory, Duration::ZERO, &parameters) };
}

unsafe extern "C" fn init_sampled<C: FromParameters>(
    memory: *mut c_void,
    sample: *mut xqc_sample_t,
    parameters: xqc_cc_params_t,
) {
    // SAFETY: the caller gives a sample or null.
    let smoothed = unsafe { sample.cast::<Sample>().as_ref() }.map_or(0, |sample| sample.srtt);
    // SAFETY: the caller gives as much aligned memory as `size_of_controller` asked for.
    unsafe { set_up::<C>(memory, Duration::from_micros(smoothed), &parameters) };
}

unsafe extern "C" fn on_lost<C: FromParameters>(memory: *mut c_void, lost_sent_time: xqc_usec_t) {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, (), |callable| {
            let sent = Instant::from_micros(lost_sent_time);
            let now = callable.now.max(sent);
            callable.controller.on_congestion_event(now, sent, CALLED_MTU.into());
        });
    }
}

unsafe extern "C" fn on_ack<C: FromParameters>(
    memory: *mut c_void,
    packet: *mut xqc_packet_out_t,
    now: xqc_usec_t,
) {
    let packet: *const AckedPacket = packet.cast();
    // SAFETY: the caller passes on the pointer that it was given.
    let Some(packet) = (unsafe { packet.as_ref() }) else { return };
    let sample = AckSample { now: Instant::from_micros(now), ..packet.sample };
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, (), |callable| callable.on_ack(&sample)) };
}

unsafe extern "C" fn on_sample<C: FromParameters>(memory: *mut c_void, sample: *mut xqc_sample_t) {
    // SAFETY: the caller passes on the sample that it was given, or one of its own.
    let Some(sample) = (unsafe { sample.cast::<Sample>().as_ref() }) else { return };
    let sample = sample.for_core(CALLED_MTU.into());
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, (), |callable| callable.on_ack(&sample)) };
}

impl<C: FromParameters> CallableController<C> {
    fn on_ack(&mut self, sample: &AckSample) {
        if std::mem::take(&mut self.restarting) {
            self.controller.on_idle_restart(sample.sent);
        }
        self.now = sample.now;
        self.smoothed_rtt = sample.rtt.smoothed;
        self.controller.on_ack(sample);
    }
}

unsafe extern "C" fn window<C: FromParameters>(memory: *mut c_void) -> u64 {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_controller::<C, _>(memory, 0, C::window) }
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
    unsafe { with_controller::<C, _>(memory, 0, |controller| controller.in_slow_start().into()) }
}

unsafe extern "C" fn in_recovery<C: FromParameters>(memory: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_controller::<C, _>(memory, 0, |controller| controller.in_recovery().into()) }
}

/// C is told when it last sent or what was delivered, not what time it is.
unsafe extern "C" fn restart_from_idle<C: FromParameters>(memory: *mut c_void, _argument: u64) {
    // SAFETY: the caller vouches for the memory.
    unsafe { with_callable::<C, _>(memory, (), |callable| callable.restarting = true) };
}

unsafe extern "C" fn pacing_rate<C: FromParameters>(memory: *mut c_void) -> u32 {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_callable::<C, _>(memory, 0, |callable| {
            let rate = callable.controller.pacing_rate(callable.smoothed_rtt);
            rate.unwrap_or(0).try_into().unwrap_or(u32::MAX)
        })
    }
}

unsafe extern "C" fn bandwidth<C: FromParameters>(memory: *mut c_void) -> u32 {
    // SAFETY: the caller vouches for the memory.
    unsafe {
        with_controller::<C, _>(memory, 0, |controller| {
            controller.bandwidth().unwrap_or(0).try_into().unwrap_or(u32::MAX)
        })
    }
}

/// The table of a controller that works on acknowledged packets.
pub(super) const fn by_packet<C: FromParameters>() -> xqc_cong_ctrl_callback_t {
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

/// The table of a controller that works on samples, but is set up like those that do not.
pub(super) const fn by_sample<C: FromParameters>() -> xqc_cong_ctrl_callback_t {
    xqc_cong_ctrl_callback_t {
        xqc_cong_ctl_on_ack: None,
        xqc_cong_ctl_on_ack_multiple_pkts: Some(on_sample::<C>),
        xqc_cong_ctl_get_pacing_rate: Some(pacing_rate::<C>),
        ..by_packet::<C>()
    }
}

/// The table of a controller of the BBR family.
pub(super) const fn by_bandwidth<C: FromParameters>() -> xqc_cong_ctrl_callback_t {
    xqc_cong_ctrl_callback_t {
        xqc_cong_ctl_init: None,
        xqc_cong_ctl_init_bbr: Some(init_sampled::<C>),
        xqc_cong_ctl_get_bandwidth_estimate: Some(bandwidth::<C>),
        ..by_sample::<C>()
    }
}
