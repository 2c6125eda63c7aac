//! A host's parameters for a controller of ours.

use crate::congestion::{BbrParameters, CopaParameters, Parameters};
use crate::ffi::abi::xqc_cc_params_t;

/// What `host` asks for on a path with datagrams of `mtu` bytes. `cc_optimization_flags` has no
/// effect: the headers declare no flag.
pub(super) fn core_parameters(host: &xqc_cc_params_t, mtu: u16) -> Parameters {
    let parameters = Parameters::new(mtu);
    if host.customize_on == 0 {
        return parameters;
    }
    Parameters {
        initial_window_packets: Some(host.init_cwnd),
        min_window_packets: Some(host.min_cwnd),
        optimization_flags: host.cc_optimization_flags,
        bbr: BbrParameters {
            expected_bandwidth: host.expect_bw,
            max_expected_bandwidth: host.max_expect_bw,
            long_term_bandwidth: host.bbr_enable_lt_bw != 0,
            ignore_app_limited: host.bbr_ignore_app_limit != 0,
        },
        // Values that make no sense are replaced where they are used.
        copa: CopaParameters {
            delta_base: host.copa_delta_base,
            delta_max: host.copa_delta_max,
            delta_unit: host.copa_delta_ai_unit,
        },
        ..parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::{Bbr, Bbr2, CongestionController, Copa, Cubic, NewReno};
    use crate::ffi::abi::Zeroable;

    #[test]
    fn parameters_count_only_with_customize_on() {
        let mut host = xqc_cc_params_t {
            init_cwnd: 40,
            min_cwnd: 8,
            expect_bw: 1,
            max_expect_bw: 2,
            bbr_enable_lt_bw: 1,
            bbr_ignore_app_limit: 1,
            copa_delta_base: 0.1,
            copa_delta_max: 0.2,
            copa_delta_ai_unit: 3.0,
            ..xqc_cc_params_t::ZERO
        };
        assert_eq!(core_parameters(&host, 1200), Parameters::new(1200));
        host.customize_on = 1;
        let parameters = core_parameters(&host, 1200);
        assert_eq!(parameters.initial_window(), 48_000);
        assert_eq!(parameters.min_window(), 9_600);
        let bbr = BbrParameters {
            expected_bandwidth: 1,
            max_expected_bandwidth: 2,
            long_term_bandwidth: true,
            ignore_app_limited: true,
        };
        assert_eq!(parameters.bbr, bbr);
        let copa = CopaParameters { delta_base: 0.1, delta_max: 0.2, delta_unit: 3.0 };
        assert_eq!(parameters.copa, copa);
    }

    /// RFC 9002 section 7.2; a host's own value counts alike for every controller.
    #[test]
    fn every_controller_takes_4_to_100_packets_for_its_initial_window() {
        let windows = |packets: u32| {
            let host =
                xqc_cc_params_t { customize_on: 1, init_cwnd: packets, ..xqc_cc_params_t::ZERO };
            let parameters = core_parameters(&host, 1200);
            [
                NewReno::new(parameters).window(),
                Cubic::new(parameters).window(),
                Bbr::new(parameters).window(),
                Bbr2::new(parameters).window(),
                Copa::new(parameters).window(),
            ]
        };
        assert_eq!(windows(4), [4_800; 5]);
        assert_eq!(windows(32), [38_400; 5]);
        assert_eq!(windows(100), [120_000; 5]);
        for other in [0, 3, 101, u32::MAX] {
            assert_eq!(windows(other), [12_000; 5], "{other}");
        }
    }

    #[test]
    fn parameters_without_sense_do_no_harm() {
        for value in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let host = xqc_cc_params_t {
                customize_on: 1,
                min_cwnd: u32::MAX,
                copa_delta_base: value,
                copa_delta_max: value,
                copa_delta_ai_unit: value,
                ..xqc_cc_params_t::ZERO
            };
            let copa = Copa::new(core_parameters(&host, 1200));
            assert_eq!(copa.window(), 12_000);
        }
    }
}
