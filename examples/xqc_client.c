/*
 * xqc_client: downloads files over QUIC with HTTP/0.9, as an example of a C host of libxquic.
 *
 * What a host owes the library, and where it is done here:
 *   - a timer: set_event_timer() arms it, on_timer() calls xqc_engine_main_logic();
 *   - datagrams in: on_socket_ready() calls xqc_engine_packet_process() for each one and
 *     xqc_engine_finish_recv() after the batch;
 *   - datagrams out: write_socket() and write_mmsg(); when the kernel has no room they return
 *     XQC_SOCKET_EAGAIN, and xqc_conn_continue_send() follows once there is;
 *   - an application protocol: the callbacks given to xqc_engine_register_alpn(); those of its
 *     streams are in common/client_transfers.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/arguments.h"
#include "common/client.h"
#include "common/client_migration.h"
#include "common/client_report.h"
#include "common/client_transfers.h"
#include "common/clock.h"
#include "common/marks.h"
#include "common/reason.h"
#include "common/sinks.h"

#define ALPN "hq-interop"
/* How often to look at the clock for the progress bar and the deadlines. */
#define TICK_MS 100
/* A connection that is closed has this long to say goodbye before the program just ends. */
#define CLOSE_GRACE_US 200000

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
write_marked(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, uint8_t ecn, void *user_data)
{
    struct connection      *connection = user_data;
    const struct udp_target target = { peer, peer_length, true, ecn };
    ssize_t                 sent = udp_send(migration_socket(connection), datagrams, count,
                                            &target);

    if (sent == XQC_SOCKET_EAGAIN || (sent >= 0 && (unsigned int) sent < count)) {
        connection->blocked = true;
        loop_want_writable(&connection->client->loop, &connection->watch, true);
    }
    return sent;
}

