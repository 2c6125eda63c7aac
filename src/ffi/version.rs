//! Versions of QUIC, by the names and numbers that hosts have for them.

use crate::wire::Version;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_config_t, xqc_conn_settings_t, xqc_connection_t, XQC_EXT_VERSION_V2, XQC_IDRAFT_VER_29,
};
use super::guard::with_connection;

/// The version that a client begins with.
pub(super) fn wanted_version(host: &xqc_conn_settings_t) -> Version {
    match host.proto_version {
        XQC_IDRAFT_VER_29 => Version::DRAFT_29,
        other if other.0 == XQC_EXT_VERSION_V2 => Version::V2,
        _ => Version::V1,
    }
}

/// The versions that an engine speaks, best first.
pub(super) fn spoken_versions(config: &xqc_config_t) -> Vec<Version> {
    let count = config.support_version_count as usize;
    let listed = config.support_version_list.iter().take(count);
    listed.map(|version| Version(*version)).filter(|version| version.is_supported()).collect()
}

/// The version of a connection.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_conn_version(conn: *const xqc_connection_t) -> u32 {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, 0, |engine, connection| {
            let core = engine.core.borrow();
            core.connection(connection.key).map_or(0, |core| core.version().0)
        })
    }
}

check_prototypes!(xqc_ext_conn_version);
