/* How the library writes to a host's socket: singly, in batches, blocked, failing, on demand. */
#include "sim.h"

static sim_world *world_with(const sim_options *options, sim_conn **conn)
{
    sim_world *world = sim_world_new(options);
    *conn = sim_established(world);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    return world;
}

/* The socket takes a few datagrams, then none for a while; the host tells when it may go on. */
static void blocked_for_a_while(bool use_mmsg)
{
    sim_options options;
    sim_options_init(&options);
    options.use_mmsg = use_mmsg;
    options.client_config.sendmmsg_on = use_mmsg;
    sim_conn *conn;
    sim_world *world = world_with(&options, &conn);
    sim_endpoint *client = &world->client;
    sim_stream *stream = sim_request(conn, 1000000, 1000);
    CHECK(stream != NULL);
    unsigned blocked = 0;
    while (!sim_is_drained(conn)) {
        client->write_mode = SIM_WRITE_OK;
        client->write_budget = 3;
        conn->write_blocked = false;
        CHECK_EQ(xqc_conn_continue_send(client->engine, &conn->cid), XQC_OK);
        sim_run_for(world, 5 * SIM_MILLISECOND);
        blocked += conn->write_blocked ? 1 : 0;
        CHECK(!conn->closed);
        CHECK(sim_now() < 1700000000000000u + 3600 * SIM_SECOND * 24);
    }
    CHECK(blocked > 10);
    /* Blocked is not lost. */
    xqc_conn_stats_t stats = xqc_conn_get_stats(client->engine, &conn->cid);
    check_note("blocked %u times, %u of %u datagrams declared lost", blocked, stats.lost_count,
               stats.send_count);
    client->write_budget = 0;
    client->write_mode = SIM_WRITE_OK;
    sim_world_free(world);
}

static void a_blocked_socket_is_continued(void)
{
    blocked_for_a_while(false);
}

static void a_blocked_batch_is_continued(void)
{
    blocked_for_a_while(true);
}

/* While the socket is blocked and the host is silent, nothing is written and nothing breaks. */
static void a_blocked_connection_waits_for_its_host(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = world_with(&options, &conn);
    world->client.write_mode = SIM_WRITE_WOULD_BLOCK;
    CHECK(sim_request(conn, 50000, 50000) != NULL);
    uint64_t sent = world->up.stats.sent;
    sim_run_for(world, 500 * SIM_MILLISECOND);
    CHECK_EQ(world->up.stats.sent, sent);
    CHECK(!conn->closed);
    world->client.write_mode = SIM_WRITE_OK;
    CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
    CHECK(world->up.stats.sent > sent);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    /* With nothing blocked, it does nothing. */
    CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
    xqc_conn_continue_send_by_conn(conn->handle);
    sim_world_free(world);
}

