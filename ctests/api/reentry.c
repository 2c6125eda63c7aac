/*
 * Hosts call the library from inside its callbacks. Here each call is made from inside every
 * callback (but the log's), nested too, while connections come up, carry streams both ways and end.
 * Calls that change nothing must leave the transfer whole; calls that end something must end it
 * once.
 */
#include <string.h>

#include "inside.h"

/* A live connection to act upon: the one of the callback, or any of that side. */
static sim_conn *some_conn(const sim_call *call)
{
    if (call->conn != NULL) {
        return call->conn->handle != NULL ? call->conn : NULL;
    }
    for (sim_conn *conn = call->endpoint->conns; conn != NULL; conn = conn->next) {
        if (conn->handle != NULL && !conn->closed && !conn->refused
            && conn->calls[SIM_CONN_CREATE] > 0) {
            return conn;
        }
    }
    return NULL;
}

static sim_stream *some_stream(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (call->stream != NULL) {
        return call->stream->handle != NULL ? call->stream : NULL;
    }
    for (sim_stream *stream = conn == NULL ? NULL : conn->streams; stream != NULL;
         stream = stream->next) {
        if (stream->handle != NULL && !stream->closed) {
            return stream;
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
    if (xqc_engine_finish_send != NULL) {
        xqc_engine_finish_send(call->endpoint->engine);
    }
}

static void packet_process(const sim_call *call)
{
    static const uint8_t noise[] = {0x41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    (void)sim_inject(call->endpoint, noise, sizeof(noise), &call->endpoint->address,
                     &call->endpoint->address);
}

static void engine_getters(const sim_call *call)
{
    xqc_engine_t *engine = call->endpoint->engine;
    CHECK(xqc_engine_get_alpn_ctx(engine, SIM_ALPN, SIM_ALPN_LEN) == NULL);
    CHECK(xqc_engine_config_get_cid_len(engine) > 0);
    (void)xqc_engine_get_priv_ctx(engine);
    (void)xqc_engine_set_priv_ctx(engine, engine);
    xqc_engine_set_log_level(engine, XQC_LOG_ERROR);
    xqc_config_t config;
    CHECK_EQ(xqc_engine_get_default_config(&config, XQC_ENGINE_SERVER), XQC_OK);
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
    xqc_engine_t *engine = call->endpoint->engine;
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, out, sizeof(address), &length), XQC_OK);
    (void)xqc_conn_get_errno(conn->handle);
    (void)xqc_conn_get_err_type(conn->handle);
    (void)xqc_conn_get_ssl(conn->handle);
    (void)xqc_conn_get_lastest_rtt(engine, &conn->cid);
    if (xqc_conn_is_ready_to_send_early_data != NULL) {
        (void)xqc_conn_is_ready_to_send_early_data(conn->handle);
    }
    (void)xqc_engine_get_conn_by_scid(engine, &conn->cid);
    CHECK_EQ(xqc_conn_get_type(conn->handle),
             call->endpoint->is_server ? XQC_CONN_TYPE_SERVER : XQC_CONN_TYPE_CLIENT);
}

static void statistics(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_get_stats(call->endpoint->engine, &conn->cid);
        (void)xqc_conn_get_qos_stats(call->endpoint->engine, &conn->cid);
        CHECK(xqc_scid_str(call->endpoint->engine, &conn->cid) != NULL);
        CHECK(xqc_dcid_str(call->endpoint->engine, &conn->cid) != NULL);
        (void)xqc_dcid_str_by_scid(call->endpoint->engine, &conn->cid);
    }
}

static void set_user_data(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        xqc_conn_set_transport_user_data(conn->handle, conn);
        xqc_conn_set_alp_user_data(conn->handle, &conn->alp);
    }
    sim_stream *stream = some_stream(call);
    if (stream != NULL) {
        xqc_stream_set_user_data(stream->handle, stream);
    }
}

static void stream_getters(const sim_call *call)
{
    sim_stream *stream = some_stream(call);
    if (stream != NULL) {
        xqc_stream_settings_t settings = {0};
        CHECK(stream->is_opener || xqc_stream_id(stream->handle) == stream->id);
        (void)xqc_stream_get_direction(stream->handle);
        CHECK(xqc_get_conn_user_data_by_stream(stream->handle) == stream->conn);
        CHECK(xqc_get_conn_alp_user_data_by_stream(stream->handle) == &stream->conn->alp);
        (void)xqc_stream_update_settings(stream->handle, &settings);
    }
}

static void stream_send(const sim_call *call)
{
    sim_stream *stream = some_stream(call);
    if (stream != NULL && call->event != SIM_STREAM_CREATE) {
        sim_stream_send(stream);
    }
}

static void stream_recv(const sim_call *call)
{
    sim_stream *stream = some_stream(call);
    if (stream != NULL && (!stream->is_opener || !stream->is_one_way)) {
        bool was_ready = stream->send_ready;
        sim_stream_receive(stream, UINT64_MAX);
        if (stream->send_ready && !was_ready) {
            sim_stream_send(stream);
        }
    }
}

