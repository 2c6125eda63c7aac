/*
 * xqc_client: downloads files over QUIC with HTTP/0.9, as an example of a C host of libxquic.
 *
 * What a host owes the library, and where it is done here:
 *   - a timer: set_event_timer() arms it, on_timer() calls xqc_engine_main_logic();
 *   - datagrams in: on_socket_ready() calls xqc_engine_packet_process() for each one and
 *     xqc_engine_finish_recv() after the batch;
 *   - datagrams out: write_socket() and write_mmsg(); when the kernel has no room they return
 *     XQC_SOCKET_EAGAIN, and xqc_conn_continue_send() follows once there is;
 *   - an application protocol: the callbacks given to xqc_engine_register_alpn().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>

#include "common/arguments.h"
#include "common/client_options.h"
#include "common/clock.h"
#include "common/download.h"
#include "common/loop.h"
#include "common/progress.h"
#include "common/reason.h"
#include "common/sinks.h"
#include "common/trust.h"
#include "common/udp.h"

#define ALPN "hq-interop"
#define READ_CHUNK 65536
/* How often to look at the clock for the progress bar and the deadlines. */
#define TICK_MS 100
/* A connection that is closed has this long to say goodbye before the program just ends. */
#define CLOSE_GRACE_US 200000

struct client;

struct connection {
    struct client      *client;
    struct watch        watch; /* its own UDP socket */
    struct udp_address  local;
    xqc_cid_t           cid;
    uint64_t            started;
    uint64_t            handshake_us; /* 0 until the handshake is done */
    unsigned            open_streams;
    bool                blocked; /* the kernel had no room for its datagrams */
    bool                closing;
    bool                closed;
    bool                starved;      /* the server allows no further stream just now */
    bool                refused;      /* ICMP: nothing listens there */
    bool                distrusted;   /* the certificate was not accepted */
    xqc_conn_stats_t    stats;
    char                reason[128];
};

/* What a stream's callbacks carry: one download on one connection. */
struct transfer {
    struct connection *connection;
    struct download   *download;
    size_t             request_sent;
    bool               ended;
};

struct client {
    struct client_options options;
    struct loop           loop;
    struct udp_address    server;
    struct trust          trust;
    xqc_engine_t         *engine;
    struct connection    *connections;
    struct download      *downloads;
    struct transfer      *transfers; /* one for each download */
    unsigned              next;      /* first download not begun */
    unsigned              ended;     /* downloads done or failed */
    uint64_t              bytes;
    uint64_t              first_handshake; /* when the transfers could begin, and when they ended */
    uint64_t              last_byte;
    struct progress       progress;
};

/* ---- the library's timer and sockets -------------------------------------------------- */

static void
set_event_timer(xqc_usec_t wake_after, void *engine_user_data)
{
    struct client *client = engine_user_data;

    loop_set_timer(&client->loop, wake_after);
}

static void
on_timer(void *owner)
{
    struct client *client = owner;

    xqc_engine_main_logic(client->engine);
}

static ssize_t
write_mmsg(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    struct connection *connection = user_data;
    ssize_t            sent = udp_send(connection->watch.fd, datagrams, count, NULL, 0);

    (void) peer;
    (void) peer_length;
    if (sent == XQC_SOCKET_EAGAIN || (sent >= 0 && (unsigned int) sent < count)) {
        connection->blocked = true;
        loop_want_writable(&connection->client->loop, &connection->watch, true);
    }
    return sent;
}

static ssize_t
write_socket(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    struct iovec datagram = { (void *) data, size };
    ssize_t      sent = write_mmsg(&datagram, 1, peer, peer_length, user_data);

    return sent < 0 ? sent : (ssize_t) size;
}

