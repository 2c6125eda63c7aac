/* How long the handles of HTTP/3 are good: engines that go inside a callback, calls on requests that
 * are over, and requests that are refused. */
#include <string.h>

#include "h3.h"

/* The library promises more than upstream: all that lives is told of its end in the call, and
 * nothing after it, whatever callback it came from. */
typedef struct destroyer {
    sim_event event;
    bool on_server;
    bool done;
    bool is_over; /* the destroying call has returned */
} destroyer;

static int destroy_inside(void *argument, const sim_call *call)
{
    destroyer *destroyer = argument;
    if (call->endpoint->is_server != destroyer->on_server) {
        return 0;
    }
    if (destroyer->is_over && call->event != SIM_LOG) {
        check_context("%s after the end, which came in %s", sim_event_name(call->event),
                      sim_event_name(destroyer->event));
        CHECK(!destroyer->is_over);
    }
    if (call->event == destroyer->event && !destroyer->done && call->endpoint->engine != NULL) {
        destroyer->done = true;
        xqc_engine_t *engine = call->endpoint->engine;
        call->endpoint->engine = NULL;
        call->endpoint->timer_at = SIM_NEVER;
        xqc_engine_destroy(engine);
        destroyer->is_over = true;
    }
    return 0;
}

static void check_told_once(const sim_endpoint *endpoint)
{
    for (const sim_conn *conn = endpoint->conns; conn != NULL; conn = conn->next) {
        unsigned ends = conn->calls[SIM_CONN_CLOSE] + conn->calls[SIM_SERVER_REFUSE];
        bool is_known = endpoint->is_server || conn->calls[SIM_CONN_CREATE] > 0;
        CHECK_EQ(ends, is_known ? 1 : 0);
        for (const sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
            CHECK_EQ(one->calls[SIM_REQUEST_CREATE], 1);
            CHECK_EQ(one->calls[SIM_REQUEST_CLOSE], 1);
        }
    }
}

static void use(sim_world *world, sim_conn *conn)
{
    const sim_ask ask = {
        .upload = 300000, .download = 300000, .trailers = true, .wants_trailers = true};
    (void)sim_fetch(conn, &ask);
    sim_exchange *given_up = world->client.engine == NULL ? NULL : sim_post(conn, 300000, 300000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    if (given_up != NULL && !given_up->closed) {
        sim_exchange_close(given_up);
    }
    sim_run_for(world, 5 * SIM_SECOND);
}

static void engines_are_destroyed_inside_every_callback(void)
{
    static const sim_event EVENTS[] = {
        SIM_INIT_SETTINGS, SIM_CONN_CREATE,  SIM_HANDSHAKE_FINISHED, SIM_REQUEST_CREATE,
        SIM_REQUEST_READ,  SIM_REQUEST_WRITE, SIM_REQUEST_CLOSING,   SIM_REQUEST_CLOSE,
        SIM_CONN_CLOSE,    SIM_WRITE_SOCKET, SIM_SET_TIMER,
    };
    for (size_t i = 0; i < 2 * CHECK_COUNT(EVENTS); i++) {
        destroyer destroyer = {.event = EVENTS[i / 2], .on_server = i % 2 == 0};
        check_context("%s at the %s", sim_event_name(destroyer.event),
                      destroyer.on_server ? "server" : "client");
        sim_options options;
        sim_options_init(&options);
        sim_speak_h3(&options);
        options.client_settings.idle_time_out = 20000;
        options.server_settings.idle_time_out = 20000;
        options.client_settings.sndq_packets_used_max = 50;
        options.server_settings.sndq_packets_used_max = 50;
        sim_world *world = sim_world_new(&options);
        world->hook = destroy_inside;
        world->hook_argument = &destroyer;
        sim_conn *conn = sim_connect(world);
        if (conn != NULL) {
            sim_run_for(world, 200 * SIM_MILLISECOND);
        }
        if (conn != NULL && world->client.engine != NULL && !conn->closed) {
            use(world, conn);
        }
        if (conn != NULL && world->client.engine != NULL && !conn->closed) {
            (void)xqc_h3_conn_close(world->client.engine, &conn->cid);
        }
        sim_run_for(world, 60 * SIM_SECOND);
        check_told_once(&world->client);
        check_told_once(&world->server);
        sim_world_free(world);
    }
}

/* Hosts go on with a request after a call that failed. Its last notice comes from the timer. */
static void no_call_on_a_request_ends_it(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 5000000, 5000000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange_close(sim_exchange_peer(world, asked));
    xqc_http_header_t field = sim_header("checksum", "0");
    unsigned calls = 0;
    for (unsigned i = 0; i < 1000 && !asked->closed; i++) {
        if (asked->closings > 0) {
            xqc_http_headers_t trailers = {&field, 1, 1, 0};
            CHECK(xqc_h3_request_send_headers(asked->handle, &trailers, 1) < 0);
            CHECK(!asked->closed);
            (void)xqc_h3_request_finish(asked->handle);
            CHECK(!asked->closed);
            CHECK(xqc_h3_stream_id(asked->handle) == asked->id);
            calls++;
        }
        sim_run_for(world, SIM_MILLISECOND);
    }
    CHECK(calls > 0 && asked->closed);
    CHECK_EQ(asked->calls[SIM_REQUEST_CLOSE], 1);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* The other host does not look. */
static int leave_unread(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_REQUEST_READ;
}

/* A host whose fields are too large says something shorter. */
static void a_refused_header_section_is_none(void)
{
    const xqc_h3_conn_settings_t small = {.max_field_section_size = 400};
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.server_h3 = &small;
    sim_world *world = sim_world_new(&options);
    world->hook = leave_unread;
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    char large[500];
    memset(large, 'a', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    xqc_http_header_t fields[] = {sim_header(":method", "GET"), sim_header(":scheme", "https"),
                                  sim_header(":authority", "localhost"), sim_header(":path", "/"),
                                  sim_header("x", large)};
    xqc_http_headers_t headers = {fields, 5, 5, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &headers, 1), -XQC_H3_INVALID_HEADER);
    headers.count = 4;
    CHECK(xqc_h3_request_send_headers(asked->handle, &headers, 1) > 0);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(served != NULL && served->calls[SIM_REQUEST_READ] > 0);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* RFC 9114 section 6.1: only clients ask. Upstream opens a stream that belongs to the other side. */
static void a_server_makes_no_requests(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(xqc_h3_request_create(world->server.engine, &server->cid, NULL, NULL) == NULL);
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed && !server->closed);
    sim_exchange *good = sim_get(conn, 1000);
    CHECK(sim_run(world, sim_is_fetched, good, 10 * SIM_SECOND));
    sim_world_free(world);
}

static int speak_at_once(void *argument, const sim_call *call)
{
    if (call->event == SIM_CONN_CREATE && !call->endpoint->is_server) {
        const sim_ask silent = {.silent = true, .download = 1000};
        sim_exchange *asked = sim_fetch(call->conn, &silent);
        xqc_h3_priority_t priority;
        xqc_h3_priority_init(&priority);
        priority.urgency = 1;
        CHECK(asked != NULL);
        CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), XQC_OK);
        *(sim_exchange **)argument = asked;
    }
    return 0;
}

