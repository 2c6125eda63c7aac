//! Sizes and offsets of all public structs on 64-bit Linux, as upstream's v1.9.5 has them.
//!
//! Hosts are compiled against these numbers, so a field that moves must not compile.

use core::mem::{align_of, offset_of, size_of};

use super::*;

macro_rules! layout {
    ($($name:ident: $size:literal, $align:literal { $($field:ident: $offset:literal,)* })+) => {
        $(const _: () = {
            assert!(size_of::<$name>() == $size, concat!("size of ", stringify!($name)));
            assert!(align_of::<$name>() == $align, concat!("alignment of ", stringify!($name)));
            $(assert!(
                offset_of!($name, $field) == $offset,
                concat!("offset of ", stringify!($name), ".", stringify!($field))
            );)*
        };)+
    };
}

// Type: size, alignment { field: offset, ... }
layout! {
    xqc_cid_t: 56, 8 {
        cid_len: 0, cid_buf: 1, cid_seq_num: 24, sr_token: 32, path_id: 48,
    }
    xqc_h3_priority_t: 12, 4 {
        urgency: 0, incremental: 1, schedule: 2, reinject: 3, fec: 4, fastpath: 8,
    }
    xqc_conn_public_local_trans_settings_t: 4, 2 {
        max_datagram_frame_size: 0, datagram_redundancy: 2,
    }
    xqc_conn_public_remote_trans_settings_t: 2, 2 {
        max_datagram_frame_size: 0,
    }
    xqc_stream_settings_t: 8, 8 {
        recv_rate_bytes_per_sec: 0,
    }
    xqc_log_callbacks_t: 24, 8 {
        xqc_log_write_err: 0, xqc_log_write_stat: 8, xqc_qlog_event_write: 16,
    }
    xqc_transport_callbacks_t: 176, 8 {
        server_accept: 0, server_refuse: 8, stateless_reset: 16, write_socket: 24,
        write_mmsg: 32, write_socket_ex: 40, write_mmsg_ex: 48, conn_update_cid_notify: 56,
        save_token: 64, save_session_cb: 72, save_tp_cb: 80, cert_verify_cb: 88,
        ready_to_create_path_notify: 96, path_created_notify: 104, path_removed_notify: 112,
        conn_closing: 120, conn_peer_addr_changed_notify: 128,
        path_peer_addr_changed_notify: 136, conn_cert_cb: 144, conn_ssl_msg_cb: 152,
        conn_retry_packet_condition_check: 160, conn_send_packet_before_accept: 168,
    }
    xqc_conn_callbacks_t: 32, 8 {
        conn_create_notify: 0, conn_close_notify: 8, conn_handshake_finished: 16,
        conn_ping_acked: 24,
    }
    xqc_stream_callbacks_t: 40, 8 {
        stream_read_notify: 0, stream_write_notify: 8, stream_create_notify: 16,
        stream_close_notify: 24, stream_closing_notify: 32,
    }
    xqc_datagram_callbacks_t: 40, 8 {
        datagram_read_notify: 0, datagram_write_notify: 8, datagram_acked_notify: 16,
        datagram_lost_notify: 24, datagram_mss_updated_notify: 32,
    }
    xqc_app_proto_callbacks_t: 112, 8 {
        conn_cbs: 0, stream_cbs: 32, dgram_cbs: 72,
    }
    xqc_cc_params_t: 56, 8 {
        customize_on: 0, init_cwnd: 4, min_cwnd: 8, expect_bw: 12, max_expect_bw: 16,
        bbr_enable_lt_bw: 20, bbr_ignore_app_limit: 21, cc_optimization_flags: 24,
        copa_delta_base: 32, copa_delta_max: 40, copa_delta_ai_unit: 48,
    }
    xqc_scheduler_params_t: 48, 8 {
        rtt_us_thr_high: 0, rtt_us_thr_low: 8, bw_Bps_thr: 16, loss_percent_thr_high: 24,
        loss_percent_thr_low: 32, pto_cnt_thr: 40,
    }
    xqc_fec_params_t: 112, 8 {
        fec_code_rate: 0, fec_ele_bit_size: 4, fec_protected_frames: 8,
        fec_max_window_size: 16, fec_max_symbol_num_per_block: 24, fec_mp_mode: 32,
        fec_log_on: 36, fec_encoder_schemes_num: 40, fec_decoder_schemes_num: 44,
        fec_encoder_schemes: 48, fec_decoder_schemes: 68, fec_encoder_scheme: 88,
        fec_decoder_scheme: 92, fec_blk_log_mod: 96, fec_packet_mask_mode: 104,
    }
    xqc_cong_ctrl_callback_t: 112, 8 {
        xqc_cong_ctl_size: 0, xqc_cong_ctl_init: 8, xqc_cong_ctl_on_lost: 16,
        xqc_cong_ctl_on_ack: 24, xqc_cong_ctl_get_cwnd: 32, xqc_cong_ctl_reset_cwnd: 40,
        xqc_cong_ctl_in_slow_start: 48, xqc_cong_ctl_in_recovery: 56,
        xqc_cong_ctl_restart_from_idle: 64, xqc_cong_ctl_on_ack_multiple_pkts: 72,
        xqc_cong_ctl_init_bbr: 80, xqc_cong_ctl_get_pacing_rate: 88,
        xqc_cong_ctl_get_bandwidth_estimate: 96, xqc_cong_ctl_info_cb: 104,
    }
    xqc_scheduler_callback_t: 40, 8 {
        xqc_scheduler_size: 0, xqc_scheduler_init: 8, xqc_scheduler_get_path: 16,
        xqc_scheduler_handle_path_event: 24, xqc_scheduler_handle_conn_event: 32,
    }
    xqc_reinj_ctl_callback_t: 40, 8 {
        xqc_reinj_ctl_size: 0, xqc_reinj_ctl_init: 8, xqc_reinj_ctl_update: 16,
        xqc_reinj_ctl_reset: 24, xqc_reinj_ctl_can_reinject: 32,
    }
    xqc_fec_code_callback_t: 40, 8 {
        xqc_fec_init: 0, xqc_fec_encode: 8, xqc_fec_decode: 16, xqc_fec_decode_one: 24,
        xqc_fec_init_one: 32,
    }
    xqc_config_t: 1656, 8 {
        cfg_log_level: 0, cfg_log_event: 8, cfg_qlog_importance: 16, cfg_log_timestamp: 24,
        cfg_log_level_name: 32, conn_pool_size: 40, streams_hash_bucket_size: 48,
        conns_hash_bucket_size: 56, conns_active_pq_capacity: 64,
        conns_wakeup_pq_capacity: 72, support_version_list: 80, support_version_count: 336,
        cid_len: 340, cid_negotiate: 341, reset_token_key: 342, reset_token_keylen: 600,
        sendmmsg_on: 608, enable_h3_ext: 612, manually_triggered_send: 613,
        hash_conflict_threshold: 616, token_key_list: 620, tk_len_list: 1644,
        cur_tk_index: 1652,
    }
    xqc_engine_callback_t: 64, 8 {
        set_event_timer: 0, log_callbacks: 8, cid_generate_cb: 32, keylog_cb: 40,
        realtime_ts: 48, monotonic_ts: 56,
    }
    xqc_engine_ssl_config_t: 56, 8 {
        private_key_file: 0, cert_file: 8, ciphers: 16, groups: 24, session_timeout: 32,
        session_ticket_key_data: 40, session_ticket_key_len: 48,
    }
    xqc_conn_ssl_config_t: 40, 8 {
        session_ticket_data: 0, session_ticket_len: 8, transport_parameter_data: 16,
        transport_parameter_data_len: 24, cert_verify_flag: 32, tls_groups: 36,
    }
    xqc_linger_t: 16, 8 {
        linger_on: 0, linger_timeout: 8,
    }
    xqc_path_metrics_t: 88, 8 {
        path_id: 0, path_pkt_recv_count: 8, path_pkt_send_count: 16, path_send_bytes: 24,
        path_send_reinject_bytes: 32, path_recv_bytes: 40, path_recv_reinject_bytes: 48,
        path_recv_effective_bytes: 56, path_recv_effective_reinject_bytes: 64,
        path_srtt: 72, path_app_status: 80,
    }
    xqc_conn_stats_t: 1664, 8 {
        send_count: 0, lost_count: 4, tlp_count: 8, spurious_loss_count: 12,
        lost_dgram_count: 16, srtt: 24, min_rtt: 32, inflight_bytes: 40,
        early_data_flag: 48, recv_count: 52, spurious_loss_detect_on: 56, conn_err: 60,
        ack_info: 64, enable_multipath: 116, mp_state: 120, total_rebind_count: 124,
        total_rebind_valid: 128, paths_info: 136, conn_info: 840, alpn: 1240,
        extern_conn_info: 1496, send_fec_cnt: 1624, enable_fec: 1628, total_app_bytes: 1632,
        standby_path_app_bytes: 1640, max_acked_mtu: 1648, fec_recover_pkt_cnt: 1652,
        avg_close_time: 1656,
    }
    xqc_conn_qos_stats_t: 24, 8 {
        srtt: 0, min_rtt: 8, inflight_bytes: 16,
    }
    xqc_http_header_t: 48, 8 {
        name: 0, value: 16, flags: 32, save_nv_hit_flags: 33, nv_hit_flags: 34,
        src_header: 40,
    }
    xqc_http_headers_t: 32, 8 {
        headers: 0, count: 8, capacity: 16, total_len: 24,
    }
    xqc_request_stats_t: 576, 8 {
        send_body_size: 0, recv_body_size: 8, send_header_size: 16, recv_header_size: 24,
        send_hdr_compressed: 32, recv_hdr_compressed: 40, stream_err: 48, blocked_time: 56,
        unblocked_time: 64, stream_fin_time: 72, h3r_begin_time: 80, h3r_end_time: 88,
        h3r_header_begin_time: 96, h3r_header_end_time: 104, h3r_body_begin_time: 112,
        h3r_header_send_time: 120, h3r_body_send_time: 128, stream_fin_send_time: 136,
        stream_fin_ack_time: 144, stream_close_msg: 152, mp_state: 160,
        mp_default_path_send_weight: 164, mp_default_path_recv_weight: 168,
        mp_standby_path_send_weight: 172, mp_standby_path_recv_weight: 176, rate_limit: 184,
        early_data_state: 192, stream_info: 193, extern_stream_info: 321,
        stream_fst_fin_snd_time: 456, cwnd_blocked_ms: 464, retrans_cnt: 472,
        stream_fst_pkt_snd_time: 480, stream_fst_pkt_rcv_time: 488, sent_pkt_cnt: 496,
        max_pto_backoff: 500, fec_recov_cnt: 504, fst_rpr_time: 512, last_rpr_time: 520,
        is_fec_protected: 528, block_size_mode: 529, fec_blk_lack_num: 532,
        fec_blk_lack_time: 536, fec_req_delay_time: 544, recv_time_with_fec: 552,
        final_packet_time: 560, stream_close_delay: 568,
    }
    xqc_h3_ext_bytestream_stats_t: 88, 8 {
        bytes_sent: 0, bytes_rcvd: 8, stream_err: 16, stream_close_msg: 24, create_time: 32,
        fin_rcvd_time: 40, fin_read_time: 48, fin_sent_time: 56, fin_acked_time: 64,
        first_byte_sent_time: 72, first_byte_rcvd_time: 80,
    }
    xqc_h3_ext_dgram_callbacks_t: 40, 8 {
        dgram_read_notify: 0, dgram_write_notify: 8, dgram_acked_notify: 16,
        dgram_lost_notify: 24, dgram_mss_updated_notify: 32,
    }
    xqc_h3_conn_callbacks_t: 40, 8 {
        h3_conn_create_notify: 0, h3_conn_close_notify: 8, h3_conn_handshake_finished: 16,
        h3_conn_ping_acked: 24, h3_conn_init_settings: 32,
    }
    xqc_h3_request_callbacks_t: 40, 8 {
        h3_request_create_notify: 0, h3_request_close_notify: 8, h3_request_read_notify: 16,
        h3_request_write_notify: 24, h3_request_closing_notify: 32,
    }
    xqc_h3_ext_bytestream_callbacks_t: 32, 8 {
        bs_create_notify: 0, bs_close_notify: 8, bs_read_notify: 16, bs_write_notify: 24,
    }
    xqc_h3_callbacks_t: 152, 8 {
        h3c_cbs: 0, h3r_cbs: 40, h3_ext_dgram_cbs: 80, h3_ext_bs_cbs: 120,
    }
}

