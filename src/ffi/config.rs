//! The configuration of an engine: defaults, and what of a host's is taken.

use crate::engine::TokenKeys;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_config_t, xqc_engine_type_t, xqc_int_t, Zeroable, EVENT_IMPORTANCE_EXTRA,
    XQC_ENGINE_SERVER, XQC_EPARAM, XQC_LOG_WARN, XQC_MAX_CID_LEN, XQC_OK,
    XQC_RESET_TOKEN_MAX_KEY_LEN, XQC_SUPPORT_VERSION_MAX, XQC_TOKEN_MAX_KEY_LEN,
    XQC_TOKEN_MAX_KEY_VERSION,
};
use super::guard::catch;

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

/// The keys for tokens. The default one stands in every copy of the library, so that anybody could
/// forge tokens under it: it counts as none.
pub(super) fn token_keys(config: &xqc_config_t) -> TokenKeys {
    let keys = std::array::from_fn(|index| {
        let len = usize::from(config.tk_len_list[index]);
        match config.token_key_list[index].get(..len) {
            Some(key) if key != DEFAULT_TOKEN_KEY => key.to_vec(),
            _ => Vec::new(),
        }
    });
    TokenKeys { keys, current: usize::from(config.cur_tk_index) }
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
    let defaults = catch(xqc_config_t::ZERO, || default_config(engine_type));
    // SAFETY: the caller vouches for the room.
    unsafe { config.write(defaults) };
    XQC_OK
}

check_prototypes!(xqc_engine_get_default_config);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::XQC_ENGINE_CLIENT;

    /// What upstream's library answers.
    const FACTS: &str = include_str!("../../ctests/abi/defaults.json");

    /// The number of a field in the facts about one type of engine.
    fn fact(section: &str, field: &str) -> u64 {
        let config = FACTS.split("\"engine_config\"").nth(1).unwrap_or_default();
        let part = config.split(&format!("\n  \"{section}\": {{")).nth(1).unwrap_or_default();
        let value = part.split(&format!("\"{field}\": ")).nth(1).unwrap_or_default();
        let value = value.trim_start_matches("{\"value\": ");
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| unreachable!("{section}.{field} is a number"))
    }

    #[test]
    fn the_defaults_are_those_of_upstream() {
        for (section, engine_type) in [("client", XQC_ENGINE_CLIENT), ("server", XQC_ENGINE_SERVER)]
        {
            let config = default_config(engine_type);
            let fields = [
                ("cfg_log_level", u64::from(config.cfg_log_level.0)),
                ("cfg_log_event", config.cfg_log_event as u64),
                ("cfg_qlog_importance", config.cfg_qlog_importance.0.into()),
                ("cfg_log_timestamp", config.cfg_log_timestamp as u64),
                ("cfg_log_level_name", config.cfg_log_level_name as u64),
                ("conn_pool_size", config.conn_pool_size as u64),
                ("streams_hash_bucket_size", config.streams_hash_bucket_size as u64),
                ("conns_hash_bucket_size", config.conns_hash_bucket_size as u64),
                ("conns_active_pq_capacity", config.conns_active_pq_capacity as u64),
                ("conns_wakeup_pq_capacity", config.conns_wakeup_pq_capacity as u64),
                ("support_version_count", config.support_version_count.into()),
                ("cid_len", config.cid_len.into()),
                ("cid_negotiate", config.cid_negotiate.into()),
                ("reset_token_keylen", config.reset_token_keylen as u64),
                ("sendmmsg_on", config.sendmmsg_on as u64),
                ("enable_h3_ext", u64::from(config.enable_h3_ext)),
                ("hash_conflict_threshold", config.hash_conflict_threshold.into()),
                ("cur_tk_index", config.cur_tk_index.into()),
            ];
            for (field, value) in fields {
                assert_eq!(value, fact(section, field), "{field} of a {section}");
            }
            assert_eq!(config.support_version_list[0], VERSION_1);
            assert_eq!(config.tk_len_list, [15; XQC_TOKEN_MAX_KEY_VERSION]);
        }
    }

    #[test]
    fn zero_keeps_sizes_and_overwrites_switches() {
        let mut config = default_config(XQC_ENGINE_SERVER);
        config.cid_negotiate = 1;
        assert!(merge_config(&mut config, &xqc_config_t::ZERO));
        assert_eq!((config.cid_len, config.conn_pool_size), (8, 4096));
        assert_eq!(config.support_version_count, 2);
        assert_eq!(config.hash_conflict_threshold, 50);
        assert_eq!((config.cid_negotiate, config.cfg_log_event), (0, 0));
        assert_eq!(config.tk_len_list[0], 15);
    }

    #[test]
    fn a_value_out_of_range_fails_and_leaves_the_earlier_ones() {
        let merged = |change: fn(&mut xqc_config_t)| {
            let mut config = default_config(XQC_ENGINE_SERVER);
            let mut host = xqc_config_t { conn_pool_size: 7, ..xqc_config_t::ZERO };
            change(&mut host);
            let taken = merge_config(&mut config, &host);
            assert_eq!(config.conn_pool_size, 7);
            taken
        };
        assert!(!merged(|host| host.support_version_count = XQC_SUPPORT_VERSION_MAX as u32 + 1));
        assert!(!merged(|host| host.cid_len = 21));
        assert!(!merged(|host| host.cur_tk_index = 4));
        assert!(merged(|host| host.cid_len = 20));
        assert!(merged(|host| host.cur_tk_index = 3));
    }

    #[test]
    fn keys_are_taken_up_to_their_room() {
        let mut config = default_config(XQC_ENGINE_SERVER);
        let mut host = xqc_config_t::ZERO;
        host.reset_token_keylen = XQC_RESET_TOKEN_MAX_KEY_LEN + 1;
        host.token_key_list[1][..3].copy_from_slice(&[1, 2, 3]);
        host.tk_len_list[1] = 3;
        assert!(merge_config(&mut config, &host));
        assert_eq!(config.reset_token_keylen, 0);
        assert_eq!(config.tk_len_list, [15, 3, 15, 15]);
        assert_eq!(&config.token_key_list[1][..3], [1, 2, 3]);
    }
}
