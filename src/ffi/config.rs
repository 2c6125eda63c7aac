//! The configuration of an engine: defaults, and what of a host's is taken.

use super::abi::{
    xqc_config_t, xqc_engine_type_t, xqc_int_t, Zeroable, EVENT_IMPORTANCE_EXTRA,
    XQC_ENGINE_SERVER, XQC_EPARAM, XQC_LOG_WARN, XQC_MAX_CID_LEN, XQC_OK,
    XQC_RESET_TOKEN_MAX_KEY_LEN, XQC_SUPPORT_VERSION_MAX, XQC_TOKEN_MAX_KEY_LEN,
    XQC_TOKEN_MAX_KEY_VERSION,
};

/// The token key of an engine whose host sets none.
const DEFAULT_TOKEN_KEY: &[u8] = b"xquic token key";

/// QUIC version 1.
const VERSION_1: u32 = 1;

/// draft-29, which servers still accept.
const VERSION_DRAFT_29: u32 = 0xff00_001d;

/// The configuration of an engine whose host gives none.
pub(super) fn default_config(engine_type: xqc_engine_type_t) -> xqc_config_t {
    let server = engine_type == XQC_ENGINE_SERVER;
    let mut config = xqc_config_t {
        cfg_log_level: XQC_LOG_WARN,
        cfg_log_event: 1,
        cfg_qlog_importance: EVENT_IMPORTANCE_EXTRA,
        cfg_log_timestamp: 1,
        cfg_log_level_name: 1,
        conn_pool_size: 4096,
        streams_hash_bucket_size: 1024,
        conns_hash_bucket_size: if server { 1024 * 1024 } else { 1024 },
        conns_active_pq_capacity: if server { 1024 } else { 128 },
        conns_wakeup_pq_capacity: if server { 16 * 1024 } else { 128 },
        support_version_count: 1,
        cid_len: 8,
        hash_conflict_threshold: 50,
        ..xqc_config_t::ZERO
    };
    config.support_version_list[0] = VERSION_1;
    if server {
        config.support_version_list[1] = VERSION_DRAFT_29;
        config.support_version_count = 2;
    }
    for index in 0..XQC_TOKEN_MAX_KEY_VERSION {
        set_token_key(&mut config, index, DEFAULT_TOKEN_KEY);
    }
    config
}

fn set_token_key(config: &mut xqc_config_t, index: usize, key: &[u8]) {
    config.token_key_list[index][..key.len()].copy_from_slice(key);
    config.tk_len_list[index] = key.len() as u16;
}

/// Takes a host's configuration over: zero keeps what is there, where zero makes no sense.
/// Returns false, and may have taken a part, if a value is out of range.
pub(super) fn merge_config(config: &mut xqc_config_t, host: &xqc_config_t) -> bool {
    merge_sizes(config, host);
    if host.support_version_count as usize > XQC_SUPPORT_VERSION_MAX {
        return false;
    }
    if host.support_version_count > 0 {
        config.support_version_list = host.support_version_list;
        config.support_version_count = host.support_version_count;
    }
    if usize::from(host.cid_len) > XQC_MAX_CID_LEN {
        return false;
    }
    if host.cid_len > 0 {
        config.cid_len = host.cid_len;
    }
    if host.reset_token_keylen > 0 && host.reset_token_keylen <= XQC_RESET_TOKEN_MAX_KEY_LEN {
        config.reset_token_key = host.reset_token_key;
        config.reset_token_keylen = host.reset_token_keylen;
    }
    merge_token_keys(config, host);
    if usize::from(host.cur_tk_index) >= XQC_TOKEN_MAX_KEY_VERSION {
        return false;
    }
    config.cur_tk_index = host.cur_tk_index;
    config.cid_negotiate = host.cid_negotiate;
    config.cfg_log_level = host.cfg_log_level;
    config.cfg_log_event = host.cfg_log_event;
    config.cfg_qlog_importance = host.cfg_qlog_importance;
    config.cfg_log_timestamp = host.cfg_log_timestamp;
    config.cfg_log_level_name = host.cfg_log_level_name;
    config.sendmmsg_on = host.sendmmsg_on;
    config.enable_h3_ext = host.enable_h3_ext;
    config.manually_triggered_send = host.manually_triggered_send;
    true
}

fn merge_sizes(config: &mut xqc_config_t, host: &xqc_config_t) {
    let take = |mine: &mut usize, theirs: usize| {
        if theirs > 0 {
            *mine = theirs;
        }
    };
    take(&mut config.conn_pool_size, host.conn_pool_size);
    take(&mut config.streams_hash_bucket_size, host.streams_hash_bucket_size);
    take(&mut config.conns_hash_bucket_size, host.conns_hash_bucket_size);
    take(&mut config.conns_active_pq_capacity, host.conns_active_pq_capacity);
    take(&mut config.conns_wakeup_pq_capacity, host.conns_wakeup_pq_capacity);
    if host.hash_conflict_threshold > 0 {
        config.hash_conflict_threshold = host.hash_conflict_threshold;
    }
}

fn merge_token_keys(config: &mut xqc_config_t, host: &xqc_config_t) {
    for index in 0..XQC_TOKEN_MAX_KEY_VERSION {
        let len = usize::from(host.tk_len_list[index]);
        if len > 0 && len < XQC_TOKEN_MAX_KEY_LEN {
            let key = host.token_key_list[index];
            set_token_key(config, index, &key[..len]);
        } else {
            set_token_key(config, index, DEFAULT_TOKEN_KEY);
        }
    }
}

/// Fills in the defaults.
///
/// # Safety
///
/// `config` is null or points at one configuration.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_get_default_config(
    config: *mut xqc_config_t,
    engine_type: xqc_engine_type_t,
) -> xqc_int_t {
    if config.is_null() {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for the room.
    unsafe { config.write(default_config(engine_type)) };
    XQC_OK
}
