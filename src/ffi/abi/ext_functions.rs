//! `xqc_ext.h`: prototypes of the functions that upstream does not have.
//!
//! What stands here carries the symbol version `XQUIC_EXT_1.0`: `tools/link-shared.sh` reads the
//! names off this file. To add a function, declare it here, define it elsewhere in `ffi` with
//! `check_prototypes!`, and generate the headers anew; types go to `ext.rs`.

use core::ffi::{c_uchar, c_void};

use libc::{c_char, c_int, size_t, sockaddr, socklen_t};

use super::{
    xqc_bool_t, xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_ext_client_auth_t,
    xqc_ext_ecn_stats_t, xqc_ext_lb_draft_t, xqc_ext_marking_writers_t, xqc_ext_migration_t,
    xqc_h3_conn_t, xqc_int_t, xqc_usec_t,
};

extern "C" {
    /// Returns the `XQC_EXT_VERSION` that the library was built with, to be compared with the
    /// header's: a program built against a newer minor version must not use what that added.
    /// Callable at any time, from any thread.
    pub fn xqc_ext_version() -> u32;

    /// Returns the QUIC version of a connection as it stands on the wire, 1 or `XQC_EXT_VERSION_V2`
    /// for example; 0 for null. A server may change it until the client hears that the handshake is
    /// finished. Callable from inside callbacks.
    pub fn xqc_ext_conn_version(conn: *const xqc_connection_t) -> u32;

    /// Returns which features the loaded library has: the sum of `XQC_EXT_FEATURE_*`. Callable at
    /// any time, from any thread.
    pub fn xqc_ext_features() -> u64;

    /// Encrypts a connection ID for QUIC load balancers as a draft of QUIC-LB says. `cid_buf` holds
    /// the first octet and `enc_len` bytes to encrypt, server ID and nonce, at most 19. They go to
    /// the same places of `out_buf`, which has room for `enc_len + 1` bytes and may be `cid_buf`;
    /// its first octet is not written. The key has 16 bytes. Callable at any time, from any thread.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null, a wrong length or an unknown draft.
    pub fn xqc_ext_lb_cid_encrypt(
        draft: xqc_ext_lb_draft_t,
        cid_buf: *const u8,
        enc_len: size_t,
        out_buf: *mut u8,
        out_buf_len: size_t,
        lb_cid_key: *const u8,
        lb_cid_key_len: size_t,
    ) -> xqc_int_t;

    /// Decrypts what `xqc_ext_lb_cid_encrypt` encrypted, with the same arguments: what a load
    /// balancer does to find the server.
    pub fn xqc_ext_lb_cid_decrypt(
        draft: xqc_ext_lb_draft_t,
        cid_buf: *const u8,
        enc_len: size_t,
        out_buf: *mut u8,
        out_buf_len: size_t,
        lb_cid_key: *const u8,
        lb_cid_key_len: size_t,
    ) -> xqc_int_t;

    /// Registers functions that send with an ECN mark. They take the place of the write callbacks
    /// from now on, and connections made from now on mark what they send until it turns out that
    /// the path does not carry marks (RFC 9000 section 13.4). `writers` is copied. Best called right
    /// after `xqc_engine_create`; not from inside a callback.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null or a missing function.
    pub fn xqc_ext_set_marking_writers(
        engine: *mut xqc_engine_t,
        writers: *const xqc_ext_marking_writers_t,
    ) -> xqc_int_t;

    /// As `xqc_engine_packet_process`, for hosts that can tell how a datagram is marked: `tos` is the
    /// TOS or traffic class byte of its IP header, of which the two low bits count. The peer hears of
    /// the marks and slows down on congestion. Use it for all datagrams or for none.
    pub fn xqc_ext_packet_process(
        engine: *mut xqc_engine_t,
        packet_in_buf: *const c_uchar,
        packet_in_size: size_t,
        local_addr: *const sockaddr,
        local_addrlen: socklen_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        tos: u8,
        recv_time: xqc_usec_t,
        user_data: *mut c_void,
    ) -> xqc_int_t;

    /// Writes what a connection knows of ECN marks to `stats`.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null, or `-XQC_ECONN_NFOUND`.
    pub fn xqc_ext_conn_ecn_stats(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        stats: *mut xqc_ext_ecn_stats_t,
    ) -> xqc_int_t;
    /// Has a server ask later connections for a client's certificate. Dates and signatures of its
    /// chain are checked, then `cert_verify_cb` decides with the connection's user data, as on
    /// clients; without that callback no certificate is accepted. A session that began without the
    /// question is not resumed where it is asked. Callable from inside callbacks.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null or an unknown value, `-XQC_ESTATE` for a client's
    /// engine.
    pub fn xqc_ext_set_client_auth(
        engine: *mut xqc_engine_t,
        client_auth: xqc_ext_client_auth_t,
    ) -> xqc_int_t;

    /// Sets the certificate chain and private key, both PEM files, that later connections of a
    /// client show to servers that ask for one. The files are read during the call.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null and files that cannot be used, which is logged,
    /// `-XQC_ESTATE` for a server's engine.
    pub fn xqc_ext_set_client_certificate(
        engine: *mut xqc_engine_t,
        cert_file: *const c_char,
        private_key_file: *const c_char,
    ) -> xqc_int_t;

    /// Says whether a server takes 0-RTT on later connections; it does unless told otherwise.
    /// Returns as `xqc_ext_set_client_auth`.
    pub fn xqc_ext_set_early_data(engine: *mut xqc_engine_t, accept: c_int) -> xqc_int_t;

    /// Returns `XQC_TRUE` on a server as long as stream data may come from someone who repeats what
    /// another client sent as 0-RTT: until `conn_handshake_finished`. What is not safe to do twice
    /// should wait until then, or be refused.
    pub fn xqc_ext_conn_may_be_replayed(conn: *mut xqc_connection_t) -> xqc_bool_t;

    /// Says whether a server refuses later clients that pass `no_crypto_flag` to `xqc_connect`; unless
    /// told so, it goes without packet protection with them. Only the client itself can ask for that,
    /// as the handshake authenticates what it says. There is no way to take such a client and protect
    /// its packets, as it has no word of the server's to wait for: a client that is refused has its
    /// connection closed with TRANSPORT_PARAMETER_ERROR (0x8). Servers where packets must always be
    /// protected should refuse. Returns as `xqc_ext_set_client_auth`.
    pub fn xqc_ext_refuse_no_crypto(engine: *mut xqc_engine_t, refuse: c_int) -> xqc_int_t;

    /// Moves a client's connection to another address of its own (RFC 9000 section 9.2). The new
    /// path is validated first, with a connection ID of its own, and then everything goes there; if
    /// it does not answer within three probe timeouts, the connection stays where it is.
    /// `xqc_conn_get_local_addr` tells which. Give `xqc_engine_packet_process` the address that each
    /// datagram came to, and see `xqc_ext_local_addr_of_write` for which socket to send on. Callable
    /// inside callbacks.
    ///
    /// Returns `XQC_OK` if the attempt has begun; `-XQC_EPARAM` for null or an address of another
    /// family than IP; `-XQC_ECONN_NFOUND`; `-XQC_ESTATE` at a server or before the handshake is
    /// confirmed; `-XQC_EPROTO` if the server forbids it; `-XQC_ECONN_NO_AVAIL_CID` if the server has
    /// given no connection ID to spare; `-XQC_ELIMIT` if too many paths are being tried.
    pub fn xqc_ext_conn_migrate(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        local_addr: *const sockaddr,
        local_addrlen: socklen_t,
    ) -> xqc_int_t;

    /// Says what clients of a server may do with their addresses, and where the server would rather
    /// be reached once a handshake is confirmed (preferred_address, RFC 9000 section 9.6): null for
    /// nowhere else. Holds for connections accepted afterwards. Datagrams that come to the preferred
    /// address are given to `xqc_engine_packet_process` with it as the local address, and
    /// `xqc_ext_local_addr_of_write` tells when to send from there.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null, an unknown value or an address of the wrong
    /// family.
    pub fn xqc_ext_server_set_migration(
        engine: *mut xqc_engine_t,
        migration: xqc_ext_migration_t,
        preferred_ipv4: *const sockaddr,
        preferred_ipv4_len: socklen_t,
        preferred_ipv6: *const sockaddr,
        preferred_ipv6_len: socklen_t,
    ) -> xqc_int_t;

    /// To be called inside a callback that writes to a socket: copies to `addr` the local address
    /// that the datagrams should leave from, its length to `local_addr_len`. The length is 0 if it is
    /// not known, and then any address will do. A host with one socket need not ask.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null, or `-XQC_ENOBUF` if there is less room.
    pub fn xqc_ext_local_addr_of_write(
        engine: *const xqc_engine_t,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        local_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// Ends an HTTP/3 connection gracefully (RFC 9114 section 5.2): the peer is told by GOAWAY to make
    /// no more requests, `xqc_h3_request_create` gives none, those under way finish, and then the
    /// connection closes by itself, without an error. Callable inside callbacks, and again.
    ///
    /// Returns `XQC_OK`, `-XQC_H3_EPARAM` for null, or `-XQC_CLOSING`.
    pub fn xqc_ext_h3_conn_go_away(h3c: *mut xqc_h3_conn_t) -> xqc_int_t;

    /// Says whether later HTTP/3 connections take extended CONNECT (RFC 9220), which a server tells
    /// its clients by SETTINGS_ENABLE_CONNECT_PROTOCOL; they do not unless told so. Clients send it
    /// where the server has said so. Callable inside callbacks.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null.
    pub fn xqc_ext_h3_set_extended_connect(engine: *mut xqc_engine_t, enable: c_int) -> xqc_int_t;

    /// Says whether later HTTP/3 connections let the fields `connection` and `upgrade` and the status
    /// 101 pass, in both directions, for hosts that relay WebSocket upgrades as HTTP/1.1 has them.
    /// Unless told so they count as malformed, as RFC 9114 sections 4.2 and 4.5 want. Callable inside
    /// callbacks.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null.
    pub fn xqc_ext_h3_allow_upgrade_fields(engine: *mut xqc_engine_t, allow: c_int) -> xqc_int_t;
}
