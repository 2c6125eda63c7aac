//! Unreliable datagrams: sent, delivered, reported.

use libc::{c_void, iovec, size_t};

use crate::connection::{Connection, DatagramError, State};
use crate::datagram::{Class, Report};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_connection_t, xqc_data_qos_level_t, xqc_int_t, XQC_CLOSING, XQC_DATA_QOS_HIGH,
    XQC_DATA_QOS_NORMAL, XQC_DATA_QOS_PROBING, XQC_EAGAIN, XQC_EDGRAM_NOT_SUPPORTED,
    XQC_EDGRAM_TOO_LARGE, XQC_EPARAM, XQC_OK,
};
use super::cells::{ConnectionCell, EngineCell};
use super::datagram_callbacks::Host;
use super::guard::with_connection;
use super::memory::values;
use super::run::send_now;

/// The size of the largest datagram.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_datagram_get_mss(conn: *mut xqc_connection_t) -> size_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, 0, largest) }
}

fn largest(engine: &EngineCell, connection: &ConnectionCell) -> usize {
    let core = engine.core.borrow();
    core.connection(connection.key).map_or(0, Connection::largest_datagram)
}

/// Sets the host's pointer for the datagram callbacks.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_datagram_set_user_data(
    conn: *mut xqc_connection_t,
    dgram_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, (), |engine, connection| {
            connection.datagram_user_data.set(dgram_data);
            // Inside a run the size is told where it belongs.
            if !engine.running.get() {
                tell_size(engine, connection);
            }
        });
    }
}

/// The host's pointer for the datagram callbacks.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_datagram_get_user_data(conn: *mut xqc_connection_t) -> *mut c_void {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, null, |_, connection| connection.datagram_user_data.get()) }
}

/// Sends a datagram.
///
/// # Safety
///
/// `conn` is null or a live connection; `data` is readable for `data_len` bytes, `dgram_id` null or
/// writable.
#[no_mangle]
pub unsafe extern "C" fn xqc_datagram_send(
    conn: *mut xqc_connection_t,
    data: *mut c_void,
    data_len: size_t,
    dgram_id: *mut u64,
    qos_level: xqc_data_qos_level_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the bytes.
    let Some(data) = (unsafe { values(data.cast(), data_len) }) else { return -XQC_EPARAM };
    // SAFETY: the caller vouches for the handle.
    let sent = unsafe {
        with_connection(conn, Err(-XQC_EPARAM), |engine, connection| {
            let number = send(engine, connection, data, class(qos_level))?;
            send_now(engine, connection);
            Ok(number)
        })
    };
    match sent {
        Ok(number) => {
            // SAFETY: the caller vouches for the number's place.
            if let Some(place) = unsafe { dgram_id.as_mut() } {
                *place = number;
            }
            XQC_OK
        }
        Err(error) => error,
    }
}

/// Sends several datagrams.
///
/// # Safety
///
/// `conn` is null or a live connection; `iov` is readable for `iov_size` entries and each entry's
/// base for its length; `dgram_id_list` is null or writable for `iov_size` numbers; `sent_cnt` and
/// `sent_bytes` are null or writable.
#[no_mangle]
pub unsafe extern "C" fn xqc_datagram_send_multiple(
    conn: *mut xqc_connection_t,
    iov: *mut iovec,
    dgram_id_list: *mut u64,
    iov_size: size_t,
    sent_cnt: *mut size_t,
    sent_bytes: *mut size_t,
    qos_level: xqc_data_qos_level_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the places of both counts.
    let (count, total) = unsafe { (sent_cnt.as_mut(), sent_bytes.as_mut()) };
    let (Some(count), Some(total)) = (count, total) else { return -XQC_EPARAM };
    (*count, *total) = (0, 0);
    // SAFETY: the caller vouches for the vector.
    let Some(vector) = (unsafe { values(iov, iov_size) }).filter(|_| iov_size > 0) else {
        return -XQC_EPARAM;
    };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, -XQC_EPARAM, |engine, connection| {
            let mut result = XQC_OK;
            for (index, entry) in vector.iter().enumerate() {
                // The caller vouches for the bytes of each entry.
                let taken = values(entry.iov_base.cast(), entry.iov_len)
                    .ok_or(-XQC_EPARAM)
                    .and_then(|data| send(engine, connection, data, class(qos_level)));
                match taken {
                    Ok(number) if !dgram_id_list.is_null() => {
                        // The caller vouches for the list.
                        dgram_id_list.add(index).write(number);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        result = error;
                        break;
                    }
                }
                *count += 1;
                *total += entry.iov_len;
            }
            if *count > 0 {
                send_now(engine, connection);
            }
            result
        })
    }
}

