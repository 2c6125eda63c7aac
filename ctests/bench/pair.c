/* The light host of the benchmark; see pair.h. */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quiet.h"

#ifndef CTESTS_CERT_DIR
#define CTESTS_CERT_DIR "certs"
#endif

#define BUFFER_SIZE 65536

pair the_pair;

static uint64_t current_time = 1700000000000000u;
static unsigned char source_bytes[BUFFER_SIZE];
static unsigned char sink_bytes[BUFFER_SIZE];

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

uint64_t pair_now(void)
{
    return current_time;
}

/* ---- engine and datagrams ---- */

static void on_set_timer(xqc_usec_t wake_after, void *user_data)
{
    ((pair_side *)user_data)->timer_at = current_time + wake_after;
}

/* splitmix64 */
static uint64_t next_chance(void)
{
    uint64_t mixed = the_pair.chance += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* When a datagram has left the bottleneck; RING_NEVER if it is lost there. */
static uint64_t through_bottleneck(pair_side *side, size_t size)
{
    uint64_t now = current_time * 1000;
    uint64_t free_at = side->busy_until_ns > now ? side->busy_until_ns : now;
    uint64_t waiting = (free_at - now) * (the_pair.rate / 1000) / 1000000;
    if (next_chance() % 1000000 < the_pair.loss || waiting + size > the_pair.queue_bytes) {
        return RING_NEVER;
    }
    side->busy_until_ns = free_at + size * 1000000000 / the_pair.rate;
    return side->busy_until_ns / 1000;
}

void pair_limit(uint64_t rate, uint64_t queue_bytes, unsigned loss)
{
    the_pair.rate = rate;
    the_pair.queue_bytes = queue_bytes;
    the_pair.loss = loss;
}

static inline void emit(pair_conn *conn, const void *bytes, size_t size)
{
    pair_side *side = conn->side;
    if (size > RING_DATAGRAM_MAX) {
        fail("a datagram is too large");
    }
    if (size > side->largest_datagram) {
        side->largest_datagram = size;
    }
    uint64_t leaves = the_pair.rate == 0 ? current_time : through_bottleneck(side, size);
    if (leaves == RING_NEVER) {
        return;
    }
    ring_slot *slot = ring_take(&side->out);
    slot->arrival = leaves + the_pair.one_way_us;
    slot->length = (uint32_t)size;
    slot->client_port = conn->client_port;
    memcpy(slot->bytes, bytes, size);
    ring_push(&side->out, slot);
}

static ssize_t on_write(const unsigned char *bytes, size_t size, const struct sockaddr *peer,
                        socklen_t peer_length, void *user_data)
{
    (void)peer;
    (void)peer_length;
    emit(user_data, bytes, size);
    return (ssize_t)size;
}

static ssize_t on_write_mmsg(const struct iovec *vector, unsigned int count,
                             const struct sockaddr *peer, socklen_t peer_length, void *user_data)
{
    (void)peer;
    (void)peer_length;
    for (unsigned i = 0; i < count; i++) {
        emit(user_data, vector[i].iov_base, vector[i].iov_len);
    }
    return (ssize_t)count;
}

static ssize_t on_stateless_reset(const unsigned char *bytes, size_t size,
                                  const struct sockaddr *peer, socklen_t peer_length,
                                  const struct sockaddr *local, socklen_t local_length,
                                  void *user_data)
{
    (void)bytes;
    (void)peer;
    (void)peer_length;
    (void)local;
    (void)local_length;
    (void)user_data;
    return (ssize_t)size;
}

/* ---- connections ---- */

static pair_conn *conn_new(pair_side *side, uint16_t client_port)
{
    pair_conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        fail("out of memory");
    }
    conn->side = side;
    conn->client_port = client_port;
    return conn;
}

static int on_accept(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                     void *user_data)
{
    (void)engine;
    struct sockaddr_in peer;
    socklen_t length = 0;
    if (xqc_conn_get_peer_addr(handle, (struct sockaddr *)&peer, sizeof(peer), &length)
        != XQC_OK) {
        return -1;
    }
    pair_conn *conn = conn_new(user_data, peer.sin_port);
    conn->cid = *cid;
    xqc_conn_set_transport_user_data(handle, conn);
    xqc_conn_set_alp_user_data(handle, conn);
    return 0;
}

static void on_refuse(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                      void *user_data)
{
    (void)engine;
    (void)handle;
    (void)cid;
    free(user_data);
}

void pair_created(pair_conn *conn, const xqc_cid_t *cid)
{
    conn->cid = *cid;
    conn->side->live++;
}

void pair_closed(pair_conn *conn)
{
    conn->side->live--;
    free(conn);
}

