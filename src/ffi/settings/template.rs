//! The settings a host starts from.

use crate::connection::MIN_DATAGRAM_SIZE;
use crate::ffi::abi::{
    xqc_conn_settings_t, xqc_fec_params_t, xqc_scheduler_params_t, Zeroable, XQC_MULTIPATH_10,
    XQC_VERSION_V1,
};

use super::mtu::MAX_PACKET_SIZE;
use super::MAX_ACK_DELAY_MS;

/// The frame types that FEC protects by default: STREAM and DATAGRAM, as bits.
const FEC_PROTECTED_FRAMES: u64 = 536_871_040;

/// The default template, or the one for low delay.
pub(super) fn template(low_delay: bool) -> xqc_conn_settings_t {
    xqc_conn_settings_t {
        proto_version: XQC_VERSION_V1,
        init_idle_time_out: 10_000,
        idle_time_out: 120_000,
        anti_amplification_limit: 3,
        max_pkt_out_size: MIN_DATAGRAM_SIZE.into(),
        probing_pkt_out_size: MAX_PACKET_SIZE,
        multipath_version: XQC_MULTIPATH_10,
        init_max_path_id: 8,
        reinj_flexible_deadline_srtt_factor: 1.1,
        reinj_hard_deadline: 500_000,
        reinj_deadline_lower_bound: 20_000,
        scheduler_params: xqc_scheduler_params_t {
            rtt_us_thr_high: 2_000_000,
            rtt_us_thr_low: 500_000,
            bw_Bps_thr: 375_000,
            loss_percent_thr_high: 30.0,
            loss_percent_thr_low: 10.0,
            pto_cnt_thr: 2,
        },
        max_ack_delay: MAX_ACK_DELAY_MS,
        ack_frequency: if low_delay { 1 } else { 2 },
        loss_detection_pkt_thresh: if low_delay { 2 } else { 3 },
        pto_backoff_factor: if low_delay { 1.5 } else { 2.0 },
        pmtud_probing_interval: 500_000,
        fec_params: xqc_fec_params_t {
            fec_ele_bit_size: 8,
            fec_protected_frames: FEC_PROTECTED_FRAMES,
            fec_max_window_size: 96,
            fec_max_symbol_num_per_block: 10,
            fec_blk_log_mod: 1000,
            ..xqc_fec_params_t::ZERO
        },
        max_udp_payload_size: 1500,
        ..xqc_conn_settings_t::ZERO
    }
}
