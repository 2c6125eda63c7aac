/* How long the handles of HTTP/3 are good: engines that go inside a callback, calls on requests that
 * are over, and requests that are refused. */
#include <string.h>

#include "bytestream.h"
#include "inside.h"

/* Which side hears of an event in the life that is led here. */
enum { AT_CLIENT = 1, AT_SERVER = 2, AT_BOTH = 3 };

typedef struct moment {
    sim_event event;
    unsigned sides;
} moment;

static void use(sim_world *world, sim_conn *conn)
{
    const sim_ask ask = {
        .upload = 300000, .download = 2000000, .trailers = true, .wants_trailers = true};
    (void)sim_fetch(conn, &ask);
    if (!conn->closed) {
        (void)xqc_h3_conn_send_ping(world->client.engine, &conn->cid, NULL);
    }
    sim_exchange *given_up = conn->closed ? NULL : sim_post(conn, 20000000, 300000);
    sim_run_for(world, 300 * SIM_MILLISECOND);
    if (given_up != NULL && !given_up->closed) {
        sim_exchange_close(given_up);
    }
    sim_run_for(world, 5 * SIM_SECOND);
}

static void destroy_in(const moment *moment, const sim_options *options, sim_hook hook,
                       void (*use)(sim_world *world, sim_conn *conn))
{
    for (unsigned side = AT_CLIENT; side <= AT_SERVER; side++) {
        if ((moment->sides & side) == 0) {
            continue;
        }
        sim_destroyer destroyer = {.event = moment->event, .on_server = side == AT_SERVER};
        check_context("%s at the %s", sim_event_name(destroyer.event),
                      destroyer.on_server ? "server" : "client");
        sim_world *world = sim_world_new(options);
        world->hook = hook;
        world->hook_argument = &destroyer;
        sim_live_with_destroyer(world, use);
        CHECK(destroyer.done);
        sim_world_free(world);
    }
}

static void short_lives(sim_options *options)
{
    sim_options_init(options);
    options->client_settings.idle_time_out = 20000;
    options->server_settings.idle_time_out = 20000;
    options->client_settings.sndq_packets_used_max = 50;
    options->server_settings.sndq_packets_used_max = 50;
}

static void engines_are_destroyed_inside_every_callback(void)
{
    static const moment MOMENTS[] = {
        {SIM_INIT_SETTINGS, AT_BOTH},   {SIM_CONN_CREATE, AT_BOTH},
        {SIM_HANDSHAKE_FINISHED, AT_BOTH}, {SIM_REQUEST_CREATE, AT_BOTH},
        {SIM_REQUEST_READ, AT_BOTH},    {SIM_REQUEST_WRITE, AT_BOTH},
        {SIM_REQUEST_CLOSING, AT_SERVER}, {SIM_REQUEST_CLOSE, AT_BOTH},
        {SIM_PING_ACKED, AT_CLIENT},    {SIM_CONN_CLOSING, AT_BOTH},
        {SIM_CONN_CLOSE, AT_BOTH},      {SIM_WRITE_SOCKET, AT_BOTH},
        {SIM_SET_TIMER, AT_BOTH},
    };
    sim_options options;
    short_lives(&options);
    sim_speak_h3(&options);
    for (size_t i = 0; i < CHECK_COUNT(MOMENTS); i++) {
        destroy_in(&MOMENTS[i], &options, sim_destroy_inside, use);
    }
}

static void send_datagrams(const sim_call *call)
{
    char datagram[1000] = "datagram";
    uint64_t number;
    xqc_int_t result = XQC_OK;
    while (result == XQC_OK && call->endpoint->engine != NULL) {
        result = xqc_h3_ext_datagram_send(call->conn->h3, datagram, sizeof(datagram), &number,
                                          XQC_DATA_QOS_HIGH);
    }
}

/* Says much on every bytestream and in datagrams, at both ends. */
static int talk_and_destroy(void *argument, const sim_call *call)
{
    if (call->endpoint->engine != NULL && call->event == SIM_HANDSHAKE_FINISHED) {
        send_datagrams(call);
    }
    if (call->endpoint->engine != NULL && call->event == SIM_BYTESTREAM_CREATE
        && call->endpoint->is_server) {
        CHECK_EQ(sim_say(call->bytestream, 2000000, false), 2000000);
    }
    if (call->endpoint->engine != NULL && call->event == SIM_BYTESTREAM_WRITE) {
        CHECK_EQ(xqc_h3_ext_bytestream_finish(call->bytestream->handle), 0);
    }
    return sim_destroy_inside(argument, call);
}

static void use_bytestreams(sim_world *world, sim_conn *conn)
{
    sim_bytestream *one = sim_open_bytestream(conn);
    if (one != NULL && !one->closed) {
        CHECK_EQ(sim_say(one, 2000000, false), 2000000);
    }
    sim_run_for(world, 20 * SIM_SECOND);
}

static void engines_are_destroyed_inside_every_callback_of_extended_http3(void)
{
    static const moment MOMENTS[] = {
        {SIM_BYTESTREAM_CREATE, AT_BOTH}, {SIM_BYTESTREAM_READ, AT_BOTH},
        {SIM_BYTESTREAM_WRITE, AT_BOTH},  {SIM_BYTESTREAM_CLOSE, AT_BOTH},
        {SIM_DATAGRAM_READ, AT_BOTH},     {SIM_DATAGRAM_WRITE, AT_BOTH},
        {SIM_DATAGRAM_ACKED, AT_BOTH},    {SIM_DATAGRAM_LOST, AT_BOTH},
        {SIM_DATAGRAM_MSS, AT_BOTH},
    };
    sim_options options;
    short_lives(&options);
    sim_speak_h3_ext(&options);
    options.client_settings.max_datagram_frame_size = 65535;
    options.server_settings.max_datagram_frame_size = 65535;
    options.use_datagrams = true;
    options.up.loss = 0.1;
    options.down.loss = 0.1;
    for (size_t i = 0; i < CHECK_COUNT(MOMENTS); i++) {
        destroy_in(&MOMENTS[i], &options, talk_and_destroy, use_bytestreams);
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
    {"engines_are_destroyed_inside_every_callback_of_extended_http3",
     engines_are_destroyed_inside_every_callback_of_extended_http3, CHECK_OURS_ONLY},
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
