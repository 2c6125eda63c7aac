/*
 * The calls that hosts make from inside HTTP/3's callbacks. Each is made from inside every callback
 * (but those of logging), nested too, while connections come up, carry requests and end. Calls that
 * change nothing must leave the requests whole; calls that end something must end it once.
 */
#include <string.h>

#include "h3.h"
#include "inside.h"

/* A live HTTP/3 connection to act upon: the one of the callback, or any of that side. */
static sim_conn *some_conn(const sim_call *call)
{
    if (call->conn != NULL) {
        return call->conn->h3 != NULL ? call->conn : NULL;
    }
    for (sim_conn *conn = call->endpoint->conns; conn != NULL; conn = conn->next) {
        if (conn->h3 != NULL && !conn->closed) {
            return conn;
        }
    }
    return NULL;
}

static sim_exchange *some_exchange(const sim_call *call)
{
    if (call->exchange != NULL) {
        bool is_alive = call->exchange->handle != NULL && !call->exchange->was_closed;
        return is_alive ? call->exchange : NULL;
    }
    sim_conn *conn = some_conn(call);
    for (sim_exchange *one = conn == NULL ? NULL : conn->exchanges; one != NULL; one = one->next) {
        if (one->handle != NULL && !one->closed && !one->was_closed) {
            return one;
        }
    }
    return NULL;
}

/* ---- calls that change nothing ---- */

static void main_logic(const sim_call *call)
{
    xqc_engine_main_logic(call->endpoint->engine);
}

static void finish_recv(const sim_call *call)
{
    xqc_engine_finish_recv(call->endpoint->engine);
}

static void finish_send(const sim_call *call)
{
    xqc_engine_finish_send(call->endpoint->engine);
}

static void continue_send(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_continue_send(call->endpoint->engine, &conn->cid);
    }
}

static void conn_getters(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    struct sockaddr_in address;
    socklen_t length = 0;
    if (conn == NULL) {
        return;
    }
    struct sockaddr *out = (struct sockaddr *)&address;
    CHECK_EQ(xqc_h3_conn_get_peer_addr(conn->h3, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(length, sizeof(address));
    CHECK_EQ(xqc_h3_conn_get_local_addr(conn->h3, out, sizeof(address), &length), XQC_OK);
    CHECK(xqc_h3_conn_get_ssl(conn->h3) != NULL);
    CHECK(xqc_h3_conn_get_xqc_conn(conn->h3) == conn->handle);
    CHECK(xqc_h3_conn_get_user_data(conn->h3) == conn);
    (void)xqc_h3_conn_get_errno(conn->h3);
    (void)xqc_h3_conn_is_ready_to_send_early_data(conn->h3);
    /* Both in one line of a log. */
    unsigned char *dcid = xqc_dcid_str(call->endpoint->engine, &conn->cid);
    unsigned char *scid = xqc_scid_str(call->endpoint->engine, &conn->cid);
    CHECK(dcid != NULL && scid != NULL && dcid != scid);
    (void)xqc_conn_get_stats(call->endpoint->engine, &conn->cid);
}

static void set_user_data(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    sim_exchange *exchange = some_exchange(call);
    if (conn != NULL) {
        xqc_h3_conn_set_user_data(conn->h3, conn);
    }
    if (exchange != NULL) {
        xqc_h3_request_set_user_data(exchange->handle, exchange);
    }
}

static void request_getters(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL) {
        char line[256];
        CHECK_EQ(xqc_h3_stream_id(exchange->handle), exchange->id);
        CHECK(xqc_h3_get_conn_user_data_by_request(exchange->handle) == exchange->conn);
        (void)xqc_h3_request_get_stats(exchange->handle);
        CHECK(xqc_h3_request_stats_print(exchange->handle, line, sizeof(line)) > 0);
    }
}

static void request_send(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL) {
        sim_exchange_send(exchange);
    }
}

static void request_recv(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL && exchange->header.count > 0) {
        sim_exchange_receive(exchange, UINT64_MAX);
    }
}

static void set_priority(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL) {
        static const char TEXT[] = "u=2, i";
        xqc_h3_priority_t priority;
        xqc_h3_priority_init(&priority);
        CHECK_EQ(xqc_parse_http_priority(&priority, (const uint8_t *)TEXT, strlen(TEXT)), XQC_OK);
        CHECK_EQ(xqc_h3_request_set_priority(exchange->handle, &priority), XQC_OK);
    }
}

static void send_ping(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && call->event != SIM_CONN_CREATE) {
        (void)xqc_h3_conn_send_ping(call->endpoint->engine, &conn->cid, NULL);
    }
}

static void set_capacities(const sim_call *call)
{
    xqc_h3_engine_set_max_dtable_capacity(call->endpoint->engine, 8192);
    xqc_h3_engine_set_enc_max_dtable_capacity(call->endpoint->engine, 4096);
    xqc_h3_engine_set_dec_max_dtable_capacity(call->endpoint->engine, 4096);
    xqc_h3_engine_set_max_field_section_size(call->endpoint->engine, 32768);
    xqc_h3_engine_set_qpack_blocked_streams(call->endpoint->engine, 32);
}

static void set_dtable_cap(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && conn->calls[SIM_HANDSHAKE_FINISHED] > 0) {
        (void)xqc_h3_conn_set_qpack_dtable_cap(conn->h3, 2048);
    }
}

static bool may_create(const sim_call *call, const sim_conn *conn)
{
    return conn != NULL && !call->endpoint->is_server && call->event != SIM_CONN_CREATE;
}

static void request_create(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (may_create(call, conn)) {
        (void)sim_post(conn, 500, 500);
    }
}

static void request_create_and_close(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (may_create(call, conn)) {
        sim_exchange *asked = sim_post(conn, 500, 500);
        if (asked != NULL && asked->handle != NULL) {
            sim_exchange_close(asked);
        }
    }
}