static ssize_t
write_mmsg(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    return write_marked(datagrams, count, peer, peer_length, 0, user_data);
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
on_datagram(void *owner, const unsigned char *data, size_t size, const struct udp_address *peer,
    uint8_t ecn)
{
    struct connection *connection = owner;
    struct client     *client = connection->client;
    const struct udp_address *local = migration_local(connection, connection->arriving);

    (void) peer;
    marks_process(client->engine, data, size, local, &client->server, ecn, connection);
}

static void
on_socket_ready(struct watch *watch, uint32_t events)
{
    struct connection *connection = watch->owner;
    struct client     *client = connection->client;

    (void) events;
    connection->arriving = watch;
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

/* ---- callbacks of the application protocol -------------------------------------------- */

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

/* The first moment at which the connection can be asked what it may do. */
static int
on_connection_created(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    struct connection *connection = user_data;

    (void) cid;
    (void) protocol_data;
    connection->early = connection->client->options.early_data
                        && xqc_conn_is_ready_to_send_early_data(handle);
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
    if (connection->second.owner != NULL) {
        loop_remove(&connection->client->loop, &connection->second);
    }
    return 0;
}

static const xqc_app_proto_callbacks_t protocol = {
    .conn_cbs = {
        .conn_create_notify = on_connection_created,
        .conn_close_notify = on_connection_closed,
        .conn_handshake_finished = on_handshake_finished,
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

/* What the server gives for the next visit. */
static void
keep_token(const unsigned char *token, uint32_t length, void *user_data)
{
    kept_bytes_set(&((struct connection *) user_data)->client->session.token, token, length);
}

static void
keep_session(const char *data, size_t length, void *user_data)
{
    kept_bytes_set(&((struct connection *) user_data)->client->session.ticket, data, length);
}

static void
keep_parameters(const char *data, size_t length, void *user_data)
{
    kept_bytes_set(&((struct connection *) user_data)->client->session.parameters, data, length);
}

static const xqc_transport_callbacks_t transport = {
    .write_socket = write_socket,
    .write_mmsg = write_mmsg,
    .conn_update_cid_notify = on_cid_changed,
    .save_token = keep_token,
    .save_session_cb = keep_session,
    .save_tp_cb = keep_parameters,
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
    alpn_callbacks.stream_cbs = client_stream_callbacks;
    if (xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT) != XQC_OK) {
        return false;
    }
    config.cfg_log_level = (xqc_log_level_t) client->options.log_level;
    config.sendmmsg_on = 1;
    client->engine = xqc_engine_create(XQC_ENGINE_CLIENT, &config, &tls, &callbacks, &transport,
                                       client);
    if (client->engine == NULL) {
        return false;
    }
    marks_use(client->engine, write_marked);
    return xqc_engine_register_alpn(client->engine, ALPN, strlen(ALPN), &alpn_callbacks, NULL)
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
    settings.enable_pmtud = XQC_PMTUD_ENABLE_MASK;
    settings.keyupdate_pkt_threshold = options->key_update;
#ifdef XQC_EXT_VERSION_V2
    if (options->v2) {
        settings.proto_version = (xqc_proto_version_t) XQC_EXT_VERSION_V2;
    }
#endif
    settings.init_idle_time_out = (xqc_msec_t) options->timeout_seconds * 1000;
    settings.idle_time_out = settings.init_idle_time_out;
    if (!options->insecure) {
        tls.cert_verify_flag = XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
    }
    tls.session_ticket_data = client->session.ticket.data;
    tls.session_ticket_len = client->session.ticket.size;
    tls.transport_parameter_data = client->session.parameters.data;
    tls.transport_parameter_data_len = client->session.parameters.size;
    connection->started = clock_monotonic_us();
    cid = xqc_connect(client->engine, &settings,
                      (const unsigned char *) client->session.token.data,
                      (unsigned) client->session.token.size, name, 0, &tls,
                      (const struct sockaddr *) &client->server.storage, client->server.length,
                      ALPN, connection);
    if (cid == NULL) {
        snprintf(connection->reason, sizeof(connection->reason), "the library did not start it");
        connection->closed = true;
        return false;
    }
    connection->cid = *cid;
    if (connection->early) {
        begin_downloads(connection);
    }
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
        if (connection->handshake_us != 0 || connection->early) {
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
        migration_check(client);
        if (client->first_handshake != 0) {
            progress_show(&client->progress, client->bytes);
        }
    }
    if (client->first_handshake != 0) {
        progress_finish(&client->progress, client->bytes);
    }
    close_connections(client);
}

static void
release(struct client *client)
{
    if (client->engine != NULL) {
        xqc_engine_destroy(client->engine);
    }
    for (unsigned i = 0; client->connections != NULL && i < client->options.connections; i++) {
        migration_close(&client->connections[i]);
    }
    for (unsigned i = 0; client->downloads != NULL && i < client->options.path_count; i++) {
        download_fail(&client->downloads[i], "interrupted");
        download_free(&client->downloads[i]);
    }
    loop_close(&client->loop);
    trust_free(&client->trust);
    session_file_free(&client->session);
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
    if (client.options.session != NULL) {
        session_file_load(&client.session, client.options.session);
    }
    client.progress.on = client.options.progress;
    client.progress.expected = client.options.expected_bytes;
    if (loop_open(&client.loop, on_timer, &client) != 0 || !prepare_downloads(&client)) {
        fprintf(stderr, "xqc_client: cannot start: %s\n", strerror(errno));
    } else if (client.options.keylog && sinks_open_keylog(client.options.keylog) != 0) {
        fprintf(stderr, "xqc_client: cannot open %s: %s\n", client.options.keylog, strerror(errno));
    } else if (client.options.qlog && sinks_open_qlog(client.options.qlog) != 0) {
        fprintf(stderr, "xqc_client: cannot open %s: %s\n", client.options.qlog, strerror(errno));
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
        if (client.options.session && client.first_handshake != 0
            && !session_file_store(&client.session, client.options.session))
        {
            fprintf(stderr, "xqc_client: cannot write %s: %s\n", client.options.session,
                    strerror(errno));
            status = STATUS_LOCAL;
        }
    }
    release(&client);
    return status;
}
