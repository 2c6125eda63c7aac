//! What the host may set about a congestion controller.

/// Initial windows a host may ask for, in packets.
const INITIAL_WINDOW_PACKETS: std::ops::RangeInclusive<u32> = 4..=100;
/// Minimum windows a host may ask for, in packets.
const MIN_WINDOW_PACKETS: std::ops::RangeInclusive<u32> = 4..=16;
/// The minimum window otherwise, in packets (RFC 9002 section 7.2).
const DEFAULT_MIN_WINDOW_PACKETS: u64 = 2;
/// Bound on the initial window in bytes (RFC 9002 section 7.2).
const INITIAL_WINDOW_BYTES: u64 = 14_720;

/// Settings of a congestion controller; the same rules hold for every algorithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// The path's datagram size in bytes.
    pub mtu: u16,
    /// The initial window in packets, if the host sets one; used if within 4 to 100.
    pub initial_window_packets: Option<u32>,
    /// The minimum window in packets, if the host sets one; used if within 4 to 16.
    pub min_window_packets: Option<u32>,
    /// Bits that switch optional behaviour on, with the host API's meaning.
    pub optimization_flags: u32,
    /// Settings of the BBR family.
    pub bbr: BbrParameters,
    /// Settings of Copa.
    pub copa: CopaParameters,
}

/// Settings of the BBR family; zero means "not set".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BbrParameters {
    /// The bandwidth the host expects, in bytes per second.
    pub expected_bandwidth: u32,
    /// The most bandwidth the host expects, in bytes per second.
    pub max_expected_bandwidth: u32,
    /// Watch for token-bucket policers.
    pub long_term_bandwidth: bool,
    /// Take samples from application-limited periods as any other.
    pub ignore_app_limited: bool,
}

/// Settings of Copa.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopaParameters {
    /// Least delta: above 0, at most `delta_max`; near 0 favours throughput over delay.
    pub delta_base: f64,
    /// Greatest delta, at most 1.
    pub delta_max: f64,
    /// Step of delta while competing with loss-based flows, at least 1.
    pub delta_unit: f64,
}

impl Parameters {
    /// The defaults for a path with datagrams of `mtu` bytes.
    pub const fn new(mtu: u16) -> Self {
        Self {
            mtu,
            initial_window_packets: None,
            min_window_packets: None,
            optimization_flags: 0,
            bbr: BbrParameters::NONE,
            copa: CopaParameters::DEFAULT,
        }
    }

    /// The initial window in bytes.
    ///
    /// RFC 9002 section 7.2: ten datagrams, but no more than 14720 bytes or two datagrams,
    /// whichever is larger. A host's own value replaces that if it is a sane one.
    pub fn initial_window(&self) -> u64 {
        let mtu = u64::from(self.mtu);
        match self.initial_window_packets {
            Some(packets) if INITIAL_WINDOW_PACKETS.contains(&packets) => u64::from(packets) * mtu,
            _ => (10 * mtu).min(INITIAL_WINDOW_BYTES.max(2 * mtu)),
        }
    }

    /// The least window in bytes a reduction may lead to.
    pub fn min_window(&self) -> u64 {
        let packets = match self.min_window_packets {
            Some(packets) if MIN_WINDOW_PACKETS.contains(&packets) => u64::from(packets),
            _ => DEFAULT_MIN_WINDOW_PACKETS,
        };
        packets * u64::from(self.mtu)
    }
}

impl BbrParameters {
    /// Nothing is set.
    pub const NONE: Self = Self {
        expected_bandwidth: 0,
        max_expected_bandwidth: 0,
        long_term_bandwidth: false,
        ignore_app_limited: false,
    };
}

impl CopaParameters {
    /// What holds if the host sets nothing.
    pub const DEFAULT: Self = Self { delta_base: 0.05, delta_max: 0.5, delta_unit: 1.0 };
}

impl Default for CopaParameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_window_follows_rfc_9002() {
        // RFC 9002 section 7.2.
        assert_eq!(Parameters::new(1200).initial_window(), 12_000);
        assert_eq!(Parameters::new(1472).initial_window(), 14_720);
        assert_eq!(Parameters::new(1500).initial_window(), 14_720);
        assert_eq!(Parameters::new(9000).initial_window(), 18_000);
    }

    #[test]
    fn a_host_sets_the_initial_window_between_4_and_100_packets() {
        let window = |packets| {
            let set = Parameters { initial_window_packets: Some(packets), ..Parameters::new(1000) };
            set.initial_window()
        };
        assert_eq!(window(4), 4_000);
        assert_eq!(window(100), 100_000);
        assert_eq!(window(3), 10_000);
        assert_eq!(window(101), 10_000);
        assert_eq!(window(u32::MAX), 10_000);
    }

    #[test]
    fn the_minimum_window_is_two_packets_unless_the_host_asks_for_4_to_16() {
        let window = |packets| {
            Parameters { min_window_packets: packets, ..Parameters::new(1000) }.min_window()
        };
        assert_eq!(window(None), 2_000);
        assert_eq!(window(Some(3)), 2_000);
        assert_eq!(window(Some(4)), 4_000);
        assert_eq!(window(Some(16)), 16_000);
        assert_eq!(window(Some(17)), 2_000);
    }
}