static void
on_datagram(void *owner, const unsigned char *data, size_t size, const struct udp_address *peer)
{
    struct connection *connection = owner;
    struct client     *client = connection->client;

    (void) peer;
    xqc_engine_packet_process(client->engine, data, size,
                              (const struct sockaddr *) &connection->local.storage,
                              connection->local.length,
                              (const struct sockaddr *) &client->server.storage,
                              client->server.length, clock_unix_us(), connection);
}

static void
on_socket_ready(struct watch *watch, uint32_t events)
{
    struct connection *connection = watch->owner;
    struct client     *client = connection->client;

    (void) events;
    if (connection->blocked) {
        connection->blocked = false;
        loop_want_writable(&client->loop, watch, false);
        xqc_conn_continue_send(client->engine, &connection->cid);
    }
    if (udp_receive(watch->fd, on_datagram, connection) < 0 && errno == ECONNREFUSED
        && connection->handshake_us == 0)
    {
        connection->refused = true;
    }
    xqc_engine_finish_recv(client->engine);
}

/* ---- downloads -------------------------------------------------------------------------- */

static void
end_transfer(struct transfer *transfer)
{
    struct client *client = transfer->connection->client;

    if (!transfer->ended) {
        transfer->ended = true;
        client->ended++;
        client->last_byte = clock_monotonic_us();
    }
}

static void
fail_transfer(struct transfer *transfer, const char *reason)
{
    download_fail(transfer->download, "%s", reason);
    end_transfer(transfer);
}

/* Sends what is left of the request line. The FIN tells the server that nothing follows. */
static int
send_request(xqc_stream_t *stream, struct transfer *transfer)
{
    char    line[2048];
    int     length = snprintf(line, sizeof(line), "GET %s\r\n", transfer->download->path);
    size_t  left = (size_t) length - transfer->request_sent;
    ssize_t sent;

    if (length >= (int) sizeof(line)) {
        return -1;
    }
    if (left == 0) {
        return 0;
    }
    sent = xqc_stream_send(stream, (unsigned char *) line + transfer->request_sent, left, 1);
    if (sent < 0) {
        return sent == -XQC_EAGAIN ? 0 : -1;
    }
    transfer->request_sent += (size_t) sent;
    return 0;
}

/* Begins as many waiting downloads on `connection` as it may have open at once. */
static void
begin_downloads(struct connection *connection)
{
    struct client *client = connection->client;

    while (!connection->starved && !connection->closing && client->next < client->options.path_count
           && connection->open_streams < client->options.parallel)
    {
        struct transfer *transfer = &client->transfers[client->next];
        xqc_stream_t    *stream;

        transfer->connection = connection;
        stream = xqc_stream_create(client->engine, &connection->cid, NULL, transfer);
        if (stream == NULL) {
            /* The server's limit: go on when a stream has ended. */
            connection->starved = true;
            return;
        }
        client->next++;
        connection->open_streams++;
        if (!download_begin(transfer->download)) {
            end_transfer(transfer);
            xqc_stream_close(stream);
        } else if (send_request(stream, transfer) != 0) {
            fail_transfer(transfer, "the request could not be sent");
            xqc_stream_close(stream);
        }
    }
}

/* Takes everything that has arrived; returns false once the transfer has ended. */
static bool
receive_file(xqc_stream_t *stream, struct transfer *transfer)
{
    static unsigned char chunk[READ_CHUNK];
    struct client       *client = transfer->connection->client;
    char                 reason[64];
    uint8_t              fin = 0;

    while (!fin) {
        ssize_t size = xqc_stream_recv(stream, chunk, sizeof(chunk), &fin);

        if (size == -XQC_EAGAIN) {
            return true;
        }
        if (size < 0) {
            snprintf(reason, sizeof(reason), "the stream broke off (%zd)", size);
            fail_transfer(transfer, reason);
            return false;
        }
        client->bytes += (uint64_t) size;
        if (!download_append(transfer->download, chunk, (size_t) size)) {
            end_transfer(transfer);
            xqc_stream_close(stream);
            return false;
        }
    }
    download_complete(transfer->download);
    end_transfer(transfer);
    return false;
}

