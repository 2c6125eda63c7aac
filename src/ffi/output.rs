//! Datagrams to the host's socket functions.

use libc::{c_void, iovec};

use crate::connection::State;
use crate::path::{Addresses, Transmit};
use crate::recovery::EcnCodepoint;
use crate::time::Instant;

use super::abi::{XQC_MAX_SEND_MSG_ONCE, XQC_SOCKET_EAGAIN, XQC_SOCKET_ERROR};
use super::address::RawAddress;
use super::cells::{ConnectionCell, EngineCell};
use super::filter::pass_to_filter;
use super::socket::{send_one, send_train, Target};

/// The most datagrams that go out in one call: the size of the host's own array.
const BATCH: usize = XQC_MAX_SEND_MSG_ONCE;

/// Room for one datagram.
pub(super) const DATAGRAM_ROOM: usize = 1500;

/// Where datagrams are built before the host sends them.
pub(super) struct TransmitBuffer {
    bytes: [[u8; DATAGRAM_ROOM]; BATCH],
    lens: [usize; BATCH],
    /// What was built and did not fit the train before it, and its place.
    held: Option<(usize, Held)>,
}

impl TransmitBuffer {
    /// An empty buffer, on the heap.
    pub fn new() -> Box<Self> {
        Box::new(Self { bytes: [[0; DATAGRAM_ROOM]; BATCH], lens: [0; BATCH], held: None })
    }

    fn datagram(&self, index: usize) -> &[u8] {
        &self.bytes[index][..self.lens[index]]
    }
}

/// A datagram that waits for its own train.
struct Held {
    sent: Transmit,
    addresses: Addresses,
}

/// Datagrams to one address with one mark, ready for the socket. All have the same size but the
/// last, which may be shorter: that is what segmentation offload takes.
struct Train {
    count: usize,
    addresses: Addresses,
    ecn: EcnCodepoint,
    /// The connection may have more.
    more: bool,
}

/// A datagram that the socket did not take.
pub(super) struct BlockedDatagram {
    bytes: Vec<u8>,
    addresses: Addresses,
    ecn: EcnCodepoint,
}

/// What became of a write.
enum Written {
    /// All of it is on its way.
    All,
    /// The first so many datagrams are; the socket takes no more for now.
    Some(usize),
    /// The socket is broken.
    Failed,
}

/// Sends all that the connection has to send, as far as the socket takes it.
pub(super) fn flush(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if !send_blocked(engine, connection, now) {
        return;
    }
    let mut buffer = engine.buffer.take().unwrap_or_else(TransmitBuffer::new);
    let batch = if connection.mmsg { BATCH } else { 1 };
    while let Some(train) = fill(engine, connection, now, &mut buffer, batch) {
        match write(engine, connection, &buffer, &train) {
            Written::All if train.more => {}
            Written::All => break,
            Written::Some(sent) => {
                keep_blocked(connection, &mut buffer, &train, sent);
                break;
            }
            Written::Failed => {
                buffer.held = None;
                fail(engine, connection, now, &train.addresses);
            }
        }
    }
    engine.buffer.set(Some(buffer));
}

/// Builds a train of up to `batch` datagrams. `None` if there is nothing to send.
fn fill(
    engine: &EngineCell,
    connection: &ConnectionCell,
    now: Instant,
    buffer: &mut TransmitBuffer,
    batch: usize,
) -> Option<Train> {
    let mut core = engine.core.borrow_mut();
    let core = core.connection_mut(connection.key)?;
    let (first, addresses) = match buffer.held.take() {
        Some((index, held)) => {
            buffer.bytes.swap(0, index);
            (held.sent, held.addresses)
        }
        None => {
            let sent = core.transmit(now, &mut buffer.bytes[0])?;
            (sent, *core.addresses(sent.path))
        }
    };
    buffer.lens[0] = first.len;
    let mut count = 1;
    while count < batch {
        let Some(sent) = core.transmit(now, &mut buffer.bytes[count]) else {
            return Some(Train { count, addresses, ecn: first.ecn, more: false });
        };
        if sent.path != first.path || sent.ecn != first.ecn || sent.len > first.len {
            let addresses = *core.addresses(sent.path);
            buffer.held = Some((count, Held { sent, addresses }));
            break;
        }
        buffer.lens[count] = sent.len;
        count += 1;
        if sent.len < first.len {
            break;
        }
    }
    Some(Train { count, addresses, ecn: first.ecn, more: true })
}

/// Keeps what is left of a train after `sent` datagrams of it, and what waits behind it.
#[cold]
fn keep_blocked(
    connection: &ConnectionCell,
    buffer: &mut TransmitBuffer,
    train: &Train,
    sent: usize,
) {
    let mut blocked = connection.blocked.borrow_mut();
    for index in sent..train.count {
        let bytes = buffer.datagram(index).to_vec();
        blocked.push(BlockedDatagram { bytes, addresses: train.addresses, ecn: train.ecn });
    }
    if let Some((index, held)) = buffer.held.take() {
        let bytes = buffer.bytes[index][..held.sent.len].to_vec();
        blocked.push(BlockedDatagram { bytes, addresses: held.addresses, ecn: held.sent.ecn });
    }
}

