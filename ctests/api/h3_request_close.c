/* Requests that a host closes, from inside and outside their callbacks, and those whose connection
 * goes away under them. */
#include <string.h>

#include "h3.h"

typedef struct closer {
    sim_event event;
    unsigned flag; /* of a read notice; 0 = any */
    bool is_client;
    unsigned done;
    unsigned heard_after; /* callbacks but the last one, once the request was closed */
} closer;

/* Closes the request with ID 4 inside the chosen callback. */
static int close_inside(void *argument, const sim_call *call)
{
    closer *closer = argument;
    sim_exchange *exchange = call->exchange;
    if (exchange == NULL || exchange->id != 4 || exchange->is_client != closer->is_client) {
        return 0;
    }
    if (exchange->was_closed) {
        closer->heard_after += call->event != SIM_REQUEST_CLOSE;
        return 0;
    }
    if (call->event == closer->event && (closer->flag == 0 || (call->flags & closer->flag))) {
        closer->done++;
        sim_exchange_close(exchange);
    }
    return 0;
}

static sim_world *narrow_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.rate = 1000000;
    options.down.rate = 1000000;
    options.client_settings.sndq_packets_used_max = 50;
    options.server_settings.sndq_packets_used_max = 50;
    return sim_world_new(&options);
}

/* Three requests, of which the second is closed inside a callback; the others are not concerned. */
static closer one_of_three(sim_event event, unsigned flag, bool at_client)
{
    closer closer = {.event = event, .flag = flag, .is_client = at_client};
    check_context("in %s, flag %u, at the %s", sim_event_name(event), flag,
                  at_client ? "client" : "server");
    sim_world *world = narrow_world();
    sim_conn *conn = sim_established(world);
    world->hook = close_inside;
    world->hook_argument = &closer;
    const sim_ask ask = {
        .upload = 300000, .download = 300000, .trailers = true, .wants_trailers = true};
    sim_exchange *before = sim_post(conn, 1000, 200000);
    sim_exchange *asked = sim_fetch(conn, &ask);
    sim_exchange *after = sim_post(conn, 200000, 1000);
    CHECK(before != NULL && asked != NULL && after != NULL && asked->id == 4);
    CHECK(sim_run(world, sim_is_over, asked, 30 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_fetched, before, 30 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_fetched, after, 30 * SIM_SECOND));
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(closer.done, 1);
    CHECK_EQ(asked->calls[SIM_REQUEST_CLOSE], 1);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(served == NULL || served->calls[SIM_REQUEST_CLOSE] == 1);
    CHECK(!conn->closed && !sim_server_conn(world, conn)->closed);
    CHECK_EQ(conn->open_exchanges, 0);
    sim_world_free(world);
    return closer;
}

static void inside_every_callback(void)
{
    for (unsigned at_client = 0; at_client < 2; at_client++) {
        one_of_three(SIM_REQUEST_CREATE, 0, at_client);
        one_of_three(SIM_REQUEST_READ, XQC_REQ_NOTIFY_READ_HEADER, at_client);
        one_of_three(SIM_REQUEST_READ, XQC_REQ_NOTIFY_READ_BODY, at_client);
        one_of_three(SIM_REQUEST_READ, XQC_REQ_NOTIFY_READ_TRAILER, at_client);
        one_of_three(SIM_REQUEST_WRITE, 0, at_client);
    }
}

/* The handle is dead for the host. Upstream goes on delivering. */
static void a_closed_request_hears_of_nothing_but_its_end(void)
{
    for (unsigned at_client = 0; at_client < 2; at_client++) {
        closer closer = one_of_three(SIM_REQUEST_READ, XQC_REQ_NOTIFY_READ_HEADER, at_client);
        CHECK_EQ(closer.heard_after, 0);
        closer = one_of_three(SIM_REQUEST_READ, XQC_REQ_NOTIFY_READ_BODY, at_client);
        CHECK_EQ(closer.heard_after, 0);
    }
}