/* ---- callbacks of the application protocol -------------------------------------------- */

static xqc_int_t
on_stream_readable(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    if (!transfer->ended) {
        receive_file(stream, transfer);
    }
    return 0;
}

static xqc_int_t
on_stream_writable(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    if (!transfer->ended && send_request(stream, transfer) != 0) {
        fail_transfer(transfer, "the request could not be sent");
        xqc_stream_close(stream);
    }
    return 0;
}

static void
on_stream_reset(xqc_stream_t *stream, xqc_int_t code, void *user_data)
{
    struct transfer *transfer = user_data;
    char             reason[96];

    (void) stream;
    snprintf(reason, sizeof(reason), "the server does not deliver it (stream reset, code 0x%x)",
             (unsigned) code);
    fail_transfer(transfer, reason);
}

static xqc_int_t
on_stream_closed(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    (void) stream;
    fail_transfer(transfer, "the stream ended early");
    transfer->connection->open_streams--;
    transfer->connection->starved = false;
    return 0;
}

static void
on_handshake_finished(xqc_connection_t *handle, void *user_data, void *protocol_data)
{
    struct connection *connection = user_data;
    struct client     *client = connection->client;
    uint64_t           now = clock_monotonic_us();

    (void) handle;
    (void) protocol_data;
    connection->handshake_us = now - connection->started;
    if (client->first_handshake == 0) {
        client->first_handshake = client->progress.started = now;
    }
    begin_downloads(connection);
}

/* Without this callback the library would not call the closing one either. */
static int
on_connection_created(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) handle;
    (void) cid;
    (void) user_data;
    (void) protocol_data;
    return 0;
}

static int
on_connection_closed(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    struct connection *connection = user_data;

    (void) protocol_data;
    connection->closed = true;
    if (!connection->closing) {
        connection->stats = xqc_conn_get_stats(connection->client->engine, cid);
        reason_describe(handle, connection->reason, sizeof(connection->reason));
    }
    loop_remove(&connection->client->loop, &connection->watch);
    return 0;
}

static const xqc_app_proto_callbacks_t protocol = {
    .conn_cbs = {
        .conn_create_notify = on_connection_created,
        .conn_close_notify = on_connection_closed,
        .conn_handshake_finished = on_handshake_finished,
    },
    .stream_cbs = {
        .stream_read_notify = on_stream_readable,
        .stream_write_notify = on_stream_writable,
        .stream_close_notify = on_stream_closed,
        .stream_closing_notify = on_stream_reset,
    },
};

/* ---- callbacks of the transport --------------------------------------------------------- */

static void
on_cid_changed(xqc_connection_t *handle, const xqc_cid_t *retired, const xqc_cid_t *current,
    void *user_data)
{
    struct connection *connection = user_data;

    (void) handle;
    (void) retired;
    connection->cid = *current;
}

/* The library asks about a chain that it could not trace: chain[0] is the server's own. */
static int
on_verify_certificate(const unsigned char *chain[], const size_t lengths[], size_t count,
    void *user_data)
{
    struct connection *connection = user_data;

    if (count > 0 && trust_contains(&connection->client->trust, chain[0], lengths[0])) {
        return 0;
    }
    connection->distrusted = true;
    return -1;
}

/* This client resumes nothing, so what a later connection could use is dropped. */
static void
drop_token(const unsigned char *token, uint32_t length, void *user_data)
{
    (void) token;
    (void) length;
    (void) user_data;
}

static void
drop_string(const char *data, size_t length, void *user_data)
{
    (void) data;
    (void) length;
    (void) user_data;
}

static const xqc_transport_callbacks_t transport = {
    .write_socket = write_socket,
    .write_mmsg = write_mmsg,
    .conn_update_cid_notify = on_cid_changed,
    .save_token = drop_token,
    .save_session_cb = drop_string,
    .save_tp_cb = drop_string,
    .cert_verify_cb = on_verify_certificate,
};

