#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/clock.h"
#include "common/reason.h"
#include "engine.h"
#include "migration.h"
#include "transfer.h"

/* How often to look at the clock while the goodbyes go out. */
#define TICK_MS 20
/* A connection that is closed has this long to say goodbye before the program just ends. */
#define CLOSE_GRACE_US 200000

/* ---- what the application protocol tells -------------------------------------------------- */

/* The first moment at which the connection can be asked what it may do. */
void
connection_created(struct connection *connection, bool early)
{
    /* What is sent early may arrive twice, so content has to wait. */
    connection->early = connection->client->options.early_data && early
                        && !connection->client->upload.wanted;
}

void
connection_ready(struct connection *connection)
{
    struct client *client = connection->client;
    uint64_t       now = clock_monotonic_us();

    connection->handshake_us = now - connection->started;
    if (client->first_handshake == 0) {
        client->first_handshake = client->progress.started = now;
    }
    if (client->options.verbose) {
        fprintf(stderr, "* connected to %s in %.2f ms\n", connection->origin->authority,
                (double) connection->handshake_us / 1e3);
    }
    transfers_begin(connection);
}

void
connection_ended(struct connection *connection, const xqc_cid_t *cid, int code, int type)
{
    connection->closed = true;
    if (!connection->closing) {
        connection->stats = xqc_conn_get_stats(connection->client->engine, cid);
        connection->status = reason_status(code, type, connection->handshake_us != 0);
        reason_describe(code, type, connection->reason, sizeof(connection->reason));
    }
    loop_remove(&connection->client->loop, &connection->watch);
    if (connection->second.owner != NULL) {
        loop_remove(&connection->client->loop, &connection->second);
    }
}

/* ---- start ------------------------------------------------------------------------------ */

static xqc_conn_settings_t
connection_settings(const struct client_options *options)
{
    xqc_conn_settings_t settings = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);

    settings.proto_version = XQC_VERSION_V1;
    settings.cong_ctrl_callback = options->common.congestion;
    settings.enable_pmtud = XQC_PMTUD_ENABLE_MASK;
    settings.keyupdate_pkt_threshold = options->common.key_update;
#ifdef XQC_EXT_VERSION_V2
    if (options->common.v2) {
        settings.proto_version = (xqc_proto_version_t) XQC_EXT_VERSION_V2;
    }
#endif
    settings.init_idle_time_out = (xqc_msec_t) options->timeout_seconds * 1000;
    settings.idle_time_out = settings.init_idle_time_out;
    return settings;
}

static xqc_conn_ssl_config_t
tls_settings(const struct client *client)
{
    xqc_conn_ssl_config_t tls = {
        .session_ticket_data = client->session.ticket.data,
        .session_ticket_len = client->session.ticket.size,
        .transport_parameter_data = client->session.parameters.data,
        .transport_parameter_data_len = client->session.parameters.size,
    };

    if (!client->options.insecure) {
        tls.cert_verify_flag = XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
    }
    return tls;
}

static void
cannot_start(struct connection *connection, const char *what, const char *why)
{
    snprintf(connection->reason, sizeof(connection->reason), "%s: %s", what, why);
    connection->status = STATUS_LOCAL;
    connection->closed = true;
}

/* Opens a socket of its own for the connection and sends the first flight. */
static void
start_connection(struct client *client, struct connection *connection)
{
    const xqc_conn_settings_t   settings = connection_settings(&client->options);
    const xqc_conn_ssl_config_t tls = tls_settings(client);
    const xqc_cid_t            *cid;

    connection->watch = (struct watch) { -1, engine_socket_ready, connection };
    connection->watch.fd = udp_connect(&connection->origin->address, &connection->local);
    if (connection->watch.fd < 0 || loop_add(&client->loop, &connection->watch) != 0) {
        cannot_start(connection, "no socket", strerror(errno));
        return;
    }
    connection->started = clock_monotonic_us();
    cid = client->protocol->connect(connection, &settings, &tls);
    if (cid == NULL) {
        cannot_start(connection, "no connection", "the library did not start it");
        return;
    }
    connection->cid = *cid;
    if (connection->early) {
        transfers_begin(connection);
    }
}