/* The other side hears H3_REQUEST_CANCELLED and can look at its figures in the last notice. */
static void the_peer_of_a_closed_request_is_told(void)
{
    for (unsigned by_server = 0; by_server < 2; by_server++) {
        check_context("closed by the %s", by_server ? "server" : "client");
        sim_world *world = narrow_world();
        sim_conn *conn = sim_established(world);
        sim_exchange *asked = sim_post(conn, 500000, 500000);
        sim_run_for(world, 100 * SIM_MILLISECOND);
        sim_exchange *served = sim_exchange_peer(world, asked);
        sim_exchange *closing = by_server ? served : asked;
        sim_exchange *hearing = by_server ? asked : served;
        sim_exchange_close(closing);
        sim_run_for(world, 10 * SIM_SECOND);
        CHECK(closing->closed && hearing->closed);
        CHECK_EQ(hearing->closings, 1);
        CHECK_EQ(hearing->closing_error, 0x10c);
        CHECK_EQ(hearing->stats.stream_err, 0x10c);
        CHECK_EQ(closing->stats.stream_err, 0x10c);
        CHECK_EQ(strcmp(hearing->stats.stream_close_msg, "remote reset"), 0);
        CHECK_EQ(strcmp(closing->stats.stream_close_msg, "local reset"), 0);
        CHECK(!conn->closed);
        sim_world_free(world);
    }
}

/* A client does not want the response any more to a request that is complete, and acknowledged: there
 * is nothing left to reset, but the other side has to stop. (Upstream resets all the same.) */
static void a_response_can_be_given_up(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 5000000);
    sim_run_for(world, 500 * SIM_MILLISECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    uint64_t sent = served->sent;
    CHECK(sent > 0 && !served->fin_sent);
    sim_exchange_close(asked);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(asked->closed && served->closed && !conn->closed);
    CHECK(check_upstream() || asked->closings == 0); /* its own close, answered */
    CHECK(!served->fin_sent && served->sent < sent + 200000);
    CHECK_EQ(asked->stats.stream_err, 0x10c);
    CHECK_EQ(served->stats.stream_err, 0x10c);
    check_context("%s", asked->stats.stream_close_msg);
    CHECK_EQ(strcmp(asked->stats.stream_close_msg, "local reset"), 0);
    check_note("the server: %s, told %u times", served->stats.stream_close_msg, served->closings);
    sim_world_free(world);
}

/* A reset is not told as the end of what there is to read. */
static void a_reset_is_no_end(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 10, 500000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    sim_exchange_close(served);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(asked->closed && !asked->fin_received);
    CHECK(asked->received < 500000);
    sim_world_free(world);
}

/* Both at the same time. */
static void both_sides_may_close(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 500000, 500000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    sim_exchange_close(served);
    sim_exchange_close(asked);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(asked->closed && served->closed && !conn->closed);
    CHECK(sim_get(conn, 1000) != NULL);
    sim_run_for(world, SIM_SECOND);
    CHECK(sim_exchange_is_complete(conn->exchanges));
    sim_world_free(world);
}

/* Its own side ended long ago, the response has just been read. */
static int close_at_the_end(void *argument, const sim_call *call)
{
    sim_exchange *exchange = call->exchange;
    if (call->event == SIM_REQUEST_READ && exchange->is_client && !exchange->was_closed
        && (call->flags & XQC_REQ_NOTIFY_READ_BODY)) {
        sim_exchange_receive(exchange, UINT64_MAX);
        if (exchange->fin_received) {
            *(unsigned *)argument += 1;
            sim_exchange_close(exchange);
        }
    }
    return 0;
}