/* ---- start ------------------------------------------------------------------------------ */

static bool
create_engine(struct client *client)
{
    xqc_engine_ssl_config_t tls = {
        .ciphers = (char *) client->options.ciphers,
        .groups = (char *) XQC_TLS_GROUPS,
    };
    xqc_engine_callback_t     callbacks = sinks_callbacks(client->options.log_level);
    xqc_app_proto_callbacks_t alpn_callbacks = protocol;
    xqc_config_t              config = { 0 };

    callbacks.set_event_timer = set_event_timer;
    if (xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT) != XQC_OK) {
        return false;
    }
    config.cfg_log_level = (xqc_log_level_t) client->options.log_level;
    config.sendmmsg_on = 1;
    client->engine = xqc_engine_create(XQC_ENGINE_CLIENT, &config, &tls, &callbacks, &transport,
                                       client);
    return client->engine != NULL
           && xqc_engine_register_alpn(client->engine, ALPN, strlen(ALPN), &alpn_callbacks, NULL)
                  == XQC_OK;
}

/* Opens a socket of its own for the connection and sends the first flight. */
static bool
start_connection(struct client *client, struct connection *connection)
{
    const struct client_options *options = &client->options;
    const char                  *name = options->server_name != NULL ? options->server_name
                                                                      : options->host;
    xqc_conn_settings_t settings = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);
    xqc_conn_ssl_config_t tls = { 0 };
    const xqc_cid_t      *cid;

    connection->client = client;
    connection->watch.ready = on_socket_ready;
    connection->watch.owner = connection;
    connection->watch.fd = udp_connect(&client->server, &connection->local);
    if (connection->watch.fd < 0 || loop_add(&client->loop, &connection->watch) != 0) {
        snprintf(connection->reason, sizeof(connection->reason), "no socket: %s", strerror(errno));
        connection->closed = true;
        return false;
    }
    settings.cong_ctrl_callback = options->congestion;
    settings.keyupdate_pkt_threshold = options->key_update;
    settings.init_idle_time_out = (xqc_msec_t) options->timeout_seconds * 1000;
    settings.idle_time_out = settings.init_idle_time_out;
    if (!options->insecure) {
        tls.cert_verify_flag = XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
    }
    connection->started = clock_monotonic_us();
    cid = xqc_connect(client->engine, &settings, NULL, 0, name, 0, &tls,
                      (const struct sockaddr *) &client->server.storage, client->server.length,
                      ALPN, connection);
    if (cid == NULL) {
        snprintf(connection->reason, sizeof(connection->reason), "the library did not start it");
        connection->closed = true;
        return false;
    }
    connection->cid = *cid;
    return true;
}

static bool
prepare_downloads(struct client *client)
{
    const struct client_options *options = &client->options;
    const char *directory = options->discard ? NULL : options->directory;

    client->downloads = calloc(options->path_count, sizeof(client->downloads[0]));
    client->transfers = calloc(options->path_count, sizeof(client->transfers[0]));
    client->connections = calloc(options->connections, sizeof(client->connections[0]));
    if (!client->downloads || !client->transfers || !client->connections) {
        return false;
    }
    for (unsigned i = 0; i < options->path_count; i++) {
        if (!download_init(&client->downloads[i], options->paths[i], directory)) {
            return false;
        }
        client->transfers[i].download = &client->downloads[i];
        for (unsigned j = 0; j < i; j++) {
            if (download_collides(&client->downloads[i], &client->downloads[j])) {
                arguments_fail("xqc_client", "'%s' and '%s' would be written to the same file",
                               options->paths[j], options->paths[i]);
            }
        }
    }
    return true;
}

/* ---- run -------------------------------------------------------------------------------- */