/// Sends first what the socket did not take earlier. Returns true if nothing of it is left.
fn send_blocked(engine: &EngineCell, connection: &ConnectionCell, now: Instant) -> bool {
    if connection.blocked.borrow().is_empty() {
        return true;
    }
    let mut waiting = connection.blocked.take().into_iter();
    while let Some(datagram) = waiting.next() {
        // The host may have destroyed the engine while it was asked to send the last one.
        if engine.doomed.get() {
            return false;
        }
        match write_one(engine, connection, &datagram.bytes, (&datagram.addresses, datagram.ecn)) {
            Written::All => {}
            Written::Some(_) => {
                let mut blocked = connection.blocked.borrow_mut();
                blocked.push(datagram);
                blocked.extend(waiting);
                return false;
            }
            Written::Failed => {
                fail(engine, connection, now, &datagram.addresses);
                return false;
            }
        }
    }
    true
}

/// The socket is broken: the path is gone, and the connection with it if there is no other. Nobody
/// can be told.
fn fail(engine: &EngineCell, connection: &ConnectionCell, now: Instant, addresses: &Addresses) {
    let mut core = engine.core.borrow_mut();
    if let Some(core) = core.connection_mut(connection.key) {
        core.on_socket_error(now, &addresses.peer);
    }
}

fn write(
    engine: &EngineCell,
    connection: &ConnectionCell,
    buffer: &TransmitBuffer,
    train: &Train,
) -> Written {
    if !connection.mmsg && !connection.filter.get().is_set() {
        return write_one(engine, connection, buffer.datagram(0), (&train.addresses, train.ecn));
    }
    engine.writing_from.set(train.addresses.local);
    let written = write_train(engine, connection, buffer, train);
    engine.writing_from.set(None);
    written
}

fn write_train(
    engine: &EngineCell,
    connection: &ConnectionCell,
    buffer: &TransmitBuffer,
    train: &Train,
) -> Written {
    let Train { count, ref addresses, ecn, .. } = *train;
    let peer = &RawAddress::new(&addresses.peer);
    if connection.filter.get().is_set() {
        let taken =
            |index: &usize| pass_to_filter(engine, connection, buffer.datagram(*index), peer);
        return match (0..count).take_while(taken).count() {
            all if all == count => Written::All,
            some => Written::Some(some),
        };
    }
    let mut vector = [iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; BATCH];
    for (index, entry) in vector.iter_mut().enumerate().take(count) {
        let datagram = buffer.datagram(index);
        entry.iov_base = datagram.as_ptr().cast_mut().cast();
        entry.iov_len = datagram.len();
    }
    let target = Target { peer, ecn, user_data: connection.user_data.get() };
    match send_train(engine, &vector[..count], &target) {
        sent if sent >= count as isize => Written::All,
        sent if sent >= 0 => Written::Some(sent as usize),
        error if error == XQC_SOCKET_ERROR as isize => Written::Failed,
        _ => Written::Some(0),
    }
}

fn write_one(
    engine: &EngineCell,
    connection: &ConnectionCell,
    datagram: &[u8],
    (addresses, ecn): (&Addresses, EcnCodepoint),
) -> Written {
    let peer = &RawAddress::new(&addresses.peer);
    engine.writing_from.set(addresses.local);
    let result = if connection.filter.get().is_set() {
        match pass_to_filter(engine, connection, datagram, peer) {
            true => datagram.len() as isize,
            false => XQC_SOCKET_EAGAIN as isize,
        }
    } else {
        let target = Target { peer, ecn, user_data: connection.user_data.get() };
        send_one(engine, datagram, &target)
    };
    engine.writing_from.set(None);
    match result {
        sent if sent == datagram.len() as isize => Written::All,
        error if error == XQC_SOCKET_ERROR as isize => Written::Failed,
        // A socket that cuts datagrams carries nothing.
        cut if cut > 0 => Written::Failed,
        // Would block. Another error: tried again later, as upstream does.
        _ => Written::Some(0),
    }
}

/// Sends a datagram of no accepted connection through `conn_send_packet_before_accept`. Returns what
/// that returns; would-block means that the datagram is dropped.
pub(super) fn send_before_accept(
    engine: &EngineCell,
    datagram: &[u8],
    peer: &std::net::SocketAddr,
    user_data: *mut c_void,
) -> isize {
    let Some(write) = engine.transport.conn_send_packet_before_accept else {
        return XQC_SOCKET_ERROR as isize;
    };
    let peer = RawAddress::new(peer);
    // SAFETY: the host gave this function for sending; bytes and address are good for the call.
    unsafe { write(datagram.as_ptr(), datagram.len(), peer.as_ptr(), peer.len(), user_data) }
}

/// True if the connection is over and waits to be destroyed.
pub(super) fn is_closed(engine: &EngineCell, connection: &ConnectionCell) -> bool {
    let core = engine.core.borrow();
    core.connection(connection.key).is_none_or(|core| core.state() == State::Closed)
}
