/* HTTP/3 connections of the simulated world, and requests from a client's side; see h3.h. */
#include "bytestream.h"

#include <stdlib.h>
#include <string.h>

/* ---- connections ---- */

static void on_init_settings(xqc_h3_conn_t *h3, xqc_h3_conn_settings_t *settings, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(h3 != NULL && settings != NULL && conn->h3 == NULL);
    const sim_options *options = &conn->endpoint->world->options;
    if (options->change_h3 != NULL) {
        options->change_h3(conn->endpoint->is_server, settings);
    }
    sim_note(SIM_INIT_SETTINGS, conn->endpoint, conn, NULL);
}

static int on_conn_create(xqc_h3_conn_t *h3, const xqc_cid_t *cid, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(h3 != NULL && cid != NULL && cid->cid_len > 0);
    CHECK(conn->h3 == NULL);
    xqc_connection_t *handle = xqc_h3_conn_get_xqc_conn(h3);
    CHECK(handle != NULL && (conn->handle == NULL || conn->handle == handle));
    conn->h3 = h3;
    conn->handle = handle;
    conn->cid = *cid;
    xqc_h3_conn_set_user_data(h3, conn);
    CHECK(xqc_h3_conn_get_user_data(h3) == conn);
    if (conn->endpoint->world->options.use_datagrams) {
        xqc_h3_ext_datagram_set_user_data(h3, conn);
        CHECK(xqc_h3_ext_datagram_get_user_data(h3) == conn);
    }
    int answer = sim_note(SIM_CONN_CREATE, conn->endpoint, conn, NULL);
    conn->create_failed = answer != 0;
    return answer;
}

static int on_conn_close(xqc_h3_conn_t *h3, const xqc_cid_t *cid, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(h3 == conn->h3 && cid != NULL);
    CHECK_EQ(conn->open_exchanges, 0);
    CHECK_EQ(conn->open_bytestreams, 0);
    conn->close_errno = xqc_conn_get_errno(conn->handle);
    conn->h3_errno = xqc_h3_conn_get_errno(h3);
    sim_note(SIM_CONN_CLOSE, conn->endpoint, conn, NULL);
    conn->closed = true;
    conn->handle = NULL;
    conn->h3 = NULL;
    return 0;
}

static void on_handshake_finished(xqc_h3_conn_t *h3, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(h3 == conn->h3);
    sim_note(SIM_HANDSHAKE_FINISHED, conn->endpoint, conn, NULL);
}

static void on_ping_acked(xqc_h3_conn_t *h3, const xqc_cid_t *cid, void *ping_data,
                          void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(h3 == conn->h3 && cid != NULL);
    conn->ping_data = ping_data;
    sim_note(SIM_PING_ACKED, conn->endpoint, conn, NULL);
}

/* ---- the application ---- */

static xqc_int_t add_h3(sim_endpoint *endpoint)
{
    const sim_options *options = &endpoint->world->options;
    xqc_h3_callbacks_t callbacks = {
        .h3c_cbs =
            {
                .h3_conn_create_notify = on_conn_create,
                .h3_conn_close_notify = on_conn_close,
                .h3_conn_handshake_finished = on_handshake_finished,
                .h3_conn_ping_acked = on_ping_acked,
                .h3_conn_init_settings = on_init_settings,
            },
        .h3r_cbs = sim_request_callbacks(),
        .h3_ext_dgram_cbs = sim_h3_datagram_callbacks(),
        .h3_ext_bs_cbs = sim_bytestream_callbacks(),
    };
    if (options->change_h3_callbacks != NULL) {
        options->change_h3_callbacks(endpoint->is_server, &callbacks);
    }
    xqc_int_t result = xqc_h3_ctx_init(endpoint->engine, &callbacks);
    /* It was copied. */
    memset(&callbacks, 0, sizeof(callbacks));
    const xqc_h3_conn_settings_t *settings =
        endpoint->is_server ? options->server_h3 : options->client_h3;
    if (result == XQC_OK && settings != NULL) {
        xqc_h3_engine_set_local_settings(endpoint->engine, settings);
    }
    return result;
}

static void remove_h3(sim_endpoint *endpoint)
{
    CHECK_EQ(xqc_h3_ctx_destroy(endpoint->engine), XQC_OK);
}

static const xqc_cid_t *connect_h3(sim_world *world, sim_conn *conn)
{
    const sim_options *options = &world->options;
    return xqc_h3_connect(world->client.engine, &options->client_settings, options->token,
                          (unsigned)options->token_length, options->server_name,
                          options->no_crypto, &options->conn_tls,
                          (const struct sockaddr *)&world->server.address,
                          sizeof(world->server.address), conn);
}

