/* How connections end: who is told what, with which numbers, and when. */
#include <string.h>

#include "sim.h"

/* The kind of the peer's code, as each end knows it when its connection is released. */
static int client_kind;
static int server_kind;

static int note_kinds(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_CONN_CLOSE) {
        int *kind = call->endpoint->is_server ? &server_kind : &client_kind;
        *kind = (int)xqc_conn_get_err_type(call->conn->handle);
    }
    return 0;
}

static sim_conn *watched(sim_world *world)
{
    client_kind = server_kind = -1;
    sim_conn *conn = sim_established(world);
    world->hook = note_kinds;
    return conn;
}

static void a_plain_close_is_told_when_the_peer_has_answered(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = watched(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 5 * SIM_MILLISECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && server->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(conn->closing_error, 0);
    CHECK_EQ(server->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(conn->close_errno + server->close_errno, 0);
    CHECK_EQ(client_kind, 1);
    CHECK_EQ(server_kind, 1);
    sim_world_free(world);
}

static void a_plain_close_that_nobody_answers_is_not_told(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = watched(world);
    world->down.config.blackhole = true;
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(client_kind, 0);
    sim_world_free(world);
}

/* Codes from 0x100 on are the application's. */
static void the_code_and_its_kind_reach_both_ends(void)
{
    static const struct {
        uint64_t code;
        int kind;
    } cases[] = {{0x1234, 2}, {0x100, 2}, {0xff, 1}, {0x7, 1}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        check_context("code %#x", (unsigned)cases[i].code);
        sim_options options;
        sim_options_init(&options);
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = watched(world);
        sim_conn *server = sim_server_conn(world, conn);
        CHECK_EQ(xqc_conn_close_with_error(conn->handle, cases[i].code), XQC_OK);
        xqc_engine_main_logic(world->client.engine);
        (void)xqc_conn_continue_send(world->client.engine, &conn->cid);
        sim_run_for(world, 10 * SIM_SECOND);
        CHECK(conn->closed && server->closed);
        CHECK_EQ(conn->close_errno, (int)cases[i].code);
        CHECK_EQ(server->close_errno, (int)cases[i].code);
        CHECK_EQ(conn->closing_error, (int)cases[i].code);
        CHECK_EQ(server->closing_error, (int)cases[i].code);
        CHECK_EQ(server_kind, cases[i].kind);
        CHECK_EQ(client_kind, cases[i].kind);
        CHECK_EQ(conn->calls[SIM_CONN_CLOSING] + server->calls[SIM_CONN_CLOSING], 2);
        sim_world_free(world);
    }
}

static void both_ends_may_close_at_once(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = watched(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_conn_close(world->server.engine, &server->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && server->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(server->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(client_kind + server_kind, 2);
    sim_world_free(world);
}

/* RFC 9000 section 10.2.1 and 10.2.2: a few datagrams, and then silence. */
static void a_close_costs_a_few_datagrams(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    unsigned before = world->client.calls[SIM_WRITE_SOCKET] + world->server.calls[SIM_WRITE_SOCKET];
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    unsigned sent =
        world->client.calls[SIM_WRITE_SOCKET] + world->server.calls[SIM_WRITE_SOCKET] - before;
    check_note("%u datagrams for a close", sent);
    CHECK(sent >= 2 && sent <= 4);
    sim_world_free(world);
}


static void each_ping_is_acknowledged_exactly_once(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.loss = 0.3;
    options.down.loss = 0.3;
    options.client_settings.idle_time_out = 120000;
    options.server_settings.idle_time_out = 120000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(xqc_conn_send_ping(world->client.engine, &conn->cid, conn), XQC_OK);
        sim_run_for(world, 20 * SIM_MILLISECOND);
    }
    sim_run_for(world, 60 * SIM_SECOND);
    CHECK(!conn->closed);
    CHECK_EQ(conn->calls[SIM_PING_ACKED], 100);
    sim_world_free(world);
}

static void a_ping_of_a_closed_connection_does_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_conn_send_ping(world->client.engine, &conn->cid, conn), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_PING_ACKED], 0);
    sim_world_free(world);
}

/* RFC 9000 section 10.1.2: also when some of the PINGs get lost. */
static void keep_alive_holds_through_loss(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 20000;
    options.server_settings.idle_time_out = 20000;
    options.client_settings.ping_on = 1;
    options.up.loss = 0.2;
    options.down.loss = 0.2;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, 600 * SIM_SECOND);
    CHECK(!conn->closed);
    unsigned sent = world->client.calls[SIM_WRITE_SOCKET];
    check_note("%u datagrams in ten minutes", sent);
    CHECK(sent < 1000);
    sim_world_free(world);
}