/* True while some connection can still bring something. Ends attempts that have run out of time. */
static bool
any_alive(struct client *client)
{
    uint64_t limit = (uint64_t) client->options.timeout_seconds * 1000000u;
    uint64_t now = clock_monotonic_us();
    bool     alive = false;

    for (unsigned i = 0; i < client->options.connections; i++) {
        struct connection *connection = &client->connections[i];

        if (connection->closed || connection->closing) {
            continue;
        }
        if (connection->refused || (connection->handshake_us == 0
                                    && now - connection->started > limit))
        {
            connection->closing = true;
            continue;
        }
        if (connection->open_streams == 0) {
            connection->starved = false;
        }
        if (connection->handshake_us != 0) {
            begin_downloads(connection);
        }
        alive = true;
    }
    return alive;
}

/* Says goodbye on every connection and waits a moment for the library to be done with it. */
static void
close_connections(struct client *client)
{
    uint64_t deadline = clock_monotonic_us() + CLOSE_GRACE_US;
    bool     open = true;

    for (unsigned i = 0; i < client->options.connections; i++) {
        struct connection *connection = &client->connections[i];

        if (!connection->closed && connection->watch.owner != NULL) {
            connection->stats = xqc_conn_get_stats(client->engine, &connection->cid);
            connection->closing = true;
            xqc_conn_close(client->engine, &connection->cid);
        }
    }
    while (open && clock_monotonic_us() < deadline && !client->loop.stop) {
        open = false;
        for (unsigned i = 0; i < client->options.connections; i++) {
            open = open || !client->connections[i].closed;
        }
        if (open && loop_turn(&client->loop, TICK_MS) != 0) {
            break;
        }
    }
}

static void
run(struct client *client)
{
    for (unsigned i = 0; i < client->options.connections; i++) {
        start_connection(client, &client->connections[i]);
    }
    while (client->ended < client->options.path_count && !client->loop.stop && any_alive(client)) {
        if (loop_turn(&client->loop, TICK_MS) != 0) {
            break;
        }
        if (client->first_handshake != 0) {
            progress_show(&client->progress, client->bytes);
        }
    }
    if (client->first_handshake != 0) {
        progress_finish(&client->progress, client->bytes);
    }
    close_connections(client);
}

/* ---- report ----------------------------------------------------------------------------- */

static void
explain_unreachable(const struct client *client, const struct connection *connection)
{
    char address[UDP_ADDRESS_TEXT];

    udp_address_text(&client->server, address);
    fprintf(stderr, "xqc_client: no connection to %s (%s): ", client->options.host, address);
    if (connection->refused) {
        fprintf(stderr, "nothing listens there\n");
    } else if (connection->distrusted) {
        fprintf(stderr, "its certificate is not the one expected\n");
    } else if (connection->reason[0] != '\0'
               && clock_monotonic_us() - connection->started
                      < (uint64_t) client->options.timeout_seconds * 1000000u)
    {
        fprintf(stderr, "%s\n", connection->reason);
    } else {
        fprintf(stderr, "no answer within %u s\n", client->options.timeout_seconds);
    }
}

/* Complains about whatever went wrong; returns the exit status that says the same. */
static enum exit_status
report_failures(const struct client *client)
{
    enum exit_status status = STATUS_OK;

    for (unsigned i = 0; i < client->options.path_count; i++) {
        const struct download *download = &client->downloads[i];

        if (download->state == DOWNLOAD_FAILED) {
            fprintf(stderr, "xqc_client: %s: %s\n", download->path, download->reason);
            if (status != STATUS_LOCAL) {
                status = download->local_failure ? STATUS_LOCAL : STATUS_INCOMPLETE;
            }
        } else if (download->state != DOWNLOAD_DONE) {
            if (client->first_handshake != 0) {
                fprintf(stderr, "xqc_client: %s: not downloaded\n", download->path);
            }
            status = status == STATUS_OK ? STATUS_INCOMPLETE : status;
        }
    }
    for (unsigned i = 0; i < client->options.connections; i++) {
        const struct connection *connection = &client->connections[i];

        if (connection->handshake_us == 0) {
            explain_unreachable(client, connection);
            status = client->first_handshake == 0 ? STATUS_UNREACHABLE : status;
        } else if (status != STATUS_OK && !connection->closing) {
            fprintf(stderr, "xqc_client: connection lost: %s\n", connection->reason);
            status = STATUS_LOST;
        }
    }
    return status;
}

