//! `xquic.h`: prototypes of the engine's functions.

use core::ffi::{c_char, c_uchar, c_void};

use libc::{size_t, sockaddr, socklen_t};

use super::{
    xqc_app_proto_callbacks_t, xqc_bool_t, xqc_cid_t, xqc_config_t, xqc_conn_settings_t,
    xqc_connection_t, xqc_engine_callback_t, xqc_engine_ssl_config_t, xqc_engine_t,
    xqc_engine_type_t, xqc_int_t, xqc_log_level_t, xqc_transport_callbacks_t, xqc_usec_t,
};

extern "C" {
    /// Creates an engine. All structs are copied; strings in them need not outlive the call.
    /// `engine_config` may be null for the defaults. `user_data` comes back in the engine's
    /// callbacks. `set_event_timer` is not called before this returns.
    ///
    /// Returns null if a required callback is missing or certificate, key or configuration is
    /// unusable; the log says which.
    pub fn xqc_engine_create(
        engine_type: xqc_engine_type_t,
        engine_config: *const xqc_config_t,
        ssl_config: *const xqc_engine_ssl_config_t,
        engine_callback: *const xqc_engine_callback_t,
        transport_cbs: *const xqc_transport_callbacks_t,
        user_data: *mut c_void,
    ) -> *mut xqc_engine_t;

    /// Destroys an engine and its connections. The close callbacks run inside; nothing is sent any
    /// more. Not from inside a callback.
    pub fn xqc_engine_destroy(engine: *mut xqc_engine_t);

    /// Registers an application protocol of `alpn_len` bytes, at most 255, or replaces its
    /// callbacks. HTTP/3 registers itself in `xqc_h3_ctx_init`. `ap_cbs` is copied. `alp_ctx` is
    /// kept for `xqc_engine_get_alpn_ctx`.
    ///
    /// Returns `XQC_OK` or `-XQC_EPARAM`.
    pub fn xqc_engine_register_alpn(
        engine: *mut xqc_engine_t,
        alpn: *const c_char,
        alpn_len: size_t,
        ap_cbs: *mut xqc_app_proto_callbacks_t,
        alp_ctx: *mut c_void,
    ) -> xqc_int_t;

    /// Takes back the registration of an application protocol. Its live connections keep their
    /// callbacks.
    ///
    /// Returns `XQC_OK` or `-XQC_EALPN_NOT_REGISTERED`.
    pub fn xqc_engine_unregister_alpn(
        engine: *mut xqc_engine_t,
        alpn: *const c_char,
        alpn_len: size_t,
    ) -> xqc_int_t;

    /// Returns what was registered as `alp_ctx` with an application protocol, or null.
    pub fn xqc_engine_get_alpn_ctx(
        engine: *mut xqc_engine_t,
        alpn: *const c_char,
        alpn_len: size_t,
    ) -> *mut c_void;

    /// Returns what `xqc_engine_set_priv_ctx` set, or null.
    pub fn xqc_engine_get_priv_ctx(engine: *mut xqc_engine_t) -> *mut c_void;

    /// Attaches one pointer of the application's to the engine.
    ///
    /// Returns `XQC_OK`, or `-XQC_ESTATE` if there is one already.
    pub fn xqc_engine_set_priv_ctx(engine: *mut xqc_engine_t, priv_ctx: *mut c_void) -> xqc_int_t;

    /// Takes in a received UDP payload of `packet_in_size` bytes; nothing refers to it afterwards.
    /// `recv_time` is the receive time in microseconds, on the engine's clock or close to it.
    /// `user_data` comes back in the callbacks that belong to no accepted connection. Call
    /// `xqc_engine_finish_recv` after a batch of datagrams. Not from inside a callback.
    ///
    /// Returns `XQC_OK`; `-XQC_EILLPKT` if it is no QUIC packet, `-XQC_ECREATE_CONN` if a
    /// connection was not accepted, `-XQC_ECONN_NFOUND` if it belongs to none, or another negative
    /// error. None of them needs an answer.
    pub fn xqc_engine_packet_process(
        engine: *mut xqc_engine_t,
        packet_in_buf: *const c_uchar,
        packet_in_size: size_t,
        local_addr: *const sockaddr,
        local_addrlen: socklen_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        recv_time: xqc_usec_t,
        user_data: *mut c_void,
    ) -> xqc_int_t;

    /// Does all that is due: timers, sending, releasing closed connections. Call it when the time
    /// given to `set_event_timer` has passed; sooner is harmless. From inside a callback it returns
    /// at once, and the call in progress does the work.
    pub fn xqc_engine_main_logic(engine: *mut xqc_engine_t);

    /// Writes the defaults for a role into `config`. Some bytes of unused array entries stay as
    /// they were.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null.
    pub fn xqc_engine_get_default_config(
        config: *mut xqc_config_t,
        engine_type: xqc_engine_type_t,
    ) -> xqc_int_t;

    /// Changes the configuration of an engine, by the rules of `xqc_engine_create`: what is zero
    /// stays. Keys and versions count from the next datagram on, all else for later connections.
    /// The log keeps its level, see `xqc_engine_set_log_level`. Packets of live connections are found
    /// by `cid_len`, which is to be changed only while there are none.
    ///
    /// Returns `XQC_OK`, or -1 for a value out of range: those before it in the struct may have been
    /// taken. `-XQC_EPARAM` for null.
    pub fn xqc_engine_set_config(
        engine: *mut xqc_engine_t,
        engine_config: *const xqc_config_t,
    ) -> xqc_int_t;

    /// Sets the settings of connections a server accepts from now on. `settings` is copied.
    pub fn xqc_server_set_conn_settings(
        engine: *mut xqc_engine_t,
        settings: *const xqc_conn_settings_t,
    );

    /// Makes the log leave out records less important than `log_level`.
    pub fn xqc_engine_set_log_level(engine: *mut xqc_engine_t, log_level: xqc_log_level_t);

    /// `XQC_TRUE` turns the logs of all engines in the process off, `XQC_FALSE` on again.
    pub fn xqc_log_disable(disable: xqc_bool_t);

    /// Ends a batch of `xqc_engine_packet_process`: acknowledgements and other answers go out, and
    /// the timer is set. From inside a callback it returns at once.
    pub fn xqc_engine_finish_recv(engine: *mut xqc_engine_t);

    /// Sends what was queued; needed with `manually_triggered_send`. From inside a callback it
    /// returns at once.
    pub fn xqc_engine_finish_send(engine: *mut xqc_engine_t);

    /// Returns the connection with the local connection ID `cid`, or null.
    pub fn xqc_engine_get_conn_by_scid(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
    ) -> *mut xqc_connection_t;
}