static int on_conn_create(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                          void *protocol_data)
{
    (void)protocol_data;
    pair_created(user_data, cid);
    xqc_conn_set_alp_user_data(handle, user_data);
    return 0;
}

static int on_conn_close(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                         void *protocol_data)
{
    (void)cid;
    (void)protocol_data;
    (void)handle;
    pair_closed(user_data);
    return 0;
}

static void on_handshake_finished(xqc_connection_t *handle, void *user_data, void *protocol_data)
{
    (void)handle;
    (void)protocol_data;
    ((pair_conn *)user_data)->side->finished++;
}

static void on_update_cid(xqc_connection_t *handle, const xqc_cid_t *old, const xqc_cid_t *fresh,
                          void *user_data)
{
    (void)handle;
    (void)old;
    ((pair_conn *)user_data)->cid = *fresh;
}

/* ---- streams ---- */

static xqc_int_t on_stream_read(xqc_stream_t *stream, void *user_data)
{
    (void)user_data;
    for (;;) {
        uint8_t fin = 0;
        ssize_t got = xqc_stream_recv(stream, sink_bytes, sizeof(sink_bytes), &fin);
        if (got < 0) {
            return got == -XQC_EAGAIN ? 0 : -1;
        }
        the_pair.received += (uint64_t)got;
        if (fin) {
            the_pair.fin_received = true;
            return 0;
        }
    }
}

static xqc_int_t on_stream_write(xqc_stream_t *stream, void *user_data)
{
    (void)user_data;
    if (stream != the_pair.source) {
        return 0;
    }
    while (!the_pair.fin_sent) {
        uint64_t left = the_pair.to_send - the_pair.sent;
        size_t size = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
        ssize_t sent = xqc_stream_send(stream, source_bytes, size, size == left);
        if (sent < 0) {
            return sent == -XQC_EAGAIN ? 0 : -1;
        }
        the_pair.sent += (uint64_t)sent;
        the_pair.fin_sent = the_pair.sent == the_pair.to_send;
        if ((size_t)sent < size) {
            return 0;
        }
    }
    return 0;
}

void pair_send(pair_conn *conn, uint64_t bytes)
{
    the_pair.to_send = bytes;
    the_pair.source = xqc_stream_create(the_pair.client.engine, &conn->cid, NULL, NULL);
    if (the_pair.source == NULL) {
        fail("no stream");
    }
    on_stream_write(the_pair.source, NULL);
}

/* ---- start, loop, stop ---- */

static xqc_int_t add_streams(pair_side *side)
{
    xqc_app_proto_callbacks_t callbacks = {
        .conn_cbs = {on_conn_create, on_conn_close, on_handshake_finished, NULL},
        .stream_cbs = {on_stream_read, on_stream_write, quiet_stream, quiet_stream, NULL},
    };
    return xqc_engine_register_alpn(side->engine, PAIR_ALPN, PAIR_ALPN_LEN, &callbacks, NULL);
}

static const xqc_cid_t *connect_streams(pair_conn *conn, const xqc_conn_ssl_config_t *tls,
                                        const struct sockaddr_in *server)
{
    return xqc_connect(conn->side->engine, &the_pair.settings, NULL, 0, "localhost", 0, tls,
                       (const struct sockaddr *)server, sizeof(*server), PAIR_ALPN, conn);
}

static const pair_protocol STREAMS = {add_streams, connect_streams};

static xqc_engine_t *engine_new(pair_side *side, bool is_server, const xqc_config_t *config)
{
    const xqc_engine_callback_t callbacks = {
        .set_event_timer = on_set_timer,
        .log_callbacks = {quiet_log, quiet_log, quiet_qlog},
        .realtime_ts = pair_now,
        .monotonic_ts = pair_now,
    };
    const xqc_transport_callbacks_t transport = {
        .server_accept = on_accept,
        .server_refuse = on_refuse,
        .stateless_reset = on_stateless_reset,
        .write_socket = on_write,
        .write_mmsg = the_pair.use_mmsg ? on_write_mmsg : NULL,
        .conn_update_cid_notify = on_update_cid,
        .save_token = quiet_token,
        .save_session_cb = quiet_string,
        .save_tp_cb = quiet_string,
    };
    const char *directory = getenv("CTESTS_CERT_DIR");
    char certificate[512];
    char key[512];
    (void)snprintf(certificate, sizeof(certificate), "%s/rsa.crt",
                   directory != NULL ? directory : CTESTS_CERT_DIR);
    (void)snprintf(key, sizeof(key), "%s/rsa.key",
                   directory != NULL ? directory : CTESTS_CERT_DIR);
    const xqc_engine_ssl_config_t tls = {
        .private_key_file = is_server ? key : NULL,
        .cert_file = is_server ? certificate : NULL,
        .ciphers = "TLS_AES_128_GCM_SHA256",
        .groups = "X25519",
    };
    return xqc_engine_create(is_server ? XQC_ENGINE_SERVER : XQC_ENGINE_CLIENT, config, &tls,
                             &callbacks, &transport, side);
}

