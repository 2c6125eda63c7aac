//! Which congestion controller a host asks for.
//!
//! Hosts copy our tables, `xqc_cubic_cb` and its kin, into their settings. One that comes back as
//! it was runs natively, see [`crate::congestion`]. A table of the host's own, or a copy with
//! members replaced, runs through [`ForeignController`].

mod callable;
mod foreign;
mod info;
mod parameters;
mod sample;
mod tables;

use crate::congestion::{
    Bbr, Bbr2, Controller, ControllerFactory, Copa, Cubic, NewReno, Unlimited,
};

use super::abi::{xqc_cc_params_t, xqc_cong_ctrl_callback_t};
use foreign::ForeignController;
use parameters::core_parameters;

/// Which controller new connections get.
pub(super) struct CongestionChoice {
    algorithm: Algorithm,
    parameters: xqc_cc_params_t,
}

enum Algorithm {
    Native(Native),
    Foreign(Box<xqc_cong_ctrl_callback_t>),
}

/// The algorithms of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "features leave some of the tables out")]
enum Native {
    NewReno,
    Cubic,
    Bbr,
    Bbr2,
    Copa,
    Unlimited,
}

/// The tables that hosts can copy.
const EXPORTED: &[(Native, &xqc_cong_ctrl_callback_t)] = &[
    (Native::Cubic, &tables::xqc_cubic_cb),
    (Native::Bbr, &tables::xqc_bbr_cb),
    #[cfg(feature = "reno")]
    (Native::NewReno, &tables::xqc_reno_cb),
    #[cfg(feature = "bbr2")]
    (Native::Bbr2, &tables::xqc_bbr2_cb),
    #[cfg(feature = "copa")]
    (Native::Copa, &tables::xqc_copa_cb),
    #[cfg(feature = "unlimited")]
    (Native::Unlimited, &tables::xqc_unlimited_cc_cb),
];

impl CongestionChoice {
    /// The choice that `table` stands for; a table that cannot work stands for CUBIC.
    pub fn new(table: &xqc_cong_ctrl_callback_t, parameters: &xqc_cc_params_t) -> Self {
        let addresses = addresses(table);
        let native = EXPORTED.iter().find(|(_, exported)| self::addresses(exported) == addresses);
        let algorithm = match native {
            Some((native, _)) => Algorithm::Native(*native),
            None if is_usable(table) => Algorithm::Foreign(Box::new(*table)),
            None => Algorithm::Native(Native::Cubic),
        };
        Self { algorithm, parameters: *parameters }
    }

    /// What makes controllers of this kind for the paths of a connection.
    pub fn factory(self) -> ControllerFactory {
        ControllerFactory::new(move |mtu| self.controller(mtu))
    }

    /// A controller for a path with datagrams of `mtu` bytes. Calls the host if it is the host's.
    fn controller(&self, mtu: u16) -> Controller {
        let native = match &self.algorithm {
            Algorithm::Native(native) => native,
            Algorithm::Foreign(table) => {
                let foreign = ForeignController::new(**table, self.parameters, mtu);
                return Controller::Foreign(Box::new(foreign));
            }
        };
        let parameters = core_parameters(&self.parameters, mtu);
        match native {
            Native::NewReno => Controller::NewReno(NewReno::new(parameters)),
            Native::Cubic => Controller::Cubic(Cubic::new(parameters)),
            Native::Bbr => Controller::Bbr(Box::new(Bbr::new(parameters))),
            Native::Bbr2 => Controller::Bbr2(Box::new(Bbr2::new(parameters))),
            Native::Copa => Controller::Copa(Box::new(Copa::new(parameters))),
            Native::Unlimited => Controller::Unlimited(Unlimited),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::CongestionController;
    use crate::ffi::abi::Zeroable;
    use tables::xqc_cubic_cb;

    unsafe extern "C" fn fixed_window(_: *mut libc::c_void) -> u64 {
        4711
    }

    fn chosen(table: &xqc_cong_ctrl_callback_t) -> Controller {
        CongestionChoice::new(table, &xqc_cc_params_t::ZERO).controller(1200)
    }

    #[test]
    fn our_own_tables_run_natively() {
        let mut names: Vec<_> = EXPORTED.iter().map(|(_, table)| chosen(table).name()).collect();
        assert!(!names.contains(&"foreign"));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "each table has its algorithm: {names:?}");
    }

    #[test]
    fn no_table_and_a_useless_one_mean_cubic() {
        assert!(matches!(chosen(&xqc_cong_ctrl_callback_t::ZERO), Controller::Cubic(_)));
        let useless = xqc_cong_ctrl_callback_t { xqc_cong_ctl_get_cwnd: None, ..xqc_cubic_cb };
        assert!(matches!(chosen(&useless), Controller::Cubic(_)));
    }

    #[test]
    fn a_copy_with_one_member_replaced_is_the_hosts() {
        for (_, exported) in EXPORTED {
            let table = xqc_cong_ctrl_callback_t {
                xqc_cong_ctl_get_cwnd: Some(fixed_window),
                ..**exported
            };
            let controller = chosen(&table);
            assert!(matches!(controller, Controller::Foreign(_)));
            assert_eq!(controller.window(), 4711);
        }
    }
}
