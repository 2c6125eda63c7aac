#define _GNU_SOURCE
#include "endpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xqc_http3.h>
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/marks.h"
#include "common/sinks.h"
#include "h3.h"
#include "hq.h"
#include "workers.h"

#define QUIC_V1 0x00000001

/* ---- the library's timer and sockets -------------------------------------------------- */

static void
set_event_timer(xqc_usec_t wake_after, void *engine_user_data)
{
    struct server *server = engine_user_data;

    loop_set_timer(&server->loop, wake_after);
}

static void
on_timer(void *owner)
{
    struct server *server = owner;

    xqc_engine_main_logic(server->engine);
}

static ssize_t
write_marked(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, uint8_t ecn, void *user_data)
{
    struct connection      *connection = user_data;
    struct server          *server = connection->server;
    const struct udp_target target = { peer, peer_length, false, ecn };
    ssize_t                 sent = udp_send(server->watch.fd, datagrams, count, &target);

    if (sent == XQC_SOCKET_EAGAIN || (sent >= 0 && (unsigned int) sent < count)) {
        connection->blocked = true;
        server->blocked = true;
        loop_want_writable(&server->loop, &server->watch, true);
    }
    return sent;
}

/* A packet that belongs to no connection: Version Negotiation, Retry, a refusal. */
static ssize_t
write_before_accept(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    struct server          *server = user_data;
    const struct udp_target target = { peer, peer_length, false, 0 };
    struct iovec            datagram = { (void *) data, size };
    ssize_t                 sent = udp_send(server->watch.fd, &datagram, 1, &target);

    return sent < 0 ? sent : (ssize_t) size;
}

static ssize_t
write_stateless_reset(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, const struct sockaddr *local, socklen_t local_length, void *user_data)
{
    (void) local;
    (void) local_length;
    return write_before_accept(data, size, peer, peer_length, user_data);
}

static void
on_datagram(void *owner, const unsigned char *data, size_t size, const struct udp_address *peer,
    uint8_t ecn)
{
    struct server *server = owner;

    marks_process(server->engine, data, size, &server->local, peer, ecn, server);
}

static struct connection *
find_blocked(struct server *server)
{
    struct connection *connection = server->connections;

    while (connection != NULL && !connection->blocked) {
        connection = connection->next;
    }
    return connection;
}

/* There is room in the socket again: the connections that were held up go on while there is. Some
 * libraries release connections inside the call, so the list is looked at anew after each. */
static void
continue_blocked(struct server *server)
{
    struct connection *connection;

    server->blocked = false;
    loop_want_writable(&server->loop, &server->watch, false);
    while (!server->blocked && (connection = find_blocked(server)) != NULL) {
        connection->blocked = false;
        xqc_conn_continue_send(server->engine, &connection->cid);
    }
}

static void
on_socket_ready(struct watch *watch, uint32_t events)
{
    struct server *server = watch->owner;

    (void) events;
    if (server->blocked) {
        continue_blocked(server);
    }
    udp_receive(watch->fd, on_datagram, server);
    xqc_engine_finish_recv(server->engine);
}

/* ---- connections ------------------------------------------------------------------------ */

/* Takes a connection off the list and frees it. */
static void
remove_connection(struct connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        connection->server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    free(connection);
}

void
endpoint_forget(struct connection *connection, const xqc_cid_t *cid)
{
    if (connection->server->options.common.stats) {
        xqc_conn_stats_t stats = xqc_conn_get_stats(connection->server->engine, cid);

        printf("connection ended: code 0x%x, RTT %.3f ms, packets %" PRIu32 " sent, %" PRIu32
               " received, %" PRIu32 " lost\n",
               (unsigned) xqc_conn_get_errno(connection->handle), (double) stats.srtt / 1e3,
               stats.send_count, stats.recv_count, stats.lost_count);
    }
    remove_connection(connection);
}

static int
on_accept(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data)
{
    struct server     *server = user_data;
    struct connection *connection = server->stopping ? NULL : calloc(1, sizeof(*connection));

    (void) engine;
    if (connection == NULL) {
        return -1;
    }
    connection->server = server;
    connection->handle = handle;
    connection->cid = *cid;
    connection->next = server->connections;
    if (server->connections != NULL) {
        server->connections->previous = connection;
    }
    server->connections = connection;
    /* From here on the transport's callbacks carry the connection, no longer the server. */
    xqc_conn_set_transport_user_data(handle, connection);
    return 0;
}

