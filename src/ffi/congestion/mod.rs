//! Which congestion controller a host asks for.
//!
//! Hosts copy our tables, `xqc_cubic_cb` and its kin, into their settings. One that comes back as
//! it was runs natively, see [`crate::congestion`]. A table of the host's own, or a copy with
//! members replaced, runs through [`ForeignController`].

mod foreign;
mod tables;

use crate::congestion::{Controller, Cubic, NewReno, Parameters};

use super::abi::{xqc_cc_params_t, xqc_cong_ctrl_callback_t};
use foreign::ForeignController;
use tables::{CUBIC, NEW_RENO};

/// Which controller new connections get.
#[derive(Clone)]
pub(super) struct CongestionChoice {
    algorithm: Algorithm,
    parameters: xqc_cc_params_t,
}

#[derive(Clone)]
enum Algorithm {
    NewReno,
    Cubic,
    Foreign(Box<xqc_cong_ctrl_callback_t>),
}

impl CongestionChoice {
    /// The choice that `table` stands for; a table that cannot work stands for CUBIC.
    pub fn new(table: &xqc_cong_ctrl_callback_t, parameters: &xqc_cc_params_t) -> Self {
        let addresses = addresses(table);
        let algorithm = if addresses == self::addresses(&NEW_RENO) {
            Algorithm::NewReno
        } else if addresses == self::addresses(&CUBIC) || !is_usable(table) {
            Algorithm::Cubic
        } else {
            Algorithm::Foreign(Box::new(*table))
        };
        Self { algorithm, parameters: *parameters }
    }

    /// A controller for a path with datagrams of `mtu` bytes. Calls the host if it is the host's.
    pub fn controller(&self, mtu: u16) -> Controller {
        let parameters = core_parameters(&self.parameters, mtu);
        match &self.algorithm {
            Algorithm::NewReno => Controller::NewReno(NewReno::new(parameters)),
            Algorithm::Cubic => Controller::Cubic(Cubic::new(parameters)),
            Algorithm::Foreign(table) => {
                Controller::Foreign(Box::new(ForeignController::new(**table, self.parameters)))
            }
        }
    }
}

/// The addresses of all members, by which tables are compared.
fn addresses(table: &xqc_cong_ctrl_callback_t) -> [usize; 14] {
    [
        table.xqc_cong_ctl_size.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_init.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_on_lost.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_on_ack.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_get_cwnd.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_reset_cwnd.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_in_slow_start.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_in_recovery.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_restart_from_idle.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_on_ack_multiple_pkts.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_init_bbr.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_get_pacing_rate.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_get_bandwidth_estimate.map_or(0, |f| f as *const () as usize),
        table.xqc_cong_ctl_info_cb as usize,
    ]
}

/// True if the table has what a controller needs at least.
fn is_usable(table: &xqc_cong_ctrl_callback_t) -> bool {
    let init = table.xqc_cong_ctl_init.is_some() || table.xqc_cong_ctl_init_bbr.is_some();
    init && table.xqc_cong_ctl_size.is_some() && table.xqc_cong_ctl_get_cwnd.is_some()
}

/// A host's parameters for a controller of ours.
fn core_parameters(host: &xqc_cc_params_t, mtu: u16) -> Parameters {
    let mut parameters = Parameters::new(mtu);
    if host.customize_on != 0 {
        parameters.initial_window_packets = Some(host.init_cwnd);
        parameters.min_window_packets = Some(host.min_cwnd);
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;

    unsafe extern "C" fn fixed_window(_: *mut libc::c_void) -> u64 {
        4711
    }

    fn chosen(table: &xqc_cong_ctrl_callback_t) -> Controller {
        CongestionChoice::new(table, &xqc_cc_params_t::ZERO).controller(1200)
    }

    #[test]
    fn our_own_tables_run_natively() {
        assert!(matches!(chosen(&CUBIC), Controller::Cubic(_)));
        assert!(matches!(chosen(&NEW_RENO), Controller::NewReno(_)));
    }

    #[test]
    fn no_table_and_a_useless_one_mean_cubic() {
        assert!(matches!(chosen(&xqc_cong_ctrl_callback_t::ZERO), Controller::Cubic(_)));
        let useless = xqc_cong_ctrl_callback_t { xqc_cong_ctl_get_cwnd: None, ..CUBIC };
        assert!(matches!(chosen(&useless), Controller::Cubic(_)));
    }

    #[test]
    fn a_copy_with_one_member_replaced_is_the_hosts() {
        let table = xqc_cong_ctrl_callback_t { xqc_cong_ctl_get_cwnd: Some(fixed_window), ..CUBIC };
        assert!(matches!(chosen(&table), Controller::Foreign(_)));
    }

    #[test]
    fn windows_are_the_hosts_only_with_customize_on() {
        let mut host = xqc_cc_params_t { init_cwnd: 40, min_cwnd: 8, ..xqc_cc_params_t::ZERO };
        assert_eq!(core_parameters(&host, 1200).initial_window(), 12_000);
        host.customize_on = 1;
        assert_eq!(core_parameters(&host, 1200).initial_window(), 48_000);
        assert_eq!(core_parameters(&host, 1200).min_window(), 9_600);
    }
}