static void side_start(pair_side *side, bool is_server)
{
    xqc_config_t config;
    if (xqc_engine_get_default_config(&config, is_server ? XQC_ENGINE_SERVER : XQC_ENGINE_CLIENT)
        != XQC_OK) {
        fail("no default configuration");
    }
    config.cfg_log_level = XQC_LOG_FATAL;
    config.cfg_log_event = 0;
    config.sendmmsg_on = the_pair.use_mmsg;
    side->address.sin_family = AF_INET;
    side->address.sin_addr.s_addr = htonl(is_server ? 0x0a000001 : 0x0a000002);
    side->address.sin_port = htons(4433);
    side->timer_at = RING_NEVER;
    side->engine = engine_new(side, is_server, &config);
    if (side->engine == NULL || the_pair.protocol->add(side) != XQC_OK) {
        fail("the engine could not be made");
    }
}

void pair_start(bool use_mmsg, uint64_t one_way_us)
{
    the_pair.use_mmsg = use_mmsg;
    the_pair.one_way_us = one_way_us;
    the_pair.next_port = 1024;
    if (the_pair.protocol == NULL) {
        the_pair.protocol = &STREAMS;
    }
    the_pair.settings.proto_version = XQC_VERSION_V1;
    if (the_pair.settings.cong_ctrl_callback.xqc_cong_ctl_size == NULL) {
        the_pair.settings.cong_ctrl_callback = xqc_cubic_cb;
    }
    memset(source_bytes, 0x5a, sizeof(source_bytes));
    side_start(&the_pair.server, true);
    side_start(&the_pair.client, false);
    xqc_server_set_conn_settings(the_pair.server.engine, &the_pair.settings);
}

void pair_stop(void)
{
    xqc_engine_destroy(the_pair.client.engine);
    xqc_engine_destroy(the_pair.server.engine);
    ring_free(&the_pair.client.out);
    ring_free(&the_pair.server.out);
    memset(&the_pair, 0, sizeof(the_pair));
}

pair_conn *pair_connect(void)
{
    static const xqc_conn_ssl_config_t no_tls;
    pair_conn *conn = conn_new(&the_pair.client, htons(the_pair.next_port));
    the_pair.next_port = the_pair.next_port == 65535 ? 1024 : (uint16_t)(the_pair.next_port + 1);
    const xqc_cid_t *cid = the_pair.protocol->connect(conn, &no_tls, &the_pair.server.address);
    if (cid == NULL) {
        fail("no connection");
    }
    conn->cid = *cid;
    return conn;
}

static void deliver(pair_side *from, pair_side *to)
{
    struct sockaddr_in client = the_pair.client.address;
    const struct sockaddr *server = (const struct sockaddr *)&the_pair.server.address;
    bool to_server = to == &the_pair.server;
    ring_slot *slot = ring_pop(&from->out, current_time);
    if (slot == NULL) {
        return;
    }
    do {
        client.sin_port = (in_port_t)slot->client_port;
        const struct sockaddr *peer = (const struct sockaddr *)&client;
        (void)xqc_engine_packet_process(to->engine, slot->bytes, slot->length,
                                        to_server ? server : peer, sizeof(client),
                                        to_server ? peer : server, sizeof(client), current_time,
                                        to);
        ring_return(&from->out, slot);
        slot = ring_pop(&from->out, current_time);
    } while (slot != NULL);
    xqc_engine_finish_recv(to->engine);
}

static void fire_timer(pair_side *side)
{
    if (side->timer_at <= current_time) {
        side->timer_at = RING_NEVER;
        xqc_engine_main_logic(side->engine);
    }
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_event(void)
{
    uint64_t arrival = earliest(ring_next_arrival(&the_pair.client.out),
                                ring_next_arrival(&the_pair.server.out));
    return earliest(arrival, earliest(the_pair.client.timer_at, the_pair.server.timer_at));
}

bool pair_step(void)
{
    uint64_t next = next_event();
    if (next == RING_NEVER) {
        return false;
    }
    current_time = next > current_time ? next : current_time;
    deliver(&the_pair.client, &the_pair.server);
    deliver(&the_pair.server, &the_pair.client);
    fire_timer(&the_pair.server);
    fire_timer(&the_pair.client);
    return true;
}

void pair_run_for(uint64_t microseconds)
{
    uint64_t end = current_time + microseconds;
    while (next_event() <= end && pair_step()) {
    }
    current_time = end;
}
