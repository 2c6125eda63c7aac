/*
 * Datagrams per second through the kernel: client and server in one thread, each with a socket of its
 * own on the loopback interface, and the socket code of the example programs. One stream carries data
 * from the client to the server.
 *
 *   loopback --mb N [--rounds N]
 *
 * Each round moves N million bytes twice: with sendmmsg and recvmmsg, one message for each datagram;
 * and with GSO and GRO, where the kernel cuts and joins trains. The ratio is that of the medians.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <xquic/xquic.h>

#include "common/udp.h"
#include "quiet.h"

#ifndef CTESTS_CERT_DIR
#define CTESTS_CERT_DIR "certs"
#endif

#define ALPN "bench"
#define CHUNK 65536
#define MAX_ROUNDS 15
#define NEVER UINT64_MAX

struct side {
    int fd;
    struct udp_address local;
    struct udp_address *peer; /* the client's: the server */
    xqc_engine_t *engine;
    xqc_cid_t cid;
    uint64_t timer_at;
    bool blocked;
    unsigned live;
    uint64_t received; /* datagrams */
    uint64_t bytes;    /* of the stream */
    bool fin_received;
};

static struct side client;
static struct side server;
static xqc_stream_t *source;
static uint64_t left_to_send;
static bool connected;
static unsigned char buffer[CHUNK];

static void demand(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "loopback: %s\n", what);
        exit(1);
    }
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- engine and sockets ---- */

static void on_set_timer(xqc_usec_t wake_after, void *user_data)
{
    ((struct side *)user_data)->timer_at = now_us() + wake_after;
}

static ssize_t on_write_mmsg(const struct iovec *vector, unsigned count, const struct sockaddr *peer,
                             socklen_t peer_length, void *user_data)
{
    struct side *side = user_data;
    const struct udp_target target = {peer, peer_length, false, 0};
    ssize_t sent = udp_send(side->fd, vector, count, &target);
    side->blocked |= sent == XQC_SOCKET_EAGAIN || (sent >= 0 && (unsigned)sent < count);
    return sent;
}

static ssize_t on_write(const unsigned char *bytes, size_t size, const struct sockaddr *peer,
                        socklen_t peer_length, void *user_data)
{
    struct iovec datagram = {(void *)bytes, size};
    ssize_t sent = on_write_mmsg(&datagram, 1, peer, peer_length, user_data);
    return sent < 0 ? sent : (ssize_t)size;
}

static void on_datagram(void *owner, const unsigned char *data, size_t size,
                        const struct udp_address *peer, uint8_t ecn)
{
    (void)ecn;
    struct side *side = owner;
    side->received++;
    xqc_engine_packet_process(side->engine, data, size, (struct sockaddr *)&side->local.storage,
                              side->local.length, (const struct sockaddr *)&peer->storage,
                              peer->length, now_us(), side);
}

/* ---- connections ---- */

static int on_accept(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                     void *user_data)
{
    (void)engine;
    server.cid = *cid;
    xqc_conn_set_transport_user_data(handle, user_data);
    xqc_conn_set_alp_user_data(handle, user_data);
    return 0;
}

static void on_update_cid(xqc_connection_t *handle, const xqc_cid_t *old, const xqc_cid_t *fresh,
                          void *user_data)
{
    (void)handle;
    (void)old;
    ((struct side *)user_data)->cid = *fresh;
}

static int on_conn_create(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                          void *protocol_data)
{
    (void)cid;
    (void)protocol_data;
    ((struct side *)user_data)->live++;
    xqc_conn_set_alp_user_data(handle, user_data);
    return 0;
}

static int on_conn_close(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                         void *protocol_data)
{
    (void)handle;
    (void)cid;
    (void)protocol_data;
    ((struct side *)user_data)->live--;
    return 0;
}

static void on_handshake_finished(xqc_connection_t *handle, void *user_data, void *protocol_data)
{
    (void)handle;
    (void)protocol_data;
    connected |= user_data == &client;
}