/* RFC 9114 section 6.2.1: before SETTINGS nothing is said on the control stream. */
static void what_is_said_at_creation_comes_behind_settings(void)
{
    sim_exchange *asked = NULL;
    sim_world *world = sim_h3_world();
    world->hook = speak_at_once;
    world->hook_argument = &asked;
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed && asked != NULL);
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* A host that does not want its connection after all, and cannot let it be. */
static int refuse_and_ask(void *argument, const sim_call *call)
{
    if (call->event == SIM_CONN_CREATE || call->event == SIM_REQUEST_CLOSE) {
        const sim_ask silent = {.silent = true};
        bool is_there = sim_fetch(call->conn, &silent) != NULL;
        CHECK_EQ(is_there, call->event == SIM_CONN_CREATE);
        *(sim_conn **)argument = call->conn;
    }
    return call->event == SIM_CONN_CREATE ? -1 : 0;
}

static void a_refused_connection_makes_no_more_requests(void)
{
    sim_conn *refused = NULL;
    sim_world *world = sim_h3_world();
    world->hook = refuse_and_ask;
    world->hook_argument = &refused;
    CHECK(sim_connect(world) == NULL);
    CHECK(refused != NULL);
    CHECK_EQ(refused->calls[SIM_CONN_CLOSE], 0);
    CHECK_EQ(refused->open_exchanges, 0);
    CHECK_EQ(refused->exchanges->calls[SIM_REQUEST_CLOSE], 1);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"engines_are_destroyed_inside_every_callback", engines_are_destroyed_inside_every_callback,
     CHECK_OURS_ONLY},
    {"no_call_on_a_request_ends_it", no_call_on_a_request_ends_it, CHECK_OURS_ONLY},
    {"a_refused_header_section_is_none", a_refused_header_section_is_none, 0},
    {"a_server_makes_no_requests", a_server_makes_no_requests, CHECK_OURS_ONLY},
    {"what_is_said_at_creation_comes_behind_settings",
     what_is_said_at_creation_comes_behind_settings, CHECK_OURS_ONLY},
    {"a_refused_connection_makes_no_more_requests",
     a_refused_connection_makes_no_more_requests, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
