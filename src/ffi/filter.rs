//! A host's function that takes the place of the socket for one connection.

use libc::c_void;

use super::abi::prototypes::check_prototypes;
use super::abi::{xqc_conn_pkt_filter_callback_pt, xqc_connection_t, XQC_LOG_ERROR, XQC_LOG_INFO};
use super::address::RawAddress;
use super::cells::{ConnectionCell, EngineCell};
use super::guard::with_connection;

/// The function and its pointer.
#[derive(Clone, Copy)]
pub(super) struct PacketFilter {
    callback: xqc_conn_pkt_filter_callback_pt,
    user_data: *mut c_void,
}

impl PacketFilter {
    /// No function: datagrams go to the socket.
    pub const NONE: Self = Self { callback: None, user_data: std::ptr::null_mut() };

    /// True if datagrams go to the host's function.
    #[inline]
    pub fn is_set(self) -> bool {
        self.callback.is_some()
    }
}

/// Gives a datagram to the connection's filter. Returns false if the filter did not take it: it is
/// offered again later.
pub(super) fn pass_to_filter(
    engine: &EngineCell,
    connection: &ConnectionCell,
    datagram: &[u8],
    peer: &RawAddress,
) -> bool {
    let PacketFilter { callback, user_data } = connection.filter.get();
    // The filter may have taken itself away with the datagram before, or destroyed the engine.
    let Some(take) = callback.filter(|_| !engine.doomed.get()) else { return false };
    let (bytes, len) = (datagram.as_ptr(), datagram.len());
    // SAFETY: the host gave this function; bytes and address are good for the call.
    let result = unsafe { take(bytes, len, peer.as_ptr(), peer.len(), user_data) };
    if result < 0 {
        connection.log(
            &engine.log,
            XQC_LOG_ERROR,
            "xqc_send",
            format_args!("|pkt_filter_cb error|size:{len}|sent:{result}|"),
        );
    }
    result >= 0
}

/// Has a connection send through `pf_cb`.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_pkt_filter_callback(
    conn: *mut xqc_connection_t,
    pf_cb: xqc_conn_pkt_filter_callback_pt,
    pf_cb_user_data: *mut c_void,
) {
    let filter = PacketFilter { callback: pf_cb, user_data: pf_cb_user_data };
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, (), |_, connection| connection.filter.set(filter)) }
}

/// Has a connection send to the socket again.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_unset_pkt_filter_callback(conn: *mut xqc_connection_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, (), |engine, connection| {
            connection.filter.set(PacketFilter::NONE);
            let function = "xqc_conn_unset_pkt_filter_callback";
            connection.log(&engine.log, XQC_LOG_INFO, function, format_args!("|ok|"));
        });
    }
}

check_prototypes!(xqc_conn_set_pkt_filter_callback, xqc_conn_unset_pkt_filter_callback);