static int fail_reading(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_STREAM_READ && call->endpoint->is_server && call->conn->number == 0
               ? -1
               : 0;
}

static void a_failing_callback_ends_its_connection_and_no_other(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *failing = sim_established(world);
    sim_conn *other = sim_established(world);
    world->hook = fail_reading;
    CHECK(sim_request(failing, 1000, 1000) != NULL);
    CHECK(sim_request(other, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, other, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_closed, failing, 10 * SIM_SECOND));
    CHECK_EQ(failing->close_errno, 1);
    CHECK(!other->closed);
    world->hook = NULL;
    sim_world_free(world);
}

static unsigned passes;
static xqc_connection_t *partners[2];

static int wake_the_other(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_STREAM_WRITE && !call->endpoint->is_server && partners[1] != NULL) {
        CHECK(++passes < 100000);
        xqc_conn_continue_send_by_conn(
            call->conn->handle == partners[0] ? partners[1] : partners[0]);
    }
    return 0;
}

/* Two connections each wake the other from a callback, for ever. Upstream's loop has no end. */
static void connections_that_wake_each_other_leave_the_host_its_turn(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    passes = 0;
    for (unsigned i = 0; i < 2; i++) {
        sim_conn *conn = sim_established(world);
        partners[i] = conn->handle;
        /* A stream that is never written to is notified in every pass. */
        CHECK(xqc_stream_create_with_direction(conn->handle, XQC_STREAM_BIDI, NULL) != NULL
              || sim_request(conn, 0, 0) != NULL);
    }
    world->hook = wake_the_other;
    xqc_conn_continue_send_by_conn(partners[0]);
    xqc_engine_main_logic(world->client.engine);
    check_note("%u callbacks in one run", passes);
    CHECK(passes > 0 && passes < 5000);
    /* The rest is promised for the next timer. */
    CHECK(world->client.timer_at <= sim_now() + SIM_MILLISECOND);
    world->hook = NULL;
    partners[1] = NULL;
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_plain_close_is_told_when_the_peer_has_answered",
     a_plain_close_is_told_when_the_peer_has_answered, 0},
    {"a_plain_close_that_nobody_answers_is_not_told", a_plain_close_that_nobody_answers_is_not_told,
     0},
    {"the_code_and_its_kind_reach_both_ends", the_code_and_its_kind_reach_both_ends, 0},
    {"both_ends_may_close_at_once", both_ends_may_close_at_once, 0},
    {"a_close_costs_a_few_datagrams", a_close_costs_a_few_datagrams, 0},
    {"each_ping_is_acknowledged_exactly_once", each_ping_is_acknowledged_exactly_once, 0},
    {"a_ping_of_a_closed_connection_does_nothing", a_ping_of_a_closed_connection_does_nothing, 0},
    {"keep_alive_holds_through_loss", keep_alive_holds_through_loss, 0},
    {"a_failing_callback_ends_its_connection_and_no_other",
     a_failing_callback_ends_its_connection_and_no_other, 0},
    {"connections_that_wake_each_other_leave_the_host_its_turn",
     connections_that_wake_each_other_leave_the_host_its_turn, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
