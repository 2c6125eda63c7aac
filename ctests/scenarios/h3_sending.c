/* When and how HTTP/3 traffic leaves: inside calls or by hand, one by one or many at once, and when
 * the socket takes no more. */
#include "h3.h"

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    change(&options);
    return sim_world_new(&options);
}

static void plain(sim_options *options)
{
    (void)options;
}

static void by_hand(sim_options *options)
{
    options->client_config.manually_triggered_send = 1;
}

static void many_at_once(sim_options *options)
{
    options->use_mmsg = true;
    options->client_config.sendmmsg_on = 1;
    options->server_config.sendmmsg_on = 1;
}

static void with_path_ids(sim_options *options)
{
    many_at_once(options);
    options->use_ex = true;
}

/* Calls that have something to send, each on a request of its own or on the one before. */
static void send_some_headers(sim_exchange *asked)
{
    xqc_http_header_t fields[] = {
        sim_header(":method", "POST"),         sim_header(":scheme", "https"),
        sim_header(":authority", "localhost"), sim_header(":path", "/pattern?of=the+simulator"),
        sim_header("x-seed", "1"),             sim_header("x-upload", "10"),
        sim_header("x-download", "0"),         sim_header("x-trailers", "0"),
        sim_header("x-wants-trailers", "0"),   sim_header("x-wants-interim", "0"),
        sim_header("x-wants-ending", "0"),     sim_header("x-wants-late", "0"),
        sim_header("x-no-length", "1"),
    };
    xqc_http_headers_t headers = {fields, CHECK_COUNT(fields), CHECK_COUNT(fields), 0};
    CHECK(xqc_h3_request_send_headers(asked->handle, &headers, 0) > 0);
    asked->seed = 1;
    asked->headers_sent = true;
    asked->ask.no_length = true;
}

static void send_some_content(sim_exchange *asked)
{
    uint8_t bytes[10];
    sim_pattern(1, 0, bytes, sizeof(bytes));
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, bytes, sizeof(bytes), 0), 10);
}

static void send_the_end(sim_exchange *asked)
{
    CHECK_EQ(xqc_h3_request_finish(asked->handle), 0);
    asked->fin_sent = true;
}

static void send_a_lone_end(sim_exchange *asked)
{
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, NULL, 0, 1), 0);
    asked->fin_sent = true;
}

static const struct {
    const char *name;
    void (*call)(sim_exchange *asked);
    bool is_new; /* of a request of its own */
} CALLS[] = {
    {"send_headers", send_some_headers, true},  {"send_body", send_some_content, false},
    {"finish", send_the_end, false},            {"send_headers", send_some_headers, true},
    {"send_body", send_some_content, false},    {"lone end", send_a_lone_end, false},
    {"send_headers", send_some_headers, true},  {"close", sim_exchange_close, false},
};

static sim_exchange *next_for(sim_conn *conn, sim_exchange *asked, size_t call)
{
    const sim_ask silent = {.method = "POST", .upload = 10, .silent = true};
    return CALLS[call].is_new ? sim_fetch(conn, &silent) : asked;
}

/* What a call adds leaves inside it. */
static void calls_send_at_once(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *asked = NULL;
    for (size_t i = 0; i < CHECK_COUNT(CALLS); i++) {
        check_context("%s", CALLS[i].name);
        asked = next_for(conn, asked, i);
        unsigned writes = world->client.calls[SIM_WRITE_SOCKET];
        CALLS[i].call(asked);
        CHECK(world->client.calls[SIM_WRITE_SOCKET] > writes);
        sim_run_for(world, SIM_SECOND);
    }
    CHECK_EQ(world->server.calls[SIM_REQUEST_CREATE], 3);
    CHECK_EQ(world->server.calls[SIM_REQUEST_CLOSING], 1);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* By hand each waits for finish_send, the close of a connection too. Upstream sends some at once. */
static void by_hand_every_call_waits(void)
{
    sim_world *world = world_with(by_hand);
    sim_conn *conn = sim_established(world);
    xqc_engine_t *engine = world->client.engine;
    sim_run_for(world, SIM_SECOND);
    sim_exchange *asked = NULL;
    for (size_t i = 0; i <= CHECK_COUNT(CALLS); i++) {
        check_context("call %zu", i);
        unsigned writes = world->client.calls[SIM_WRITE_SOCKET];
        if (i < CHECK_COUNT(CALLS)) {
            asked = next_for(conn, asked, i);
            CALLS[i].call(asked);
        } else {
            CHECK_EQ(xqc_h3_conn_close(engine, &conn->cid), XQC_OK);
        }
        CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET], writes);
        xqc_engine_finish_send(engine);
        CHECK(world->client.calls[SIM_WRITE_SOCKET] > writes);
        if (i < CHECK_COUNT(CALLS)) {
            sim_run_for(world, SIM_SECOND);
        }
    }
    CHECK_EQ(world->server.calls[SIM_REQUEST_CREATE], 3);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed);
    sim_world_free(world);
}

typedef struct nesting {
    unsigned depth;
    unsigned calls;
} nesting;

/* Runs the engine inside each callback of a run, and hears of no other callback meanwhile. */
static int run_inside(void *argument, const sim_call *call)
{
    nesting *nesting = argument;
    if (call->event == SIM_SET_TIMER || call->event == SIM_LOG || call->event == SIM_KEYLOG) {
        return 0;
    }
    check_context("%s inside a call", sim_event_name(call->event));
    CHECK_EQ(nesting->depth, 0);
    if (call->endpoint->engine == NULL || call->endpoint->is_server) {
        return 0;
    }
    bool is_in_a_run = call->event == SIM_REQUEST_READ || call->event == SIM_REQUEST_WRITE
                       || call->event == SIM_WRITE_SOCKET || call->event == SIM_REQUEST_CLOSE
                       || call->event == SIM_HANDSHAKE_FINISHED;
    if (is_in_a_run) {
        nesting->depth++;
        nesting->calls++;
        xqc_engine_main_logic(call->endpoint->engine);
        xqc_engine_finish_send(call->endpoint->engine);
        xqc_engine_finish_recv(call->endpoint->engine);
        nesting->depth--;
    }
    return 0;
}