static void a_socket_blocked_from_the_start(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    world->client.write_mode = SIM_WRITE_WOULD_BLOCK;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(world->up.stats.sent, 0);
    world->client.write_mode = SIM_WRITE_OK;
    CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* The host learns of it in its timer, not inside its own call. */
static void break_socket(sim_write_mode how, bool use_mmsg)
{
    sim_options options;
    sim_options_init(&options);
    options.use_mmsg = use_mmsg;
    options.client_config.sendmmsg_on = use_mmsg;
    options.server_settings.idle_time_out = 20000;
    sim_conn *conn;
    sim_world *world = world_with(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    world->client.write_mode = how;
    sim_stream *stream = sim_request(conn, 50000, 50000);
    CHECK(stream != NULL);
    CHECK(!conn->closed);
    CHECK(sim_run(world, sim_is_closed, conn, SIM_SECOND));
    check_note("errno %d", conn->close_errno);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(stream->calls[SIM_STREAM_CLOSE], 1);
    CHECK(sim_run(world, sim_is_closed, server, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void a_broken_socket_ends_the_connection(void)
{
    break_socket(SIM_WRITE_ERROR, false);
    break_socket(SIM_WRITE_ERROR, true);
}

/* A datagram that is sent in part is none. Upstream sends it again and again. */
static void a_socket_that_cuts_datagrams_is_broken(void)
{
    break_socket(SIM_WRITE_SHORT, false);
}

static void batches_are_used_when_switched_on(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_mmsg = true;
    options.client_config.sendmmsg_on = 1;
    options.server_config.sendmmsg_on = 1;
    sim_conn *conn;
    sim_world *world = world_with(&options, &conn);
    CHECK(sim_request(conn, 2000000, 2000000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 30 * SIM_SECOND));
    CHECK(world->client.calls[SIM_WRITE_MMSG] > 0 && world->server.calls[SIM_WRITE_MMSG] > 0);
    check_note("%u batches, the longest of %u; %u single writes",
               world->client.calls[SIM_WRITE_MMSG], world->client.mmsg_longest,
               world->client.calls[SIM_WRITE_SOCKET]);
    CHECK(world->client.mmsg_longest > 8);
    CHECK(world->client.mmsg_longest <= XQC_MAX_SEND_MSG_ONCE);
    sim_world_free(world);
}

/* What a batch did not take is sent later, in order and once. */
static void a_batch_may_be_taken_in_part(void)
{
    for (unsigned most = 1; most <= 5; most += 2) {
        check_context("at most %u per call", most);
        sim_options options;
        sim_options_init(&options);
        options.use_mmsg = true;
        options.client_config.sendmmsg_on = 1;
        sim_conn *conn;
        sim_world *world = world_with(&options, &conn);
        world->client.mmsg_most = most;
        CHECK(sim_request(conn, 300000, 1000) != NULL);
        for (unsigned i = 0; i < 20000 && !sim_is_drained(conn); i++) {
            CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
            sim_run_for(world, SIM_MILLISECOND);
            CHECK(!conn->closed);
        }
        CHECK(sim_is_drained(conn));
        sim_world_free(world);
    }
}

/* They are used in place of the plain ones where both are given. The harness's check the path and
 * share the rest with the plain ones. */
static void the_ex_writers_serve_as_well(void)
{
    for (unsigned use_mmsg = 0; use_mmsg < 2; use_mmsg++) {
        sim_options options;
        sim_options_init(&options);
        options.use_ex = true;
        options.use_mmsg = use_mmsg;
        options.client_config.sendmmsg_on = (int)use_mmsg;
        options.server_config.sendmmsg_on = (int)use_mmsg;
        sim_conn *conn;
        sim_world *world = world_with(&options, &conn);
        CHECK(sim_request(conn, 300000, 300000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 30 * SIM_SECOND));
        const sim_endpoint *ends[] = {&world->client, &world->server};
        for (unsigned i = 0; i < 2; i++) {
            unsigned writes = ends[i]->calls[SIM_WRITE_SOCKET] + ends[i]->calls[SIM_WRITE_MMSG];
            CHECK(writes > 0 && ends[i]->ex_writes == writes);
        }
        sim_world_free(world);
    }
}

/* With manually_triggered_send the host says when: send and close only fill the queue. */
static void sending_waits_for_the_host_when_asked_to(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_config.manually_triggered_send = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    uint64_t before = world->up.stats.sent;
    sim_stream *stream = sim_request(conn, 3000, 3000);
    CHECK(stream != NULL && stream->fin_sent);
    CHECK_EQ(world->up.stats.sent, before);
    CHECK(xqc_engine_finish_send != NULL);
    xqc_engine_finish_send(world->client.engine);
    CHECK(world->up.stats.sent > before);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* Without it, data is written before the call returns, and the close with the very next timer. */
static void sending_is_immediate_by_default(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = world_with(&options, &conn);
    uint64_t before = world->up.stats.sent;
    CHECK(sim_request(conn, 3000, 3000) != NULL);
    CHECK(world->up.stats.sent >= before + 3);
    before = world->up.stats.sent;
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 2);
    CHECK(world->up.stats.sent > before);
    sim_run_for(world, 10 * SIM_SECOND);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_blocked_socket_is_continued", a_blocked_socket_is_continued, 0},
    {"a_blocked_batch_is_continued", a_blocked_batch_is_continued, 0},
    {"a_blocked_connection_waits_for_its_host", a_blocked_connection_waits_for_its_host, 0},
    {"a_socket_blocked_from_the_start", a_socket_blocked_from_the_start, 0},
    {"a_broken_socket_ends_the_connection", a_broken_socket_ends_the_connection, 0},
    {"a_socket_that_cuts_datagrams_is_broken", a_socket_that_cuts_datagrams_is_broken,
     CHECK_UPSTREAM_FAILS},
    {"batches_are_used_when_switched_on", batches_are_used_when_switched_on, 0},
    {"a_batch_may_be_taken_in_part", a_batch_may_be_taken_in_part, 0},
    {"the_ex_writers_serve_as_well", the_ex_writers_serve_as_well, 0},
    /* Upstream heeds the switch for HTTP/3 only. */
    {"sending_waits_for_the_host_when_asked_to", sending_waits_for_the_host_when_asked_to,
     CHECK_UPSTREAM_FAILS},
    {"sending_is_immediate_by_default", sending_is_immediate_by_default, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
