//! `xquic.h`: forward error correction.

use core::ffi::{c_float, c_uchar};

use libc::size_t;

use super::{xqc_bool_t, xqc_connection_t, xqc_flag_t, xqc_int_t, XQC_FEC_MAX_SCHEME_NUM};

c_enum! {
    /// Error correction codes, by their number on the wire.
    pub enum xqc_fec_schemes_e {
        /// Reed-Solomon.
        XQC_REED_SOLOMON_CODE = 8,
        /// One XOR over the block.
        XQC_XOR_CODE = 11,
        /// XORs over subsets of the block.
        XQC_PACKET_MASK_CODE = 12,
    }
}

c_enum! {
    /// Where repair symbols go with multipath.
    pub enum xqc_fec_mp_mode_e {
        /// Where the scheduler sends them.
        XQC_FEC_MP_DEFAULT = 0,
        /// To the standby path.
        XQC_FEC_MP_USE_STB = 1,
    }
}

c_enum! {
    /// The loss pattern for which packet masks are made.
    pub enum xqc_fec_tbl_mode_e {
        /// Single losses.
        XQC_FEC_RANDOM_TBL = 0,
        /// Losses in a row.
        XQC_FEC_BURST_TBL = 1,
    }
}

/// Parameters of error correction. 0 means the default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct xqc_fec_params_t {
    /// Source symbols as a part of all symbols, above 0 and below 1.
    pub fec_code_rate: c_float,
    /// Bits of an element of the finite field. Default 8.
    pub fec_ele_bit_size: xqc_int_t,
    /// Bits of the frame types to protect. Default STREAM and DATAGRAM.
    pub fec_protected_frames: u64,
    /// The most blocks kept by the receiver. Default 96.
    pub fec_max_window_size: u64,
    /// The most symbols in a block. Default 10.
    pub fec_max_symbol_num_per_block: u64,
    /// Use of paths for repair symbols.
    pub fec_mp_mode: xqc_fec_mp_mode_e,
    /// 1: log every block.
    pub fec_log_on: xqc_bool_t,
    /// Entries used in `fec_encoder_schemes`.
    pub fec_encoder_schemes_num: xqc_int_t,
    /// Entries used in `fec_decoder_schemes`.
    pub fec_decoder_schemes_num: xqc_int_t,
    /// Schemes to send with, in order of preference.
    pub fec_encoder_schemes: [xqc_fec_schemes_e; XQC_FEC_MAX_SCHEME_NUM],
    /// Schemes that can be received, in order of preference.
    pub fec_decoder_schemes: [xqc_fec_schemes_e; XQC_FEC_MAX_SCHEME_NUM],
    /// The scheme agreed on for sending; set by the library.
    pub fec_encoder_scheme: xqc_fec_schemes_e,
    /// The scheme agreed on for receiving; set by the library.
    pub fec_decoder_scheme: xqc_fec_schemes_e,
    /// One block in so many is logged. Default 1000.
    pub fec_blk_log_mod: xqc_flag_t,
    /// The loss pattern to expect.
    pub fec_packet_mask_mode: xqc_fec_tbl_mode_e,
}

/// An error correction code. Pass one of the library's own objects on; the members work on the
/// connection's internal state and are not for the host to call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_fec_code_callback_t {
    /// Prepares a connection.
    pub xqc_fec_init: Option<unsafe extern "C" fn(conn: *mut xqc_connection_t)>,
    /// Adds one source symbol of `un_size` bytes to the repair symbols in `outputs`.
    pub xqc_fec_encode: Option<
        unsafe extern "C" fn(
            conn: *mut xqc_connection_t,
            unit_data: *mut c_uchar,
            un_size: size_t,
            outputs: *mut *mut c_uchar,
            fec_bm_mode: u8,
        ) -> xqc_int_t,
    >,
    /// Recovers the missing symbols of a block.
    pub xqc_fec_decode: Option<
        unsafe extern "C" fn(
            conn: *mut xqc_connection_t,
            recovered_symbols_buff: *mut *mut c_uchar,
            size: *mut size_t,
            block_idx: xqc_int_t,
        ) -> xqc_int_t,
    >,
    /// Recovers one missing symbol of a block.
    pub xqc_fec_decode_one: Option<
        unsafe extern "C" fn(
            conn: *mut xqc_connection_t,
            recovered_symbols_buff: *mut c_uchar,
            block_id: xqc_int_t,
            symbol_idx: xqc_int_t,
        ) -> xqc_int_t,
    >,
    /// Prepares one block size class of a connection.
    pub xqc_fec_init_one: Option<unsafe extern "C" fn(conn: *mut xqc_connection_t, bm_idx: u8)>,
}

zeroable!(xqc_fec_params_t, xqc_fec_code_callback_t);