/* ---- streams ---- */

static xqc_int_t on_stream_read(xqc_stream_t *stream, void *user_data)
{
    (void)user_data;
    for (;;) {
        uint8_t fin = 0;
        ssize_t got = xqc_stream_recv(stream, buffer, sizeof(buffer), &fin);
        if (got < 0) {
            return got == -XQC_EAGAIN ? 0 : -1;
        }
        server.bytes += (uint64_t)got;
        if (fin) {
            server.fin_received = true;
            return 0;
        }
    }
}

static xqc_int_t on_stream_write(xqc_stream_t *stream, void *user_data)
{
    (void)user_data;
    while (stream == source && left_to_send > 0) {
        size_t size = left_to_send < CHUNK ? (size_t)left_to_send : CHUNK;
        ssize_t sent = xqc_stream_send(stream, buffer, size, size == left_to_send);
        if (sent < 0) {
            return sent == -XQC_EAGAIN ? 0 : -1;
        }
        left_to_send -= (uint64_t)sent;
        if ((size_t)sent < size) {
            return 0;
        }
    }
    return 0;
}

/* ---- the run ---- */

static char *certificate_path(const char *name)
{
    static char paths[2][512];
    static unsigned next;
    const char *directory = getenv("CTESTS_CERT_DIR");
    char *path = paths[next++ % 2];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s",
                   directory != NULL ? directory : CTESTS_CERT_DIR, name);
    return path;
}

static void side_start(struct side *side, bool is_server, bool offload)
{
    static const xqc_engine_callback_t callbacks = {
        .set_event_timer = on_set_timer,
        .log_callbacks = {quiet_log, quiet_log, quiet_qlog},
    };
    static const xqc_transport_callbacks_t transport = {
        .server_accept = on_accept,
        .write_socket = on_write,
        .write_mmsg = on_write_mmsg,
        .conn_update_cid_notify = on_update_cid,
        .save_token = quiet_token,
        .save_session_cb = quiet_string,
        .save_tp_cb = quiet_string,
    };
    xqc_app_proto_callbacks_t protocol = {
        .conn_cbs = {on_conn_create, on_conn_close, on_handshake_finished, NULL},
        .stream_cbs = {on_stream_read, on_stream_write, quiet_stream, quiet_stream, NULL},
    };
    xqc_engine_type_t type = is_server ? XQC_ENGINE_SERVER : XQC_ENGINE_CLIENT;
    const xqc_engine_ssl_config_t tls = {
        .private_key_file = is_server ? certificate_path("rsa.key") : NULL,
        .cert_file = is_server ? certificate_path("rsa.crt") : NULL,
        .ciphers = "TLS_AES_128_GCM_SHA256",
        .groups = "X25519",
    };
    const char *why = "";
    xqc_config_t config;
    memset(side, 0, sizeof(*side));
    side->timer_at = NEVER;
    demand(udp_resolve("127.0.0.1", 0, &side->local, &why) == 0, why);
    side->fd = udp_bind(&side->local);
    demand(side->fd >= 0, "no socket");
    udp_offload(side->fd, offload);
    demand(xqc_engine_get_default_config(&config, type) == XQC_OK, "no configuration");
    config.cfg_log_level = XQC_LOG_FATAL;
    config.cfg_log_event = 0;
    config.sendmmsg_on = 1;
    side->engine = xqc_engine_create(type, &config, &tls, &callbacks, &transport, side);
    demand(side->engine != NULL, "no engine");
    demand(xqc_engine_register_alpn(side->engine, ALPN, strlen(ALPN), &protocol, NULL) == XQC_OK,
           "no protocol");
}

static void side_stop(struct side *side)
{
    xqc_engine_destroy(side->engine);
    close(side->fd);
}