#[cfg(not(feature = "protect_pool_mem"))]
layout! {
    xqc_conn_settings_t: 984, 8 {
        pacing_on: 0, ping_on: 4, cong_ctrl_callback: 8, cc_params: 120, so_sndbuf: 176,
        sndq_packets_used_max: 184, linger: 192, proto_version: 208,
        init_idle_time_out: 216, idle_time_out: 224, fec_conn_queue_rpr_timeout: 232,
        spurious_loss_detect_on: 240, anti_amplification_limit: 244,
        keyupdate_pkt_threshold: 248, max_pkt_out_size: 256, probing_pkt_out_size: 264,
        max_datagram_frame_size: 272, enable_multipath: 280, multipath_version: 288,
        init_max_path_id: 296, least_available_cid_count: 304, mp_enable_reinjection: 312,
        reinj_flexible_deadline_srtt_factor: 320, reinj_hard_deadline: 328,
        reinj_deadline_lower_bound: 336, mp_ack_on_any_path: 344, mp_ping_on: 345,
        scheduler_callback: 352, scheduler_params: 392, reinj_ctl_callback: 440,
        standby_path_probe_timeout: 480, max_ack_delay: 488, ack_frequency: 492,
        adaptive_ack_frequency: 496, loss_detection_pkt_thresh: 504,
        pto_backoff_factor: 512, datagram_redundancy: 520, datagram_force_retrans_on: 521,
        datagram_redundant_probe: 528, enable_pmtud: 536, pmtud_probing_interval: 544,
        marking_reinjection: 552, recv_rate_bytes_per_sec: 560,
        enable_stream_rate_limit: 568, init_recv_window: 572, is_interop_mode: 576,
        conn_option_str: 577, initial_rtt: 664, initial_pto_duration: 672,
        enable_encode_fec: 680, enable_decode_fec: 688, fec_params: 696, fec_callback: 808,
        close_dgram_redundancy: 848, disable_send_mmsg: 852, control_pto_value: 853,
        max_udp_payload_size: 856, fec_level: 864, extended_ack_features: 872,
        max_receive_timestamps_per_ack: 880, receive_timestamps_exponent: 888,
        disable_pn_skipping: 896, specify_client_scid: 897, client_scid: 898,
        specify_client_dcid: 918, client_dcid: 919, max_streams_bidi: 944,
        max_streams_uni: 952, simulate_ecn: 960, max_blocked_buf_per_stream: 968,
        max_blocked_buf_per_conn: 976,
    }
}

#[cfg(feature = "protect_pool_mem")]
const _: () = {
    assert!(offset_of!(xqc_conn_settings_t, protect_pool_mem) == 577);
    assert!(offset_of!(xqc_conn_settings_t, conn_option_str) == 578);
};

#[cfg(not(feature = "compat_duplicate"))]
layout! {
    xqc_h3_conn_settings_t: 40, 8 {
        max_field_section_size: 0, max_pushes: 8, qpack_enc_max_table_capacity: 16,
        qpack_dec_max_table_capacity: 24, qpack_blocked_streams: 32,
    }
}

#[cfg(feature = "compat_duplicate")]
const _: () = {
    assert!(offset_of!(xqc_h3_conn_settings_t, qpack_compat_duplicate) == 40);
    assert!(size_of::<xqc_h3_conn_settings_t>() == 48);
};