static void closing_what_has_ended(void)
{
    unsigned closed = 0;
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = close_at_the_end;
    world->hook_argument = &closed;
    sim_exchange *asked = sim_get(conn, 1000);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(closed, 1);
    CHECK_EQ(asked->calls[SIM_REQUEST_CLOSE], 1);
    CHECK(sim_exchange_peer(world, asked)->closed);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static void closing_what_was_never_sent(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_connect(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *early = sim_fetch(conn, &silent);
    sim_exchange *spoken = sim_get(conn, 100);
    sim_exchange_close(early);
    sim_exchange_close(spoken);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_exchange *late = sim_fetch(conn, &silent);
    sim_exchange_close(late);
    sim_exchange *good = sim_get(conn, 1000);
    CHECK(sim_run(world, sim_is_fetched, good, 10 * SIM_SECOND));
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(early->closed && spoken->closed && late->closed);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Closing returns the stream to the peer's limit: far more can be closed than may be open. */
static void closing_many_in_turn(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    unsigned rounds = check_rounds(300, 30);
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < 10; j++) {
            sim_exchange *asked = sim_post(conn, 2000, 2000);
            check_context("round %u, request %u, closed %d, error %d", i, j, conn->closed,
                          conn->close_errno);
            CHECK(asked != NULL);
            sim_run_for(world, j * SIM_MILLISECOND);
            if (!asked->closed) {
                sim_exchange_close(asked);
            }
        }
        sim_run_for(world, SIM_SECOND);
    }
    CHECK(!conn->closed);
    sim_exchange *good = sim_get(conn, 1000);
    CHECK(sim_run(world, sim_is_fetched, good, 10 * SIM_SECOND));
    sim_world_free(world);
}

static int close_connection_inside(void *argument, const sim_call *call)
{
    closer *closer = argument;
    sim_exchange *exchange = call->exchange;
    if (exchange != NULL && exchange->is_client == closer->is_client
        && call->event == closer->event && closer->done == 0) {
        closer->done = 1;
        sim_conn *conn = exchange->conn;
        CHECK_EQ(xqc_h3_conn_close(conn->endpoint->engine, &conn->cid), XQC_OK);
        CHECK(!conn->closed && exchange->handle != NULL);
    }
    return 0;
}

/* The connection closes inside a notice of one of its requests; all end once. */
static void closing_the_connection_inside_a_request(void)
{
    static const sim_event EVENTS[] = {SIM_REQUEST_CREATE, SIM_REQUEST_READ, SIM_REQUEST_WRITE,
                                       SIM_REQUEST_CLOSE};
    for (size_t i = 0; i < 2 * CHECK_COUNT(EVENTS); i++) {
        closer closer = {.event = EVENTS[i / 2], .is_client = i % 2 == 1};
        check_context("in %s at the %s", sim_event_name(closer.event),
                      closer.is_client ? "client" : "server");
        sim_world *world = narrow_world();
        sim_conn *conn = sim_established(world);
        world->hook = close_connection_inside;
        world->hook_argument = &closer;
        sim_exchange *asked[3] = {sim_post(conn, 100000, 100000), sim_post(conn, 100000, 100000),
                                  NULL};
        CHECK(asked[0] != NULL);
        if (closer.event == SIM_REQUEST_CLOSE) {
            sim_run_for(world, 100 * SIM_MILLISECOND);
            sim_exchange_close(asked[0]);
        }
        sim_run_for(world, 20 * SIM_SECOND);
        CHECK_EQ(closer.done, 1);
        CHECK(conn->closed);
        CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
        CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 1);
        CHECK_EQ(world->server.calls[SIM_REQUEST_CREATE], world->server.calls[SIM_REQUEST_CLOSE]);
        CHECK_EQ(conn->calls[SIM_REQUEST_CREATE], conn->calls[SIM_REQUEST_CLOSE]);
        sim_world_free(world);
    }
}

/* Nothing is sent, and everything ends once. Upstream takes its own end for a fault of the peer. */
static void engines_are_destroyed_with_live_requests(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        sim_world *world = narrow_world();
        sim_conn *conn = kind == 0 ? sim_connect(world) : sim_established(world);
        sim_exchange *asked = sim_post(conn, 500000, 500000);
        CHECK(asked != NULL);
        sim_run_for(world, kind == 0 ? 0 : 50 * SIM_MILLISECOND);
        sim_endpoint *victim = kind % 2 ? &world->server : &world->client;
        sim_conn *last = kind % 2 ? sim_server_conn(world, conn) : conn;
        uint64_t writes = victim->calls[SIM_WRITE_SOCKET];
        sim_restart(victim);
        CHECK_EQ(victim->calls[SIM_WRITE_SOCKET], writes);
        CHECK(last->closed);
        CHECK_EQ(victim->calls[SIM_REQUEST_CREATE], victim->calls[SIM_REQUEST_CLOSE]);
        CHECK_EQ(last->h3_errno, 0x100);
        CHECK_EQ(last->exchanges->stats.stream_err, 0);
        sim_run_for(world, 20 * SIM_SECOND);
        sim_world_free(world);
    }
}

static const check_case CASES[] = {
    {"inside_every_callback", inside_every_callback, 0},
    {"a_closed_request_hears_of_nothing_but_its_end",
     a_closed_request_hears_of_nothing_but_its_end, CHECK_UPSTREAM_FAILS},
    {"the_peer_of_a_closed_request_is_told", the_peer_of_a_closed_request_is_told,
     0},
    {"a_response_can_be_given_up", a_response_can_be_given_up, 0},
    {"a_reset_is_no_end", a_reset_is_no_end, 0},
    {"both_sides_may_close", both_sides_may_close, 0},
    {"closing_what_has_ended", closing_what_has_ended, 0},
    {"closing_what_was_never_sent", closing_what_was_never_sent, 0},
    {"closing_many_in_turn", closing_many_in_turn, 0},
    {"closing_the_connection_inside_a_request", closing_the_connection_inside_a_request, 0},
    {"engines_are_destroyed_with_live_requests", engines_are_destroyed_with_live_requests,
     CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