/* Not even then, when its streams do not exist yet: no request, and no crash. */
static void request_create_too_early(const sim_call *call)
{
    if (call->event == SIM_CONN_CREATE && !call->endpoint->is_server) {
        const sim_ask silent = {.silent = true};
        (void)sim_fetch(call->conn, &silent);
        (void)xqc_h3_conn_set_qpack_dtable_cap(call->conn->h3, 2048);
    }
}

static void connect_another(const sim_call *call)
{
    sim_endpoint *client = &call->endpoint->world->client;
    if (client->engine != NULL && client->calls[SIM_CONN_CREATE] < 12) {
        (void)sim_connect(call->endpoint->world);
    }
}

/* ---- calls that end something ---- */

static void request_close(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL && call->event != SIM_REQUEST_CLOSE) {
        sim_exchange_close(exchange);
    }
}

static void request_finish(const sim_call *call)
{
    sim_exchange *exchange = some_exchange(call);
    if (exchange != NULL && call->event != SIM_REQUEST_CLOSE && exchange->headers_sent) {
        (void)xqc_h3_request_finish(exchange->handle);
        exchange->fin_sent = true;
    }
}

static void conn_close(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_h3_conn_close(call->endpoint->engine, &conn->cid);
    }
}

static void conn_close_with_error(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_close_with_error(conn->handle, 0x10c);
    }
}

static void conn_close_and_run(const sim_call *call)
{
    conn_close(call);
    xqc_engine_main_logic(call->endpoint->engine);
}

/* Before there is anything that could be closed. */
static void conn_close_too_early(const sim_call *call)
{
    if (call->event == SIM_INIT_SETTINGS && call->endpoint->is_server) {
        CHECK_EQ(xqc_h3_conn_close(call->endpoint->engine, &call->conn->cid), XQC_OK);
    }
}

/* ---- the run ---- */

static void use_connection(sim_world *world, sim_conn *conn)
{
    for (unsigned round = 0; round < 3 && !conn->closed; round++) {
        (void)sim_post(conn, 100000, 100000);
        const sim_ask ask = {.upload = 3000,
                             .download = 3000,
                             .trailers = true,
                             .wants_trailers = true,
                             .ending = SIM_END_FINISH};
        (void)sim_fetch(conn, &ask);
        if (!conn->closed) {
            (void)xqc_h3_conn_send_ping(world->client.engine, &conn->cid, NULL);
        }
        sim_run_for(world, SIM_SECOND);
    }
    sim_run_for(world, 5 * SIM_SECOND);
}

static void check_whole(const sim_act *act, sim_world *world, sim_conn *conn)
{
    CHECK(conn != NULL && !conn->closed);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    sim_run_for(world, 10 * SIM_SECOND);
    for (sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        if (!one->was_closed && !one->ask.silent) {
            check_context("%s: request %llu", act->name, (unsigned long long)one->id);
            CHECK(sim_exchange_is_complete(one));
        }
    }
}

static void run(const sim_act *act)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.client_settings.idle_time_out = 30000;
    options.server_settings.idle_time_out = 30000;
    options.client_settings.sndq_packets_used_max = 200;
    options.server_settings.sndq_packets_used_max = 200;
    options.up.loss = 0.01;
    options.down.loss = 0.01;
    options.use_cert_callback = true;
    sim_world *world = sim_world_new(&options);
    sim_reentry reentry = {.act = act};
    world->hook = sim_act_inside;
    world->hook_argument = &reentry;
    sim_conn *conn = sim_connect(world);
    if (conn != NULL) {
        use_connection(world, conn);
    }
    if (act->is_harmless) {
        check_whole(act, world, conn);
    }
    sim_end_all(world);
    sim_world_free(world);
}

/* Upstream crashes in three of them, before a connection is whole or when it is no more, and refuses
 * a connection that is there if it runs while its settings are made. */
#define ACTIONS(X)                                                                                 \
    X(main_logic, HARMLESS, 0)                                                                     \
    X(finish_recv, HARMLESS, 0)                                                                    \
    X(finish_send, HARMLESS, 0)                                                                    \
    X(continue_send, HARMLESS, CHECK_UPSTREAM_FAILS)                                               \
    X(conn_getters, HARMLESS, 0)                                                                   \
    X(set_user_data, HARMLESS, 0)                                                                  \
    X(request_getters, HARMLESS, 0)                                                                \
    X(request_send, HARMLESS, 0)                                                                   \
    X(request_recv, HARMLESS, 0)                                                                   \
    X(set_priority, HARMLESS, 0)                                                                   \
    X(send_ping, HARMLESS, CHECK_UPSTREAM_FAILS)                                                   \
    X(set_capacities, HARMLESS, 0)                                                                 \
    X(set_dtable_cap, HARMLESS, CHECK_UPSTREAM_FAILS)                                              \
    X(request_create, HARMLESS, 0)                                                                 \
    X(request_create_and_close, HARMLESS, 0)                                                       \
    X(request_create_too_early, HARMLESS, CHECK_OURS_ONLY)                                         \
    X(connect_another, HARMLESS, 0)                                                                \
    X(request_close, ENDING, 0)                                                                    \
    X(request_finish, ENDING, 0)                                                                   \
    X(conn_close, ENDING, 0)                                                                       \
    X(conn_close_with_error, ENDING, 0)                                                            \
    X(conn_close_and_run, ENDING, CHECK_UPSTREAM_FAILS)                                            \
    X(conn_close_too_early, ENDING, CHECK_OURS_ONLY)

ACTIONS(SIM_ACT_FUNCTION)

static const check_case CASES[] = {ACTIONS(SIM_ACT_ENTRY)};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
