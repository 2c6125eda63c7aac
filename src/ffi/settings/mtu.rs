//! How large datagrams are and may become, as a host sets it.

use crate::connection::{MtuSearchSettings, Settings, MIN_DATAGRAM_SIZE};
use crate::ffi::abi::{
    xqc_conn_settings_t, xqc_pmtud_flag_e, XQC_PMTUD_ENABLE_CLIENT, XQC_PMTUD_ENABLE_MASK,
    XQC_PMTUD_ENABLE_SERVER, XQC_PMTUD_FORCE_ENABLE,
};
use crate::ffi::output::DATAGRAM_ROOM;
use crate::time::Duration;
use crate::wire::Role;

/// The largest UDP payload a host may ask us to send without a search.
pub(super) const MAX_PACKET_SIZE: usize = 1420;

/// The largest UDP payload there is.
const MAX_UDP_PAYLOAD: u64 = 65_527;

/// `base` with what `host` says of sizes.
pub(super) fn with_mtu(host: &xqc_conn_settings_t, base: &Settings, role: Role) -> Settings {
    let flags = xqc_pmtud_flag_e(host.enable_pmtud.into());
    Settings {
        max_datagram_size: match host.max_pkt_out_size {
            0 => base.max_datagram_size,
            size => size.clamp(MIN_DATAGRAM_SIZE.into(), MAX_PACKET_SIZE) as u16,
        },
        max_udp_payload_size: match host.max_udp_payload_size {
            0 => base.max_udp_payload_size,
            size => size.clamp(MIN_DATAGRAM_SIZE.into(), MAX_UDP_PAYLOAD) as u16,
        },
        mtu_search: MtuSearchSettings {
            enabled: searches(flags, role),
            limit: match host.probing_pkt_out_size {
                0 => base.mtu_search.limit,
                size => size.clamp(MIN_DATAGRAM_SIZE.into(), DATAGRAM_ROOM) as u16,
            },
            interval: match host.pmtud_probing_interval {
                0 => base.mtu_search.interval,
                micros => Duration::from_micros(micros),
            },
        },
        pmtud_offer: (flags.0 & XQC_PMTUD_ENABLE_MASK.0) as u8,
        ..base.clone()
    }
}

/// True if `role` searches. Upstream asks the peer for its consent, which no RFC wants; so the bit
/// of one's own role is enough here.
fn searches(flags: xqc_pmtud_flag_e, role: Role) -> bool {
    let own = match role {
        Role::Client => XQC_PMTUD_ENABLE_CLIENT,
        Role::Server => XQC_PMTUD_ENABLE_SERVER,
    };
    flags.0 & (own.0 | XQC_PMTUD_FORCE_ENABLE.0) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_a_bit_and_one_forces() {
        let on = |bits, role| searches(xqc_pmtud_flag_e(bits), role);
        for (bits, client, server) in [
            (0, false, false),
            (1, true, false),
            (2, false, true),
            (3, true, true),
            (4, true, true),
            (8, false, false),
        ] {
            assert_eq!(
                (on(bits, Role::Client), on(bits, Role::Server)),
                (client, server),
                "{bits}"
            );
        }
    }

    #[test]
    fn only_the_role_bits_are_told_the_peer() {
        // XQC_PMTUD_FORCE_ENABLE is nobody else's business.
        let host = xqc_conn_settings_t { enable_pmtud: 7, ..crate::ffi::abi::Zeroable::ZERO };
        let settings = with_mtu(&host, &Settings::default(), Role::Client);
        assert_eq!(settings.pmtud_offer, 3);
    }

    #[test]
    fn sizes_to_probe_fit_what_is_sent() {
        let size = |size| {
            let host = xqc_conn_settings_t {
                probing_pkt_out_size: size,
                ..crate::ffi::abi::Zeroable::ZERO
            };
            with_mtu(&host, &Settings::default(), Role::Client).mtu_search.limit
        };
        assert_eq!(size(0), 1420);
        assert_eq!(size(1), 1200);
        assert_eq!(size(1452), 1452);
        assert_eq!(size(9000), 1500);
    }
}