static void
print_stats(const struct client *client)
{
    double   seconds = (double) (client->last_byte - client->first_handshake) / 1e6;
    uint64_t sent = 0, received = 0, lost = 0, rtt = 0, min_rtt = 0, handshake = 0;

    for (unsigned i = 0; i < client->options.connections; i++) {
        const struct connection *connection = &client->connections[i];

        sent += connection->stats.send_count;
        received += connection->stats.recv_count;
        lost += connection->stats.lost_count;
        if (connection->handshake_us > handshake) {
            handshake = connection->handshake_us;
            rtt = connection->stats.srtt;
            min_rtt = connection->stats.min_rtt;
        }
    }
    printf("handshake    %.2f ms\n", (double) handshake / 1e3);
    printf("received     %" PRIu64 " bytes in %.3f s\n", client->bytes, seconds);
    printf("speed        %.1f MB/s\n", seconds > 0 ? (double) client->bytes / 1e6 / seconds : 0);
    printf("RTT          %.3f ms smoothed, %.3f ms minimum\n", (double) rtt / 1e3,
           (double) min_rtt / 1e3);
    printf("packets      %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost\n", sent,
           received, lost);
}

static void
release(struct client *client)
{
    if (client->engine != NULL) {
        xqc_engine_destroy(client->engine);
    }
    for (unsigned i = 0; client->connections != NULL && i < client->options.connections; i++) {
        if (client->connections[i].watch.owner != NULL && client->connections[i].watch.fd >= 0) {
            close(client->connections[i].watch.fd);
        }
    }
    for (unsigned i = 0; client->downloads != NULL && i < client->options.path_count; i++) {
        download_fail(&client->downloads[i], "interrupted");
        download_free(&client->downloads[i]);
    }
    loop_close(&client->loop);
    trust_free(&client->trust);
    free(client->connections);
    free(client->transfers);
    free(client->downloads);
    client_options_free(&client->options);
    sinks_close();
}

int
main(int argc, char **argv)
{
    struct client    client = { .options = client_options_parse(argc, argv) };
    enum exit_status status = STATUS_LOCAL;
    const char      *why;

    if (client.options.connections > client.options.path_count) {
        client.options.connections = client.options.path_count;
    }
    client.progress.on = client.options.progress;
    client.progress.expected = client.options.expected_bytes;
    if (loop_open(&client.loop, on_timer, &client) != 0 || !prepare_downloads(&client)) {
        fprintf(stderr, "xqc_client: cannot start: %s\n", strerror(errno));
    } else if (client.options.keylog && sinks_open_keylog(client.options.keylog) != 0) {
        fprintf(stderr, "xqc_client: cannot open %s: %s\n", client.options.keylog, strerror(errno));
    } else if (udp_resolve(client.options.host, client.options.port, &client.server, &why) != 0) {
        fprintf(stderr, "xqc_client: cannot find %s: %s\n", client.options.host, why);
        status = STATUS_UNREACHABLE;
    } else if (client.options.ca_file && !trust_load(&client.trust, client.options.ca_file, &why)) {
        fprintf(stderr, "xqc_client: cannot use %s: %s\n", client.options.ca_file, why);
    } else if (!create_engine(&client)) {
        fprintf(stderr, "xqc_client: the library refused to start\n");
    } else {
        run(&client);
        status = report_failures(&client);
        if (client.options.stats && client.first_handshake != 0) {
            print_stats(&client);
        }
    }
    release(&client);
    return status;
}
