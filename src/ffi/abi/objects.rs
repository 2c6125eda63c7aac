//! `xquic.h`: the exported data objects. A program copies them into its settings; the library
//! recognizes them there.

use super::{
    xqc_cong_ctrl_callback_t, xqc_fec_code_callback_t, xqc_reinj_ctl_callback_t,
    xqc_scheduler_callback_t,
};

extern "C" {
    /// NewReno (RFC 9002).
    #[cfg(feature = "reno")]
    pub static xqc_reno_cb: xqc_cong_ctrl_callback_t;
    /// BBR version 2.
    #[cfg(feature = "bbr2")]
    pub static xqc_bbr2_cb: xqc_cong_ctrl_callback_t;
    /// BBR.
    pub static xqc_bbr_cb: xqc_cong_ctrl_callback_t;
    /// CUBIC (RFC 9438), the default.
    pub static xqc_cubic_cb: xqc_cong_ctrl_callback_t;
    /// No congestion control. For closed networks and tests only.
    #[cfg(feature = "unlimited")]
    pub static xqc_unlimited_cc_cb: xqc_cong_ctrl_callback_t;
    /// Copa.
    #[cfg(feature = "copa")]
    pub static xqc_copa_cb: xqc_cong_ctrl_callback_t;

    /// Scheduler that takes the path with the smallest round trip time; the default.
    pub static xqc_minrtt_scheduler_cb: xqc_scheduler_callback_t;
    /// Scheduler that uses standby paths only while the available ones are bad.
    pub static xqc_backup_scheduler_cb: xqc_scheduler_callback_t;
    /// As the backup scheduler, with repair symbols on the standby path.
    pub static xqc_backup_fec_scheduler_cb: xqc_scheduler_callback_t;
    /// Scheduler that takes the fastest path of any status; reinjected packets go to another path.
    pub static xqc_rap_scheduler_cb: xqc_scheduler_callback_t;
    /// Scheduler that uses every path in turn, for interoperability tests.
    #[cfg(feature = "mp_interop")]
    pub static xqc_interop_scheduler_cb: xqc_scheduler_callback_t;
    /// Reinjects unacknowledged data once nothing new waits to be sent.
    pub static xqc_default_reinj_ctl_cb: xqc_reinj_ctl_callback_t;
    /// Reinjects what is unacknowledged after a deadline; see the `reinj_` settings.
    pub static xqc_deadline_reinj_ctl_cb: xqc_reinj_ctl_callback_t;
    /// Reinjects datagrams right after they were sent.
    pub static xqc_dgram_reinj_ctl_cb: xqc_reinj_ctl_callback_t;

    /// Error correction by one XOR over the block.
    pub static xqc_xor_code_cb: xqc_fec_code_callback_t;
    /// Error correction by Reed-Solomon codes.
    pub static xqc_reed_solomon_code_cb: xqc_fec_code_callback_t;
    /// Error correction by XORs over subsets of the block.
    pub static xqc_packet_mask_code_cb: xqc_fec_code_callback_t;
}
