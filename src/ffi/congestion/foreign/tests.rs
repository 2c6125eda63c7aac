//! Tables of hosts, and hosts' tables around ours.

use super::*;
use crate::congestion::{Bbr, Bbr2, Copa, Cubic, Parameters, RateSample, RttSample};
use crate::ffi::abi::{xqc_packet_out_t, xqc_sample_t, xqc_send_ctl_t, Zeroable};
use crate::ffi::congestion::tables::{xqc_bbr2_cb, xqc_bbr_cb, xqc_copa_cb, xqc_cubic_cb as CUBIC};

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
    ForeignController::new(table, xqc_cc_params_t::ZERO, 1200)
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
fn each_acknowledged_packet_is_a_call() {
    let mut foreign = wrapped();
    foreign.on_ack(&AckSample {
        now: Instant::from_micros(2_000_000),
        sent: Instant::from_micros(1_000_000),
        bytes_acked: 2 * 1200 + 50,
        prior_in_flight: 12_000,
        in_flight: 9_550,
        ..AckSample::default()
    });
    // SAFETY: the state is a `Wrapper`.
    assert_eq!(unsafe { (*foreign.state().cast::<Wrapper>()).acks }, 3);
    assert_eq!(foreign.window(), 12_000 + 2 * 1200 + 50);
}

#[test]
fn without_a_rate_a_window_leaves_a_little_faster_than_once_a_round_trip() {
    // RFC 9002 section 7.7.
    let foreign = wrapped();
    let rate = foreign.pacing_rate(Duration::from_millis(100));
    assert_eq!(rate, Some(foreign.window() * 10 * 5 / 4));
    assert_eq!(foreign.pacing_rate(Duration::ZERO), None);
}

#[test]
fn what_a_table_leaves_out_is_not_called() {
    let mut foreign = wrapped();
    foreign.on_persistent_congestion(Instant::from_micros(1));
    foreign.on_idle_restart(Instant::from_micros(1));
    assert!(!foreign.in_slow_start() && !foreign.in_recovery());
    assert!(!foreign.wants_rate_samples());
    assert_eq!(foreign.bandwidth(), None);
}

/// Two windows a round trip for `rounds`, with a loss now and then, to both controllers.
fn drive(rounds: u64, mut step: impl FnMut(&AckSample, bool)) {
    let rtt = Duration::from_millis(40);
    let mut delivered = 0;
    for count in 0..rounds {
        let sent = Instant::from_micros(1_000_000) + Duration::from_millis(20 * count);
        let rate = RateSample {
            acked: 2_400,
            delivered: 120_000,
            interval: rtt,
            delivery_rate: 3_000_000,
            prior_delivered: delivered,
            total_delivered: delivered + 120_000,
            tx_in_flight: 120_000,
            ..RateSample::default()
        };
        delivered += 2_400;
        let rtt = RttSample { latest: rtt, smoothed: rtt, min: rtt, variation: Duration::ZERO };
        let sample = AckSample {
            now: sent + rtt.latest,
            sent,
            bytes_acked: 2_400,
            prior_in_flight: 120_000,
            in_flight: 117_600,
            rtt,
            rate: Some(rate),
            ..AckSample::default()
        };
        step(&sample, count % 50 == 49);
    }
}

#[test]
fn a_copy_of_our_table_of_a_model_works_through_samples() {
    for (exported, mut native) in [
        (&xqc_bbr_cb, Box::new(Bbr::new(Parameters::new(1200))) as Box<dyn CongestionController>),
        (&xqc_bbr2_cb, Box::new(Bbr2::new(Parameters::new(1200)))),
        (&xqc_copa_cb, Box::new(Copa::new(Parameters::new(1200)))),
    ] {
        let mut foreign = ForeignController::new(*exported, xqc_cc_params_t::ZERO, 1200);
        assert!(foreign.wants_rate_samples());
        let mut last = Instant::default();
        drive(400, |sample, lose| {
            if lose {
                foreign.on_congestion_event(last, last, 1200);
                native.on_congestion_event(last, last, 1200);
            }
            last = sample.now;
            foreign.on_ack(sample);
            native.on_ack(sample);
            assert_eq!(foreign.window(), native.window(), "{}", native.name());
            assert_eq!(foreign.in_slow_start(), native.in_slow_start());
            assert_eq!(foreign.in_recovery(), native.in_recovery());
            let rtt = Duration::from_millis(40);
            assert_eq!(foreign.pacing_rate(rtt), native.pacing_rate(rtt));
            assert_eq!(foreign.bandwidth().unwrap_or(0), native.bandwidth().unwrap_or(0));
        });
        foreign.on_idle_restart(last);
        foreign.on_persistent_congestion(last);
        assert_eq!(foreign.window(), 2_400, "{}", native.name());
    }
}

/// What a controller of the BBR kind was called with.
#[repr(C)]
struct Recorder {
    samples: u64,
    last: Sample,
    restarted_with: u64,
}

unsafe extern "C" fn recorder_size() -> usize {
    size_of::<Recorder>()
}

unsafe extern "C" fn recorder_init(
    state: *mut c_void,
    sample: *mut xqc_sample_t,
    _: xqc_cc_params_t,
) {
    // SAFETY: the controller passes a sample, and the memory that `recorder_size` asked for.
    unsafe { (*state.cast::<Recorder>()).last = *sample.cast::<Sample>() };
}

unsafe extern "C" fn recorder_on_sample(state: *mut c_void, sample: *mut xqc_sample_t) {
    // SAFETY: as above.
    unsafe {
        let recorder = state.cast::<Recorder>();
        (*recorder).samples += 1;
        (*recorder).last = *sample.cast::<Sample>();
    }
}

unsafe extern "C" fn recorder_restart(state: *mut c_void, delivered: u64) {
    // SAFETY: as above.
    unsafe { (*state.cast::<Recorder>()).restarted_with = delivered };
}

#[test]
fn a_controller_of_the_hosts_own_gets_samples_that_are_true() {
    let table = xqc_cong_ctrl_callback_t {
        xqc_cong_ctl_size: Some(recorder_size),
        xqc_cong_ctl_init_bbr: Some(recorder_init),
        xqc_cong_ctl_on_ack_multiple_pkts: Some(recorder_on_sample),
        xqc_cong_ctl_restart_from_idle: Some(recorder_restart),
        ..xqc_cong_ctrl_callback_t::ZERO
    };
    let mut foreign = ForeignController::new(table, xqc_cc_params_t::ZERO, 1200);
    let recorder = foreign.state().cast::<Recorder>();
    drive(3, |sample, _| {
        foreign.on_ack(sample);
        let mut lump = *sample;
        lump.rate = lump.rate.map(|rate| RateSample { interval: Duration::ZERO, ..rate });
        foreign.on_ack(&lump);
        lump.rate = None;
        foreign.on_ack(&lump);
    });
    foreign.on_idle_restart(Instant::from_micros(9_000_000));
    // SAFETY: the state is a `Recorder`.
    let seen = unsafe { &*recorder };
    assert_eq!(seen.samples, 3, "samples that say nothing are left out");
    assert_eq!((seen.last.delivered, seen.last.interval), (120_000, 40_000));
    assert_eq!(seen.last.delivery_rate, 3_000_000);
    assert_eq!(seen.restarted_with, 124_800);
}