static void send_ping(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && xqc_conn_send_ping != NULL) {
        (void)xqc_conn_send_ping(call->endpoint->engine, &conn->cid, NULL);
    }
}

static void continue_send(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_continue_send(call->endpoint->engine, &conn->cid);
        xqc_conn_continue_send_by_conn(conn->handle);
    }
}

static void set_conn_settings(const sim_call *call)
{
    xqc_server_set_conn_settings(call->endpoint->engine,
                                 &call->endpoint->world->options.server_settings);
}

static void register_protocol(const sim_call *call)
{
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    (void)xqc_engine_register_alpn(call->endpoint->engine, "other", 5, &protocol, NULL);
}

static void unregister_protocol(const sim_call *call)
{
    register_protocol(call);
    CHECK_EQ(xqc_engine_unregister_alpn(call->endpoint->engine, "other", 5), XQC_OK);
}

static void stream_create(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && call->event != SIM_SERVER_ACCEPT) {
        (void)sim_request(conn, 500, 500);
    }
}

static void push_create(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && call->event != SIM_SERVER_ACCEPT) {
        (void)sim_push(conn, 500);
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

static void stream_close(const sim_call *call)
{
    sim_stream *stream = some_stream(call);
    if (stream != NULL) {
        (void)xqc_stream_close(stream->handle);
    }
}

static void conn_close(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_close(call->endpoint->engine, &conn->cid);
    }
}

static void conn_close_with_error(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_conn_close_with_error(conn->handle, 0x55);
    }
}

static void unregister_own_protocol(const sim_call *call)
{
    (void)xqc_engine_unregister_alpn(call->endpoint->engine, SIM_ALPN, SIM_ALPN_LEN);
}

/* ---- the run ---- */

static void use_connection(sim_world *world, sim_conn *conn)
{
    sim_run_for(world, 200 * SIM_MILLISECOND);
    for (unsigned i = 0; i < 3 && !conn->closed; i++) {
        (void)sim_request(conn, 30000, 30000);
        (void)sim_push(conn, 10000);
    }
    sim_run_for(world, SIM_SECOND);
    sim_conn *server = conn->closed ? NULL : sim_server_conn(world, conn);
    if (server != NULL && !server->closed) {
        (void)sim_request(server, 20000, 20000);
        (void)sim_push(server, 10000);
        if (xqc_conn_send_ping != NULL) {
            (void)xqc_conn_send_ping(world->server.engine, &server->cid, server);
        }
    }
    sim_run_for(world, 5 * SIM_SECOND);
}

static void run(const sim_act *act)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 30000;
    options.server_settings.idle_time_out = 30000;
    options.up.loss = 0.01;
    options.down.loss = 0.01;
    options.use_cert_callback = true;
    options.use_cid_generator = true;
    options.server_config.cid_negotiate = 1;
    options.conn_tls.cert_verify_flag =
        XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
    sim_world *world = sim_world_new(&options);
    sim_reentry reentry = {.act = act};
    world->hook = sim_act_inside;
    world->hook_argument = &reentry;
    sim_conn *conn = sim_connect(world);
    if (conn != NULL) {
        use_connection(world, conn);
    }
    if (act->is_harmless) {
        CHECK(conn != NULL && !conn->closed);
        CHECK(conn->calls[SIM_HANDSHAKE_FINISHED] == 1);
        CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    }
    sim_end_all(world);
    sim_world_free(world);
}

/* Upstream is not ready for a ping, and crashes on a continue, inside server_accept. */

#define ACTIONS(X)                                                                                 \
    X(main_logic, HARMLESS, 0)                                                                     \
    X(finish_recv, HARMLESS, 0)                                                                    \
    X(finish_send, HARMLESS, 0)                                                                    \
    X(packet_process, HARMLESS, 0)                                                                 \
    X(engine_getters, HARMLESS, 0)                                                                 \
    X(conn_getters, HARMLESS, 0)                                                                   \
    X(statistics, HARMLESS, 0)                                                                     \
    X(set_user_data, HARMLESS, 0)                                                                  \
    X(stream_getters, HARMLESS, 0)                                                                 \
    X(stream_send, HARMLESS, 0)                                                                    \
    X(stream_recv, HARMLESS, 0)                                                                    \
    X(send_ping, HARMLESS, CHECK_UPSTREAM_FAILS)                                                   \
    X(continue_send, HARMLESS, CHECK_UPSTREAM_FAILS)                                               \
    X(set_conn_settings, HARMLESS, 0)                                                              \
    X(register_protocol, HARMLESS, 0)                                                              \
    X(unregister_protocol, HARMLESS, 0)                                                            \
    X(stream_create, HARMLESS, 0)                                                                  \
    X(push_create, HARMLESS, 0)                                                                    \
    X(connect_another, HARMLESS, 0)                                                                \
    X(stream_close, ENDING, 0)                                                                     \
    X(conn_close, ENDING, 0)                                                                       \
    X(conn_close_with_error, ENDING, 0)                                                            \
    X(unregister_own_protocol, ENDING, 0)

ACTIONS(SIM_ACT_FUNCTION)

static const check_case CASES[] = {ACTIONS(SIM_ACT_ENTRY)};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
