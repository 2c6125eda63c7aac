/* How HTTP/3 connections end, what is told then, and what still works until it is told. */
#include <string.h>

#include "h3.h"

static void an_unknown_connection_cannot_be_closed(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_cid_t other = conn->cid;
    other.cid_buf[0] ^= 0xff;
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &other), -XQC_ECONN_NFOUND);
    CHECK_EQ(xqc_h3_conn_send_ping(world->client.engine, &other, NULL), -XQC_ECONN_NFOUND);
    CHECK(xqc_h3_request_create(world->client.engine, &other, NULL, NULL) == NULL);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(xqc_h3_request_create(world->client.engine, &conn->cid, NULL, NULL) == NULL);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed);
    sim_world_free(world);
}

static struct {
    unsigned count;
    xqc_cid_t made[8];
} ids;

static ssize_t generate(const xqc_cid_t *origin, uint8_t *cid, size_t length, void *user_data)
{
    (void)origin;
    (void)user_data;
    CHECK(ids.count < CHECK_COUNT(ids.made));
    xqc_cid_t *made = &ids.made[ids.count++];
    memset(cid, (int)(0x20 + ids.count), length);
    made->cid_len = (uint8_t)length;
    memcpy(made->cid_buf, cid, length);
    return (ssize_t)length;
}

/* By the one in use, and by those that are spare: whatever the host's own table says. */
static void any_id_of_a_connection_closes_it(void)
{
    for (unsigned which = 0; which < 3; which++) {
        check_context("connection ID %u", which);
        sim_options options;
        sim_options_init(&options);
        sim_speak_h3(&options);
        options.use_cid_generator = true;
        options.cid_generator = generate;
        options.server_config.cid_negotiate = 1;
        ids.count = 0;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(ids.count, 3);
        xqc_engine_t *engine = world->server.engine;
        const xqc_cid_t *id = &ids.made[which];
        CHECK_EQ(xqc_h3_conn_send_ping(engine, id, NULL), XQC_OK);
        CHECK_EQ(xqc_conn_continue_send(engine, id), XQC_OK);
        CHECK_EQ(xqc_h3_conn_close(engine, id), XQC_OK);
        sim_run_for(world, 10 * SIM_SECOND);
        CHECK(conn->closed);
        CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 1);
        CHECK_EQ(xqc_h3_conn_close(engine, id), -XQC_ECONN_NFOUND);
        CHECK_EQ(xqc_conn_continue_send(engine, id), -XQC_ECONN_NFOUND);
        sim_world_free(world);
    }
}

/* 0 for the transport, H3_NO_ERROR for HTTP/3. */
static void check_clean(const sim_conn *conn)
{
    CHECK(conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->close_errno, 0);
    CHECK_EQ(conn->h3_errno, 0x100);
}

static void a_clean_end_is_no_error(void)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        static const char *const BY[] = {"client", "server", "idle time"};
        check_context("by the %s", BY[kind]);
        sim_world *world = sim_h3_world();
        sim_conn *conn = sim_established(world);
        CHECK(sim_get(conn, 1000) != NULL);
        CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
        sim_conn *server = sim_server_conn(world, conn);
        sim_conn *closer = kind == 0 ? conn : server;
        if (kind < 2) {
            CHECK_EQ(xqc_h3_conn_close(closer->endpoint->engine, &closer->cid), XQC_OK);
        }
        sim_run_for(world, 400 * SIM_SECOND);
        check_clean(conn);
        check_clean(server);
        sim_world_free(world);
    }
}

/* An application's own code reaches the other side. */
static void an_error_of_ones_own_is_told(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_h3_conn_get_errno(conn->h3), 0x100);
    xqc_conn_close_with_error(server->handle, 0x10b);
    CHECK_EQ(xqc_h3_conn_get_errno(server->h3), 0x10b);
    (void)xqc_conn_continue_send(world->server.engine, &server->cid);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && server->closed);
    CHECK_EQ(conn->h3_errno, 0x10b);
    CHECK_EQ(server->h3_errno, 0x10b);
    sim_world_free(world);
}

/* A host goes on using the handle after every call but main_logic from its timer. */
static void only_main_logic_releases_a_connection(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 100000, 100000);
    sim_run_for(world, 5 * SIM_MILLISECOND);
    xqc_engine_t *engine = world->client.engine;
    CHECK_EQ(xqc_h3_conn_close(engine, &conn->cid), XQC_OK);
    sim_set_now(sim_now() + 300 * SIM_SECOND);
    uint8_t byte = 0;
    CHECK(xqc_h3_request_send_body(asked->handle, &byte, 1, 0) < 0);
    (void)xqc_h3_request_finish(asked->handle);
    xqc_http_header_t field = sim_header("x-late", "1");
    xqc_http_headers_t section = {&field, 1, 1, 0};
    (void)xqc_h3_request_send_headers(asked->handle, &section, 1);
    xqc_h3_priority_t priority;
    xqc_h3_priority_init(&priority);
    (void)xqc_h3_request_set_priority(asked->handle, &priority);
    CHECK_EQ(xqc_h3_request_close(asked->handle), XQC_OK);
    asked->was_closed = true;
    (void)sim_inject(&world->client, "garbage", 7, &world->server.address, &conn->local);
    xqc_engine_finish_recv(engine);
    xqc_engine_finish_send(engine);
    (void)xqc_conn_continue_send(engine, &conn->cid);
    (void)xqc_h3_conn_close(engine, &conn->cid);
    CHECK(!conn->closed && !asked->closed);
    CHECK(xqc_h3_conn_get_xqc_conn(conn->h3) == conn->handle);
    CHECK(xqc_h3_conn_get_ssl(conn->h3) != NULL);
    CHECK_EQ(xqc_h3_stream_id(asked->handle), 0);
    CHECK(xqc_scid_str(engine, &conn->cid) != NULL);
    xqc_engine_main_logic(engine);
    CHECK(conn->closed && asked->closed);
    sim_world_free(world);
}

