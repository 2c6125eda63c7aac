//! What HTTP/3 connections are set up with.

use std::cell::Cell;

use libc::{c_int, size_t};

use crate::ffi::abi::prototypes::check_prototypes;
#[cfg(feature = "compat_duplicate")]
use crate::ffi::abi::xqc_bool_t;
use crate::ffi::abi::{
    xqc_conn_settings_t, xqc_engine_t, xqc_h3_conn_settings_t, xqc_int_t, XQC_EPARAM, XQC_OK,
};
use crate::ffi::cells::EngineCell;
use crate::ffi::guard::with_engine;
use crate::http3::LocalSettings;
use crate::wire::varint;

/// What a host said of HTTP/3 on an engine.
#[derive(Default)]
pub(in crate::ffi) struct EngineHttp3 {
    /// The settings of later connections; `None` without HTTP/3.
    pub settings: Cell<Option<xqc_h3_conn_settings_t>>,
    /// Extended CONNECT is offered to clients.
    pub extended_connect: Cell<bool>,
    /// The fields of WebSocket upgrades as HTTP/1.1 has them are let through.
    pub upgrade_fields: Cell<bool>,
    /// Room for names in lower case, between two uses.
    pub lowered: Cell<Vec<u8>>,
}

/// How many bytes of streams may be held back while header sections wait for QPACK.
#[derive(Clone, Copy)]
pub(in crate::ffi) struct HeldBack {
    per_stream: u64,
    per_connection: u64,
}

impl HeldBack {
    /// As a host says; 0 stands for the default.
    pub fn new(host: &xqc_conn_settings_t) -> Self {
        let core = LocalSettings::default();
        let or = |bytes: size_t, default| if bytes == 0 { default } else { bytes as u64 };
        Self {
            per_stream: or(host.max_blocked_buf_per_stream, core.max_blocked_per_stream),
            per_connection: or(host.max_blocked_buf_per_conn, core.max_blocked_per_connection),
        }
    }
}

/// What connections have of which the host says nothing.
pub(super) fn defaults() -> xqc_h3_conn_settings_t {
    let core = LocalSettings::default();
    xqc_h3_conn_settings_t {
        max_field_section_size: core.max_field_section_size,
        max_pushes: 0,
        qpack_enc_max_table_capacity: core.qpack_encoder_capacity,
        qpack_dec_max_table_capacity: core.qpack_decoder_capacity,
        qpack_blocked_streams: core.qpack_blocked_streams,
        #[cfg(feature = "compat_duplicate")]
        qpack_compat_duplicate: crate::ffi::abi::XQC_FALSE,
    }
}

impl EngineHttp3 {
    /// What the core runs a connection with.
    pub fn local_settings(
        &self,
        host: &xqc_h3_conn_settings_t,
        held_back: HeldBack,
    ) -> LocalSettings {
        // What is told to the peer has to fit a varint.
        let bounded = |value: u64| value.min(varint::MAX);
        LocalSettings {
            max_field_section_size: bounded(host.max_field_section_size),
            qpack_encoder_capacity: bounded(host.qpack_enc_max_table_capacity),
            qpack_decoder_capacity: bounded(host.qpack_dec_max_table_capacity),
            qpack_blocked_streams: bounded(host.qpack_blocked_streams),
            #[cfg(feature = "compat_duplicate")]
            compat_duplicate: host.qpack_compat_duplicate != crate::ffi::abi::XQC_FALSE,
            #[cfg(not(feature = "compat_duplicate"))]
            compat_duplicate: false,
            max_blocked_per_stream: held_back.per_stream,
            max_blocked_per_connection: held_back.per_connection,
            extended_connect: self.extended_connect.get(),
            upgrade_fields: self.upgrade_fields.get(),
        }
    }
}

/// Changes the settings of later connections; without HTTP/3 on the engine, nothing.
///
/// # Safety
///
/// `engine` is null or a live engine.
unsafe fn change(engine: *mut xqc_engine_t, change: impl FnOnce(&mut xqc_h3_conn_settings_t)) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, (), |engine: &EngineCell| {
            if let Some(mut settings) = engine.http3.settings.get() {
                change(&mut settings);
                engine.http3.settings.set(Some(settings));
            }
        });
    }
}

/// Sets the dynamic tables of both directions.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_max_dtable_capacity(
    engine: *mut xqc_engine_t,
    capacity: size_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        change(engine, |settings| {
            settings.qpack_enc_max_table_capacity = capacity as u64;
            settings.qpack_dec_max_table_capacity = capacity as u64;
        });
    }
}

/// Sets the dynamic table that is offered.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_dec_max_dtable_capacity(
    engine: *mut xqc_engine_t,
    value: size_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| settings.qpack_dec_max_table_capacity = value as u64) }
}

/// Sets the bound of the dynamic table for sending.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_enc_max_dtable_capacity(
    engine: *mut xqc_engine_t,
    value: size_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| settings.qpack_enc_max_table_capacity = value as u64) }
}

/// Sets the largest field section that is taken.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_max_field_section_size(
    engine: *mut xqc_engine_t,
    size: size_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| settings.max_field_section_size = size as u64) }
}

/// Sets how many streams may wait for QPACK.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_qpack_blocked_streams(
    engine: *mut xqc_engine_t,
    value: size_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| settings.qpack_blocked_streams = value as u64) }
}

/// Sets how entries are duplicated.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[cfg(feature = "compat_duplicate")]
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_qpack_compat_duplicate(
    engine: *mut xqc_engine_t,
    cmpt: xqc_bool_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| settings.qpack_compat_duplicate = cmpt) }
}

/// Sets everything.
///
/// # Safety
///
/// `engine` is null or a live engine, `h3_conn_settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_engine_set_local_settings(
    engine: *mut xqc_engine_t,
    h3_conn_settings: *const xqc_h3_conn_settings_t,
) {
    // SAFETY: the caller vouches for the settings.
    let Some(wanted) = (unsafe { h3_conn_settings.as_ref() }) else { return };
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |settings| *settings = *wanted) }
}

/// Says whether extended CONNECT is taken.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_h3_set_extended_connect(
    engine: *mut xqc_engine_t,
    enable: c_int,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            engine.http3.extended_connect.set(enable != 0);
            XQC_OK
        })
    }
}

/// Says whether the fields of upgrades pass.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_h3_allow_upgrade_fields(
    engine: *mut xqc_engine_t,
    allow: c_int,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            engine.http3.upgrade_fields.set(allow != 0);
            XQC_OK
        })
    }
}

check_prototypes!(
    xqc_ext_h3_set_extended_connect,
    xqc_ext_h3_allow_upgrade_fields,
    xqc_h3_engine_set_max_dtable_capacity,
    xqc_h3_engine_set_dec_max_dtable_capacity,
    xqc_h3_engine_set_enc_max_dtable_capacity,
    xqc_h3_engine_set_max_field_section_size,
    xqc_h3_engine_set_qpack_blocked_streams,
    xqc_h3_engine_set_local_settings,
);

#[cfg(feature = "compat_duplicate")]
check_prototypes!(xqc_h3_engine_set_qpack_compat_duplicate);
