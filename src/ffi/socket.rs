//! The host's functions that send, and which of them serves.

use libc::{c_void, iovec};

use crate::recovery::EcnCodepoint;

use super::abi::XQC_SOCKET_ERROR;
use super::address::RawAddress;
use super::cells::EngineCell;

/// The path that everything is sent on.
const PATH_ID: u64 = 0;

/// Where datagrams go and how they are marked.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub peer: &'a RawAddress,
    pub ecn: EcnCodepoint,
    /// The connection's.
    pub user_data: *mut c_void,
}

/// Gives one datagram to the host. Returns its answer: the bytes sent, or an error.
pub(super) fn send_one(engine: &EngineCell, datagram: &[u8], target: &Target<'_>) -> isize {
    let Target { peer, ecn, user_data } = *target;
    let (bytes, len) = (datagram.as_ptr(), datagram.len());
    let (to, to_len) = (peer.as_ptr(), peer.len());
    if let Some(write) = engine.marking.get().and_then(|writers| writers.write_socket) {
        // SAFETY: the host gave this function for sending; bytes and address are good for the call.
        return unsafe { write(PATH_ID, bytes, len, to, to_len, ecn.bits(), user_data) };
    }
    match (engine.transport.write_socket_ex, engine.transport.write_socket) {
        // SAFETY: as above.
        (Some(write), _) => unsafe { write(PATH_ID, bytes, len, to, to_len, user_data) },
        // SAFETY: as above.
        (None, Some(write)) => unsafe { write(bytes, len, to, to_len, user_data) },
        (None, None) => XQC_SOCKET_ERROR as isize,
    }
}

/// Gives a train of datagrams to the host. Returns its answer: how many were sent, or an error.
pub(super) fn send_train(engine: &EngineCell, train: &[iovec], target: &Target<'_>) -> isize {
    let Target { peer, ecn, user_data } = *target;
    let (vector, count) = (train.as_ptr(), train.len() as u32);
    let (to, to_len) = (peer.as_ptr(), peer.len());
    if let Some(write) = engine.marking.get().and_then(|writers| writers.write_mmsg) {
        // SAFETY: the host gave this function for sending; the vector names live buffers, and the
        // address is good for the call.
        return unsafe { write(PATH_ID, vector, count, to, to_len, ecn.bits(), user_data) };
    }
    match (engine.transport.write_mmsg_ex, engine.transport.write_mmsg) {
        // SAFETY: as above.
        (Some(write), _) => unsafe { write(PATH_ID, vector, count, to, to_len, user_data) },
        // SAFETY: as above.
        (None, Some(write)) => unsafe { write(vector, count, to, to_len, user_data) },
        (None, None) => XQC_SOCKET_ERROR as isize,
    }
}