static void forget(sim_conn *conn)
{
    sim_bytestreams_free(conn);
    while (conn->exchanges != NULL) {
        sim_exchange *exchange = conn->exchanges;
        conn->exchanges = exchange->next;
        sim_exchange_free(exchange);
    }
}

void sim_speak_h3(sim_options *options)
{
    static const sim_application h3 = {add_h3, remove_h3, connect_h3, forget};
    options->application = &h3;
}

static const xqc_cid_t *connect_h3_ext(sim_world *world, sim_conn *conn)
{
    const sim_options *options = &world->options;
    return xqc_connect(world->client.engine, &options->client_settings, options->token,
                       (unsigned)options->token_length, options->server_name, options->no_crypto,
                       &options->conn_tls, (const struct sockaddr *)&world->server.address,
                       sizeof(world->server.address), XQC_DEFINED_ALPN_H3_EXT, conn);
}

void sim_speak_h3_ext(sim_options *options)
{
    static const sim_application h3_ext = {add_h3, remove_h3, connect_h3_ext, forget};
    options->application = &h3_ext;
    options->client_config.enable_h3_ext = 1;
    options->server_config.enable_h3_ext = 1;
}

sim_world *sim_h3_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.trace = true;
    return sim_world_new(&options);
}

/* ---- requests ---- */

sim_exchange *sim_fetch(sim_conn *conn, const sim_ask *ask)
{
    CHECK(!conn->endpoint->is_server);
    if (conn->handle == NULL) {
        return NULL;
    }
    sim_exchange *exchange = sim_exchange_new(conn, true);
    bool is_head = ask->method != NULL && strcmp(ask->method, "HEAD") == 0;
    exchange->ask = *ask;
    exchange->seed = sim_random_next(&conn->endpoint->world->random);
    exchange->send_total = ask->upload;
    exchange->receive_total = is_head ? 0 : ask->download;
    xqc_h3_request_t *handle =
        xqc_h3_request_create(conn->endpoint->engine, &conn->cid, ask->settings, exchange);
    if (handle == NULL && exchange->closed) {
        /* In its first callback already. */
        return NULL;
    }
    if (handle == NULL) {
        CHECK(conn->exchanges == exchange);
        conn->exchanges = exchange->next;
        conn->open_exchanges--;
        sim_exchange_free(exchange);
        return NULL;
    }
    CHECK(exchange->handle == handle && exchange->calls[SIM_REQUEST_CREATE] == 1);
    exchange->send_ready = true;
    if (!ask->silent) {
        sim_exchange_send(exchange);
    }
    return exchange;
}

sim_exchange *sim_get(sim_conn *conn, uint64_t download)
{
    const sim_ask ask = {.download = download};
    return sim_fetch(conn, &ask);
}

sim_exchange *sim_post(sim_conn *conn, uint64_t upload, uint64_t download)
{
    const sim_ask ask = {.upload = upload, .download = download};
    return sim_fetch(conn, &ask);
}

static sim_exchange *exchange_by_id(const sim_conn *conn, xqc_stream_id_t id)
{
    for (sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        if (one->id == id) {
            return one;
        }
    }
    return NULL;
}

static sim_conn *peer_of(sim_world *world, sim_conn *conn)
{
    return conn->endpoint->is_server ? conn->peer : sim_server_conn(world, conn);
}

sim_exchange *sim_exchange_peer(sim_world *world, const sim_exchange *exchange)
{
    sim_conn *peer = peer_of(world, exchange->conn);
    return peer == NULL ? NULL : exchange_by_id(peer, exchange->id);
}

bool sim_is_fetched(void *exchange)
{
    return sim_exchange_is_complete(exchange);
}

bool sim_is_over(void *exchange)
{
    return ((sim_exchange *)exchange)->closed;
}

/* How many requests of this end are complete; -1 if one is not. */
static long complete_exchanges(const sim_conn *conn)
{
    long count = 0;
    for (const sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        if (!sim_exchange_is_complete(one)) {
            return -1;
        }
        count++;
    }
    return count;
}

bool sim_is_served(void *conn)
{
    sim_conn *here = conn;
    sim_conn *there = peer_of(here->endpoint->world, here);
    long count = complete_exchanges(here);
    return count >= 0 && there != NULL && complete_exchanges(there) == count;
}