/* The outer run does the work: nothing is called within, and everything arrives. */
static void an_engine_that_runs_is_not_run_within(void)
{
    nesting nesting = {0};
    sim_world *world = world_with(plain);
    world->hook = run_inside;
    world->hook_argument = &nesting;
    sim_conn *conn = sim_connect(world);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    for (unsigned i = 0; i < 10; i++) {
        CHECK(sim_post(conn, 300000, 300000) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK(nesting.calls > 1000);
    sim_world_free(world);
}

/* Or when the host says so, and then all together. Upstream sends in the call all the same. */
static void by_hand_nothing_leaves_before_finish_send(void)
{
    sim_world *world = world_with(by_hand);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    unsigned writes = world->client.calls[SIM_WRITE_SOCKET];
    for (unsigned i = 0; i < 10; i++) {
        CHECK(sim_get(conn, 1000) != NULL);
    }
    CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET], writes);
    xqc_engine_finish_send(world->client.engine);
    unsigned sent = world->client.calls[SIM_WRITE_SOCKET] - writes;
    CHECK(sent > 0);
    check_note("ten requests in %u datagrams", sent);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* A host that forgets finish_send is served by its timer. */
static void by_hand_the_timer_sends_too(void)
{
    sim_world *world = world_with(by_hand);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK(sim_post(conn, 100000, 100000) != NULL);
    xqc_engine_main_logic(world->client.engine);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void transfer(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(sim_post(conn, 500000, 500000) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void many_datagrams_in_one_call(void)
{
    sim_world *world = world_with(many_at_once);
    sim_conn *conn = sim_established(world);
    CHECK(sim_post(conn, 500000, 500000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK(world->client.mmsg_longest > 1 && world->server.mmsg_longest > 1);
    CHECK(world->client.mmsg_longest <= XQC_MAX_SEND_MSG_ONCE);
    sim_world_free(world);
    transfer(world_with(with_path_ids));
}

/* The socket takes only some of each train. */
static void trains_taken_in_part(void)
{
    sim_world *world = world_with(many_at_once);
    world->client.mmsg_most = 3;
    world->server.mmsg_most = 5;
    sim_conn *conn = sim_established(world);
    CHECK(sim_post(conn, 300000, 300000) != NULL);
    for (unsigned i = 0; i < 3000 && !sim_is_served(conn); i++) {
        sim_run_for(world, 10 * SIM_MILLISECOND);
        (void)xqc_conn_continue_send(world->client.engine, &conn->cid);
        sim_conn *server = sim_server_conn(world, conn);
        (void)xqc_conn_continue_send(world->server.engine, &server->cid);
    }
    CHECK(sim_is_served(conn));
    CHECK_EQ(xqc_conn_get_stats(world->client.engine, &conn->cid).lost_count, 0);
    sim_world_free(world);
}

/* Sockets that block again and again; what was blocked is not lost. */
static void blocked_sockets_are_resumed(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    sim_run_for(world, SIM_SECOND);
    CHECK(sim_post(conn, 300000, 300000) != NULL);
    for (unsigned i = 0; i < 3000 && !sim_is_served(conn); i++) {
        world->client.write_budget = 20;
        world->server.write_budget = 30;
        world->client.write_mode = SIM_WRITE_OK;
        world->server.write_mode = SIM_WRITE_OK;
        CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
        CHECK_EQ(xqc_conn_continue_send(world->server.engine, &server->cid), XQC_OK);
        sim_run_for(world, 15 * SIM_MILLISECOND);
    }
    CHECK(sim_is_served(conn));
    CHECK(conn->write_blocked && server->write_blocked);
    sim_world_free(world);
}

/* Nothing is blocked: no harm. */
static void resuming_what_is_not_blocked_is_nothing(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
        if (i % 10 == 0) {
            CHECK(sim_get(conn, 1000) != NULL);
        }
        sim_run_for(world, SIM_MILLISECOND);
    }
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* The one path there is fails for good: the connection ends, and tells once. */
static void a_broken_socket_ends_the_connection(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    CHECK(sim_get(conn, 1000000) != NULL);
    sim_run_for(world, 20 * SIM_MILLISECOND);
    world->client.write_mode = SIM_WRITE_ERROR;
    CHECK(sim_post(conn, 1000, 1000) != NULL);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_REQUEST_CREATE], conn->calls[SIM_REQUEST_CLOSE]);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"calls_send_at_once", calls_send_at_once, 0},
    {"by_hand_every_call_waits", by_hand_every_call_waits, CHECK_UPSTREAM_FAILS},
    {"an_engine_that_runs_is_not_run_within", an_engine_that_runs_is_not_run_within, 0},
    {"by_hand_nothing_leaves_before_finish_send", by_hand_nothing_leaves_before_finish_send,
     CHECK_UPSTREAM_FAILS},
    {"by_hand_the_timer_sends_too", by_hand_the_timer_sends_too, 0},
    {"many_datagrams_in_one_call", many_datagrams_in_one_call, 0},
    {"trains_taken_in_part", trains_taken_in_part, 0},
    {"blocked_sockets_are_resumed", blocked_sockets_are_resumed, 0},
    {"resuming_what_is_not_blocked_is_nothing", resuming_what_is_not_blocked_is_nothing, 0},
    {"a_broken_socket_ends_the_connection", a_broken_socket_ends_the_connection, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
