/*
 * What a host owes the library, and where it is done here:
 *   - a timer: set_event_timer() arms it, on_timer() calls xqc_engine_main_logic();
 *   - datagrams in: engine_socket_ready() calls xqc_engine_packet_process() for each one and
 *     xqc_engine_finish_recv() after the batch;
 *   - datagrams out: write_marked(); when the kernel has no room it returns XQC_SOCKET_EAGAIN, and
 *     xqc_conn_continue_send() follows once there is;
 *   - an application protocol: see h3.c and hq.c.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>

#include "common/marks.h"
#include "common/sinks.h"
#include "migration.h"

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

static void
on_datagram(void *owner, const unsigned char *data, size_t size, const struct udp_address *peer,
    uint8_t ecn)
{
    struct connection *connection = owner;
    struct client     *client = connection->client;
    const struct udp_address *local = migration_local(connection, connection->arriving);

    (void) peer;
    marks_process(client->engine, data, size, local, &connection->origin->address, ecn, connection);
}

void
engine_socket_ready(struct watch *watch, uint32_t events)
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
    .write_socket = marks_write_socket,
    .write_mmsg = marks_write_mmsg,
    .conn_update_cid_notify = on_cid_changed,
    .save_token = keep_token,
    .save_session_cb = keep_session,
    .save_tp_cb = keep_parameters,
    .cert_verify_cb = on_verify_certificate,
};

/* ---- the engine ------------------------------------------------------------------------- */

bool
engine_open(struct client *client)
{
    const struct common_options *options = &client->options.common;
    xqc_engine_ssl_config_t      tls = {
        .ciphers = (char *) options->ciphers,
        .groups = (char *) XQC_TLS_GROUPS,
    };
    xqc_engine_callback_t callbacks = sinks_callbacks(options->log_level);
    xqc_config_t          config = { 0 };

    if (loop_open(&client->loop, on_timer, client) != 0) {
        return false;
    }
    callbacks.set_event_timer = set_event_timer;
    if (xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT) != XQC_OK) {
        return false;
    }
    config.cfg_log_level = (xqc_log_level_t) options->log_level;
    config.sendmmsg_on = 1;
    client->engine = xqc_engine_create(XQC_ENGINE_CLIENT, &config, &tls, &callbacks, &transport,
                                       client);
    if (client->engine == NULL) {
        return false;
    }
    marks_use(client->engine, write_marked);
    return client->protocol->add(client->engine);
}