check_prototypes!(
    xqc_datagram_get_mss,
    xqc_datagram_set_user_data,
    xqc_datagram_get_user_data,
    xqc_datagram_send,
    xqc_datagram_send_multiple,
);

/// Levels between the named ones count as the next lower in importance, as upstream's do.
fn class(level: xqc_data_qos_level_t) -> Class {
    match level {
        level if level <= XQC_DATA_QOS_HIGH => Class::High,
        level if level <= XQC_DATA_QOS_NORMAL => Class::Normal,
        XQC_DATA_QOS_PROBING => Class::Probe,
        _ => Class::Low,
    }
}

fn send(
    engine: &EngineCell,
    connection: &ConnectionCell,
    data: &[u8],
    class: Class,
) -> Result<u64, xqc_int_t> {
    let now = engine.clock.now();
    let mut core = engine.core.borrow_mut();
    let core = core.connection_mut(connection.key).ok_or(-XQC_CLOSING)?;
    if Host::of(connection).is_some_and(|host| host.hears_of_losses()) {
        // The host may want a lost one sent again.
        core.keep_datagrams();
    }
    core.send_datagram(now, data, class).map_err(|error| match error {
        DatagramError::Blocked => -XQC_EAGAIN,
        DatagramError::NotSupported => -XQC_EDGRAM_NOT_SUPPORTED,
        DatagramError::TooLarge => -XQC_EDGRAM_TOO_LARGE,
        DatagramError::Closing => -XQC_CLOSING,
    })
}

/// Tells the host what happened to datagrams: a new size, their fate, those that came.
pub(super) fn deliver_datagrams(engine: &EngineCell, connection: &ConnectionCell) {
    let Some(host) = Host::of(connection) else { return };
    if !connection.datagram_user_data.get().is_null() {
        tell_size(engine, connection);
    }
    let any = {
        let core = engine.core.borrow();
        core.connection(connection.key).is_some_and(Connection::has_datagrams)
    };
    if any {
        report_fates(engine, connection, host);
        read(engine, connection, host);
    }
}

/// Calls `datagram_write_notify` if the host waits for it and datagrams are taken again.
pub(super) fn notify_datagrams_writable(engine: &EngineCell, connection: &ConnectionCell) {
    let Some(host) = Host::of(connection) else { return };
    let writable = {
        let mut core = engine.core.borrow_mut();
        core.connection_mut(connection.key)
            .is_some_and(|core| core.has_datagrams() && core.take_datagram_writable())
    };
    if writable {
        host.writable();
    }
}

/// Calls `datagram_mss_updated_notify` if the size is not the one told last. As upstream does, a
/// host that set no user data is not told.
fn tell_size(engine: &EngineCell, connection: &ConnectionCell) {
    let Some(host) = Host::of(connection) else { return };
    if connection.datagram_user_data.get().is_null() || !host.hears_of_sizes() {
        return;
    }
    let (size, refused) = {
        let core = engine.core.borrow();
        let Some(core) = core.connection(connection.key) else { return };
        (core.largest_datagram(), core.refuses_datagrams())
    };
    // Nothing is known before the peer has said what it takes.
    let known = size > 0 || refused;
    if known && connection.told_datagram_size.replace(Some(size)) != Some(size) {
        host.size_updated(size);
    }
}

fn report_fates(engine: &EngineCell, connection: &ConnectionCell, host: Host<'_>) {
    loop {
        // A borrow in the loop's condition would last through its body.
        let report = match engine.core.borrow_mut().connection_mut(connection.key) {
            Some(core) => core.poll_datagram_report(),
            None => None,
        };
        match report {
            Some(Report::Acked(number)) => host.acked(number),
            Some(Report::Lost(number)) => {
                let again = host.lost(number);
                if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
                    core.settle_datagram(number, again);
                }
            }
            None => return,
        }
    }
}

/// Hands over what came, also what came before the peer's CONNECTION_CLOSE; nothing once we close.
/// As upstream does, empty datagrams are not told of.
fn read(engine: &EngineCell, connection: &ConnectionCell, host: Host<'_>) {
    // Taken, not borrowed: a callback may run the library.
    let mut data = engine.datagram.take();
    loop {
        // A borrow in the loop's condition would last through its body.
        let came = match engine.core.borrow_mut().connection_mut(connection.key) {
            Some(core) if core.state() != State::Closing && !connection.ended.get() => {
                core.read_datagram(&mut data)
            }
            _ => None,
        };
        let Some(came) = came else { break };
        if !data.is_empty() {
            host.read(&data, came, || engine.clock.now());
        }
    }
    engine.datagram.set(data);
}