/* The end of the process: the protocol goes, then the engine, and every end is told, silently. */
static void the_engine_goes_after_its_protocol(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conns[5];
    for (unsigned i = 0; i < CHECK_COUNT(conns); i++) {
        conns[i] = sim_established(world);
        CHECK(sim_post(conns[i], 300000, 300000) != NULL);
    }
    sim_run_for(world, 15 * SIM_MILLISECOND);
    sim_endpoint *server = &world->server;
    unsigned writes = server->calls[SIM_WRITE_SOCKET];
    CHECK_EQ(xqc_h3_ctx_destroy(server->engine), XQC_OK);
    CHECK_EQ(server->calls[SIM_CONN_CLOSE], 0);
    xqc_engine_destroy(server->engine);
    server->engine = NULL;
    CHECK_EQ(server->calls[SIM_CONN_CLOSE], 5);
    CHECK_EQ(server->calls[SIM_REQUEST_CREATE], server->calls[SIM_REQUEST_CLOSE]);
    CHECK_EQ(server->calls[SIM_WRITE_SOCKET], writes);
    sim_world_free(world);
}

/* Without its protocol an engine goes on serving the connections it has, and takes no more. */
static void connections_outlive_their_protocol(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    CHECK_EQ(xqc_h3_ctx_destroy(world->server.engine), XQC_OK);
    CHECK_EQ(xqc_h3_ctx_destroy(world->server.engine), XQC_OK);
    CHECK(sim_post(conn, 1000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_conn *late = sim_connect(world);
    CHECK(late != NULL);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(late->closed);
    CHECK_EQ(late->calls[SIM_HANDSHAKE_FINISHED], 0);
    CHECK_EQ(xqc_h3_ctx_destroy(world->client.engine), XQC_OK);
    CHECK(sim_connect(world) == NULL);
    sim_world_free(world);
}

/* A graceful end of a worker: close every connection, and run the engine until all are gone. */
static void closing_all_connections_in_turn(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conns[10];
    for (unsigned i = 0; i < CHECK_COUNT(conns); i++) {
        conns[i] = sim_established(world);
        CHECK(sim_get(conns[i], 1000000) != NULL);
    }
    sim_run_for(world, 20 * SIM_MILLISECOND);
    for (sim_conn *conn = world->server.conns; conn != NULL; conn = conn->next) {
        CHECK_EQ(xqc_h3_conn_close(world->server.engine, &conn->cid), XQC_OK);
        xqc_engine_main_logic(world->server.engine);
    }
    sim_run_for(world, 10 * SIM_SECOND);
    for (unsigned i = 0; i < CHECK_COUNT(conns); i++) {
        CHECK(conns[i]->closed);
    }
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 10);
    sim_world_free(world);
}

static unsigned lost_ends; /* requests whose end came without figures */

static int look_at_the_end(void *argument, const sim_call *call)
{
    unsigned *looked = argument;
    sim_conn *conn = call->conn;
    if (call->event == SIM_REQUEST_CLOSE) {
        xqc_request_stats_t stats = xqc_h3_request_get_stats(call->exchange->handle);
        lost_ends += stats.h3r_begin_time == 0;
        return 0;
    }
    if (call->event != SIM_CONN_CLOSE) {
        return 0;
    }
    struct sockaddr_in address;
    socklen_t length = 0;
    CHECK(xqc_h3_conn_get_ssl(conn->h3) != NULL);
    CHECK(xqc_h3_conn_get_xqc_conn(conn->h3) == conn->handle);
    CHECK(xqc_h3_conn_get_user_data(conn->h3) == conn);
    CHECK_EQ(xqc_h3_conn_get_peer_addr(conn->h3, (struct sockaddr *)&address, sizeof(address),
                                       &length),
             XQC_OK);
    CHECK_EQ(xqc_h3_conn_get_local_addr(conn->h3, (struct sockaddr *)&address, sizeof(address),
                                        &length),
             XQC_OK);
    CHECK_EQ(xqc_conn_get_errno(conn->handle), 0);
    /* A world that is taken down has no engine to ask. */
    if (conn->endpoint->engine != NULL) {
        CHECK(xqc_scid_str(conn->endpoint->engine, &conn->cid) != NULL);
        CHECK(xqc_conn_get_stats(conn->endpoint->engine, &conn->cid).send_count > 0);
    }
    (*looked)++;
    return 0;
}

static void everything_can_be_looked_at_in_the_last_notice(void)
{
    unsigned looked = 0;
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = look_at_the_end;
    world->hook_argument = &looked;
    CHECK(sim_get(conn, 1000000) != NULL);
    sim_run_for(world, 50 * SIM_MILLISECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(looked, 2);
    CHECK_EQ(lost_ends, 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"an_unknown_connection_cannot_be_closed", an_unknown_connection_cannot_be_closed, 0},
    {"any_id_of_a_connection_closes_it", any_id_of_a_connection_closes_it, 0},
    {"a_clean_end_is_no_error", a_clean_end_is_no_error, 0},
    {"an_error_of_ones_own_is_told", an_error_of_ones_own_is_told, 0},
    {"only_main_logic_releases_a_connection", only_main_logic_releases_a_connection, 0},
    {"the_engine_goes_after_its_protocol", the_engine_goes_after_its_protocol, 0},
    {"connections_outlive_their_protocol", connections_outlive_their_protocol, 0},
    {"closing_all_connections_in_turn", closing_all_connections_in_turn, 0},
    {"everything_can_be_looked_at_in_the_last_notice",
     everything_can_be_looked_at_in_the_last_notice, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
