//! Congestion controllers across the C boundary, both ways.
//!
//! The tables `xqc_cubic_cb` and `xqc_reno_cb` are recognised when they come back in settings and
//! then run natively. A table of the host's own runs through [`ForeignController`]. Hosts wrap our
//! tables in their own, so each function of ours also works when it is called from C.

use libc::{c_int, c_void, size_t};

use crate::congestion::{AckSample, CongestionController, Controller, Cubic, NewReno, Parameters};
use crate::time::{Duration, Instant};

use super::abi::{
    xqc_cc_params_t, xqc_cong_ctrl_callback_t, xqc_packet_out_t, xqc_send_ctl_t, xqc_usec_t,
};

/// The bytes a packet counts in a controller that is called from C, which is not told its path.
const FOREIGN_MTU: u16 = 1200;

/// Which controller new connections get.
#[derive(Clone)]
pub(super) struct CongestionChoice {
    algorithm: Algorithm,
    parameters: xqc_cc_params_t,
}

#[derive(Clone)]
enum Algorithm {
    NewReno,
    Cubic,
    Foreign(Box<xqc_cong_ctrl_callback_t>),
}

impl CongestionChoice {
    /// The choice that `table` stands for; a table that cannot work stands for CUBIC.
    pub fn new(table: &xqc_cong_ctrl_callback_t, parameters: &xqc_cc_params_t) -> Self {
        let size = table.xqc_cong_ctl_size.map(|function| function as usize);
        let algorithm = if size == Some(size_of_controller::<NewReno> as usize)
            && is_ours(table, &xqc_reno_cb)
        {
            Algorithm::NewReno
        } else if is_ours(table, &xqc_cubic_cb) || !is_usable(table) {
            Algorithm::Cubic
        } else {
            Algorithm::Foreign(Box::new(*table))
        };
        Self { algorithm, parameters: *parameters }
    }

    /// A controller for a path with datagrams of `mtu` bytes.
    pub fn controller(&self, mtu: u16) -> Controller {
        let parameters = core_parameters(&self.parameters, mtu);
        match &self.algorithm {
            Algorithm::NewReno => Controller::NewReno(new_reno(parameters)),
            Algorithm::Cubic => Controller::Cubic(cubic(parameters)),
            Algorithm::Foreign(table) => {
                Controller::Foreign(Box::new(ForeignController::new(**table, self.parameters, mtu)))
            }
        }
    }
}

/// True if `table` is a copy of one of ours: the function that sets a controller up tells.
fn is_ours(table: &xqc_cong_ctrl_callback_t, ours: &xqc_cong_ctrl_callback_t) -> bool {
    table.xqc_cong_ctl_init.map(|f| f as usize) == ours.xqc_cong_ctl_init.map(|f| f as usize)
        && table.xqc_cong_ctl_on_ack.map(|f| f as usize)
            == ours.xqc_cong_ctl_on_ack.map(|f| f as usize)
}

/// True if the table has what a controller needs at least.
fn is_usable(table: &xqc_cong_ctrl_callback_t) -> bool {
    table.xqc_cong_ctl_size.is_some()
        && table.xqc_cong_ctl_init.is_some()
        && table.xqc_cong_ctl_get_cwnd.is_some()
}

fn core_parameters(host: &xqc_cc_params_t, mtu: u16) -> Parameters {
    let mut parameters = Parameters::new(mtu);
    if host.customize_on != 0 {
        parameters.initial_window_packets = Some(host.init_cwnd);
        parameters.min_window_packets = Some(host.min_cwnd);
    }
    parameters
}

fn new_reno(parameters: Parameters) -> NewReno {
    NewReno::new(parameters)
}

fn cubic(parameters: Parameters) -> Cubic {
    Cubic::new(parameters)
}

/// What `xqc_packet_out_t *` points at in a controller's `on_ack`.
struct AckedPacket {
    sent: Instant,
    bytes: u64,
    sample: AckSample,
}

/// A controller of the host.
struct ForeignController {
    table: xqc_cong_ctrl_callback_t,
    /// The controller's own memory, as large as it asked for.
    memory: Vec<u64>,
    rate: Option<u64>,
}

impl ForeignController {
    fn new(table: xqc_cong_ctrl_callback_t, parameters: xqc_cc_params_t, _mtu: u16) -> Self {
        let size = match table.xqc_cong_ctl_size {
            // SAFETY: the host gave this function; it takes nothing.
            Some(size) => unsafe { size() },
            None => 0,
        };
        let mut memory = vec![0_u64; size.div_ceil(size_of::<u64>())];
        if let Some(init) = table.xqc_cong_ctl_init {
            // SAFETY: the memory is as large as the controller asked for and zeroed. There is no
            // sending state that C could look into; the pointer is opaque.
            unsafe { init(memory.as_mut_ptr().cast(), std::ptr::null_mut(), parameters) };
        }
        Self { table, memory, rate: None }
    }

    fn state(&self) -> *mut c_void {
        self.memory.as_ptr().cast_mut().cast()
    }
}

