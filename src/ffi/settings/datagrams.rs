//! Unreliable datagrams, as a host sets them.

use crate::connection::{DatagramSettings, Redundancy};
use crate::ffi::abi::{xqc_conn_settings_t, XQC_RED_SET_CLOSE};
use crate::time::Duration;

/// The shortest silence after which the last datagram is repeated, in microseconds.
const MIN_PROBE_INTERVAL: u64 = 30_000;

/// What `host` says of datagrams; `base` is what earlier calls have left.
pub(super) fn datagrams(host: &xqc_conn_settings_t, base: &DatagramSettings) -> DatagramSettings {
    let close_redundancy = host.close_dgram_redundancy == XQC_RED_SET_CLOSE;
    DatagramSettings {
        max_frame_size: host.max_datagram_frame_size,
        redundancy: match host.datagram_redundancy {
            // Who wants none wants to send none.
            _ if close_redundancy => Redundancy::Off,
            0 => Redundancy::Off,
            1 => Redundancy::AnyPath,
            _ => Redundancy::OtherPath,
        },
        close_redundancy,
        retransmit: host.datagram_force_retrans_on != 0,
        probe_after: match host.datagram_redundant_probe {
            0 => base.probe_after,
            micros => Duration::from_micros(micros.max(MIN_PROBE_INTERVAL)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;

    fn taken(change: impl FnOnce(&mut xqc_conn_settings_t)) -> DatagramSettings {
        let mut host = xqc_conn_settings_t::ZERO;
        change(&mut host);
        datagrams(&host, &DatagramSettings::default())
    }

    #[test]
    fn a_cleared_struct_takes_and_repeats_nothing() {
        let settings = taken(|_| {});
        assert_eq!((settings.max_frame_size, settings.retransmit), (0, false));
        assert_eq!((settings.redundancy, settings.close_redundancy), (Redundancy::Off, false));
        assert!(settings.probe_after.is_zero());
    }

    #[test]
    fn probes_do_not_follow_faster_than_every_30_ms() {
        let after = |micros| taken(|host| host.datagram_redundant_probe = micros).probe_after;
        assert_eq!(after(1), Duration::from_millis(30));
        assert_eq!(after(50_000), Duration::from_millis(50));
    }

    #[test]
    fn who_wants_no_redundancy_sends_none() {
        let redundancy = |close| {
            let settings = taken(|host| {
                host.datagram_redundancy = 1;
                host.close_dgram_redundancy = close;
            });
            settings.redundancy
        };
        assert_eq!(redundancy(XQC_RED_SET_CLOSE), Redundancy::Off);
        assert_eq!(redundancy(crate::ffi::abi::XQC_RED_NOT_USE), Redundancy::AnyPath);
    }
}
