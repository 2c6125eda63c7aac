//! Functions that upstream's shared library exports though no header declares them. Programs link
//! against them with declarations of their own, so they stay; no header of ours declares them
//! either.

use core::ffi::c_char;

use super::{xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_msec_t};

extern "C" {
    /// Sets the idle timeout of a connection until its handshake is complete, in milliseconds.
    pub fn xqc_conn_set_init_idle_timeout(
        conn: *mut xqc_connection_t,
        init_idle_time_out: xqc_msec_t,
    );

    /// Returns the connection that `cid` belongs to, or null. `type` is `'s'` if it is a local
    /// connection ID, `'d'` if it is one of the peer's.
    pub fn xqc_engine_conns_hash_find(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        r#type: c_char,
    ) -> *mut xqc_connection_t;
}