impl CongestionController for ForeignController {
    fn on_ack(&mut self, sample: &AckSample) {
        let Some(on_ack) = self.table.xqc_cong_ctl_on_ack else { return };
        if sample.app_limited {
            return;
        }
        let packet = AckedPacket { sent: sample.sent, bytes: sample.bytes_acked, sample: *sample };
        let packet: *const AckedPacket = &packet;
        // SAFETY: the host gave this function; the packet lives through the call.
        unsafe { on_ack(self.state(), packet.cast_mut().cast(), sample.now.as_micros()) };
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
        match self.table.xqc_cong_ctl_get_cwnd {
            // SAFETY: the host gave this function.
            Some(window) => unsafe { window(self.state()) },
            None => 0,
        }
    }

    fn slow_start_threshold(&self) -> u64 {
        u64::MAX
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        if let Some(rate) = self.table.xqc_cong_ctl_get_pacing_rate {
            // SAFETY: the host gave this function.
            return Some(u64::from(unsafe { rate(self.state()) }));
        }
        let micros = smoothed_rtt.as_micros().max(1);
        self.rate.or(Some(self.window().saturating_mul(1_250_000) / micros))
    }

    fn in_slow_start(&self) -> bool {
        match self.table.xqc_cong_ctl_in_slow_start {
            // SAFETY: the host gave this function.
            Some(ask) => unsafe { ask(self.state()) != 0 },
            None => false,
        }
    }

    fn in_recovery(&self) -> bool {
        match self.table.xqc_cong_ctl_in_recovery {
            // SAFETY: the host gave this function.
            Some(ask) => unsafe { ask(self.state()) != 0 },
            None => false,
        }
    }

    fn name(&self) -> &'static str {
        "foreign"
    }
}

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
        new_reno(parameters)
    }
}

impl FromParameters for Cubic {
    fn from_parameters(parameters: Parameters) -> Self {
        cubic(parameters)
    }
}

/// The controller in memory that `init` has set up.
///
/// # Safety
///
/// `memory` was set up by [`init`] for the same `C` and no other reference to it is alive.
unsafe fn callable<'a, C>(memory: *mut c_void) -> &'a mut CallableController<C> {
    // SAFETY: the caller vouches for it.
    unsafe { &mut *memory.cast() }
}

extern "C" fn size_of_controller<C>() -> size_t {
    size_of::<CallableController<C>>()
}

unsafe extern "C" fn init<C: FromParameters>(
    memory: *mut c_void,
    _send_ctl: *mut xqc_send_ctl_t,
    parameters: xqc_cc_params_t,
) {
    let controller = C::from_parameters(core_parameters(&parameters, FOREIGN_MTU));
    let callable = CallableController { controller, now: Instant::default() };
    // SAFETY: the caller gives as much aligned memory as `size_of_controller` asked for.
    unsafe { memory.cast::<CallableController<C>>().write(callable) };
}

unsafe extern "C" fn on_lost<C: FromParameters>(memory: *mut c_void, lost_sent_time: xqc_usec_t) {
    // SAFETY: the caller vouches for the memory.
    let callable = unsafe { callable::<C>(memory) };
    let sent = Instant::from_micros(lost_sent_time);
    let now = callable.now.max(sent);
    callable.controller.on_congestion_event(now, sent, 0);
}

unsafe extern "C" fn on_ack<C: FromParameters>(
    memory: *mut c_void,
    packet: *mut xqc_packet_out_t,
    now: xqc_usec_t,
) {
    // SAFETY: the caller vouches for the memory and passes on the packet that it was given.
    let (callable, packet) = unsafe { (callable::<C>(memory), &*packet.cast::<AckedPacket>()) };
    callable.now = Instant::from_micros(now);
    let sample = AckSample {
        now: callable.now,
        sent: packet.sent,
        bytes_acked: packet.bytes,
        ..packet.sample
    };
    callable.controller.on_ack(&sample);
}

unsafe extern "C" fn window<C: FromParameters>(memory: *mut c_void) -> u64 {
    // SAFETY: the caller vouches for the memory.
    unsafe { callable::<C>(memory) }.controller.window()
}

unsafe extern "C" fn reset_window<C: FromParameters>(memory: *mut c_void) {
    // SAFETY: the caller vouches for the memory.
    let callable = unsafe { callable::<C>(memory) };
    callable.controller.on_persistent_congestion(callable.now);
}

unsafe extern "C" fn in_slow_start<C: FromParameters>(memory: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the memory.
    c_int::from(unsafe { callable::<C>(memory) }.controller.in_slow_start())
}

unsafe extern "C" fn in_recovery<C: FromParameters>(memory: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the memory.
    c_int::from(unsafe { callable::<C>(memory) }.controller.in_recovery())
}

unsafe extern "C" fn restart_from_idle<C: FromParameters>(memory: *mut c_void, now: u64) {
    // SAFETY: the caller vouches for the memory.
    let callable = unsafe { callable::<C>(memory) };
    callable.now = callable.now.max(Instant::from_micros(now));
    callable.controller.on_idle_restart(callable.now);
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

/// CUBIC (RFC 9438).
#[no_mangle]
#[allow(non_upper_case_globals, reason = "the name is the C API's")]
pub static xqc_cubic_cb: xqc_cong_ctrl_callback_t = table::<Cubic>();

/// NewReno (RFC 9002 section 7).
#[cfg(feature = "reno")]
#[no_mangle]
#[allow(non_upper_case_globals, reason = "the name is the C API's")]
pub static xqc_reno_cb: xqc_cong_ctrl_callback_t = table::<NewReno>();
