//! The exported tables of our congestion controllers.

#![allow(non_upper_case_globals, reason = "the names are the C API's")]

#[cfg(feature = "bbr2")]
use crate::congestion::Bbr2;
#[cfg(feature = "copa")]
use crate::congestion::Copa;
#[cfg(feature = "reno")]
use crate::congestion::NewReno;
#[cfg(feature = "unlimited")]
use crate::congestion::Unlimited;
use crate::congestion::{Bbr, Cubic};
use crate::ffi::abi::prototypes::check_objects;
use crate::ffi::abi::xqc_cong_ctrl_callback_t;

#[cfg(feature = "copa")]
use super::callable::by_sample;
use super::callable::{by_bandwidth, by_packet};
use super::info::{info, InfoTable};

static BBR_INFO: InfoTable = info::<Bbr>();

#[cfg(feature = "bbr2")]
static BBR2_INFO: InfoTable = info::<Bbr2>();

/// CUBIC (RFC 9438).
#[no_mangle]
pub static xqc_cubic_cb: xqc_cong_ctrl_callback_t = by_packet::<Cubic>();

/// NewReno (RFC 9002 section 7).
#[cfg(feature = "reno")]
#[no_mangle]
pub static xqc_reno_cb: xqc_cong_ctrl_callback_t = by_packet::<NewReno>();

/// BBR.
#[no_mangle]
pub static xqc_bbr_cb: xqc_cong_ctrl_callback_t = xqc_cong_ctrl_callback_t {
    xqc_cong_ctl_info_cb: (&raw const BBR_INFO).cast_mut().cast(),
    ..by_bandwidth::<Bbr>()
};

/// BBR version 2.
#[cfg(feature = "bbr2")]
#[no_mangle]
pub static xqc_bbr2_cb: xqc_cong_ctrl_callback_t = xqc_cong_ctrl_callback_t {
    xqc_cong_ctl_info_cb: (&raw const BBR2_INFO).cast_mut().cast(),
    ..by_bandwidth::<Bbr2>()
};

/// Copa.
#[cfg(feature = "copa")]
#[no_mangle]
pub static xqc_copa_cb: xqc_cong_ctrl_callback_t = by_sample::<Copa>();

/// No congestion control.
#[cfg(feature = "unlimited")]
#[no_mangle]
pub static xqc_unlimited_cc_cb: xqc_cong_ctrl_callback_t = by_packet::<Unlimited>();

check_objects!(xqc_cubic_cb, xqc_bbr_cb);
#[cfg(feature = "reno")]
check_objects!(xqc_reno_cb);
#[cfg(feature = "bbr2")]
check_objects!(xqc_bbr2_cb);
#[cfg(feature = "copa")]
check_objects!(xqc_copa_cb);
#[cfg(feature = "unlimited")]
check_objects!(xqc_unlimited_cc_cb);
