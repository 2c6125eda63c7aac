//! Connections that move: what servers allow and clients ask for.

use std::net::SocketAddr;
use std::sync::Arc;

use libc::{sockaddr, socklen_t};

use crate::connection::{MigrateError, Migration, PreferredAddresses};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_engine_t, xqc_ext_migration_t, xqc_int_t, XQC_ECONN_NFOUND,
    XQC_ECONN_NO_AVAIL_CID, XQC_ELIMIT, XQC_EPARAM, XQC_EPROTO, XQC_ESTATE,
    XQC_EXT_MIGRATION_ALLOWED, XQC_EXT_MIGRATION_REBINDING_ONLY, XQC_EXT_MIGRATION_REFUSED, XQC_OK,
};
use super::address::{read_address, RawAddress};
use super::connection::with_cid;
use super::guard::with_engine;
use super::path::give_address;
use super::run::send_now;

/// What a function returns that was given no handle or ID, and one whose ID is nobody's.
const NOT_FOUND: (xqc_int_t, xqc_int_t) =
    (-(XQC_EPARAM.0 as xqc_int_t), -(XQC_ECONN_NFOUND.0 as xqc_int_t));

/// Moves a client to another address of its own.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID, `local_addr` null or
/// readable for its length.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_conn_migrate(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    local_addr: *const sockaddr,
    local_addrlen: socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the address.
    let Some(local) = (unsafe { read_address(local_addr, local_addrlen) }) else {
        return -XQC_EPARAM;
    };
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_ext_conn_migrate", NOT_FOUND, |engine, connection| {
            let now = engine.clock.now();
            let begun = {
                let mut core = engine.core.borrow_mut();
                core.connection_mut(connection.key).map(|core| core.migrate(now, local))
            };
            match begun {
                None => return -XQC_ECONN_NFOUND,
                Some(Err(error)) => return code(error),
                Some(Ok(())) => {}
            }
            send_now(engine, connection);
            XQC_OK
        })
    }
}

fn code(error: MigrateError) -> xqc_int_t {
    match error {
        MigrateError::NotNow => -XQC_ESTATE,
        MigrateError::Forbidden => -XQC_EPROTO,
        MigrateError::NoConnectionId => -XQC_ECONN_NO_AVAIL_CID,
        MigrateError::TooManyPaths => -XQC_ELIMIT,
    }
}

/// Says what later connections of a server may do with their addresses.
///
/// # Safety
///
/// `engine` is null or a live engine, both addresses null or readable for their lengths.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_server_set_migration(
    engine: *mut xqc_engine_t,
    migration: xqc_ext_migration_t,
    preferred_ipv4: *const sockaddr,
    preferred_ipv4_len: socklen_t,
    preferred_ipv6: *const sockaddr,
    preferred_ipv6_len: socklen_t,
) -> xqc_int_t {
    let migration = match migration {
        XQC_EXT_MIGRATION_REBINDING_ONLY => Migration::RebindingOnly,
        XQC_EXT_MIGRATION_ALLOWED => Migration::Allowed,
        XQC_EXT_MIGRATION_REFUSED => Migration::Refused,
        _ => return -XQC_EPARAM,
    };
    // SAFETY: the caller vouches for the address.
    let ipv4 = unsafe { read_address(preferred_ipv4, preferred_ipv4_len) };
    // SAFETY: as above.
    let ipv6 = unsafe { read_address(preferred_ipv6, preferred_ipv6_len) };
    let wrong = (ipv4.is_none() && !preferred_ipv4.is_null())
        || (ipv6.is_none() && !preferred_ipv6.is_null());
    let Some(preferred) = preferred_addresses(ipv4, ipv6).filter(|_| !wrong) else {
        return -XQC_EPARAM;
    };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            let mut terms = engine.server_settings.borrow_mut();
            let settings = Arc::make_mut(&mut terms.settings);
            settings.migration = migration;
            settings.preferred_address = preferred;
            XQC_OK
        })
    }
}

/// Sorts addresses into their places; `None` if one is of the wrong family.
fn preferred_addresses(
    ipv4: Option<SocketAddr>,
    ipv6: Option<SocketAddr>,
) -> Option<Option<PreferredAddresses>> {
    let v4 = match ipv4 {
        Some(SocketAddr::V4(address)) => Some(address),
        Some(SocketAddr::V6(_)) => return None,
        None => None,
    };
    let v6 = match ipv6 {
        Some(SocketAddr::V6(address)) => Some(address),
        Some(SocketAddr::V4(_)) => return None,
        None => None,
    };
    let any = v4.is_some() || v6.is_some();
    Some(any.then_some(PreferredAddresses { ipv4: v4, ipv6: v6 }))
}

/// Where the datagrams of a write callback should leave from.
///
/// # Safety
///
/// `engine` is null or a live engine; `addr` has room for `addr_cap` bytes, `local_addr_len` for
/// one length.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_local_addr_of_write(
    engine: *const xqc_engine_t,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    local_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    let address = unsafe {
        with_engine(engine, Err(-XQC_EPARAM), |engine| {
            Ok(engine.writing_from.get().as_ref().map(RawAddress::new))
        })
    };
    // SAFETY: the caller vouches for the room.
    unsafe { give_address(address, addr, addr_cap, local_addr_len) }
}

check_prototypes!(xqc_ext_conn_migrate, xqc_ext_server_set_migration, xqc_ext_local_addr_of_write);