/* Accepted, but ended before the application protocol was agreed: no close callback comes. */
static void
on_refuse(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data)
{
    (void) engine;
    (void) handle;
    (void) cid;
    remove_connection(user_data);
}

static void
on_cid_changed(xqc_connection_t *handle, const xqc_cid_t *retired, const xqc_cid_t *current,
    void *user_data)
{
    struct connection *connection = user_data;

    (void) handle;
    (void) retired;
    connection->cid = *current;
}

/* With --retry no client is served before it has shown that it gets what is sent to it. */
static int
on_retry_question(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
    void *user_data)
{
    const struct server *server = user_data;

    (void) engine;
    (void) handle;
    (void) cid;
    return server->options.retry;
}

static const xqc_transport_callbacks_t transport = {
    .server_accept = on_accept,
    .server_refuse = on_refuse,
    .stateless_reset = write_stateless_reset,
    .write_socket = marks_write_socket,
    .write_mmsg = marks_write_mmsg,
    .conn_update_cid_notify = on_cid_changed,
    .conn_retry_packet_condition_check = on_retry_question,
    .conn_send_packet_before_accept = write_before_accept,
};

/* ---- the engine ------------------------------------------------------------------------- */

static bool
configure(const struct server *server, xqc_config_t *config)
{
    if (xqc_engine_get_default_config(config, XQC_ENGINE_SERVER) != XQC_OK) {
        return false;
    }
    config->cfg_log_level = (xqc_log_level_t) server->options.common.log_level;
    config->sendmmsg_on = 1;
    /* Connection IDs that name the worker are made here, none is the client's. */
    config->cid_negotiate = server->options.workers > 1;
#ifdef XQC_EXT_VERSION_V2
    if (server->options.common.v2) {
        config->support_version_count = 2;
        config->support_version_list[0] = XQC_EXT_VERSION_V2;
        config->support_version_list[1] = QUIC_V1;
    }
#endif
    return true;
}

static void
set_connection_settings(const struct server *server)
{
    xqc_conn_settings_t settings = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);

    settings.cong_ctrl_callback = server->options.common.congestion;
    settings.enable_pmtud = XQC_PMTUD_ENABLE_MASK;
    settings.keyupdate_pkt_threshold = server->options.common.key_update;
    xqc_server_set_conn_settings(server->engine, &settings);
#ifdef XQC_EXT_VERSION
    if (server->options.migration) {
        xqc_ext_server_set_migration(server->engine, XQC_EXT_MIGRATION_ALLOWED, NULL, 0, NULL, 0);
    }
#endif
}

static bool
register_protocols(struct server *server)
{
    return h3_register(server->engine) && hq_register(server->engine);
}

bool
endpoint_open(struct server *server)
{
    xqc_engine_ssl_config_t tls = {
        .private_key_file = (char *) server->options.key,
        .cert_file = (char *) server->options.certificate,
        .ciphers = (char *) server->options.common.ciphers,
        .groups = (char *) XQC_TLS_GROUPS,
    };
    xqc_engine_callback_t callbacks = sinks_callbacks(server->options.common.log_level);
    xqc_config_t          config = { 0 };

    callbacks.set_event_timer = set_event_timer;
    callbacks.cid_generate_cb = server->options.workers > 1 ? workers_name_connection : NULL;
    if (loop_open(&server->loop, on_timer, server) != 0) {
        return false;
    }
    server->watch.ready = on_socket_ready;
    server->watch.owner = server;
    if (loop_add(&server->loop, &server->watch) != 0 || !configure(server, &config)) {
        return false;
    }
    shared_keys_use(&server->keys, &config, &tls);
    server->engine = xqc_engine_create(XQC_ENGINE_SERVER, &config, &tls, &callbacks, &transport,
                                       server);
    if (server->engine == NULL) {
        return false;
    }
    marks_use(server->engine, write_marked);
    set_connection_settings(server);
    return register_protocols(server);
}

void
endpoint_close(struct server *server)
{
    if (server->engine != NULL) {
        xqc_h3_ctx_destroy(server->engine);
        xqc_engine_destroy(server->engine);
        server->engine = NULL;
    }
    loop_close(&server->loop);
}
