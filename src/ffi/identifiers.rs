//! Connection IDs of ours: from the host's generator, completed at random.

use crate::time::Instant;
use crate::wire::ConnectionId;

use super::abi::XQC_LOG_WARN;
use super::cells::{ConnectionCell, EngineCell};
use super::cid::raw_cid;
use super::run::on_callback_failure;

/// The host's generator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GeneratorFailed;

/// Makes a connection ID. `origin` is what the host derives it from: the client's first choice for
/// the first one, the current one later, none at a client.
pub(super) fn generate_cid(
    engine: &EngineCell,
    origin: Option<&ConnectionId>,
) -> Result<ConnectionId, GeneratorFailed> {
    let len = engine.core.borrow().cid_len();
    let mut bytes = [0; ConnectionId::MAX_LEN];
    let written = match engine.callbacks.cid_generate_cb {
        Some(generate) => {
            let origin = origin.map(raw_cid);
            let origin = origin.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
            // SAFETY: the host gave this function; the buffer has the length it is told.
            let written = unsafe { generate(origin, bytes.as_mut_ptr(), len, engine.user_data) };
            // A host that destroyed the engine wants no connection any more.
            if engine.doomed.get() {
                return Err(GeneratorFailed);
            }
            usize::try_from(written).map_err(|_| GeneratorFailed)?
        }
        None => 0,
    };
    Ok(engine.core.borrow_mut().complete_cid(&bytes[..written.min(len)]))
}

/// Gives the peer of `connection` up to `count` more connection IDs. The connection fails if the
/// host's generator does: the peer must not be left without.
pub(super) fn issue_connection_ids(
    engine: &EngineCell,
    connection: &ConnectionCell,
    count: u64,
    now: Instant,
) {
    for _ in 0..count {
        let current = {
            let core = engine.core.borrow();
            core.connection(connection.key).map(|core| core.local_cids().primary())
        };
        let Ok(cid) = generate_cid(engine, current.as_ref()) else {
            on_callback_failure(engine, connection, now);
            return;
        };
        let issued = engine.core.borrow_mut().issue_connection_id(connection.key, cid);
        if !issued {
            let message = format_args!("|connection ID is in use|cid:{cid}|");
            connection.log(&engine.log, XQC_LOG_WARN, "cid_generate_cb", message);
            return;
        }
    }
}