static unsigned
connections_wanted(const struct client *client, const struct origin *origin)
{
    unsigned count = 0;

    for (const struct transfer *transfer = origin->waiting; transfer; transfer = transfer->next) {
        count++;
    }
    return count < client->options.connections ? count : client->options.connections;
}

/* Finds the server; fails its transfers when it is nowhere. */
static bool
resolve(struct origin *origin)
{
    const char *why;

    if (udp_resolve(origin->url->host, origin->url->port, &origin->address, &why) == 0) {
        return true;
    }
    fprintf(stderr, PROGRAM ": cannot find %s: %s\n", origin->url->host, why);
    while (origin->waiting != NULL) {
        struct transfer *transfer = origin->waiting;

        origin->waiting = transfer->next;
        transfer_fail(transfer, STATUS_RESOLVE, "its server cannot be found");
    }
    return false;
}

bool
connections_start(struct client *client)
{
    unsigned most = client->origin_count * client->options.connections;

    client->connections = calloc(most, sizeof(client->connections[0]));
    if (client->connections == NULL) {
        return false;
    }
    for (unsigned i = 0; i < client->origin_count; i++) {
        struct origin *origin = &client->origins[i];
        unsigned       wanted = connections_wanted(client, origin);

        if (!resolve(origin)) {
            continue;
        }
        while (wanted-- > 0) {
            struct connection *connection = &client->connections[client->connection_count++];

            connection->client = client;
            connection->origin = origin;
            start_connection(client, connection);
        }
    }
    return true;
}

/* ---- run and end ---------------------------------------------------------------------------- */

/* Gives up a connection that came to nothing. */
static void
give_up(struct connection *connection, enum exit_status status, const char *reason)
{
    connection->closing = true;
    connection->status = status;
    snprintf(connection->reason, sizeof(connection->reason), "%s", reason);
}

bool
connections_alive(struct client *client)
{
    uint64_t limit = (uint64_t) client->options.timeout_seconds * 1000000u;
    uint64_t now = clock_monotonic_us();
    bool     alive = false;

    for (unsigned i = 0; i < client->connection_count; i++) {
        struct connection *connection = &client->connections[i];

        if (connection->closed || connection->closing) {
            continue;
        }
        if (connection->refused) {
            give_up(connection, STATUS_CONNECT, "nothing listens there");
            continue;
        }
        if (connection->handshake_us == 0 && now - connection->started > limit) {
            give_up(connection, STATUS_TIMEOUT, "no answer");
            continue;
        }
        if (connection->open_streams == 0) {
            connection->starved = false;
        }
        if (connection->handshake_us != 0 || connection->early) {
            transfers_begin(connection);
        }
        /* One that is done must not keep those of other servers' failures from being seen. */
        alive = alive || connection->open_streams > 0 || connection->origin->waiting != NULL;
    }
    return alive;
}

void
connections_close(struct client *client)
{
    uint64_t deadline = clock_monotonic_us() + CLOSE_GRACE_US;
    bool     open = true;

    for (unsigned i = 0; i < client->connection_count; i++) {
        struct connection *connection = &client->connections[i];

        if (!connection->closed) {
            connection->stats = xqc_conn_get_stats(client->engine, &connection->cid);
            connection->closing = true;
            client->protocol->close(connection);
        }
    }
    while (open && clock_monotonic_us() < deadline && !client->loop.stop) {
        open = false;
        for (unsigned i = 0; i < client->connection_count; i++) {
            open = open || !client->connections[i].closed;
        }
        if (open && loop_turn(&client->loop, TICK_MS) != 0) {
            break;
        }
    }
}

void
connections_free(struct client *client)
{
    if (client->engine != NULL) {
        xqc_engine_destroy(client->engine);
    }
    for (unsigned i = 0; i < client->connection_count; i++) {
        migration_close(&client->connections[i]);
    }
    free(client->connections);
    loop_close(&client->loop);
}