static void run_side(struct side *side, short events)
{
    if (side->blocked && (events & POLLOUT) != 0) {
        side->blocked = false;
        xqc_conn_continue_send(side->engine, &side->cid);
    }
    if ((events & POLLIN) != 0) {
        udp_receive(side->fd, on_datagram, side);
        xqc_engine_finish_recv(side->engine);
    }
    if (side->timer_at <= now_us()) {
        side->timer_at = NEVER;
        xqc_engine_main_logic(side->engine);
    }
}

/* Waits for sockets and timers once. */
static void step(void)
{
    struct side *sides[2] = {&client, &server};
    struct pollfd watched[2];
    uint64_t next = now_us() + 1000000;
    for (unsigned i = 0; i < 2; i++) {
        short events = (short)(POLLIN | (sides[i]->blocked ? POLLOUT : 0));
        watched[i] = (struct pollfd){.fd = sides[i]->fd, .events = events};
        next = sides[i]->timer_at < next ? sides[i]->timer_at : next;
    }
    uint64_t now = now_us();
    uint64_t wait = next > now ? next - now : 0;
    struct timespec limit = {(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
    demand(ppoll(watched, 2, &limit, NULL) >= 0 || errno == EINTR, "poll failed");
    for (unsigned i = 0; i < 2; i++) {
        run_side(sides[i], watched[i].revents);
    }
}

/* Moves that many million bytes. Returns datagrams per second from client to server. */
static double measure(unsigned megabytes, bool offload)
{
    const xqc_conn_ssl_config_t tls = {0};
    xqc_conn_settings_t settings = {0};
    settings.proto_version = XQC_VERSION_V1;
    settings.cong_ctrl_callback = xqc_cubic_cb;
    side_start(&server, true, offload);
    side_start(&client, false, offload);
    connected = false;
    const xqc_cid_t *cid = xqc_connect(client.engine, &settings, NULL, 0, "localhost", 0, &tls,
                                       (struct sockaddr *)&server.local.storage,
                                       server.local.length, ALPN, &client);
    demand(cid != NULL, "no connection");
    client.cid = *cid;
    for (unsigned i = 0; i < 1000 && !connected; i++) {
        step();
    }
    demand(connected, "no handshake");
    uint64_t datagrams = server.received;
    uint64_t start = now_us();
    left_to_send = (uint64_t)megabytes * 1000000;
    source = xqc_stream_create(client.engine, &client.cid, NULL, NULL);
    demand(source != NULL, "no stream");
    on_stream_write(source, &client);
    while (!server.fin_received) {
        demand(client.live > 0 && now_us() - start < 120000000, "the transfer came to a halt");
        step();
    }
    double seconds = (double)(now_us() - start) / 1e6;
    double rate = (double)(server.received - datagrams) / seconds;
    demand(server.bytes == (uint64_t)megabytes * 1000000, "bytes are missing");
    printf("loopback, %s: %.0f datagrams/s, %.0f MB/s\n",
           offload ? "GSO and GRO" : "sendmmsg", rate, (double)megabytes / seconds);
    side_stop(&client);
    side_stop(&server);
    return rate;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    unsigned megabytes = 200;
    unsigned rounds = 5;
    double plain[MAX_ROUNDS];
    double joined[MAX_ROUNDS];
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned *option = strcmp(argv[i], "--mb") == 0 ? &megabytes : &rounds;
        *option = (unsigned)atoi(argv[i + 1]);
    }
    demand(megabytes > 0 && rounds > 0 && rounds <= MAX_ROUNDS, "--mb N [--rounds 1..15]");
    memset(buffer, 0x5a, sizeof(buffer));
    for (unsigned i = 0; i < rounds; i++) {
        plain[i] = measure(megabytes, false);
        joined[i] = measure(megabytes, true);
    }
    printf("loopback, GSO to sendmmsg: %.2f\n", median(joined, rounds) / median(plain, rounds));
    return 0;
}
