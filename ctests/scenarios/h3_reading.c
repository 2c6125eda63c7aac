/* What a host is told to read, when, and what its reading gives. */
#include <string.h>

#include "h3.h"

static sim_exchange *served(sim_world *world, sim_exchange *asked)
{
    sim_exchange *peer = sim_exchange_peer(world, asked);
    CHECK(peer != NULL);
    return peer;
}

static unsigned notices_with(const sim_exchange *exchange, unsigned flag)
{
    unsigned count = 0;
    for (unsigned flags = 0; flags < 16; flags++) {
        count += flags & flag ? exchange->notices[flags] : 0;
    }
    return count;
}

/* ---- the end ---- */

/* A lone end after everything else was read is told on its own. */
static void a_late_end_comes_alone(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        const sim_ask ask = {
            .method = "POST",
            .upload = kind & 1 ? 5000 : 0,
            .trailers = kind & 2,
            .ending = SIM_END_FINISH,
            .holds_end = true,
        };
        check_context("upload %llu, trailers %d", (unsigned long long)ask.upload, ask.trailers);
        sim_world *world = sim_h3_world();
        sim_conn *conn = sim_established(world);
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK(asked != NULL);
        sim_run_for(world, SIM_SECOND);
        sim_exchange *server = served(world, asked);
        CHECK(server->header.count > 0 && server->received == ask.upload);
        CHECK(!server->fin_received && !server->fin_with_headers);
        CHECK_EQ(notices_with(server, XQC_REQ_NOTIFY_READ_EMPTY_FIN), 0);
        asked->ask.holds_end = false;
        sim_exchange_send(asked);
        CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
        CHECK_EQ(server->notices[XQC_REQ_NOTIFY_READ_EMPTY_FIN], 1);
        sim_world_free(world);
    }
}

/* No notice of its own for an end that came with the last of the rest. */
static void an_end_that_comes_with_the_rest_is_not_told_again(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *get = sim_get(conn, 3000);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_exchange *post = sim_post(conn, 3000, 0);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    sim_exchange *all[] = {get, served(world, get), post, served(world, post)};
    for (unsigned i = 0; i < CHECK_COUNT(all); i++) {
        CHECK_EQ(notices_with(all[i], XQC_REQ_NOTIFY_READ_EMPTY_FIN), 0);
        CHECK_EQ(notices_with(all[i], XQC_REQ_NOTIFY_READ_HEADER), 1);
    }
    sim_world_free(world);
}

static void fin_with_headers_only_if_nothing_else_follows(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    static const struct {
        sim_ask ask;
        bool request_ends;
        bool response_ends;
    } KINDS[] = {
        {{.method = "GET"}, true, true},
        {{.method = "GET", .download = 1}, true, false},
        {{.method = "POST", .upload = 1}, false, true},
        {{.method = "GET", .trailers = true}, false, true},
        {{.method = "GET", .wants_trailers = true}, true, false},
    };
    for (size_t i = 0; i < CHECK_COUNT(KINDS); i++) {
        sim_exchange *asked = sim_fetch(conn, &KINDS[i].ask);
        CHECK(asked != NULL);
        CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
        CHECK_EQ(served(world, asked)->fin_with_headers, KINDS[i].request_ends);
        CHECK_EQ(asked->fin_with_headers, KINDS[i].response_ends);
    }
    sim_world_free(world);
}

/* ---- header sections ---- */

static struct {
    xqc_http_headers_t *headers;
    const char *name;
    const char *value;
    unsigned closed;
} seen;

/* As hosts do: swaps entries, blanks one, lowers the count; and looks at the strings at the end. */
static int scribble(void *argument, const sim_call *call)
{
    (void)argument;
    sim_exchange *exchange = call->exchange;
    if (exchange == NULL || exchange->is_client) {
        return 0;
    }
    if (call->event == SIM_REQUEST_READ && (call->flags & XQC_REQ_NOTIFY_READ_HEADER)) {
        sim_exchange_read_header(exchange);
        uint8_t fin = 9;
        CHECK(xqc_h3_request_recv_headers(exchange->handle, &fin) == NULL);
        return 1;
    }
    if (call->event == SIM_REQUEST_CLOSE) {
        seen.closed++;
        CHECK_EQ(memcmp(seen.name, "x-note", 6), 0);
        CHECK_EQ(memcmp(seen.value, "kept to the end", 15), 0);
    }
    return 0;
}

static int scribble_raw(void *argument, const sim_call *call)
{
    if (call->event != SIM_REQUEST_READ || call->exchange->is_client
        || !(call->flags & XQC_REQ_NOTIFY_READ_HEADER)) {
        return scribble(argument, call);
    }
    uint8_t fin = 9;
    xqc_http_headers_t *headers = xqc_h3_request_recv_headers(call->exchange->handle, &fin);
    CHECK(headers != NULL && headers->count > 3 && fin == 1);
    for (size_t i = 0; i < headers->count; i++) {
        xqc_http_header_t *header = &headers->headers[i];
        if (header->name.iov_len == 6 && memcmp(header->name.iov_base, "x-note", 6) == 0) {
            seen.name = header->name.iov_base;
            seen.value = header->value.iov_base;
        }
    }
    CHECK(seen.name != NULL);
    xqc_http_header_t first = headers->headers[0];
    headers->headers[0] = headers->headers[headers->count - 1];
    headers->headers[headers->count - 1] = first;
    memset(&headers->headers[1], 0, sizeof(headers->headers[1]));
    headers->headers[2].name.iov_base = NULL;
    headers->headers[2].value.iov_len = 1000000;
    headers->count = 2;
    seen.headers = headers;
    call->exchange->send_ready = true;
    sim_exchange_send(call->exchange);
    return 1;
}

static void the_host_may_write_to_received_headers(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_http_header_t extra[] = {sim_header("x-note", "kept to the end")};
    const sim_ask ask = {.extra = extra, .extra_count = 1};
    world->hook = scribble_raw;
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(sim_run(world, sim_is_fetched, asked, SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK_EQ(seen.closed, 1);
    sim_world_free(world);
}

static void a_section_is_given_once(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_http_header_t extra[] = {sim_header("x-note", "kept to the end")};
    const sim_ask ask = {.extra = extra, .extra_count = 1};
    seen.name = "x-note";
    seen.value = "kept to the end";
    world->hook = scribble;
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(served(world, asked)->header.count, 16);
    sim_world_free(world);
}

/* ---- content ---- */

/* Unread content is told of again. Upstream waits for more to arrive. */
static void a_partial_read_is_told_again(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 10000);
    CHECK(asked != NULL);
    asked->read_most = 100;
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    CHECK(notices_with(asked, XQC_REQ_NOTIFY_READ_BODY) >= 100);
    CHECK_EQ(notices_with(asked, XQC_REQ_NOTIFY_READ_HEADER), 1);
    sim_world_free(world);
}

/* The same where the peer has ended, and where its trailers wait behind the content. */
static void nothing_is_lost_behind_a_partial_read(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 3000, .trailers = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    while (sim_exchange_peer(world, asked) == NULL) {
        CHECK(sim_step(world));
    }
    sim_exchange *server = served(world, asked);
    server->read_most = 1000;
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(server->received, 3000);
    sim_world_free(world);
}

/* A host that does not read loses nothing. Upstream closes the request once all has arrived. */
static void content_left_alone_can_be_read_later(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 100000);
    CHECK(asked != NULL);
    asked->paused = true;
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(notices_with(asked, XQC_REQ_NOTIFY_READ_HEADER) > 0);
    CHECK(!asked->closed);
    asked->paused = false;
    sim_exchange_read_header(asked);
    sim_exchange_receive(asked, UINT64_MAX);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    sim_world_free(world);
}

static int read_at_the_edges(void *argument, const sim_call *call)
{
    unsigned *ended = argument;
    sim_exchange *exchange = call->exchange;
    if (call->event != SIM_REQUEST_READ || !exchange->is_client) {
        return 0;
    }
    uint8_t byte;
    uint8_t fin = 9;
    if (call->flags & XQC_REQ_NOTIFY_READ_HEADER) {
        sim_exchange_read_header(exchange);
    }
    /* No room: nothing is taken, and nothing is lost. */
    if (exchange->received < exchange->receive_total) {
        CHECK_EQ(xqc_h3_request_recv_body(exchange->handle, &byte, 0, &fin), -XQC_EAGAIN);
        CHECK_EQ(fin, 0);
    }
    sim_exchange_receive(exchange, UINT64_MAX);
    ssize_t more = xqc_h3_request_recv_body(exchange->handle, &byte, 1, &fin);
    if (exchange->fin_received) {
        /* The end can be read again and again. */
        CHECK(more == 0 && fin == 1);
        CHECK_EQ(xqc_h3_request_recv_body(exchange->handle, &byte, 1, &fin), 0);
        (*ended)++;
    } else {
        CHECK(more == -XQC_EAGAIN && fin == 0);
    }
    return 1;
}

static void reading_at_the_edges(void)
{
    unsigned ended = 0;
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = read_at_the_edges;
    world->hook_argument = &ended;
    sim_exchange *asked = sim_get(conn, 200000);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    CHECK(ended > 0);
    sim_world_free(world);
}

/* ---- a host that says no ---- */

typedef struct failing {
    unsigned flag;
    bool at_client;
    xqc_stream_id_t id;
    unsigned failures;
} failing;

static int fail_once(void *argument, const sim_call *call)
{
    failing *failing = argument;
    bool is_it = call->event == SIM_REQUEST_READ && (call->flags & failing->flag)
                 && call->exchange->is_client == failing->at_client
                 && call->exchange->id == failing->id;
    failing->failures += is_it;
    return is_it ? -1 : 0;
}

/* Upstream closes the connection. */
static void a_failing_read_notice_resets_its_request_alone(void)
{
    static const sim_ask ASKS[] = {
        {.upload = 3000, .download = 3000},
        {.upload = 3000, .download = 3000},
        {.upload = 3000, .download = 3000, .trailers = true, .wants_trailers = true},
        {.upload = 3000, .ending = SIM_END_FINISH, .holds_end = true},
    };
    for (unsigned kind = 0; kind < 8; kind++) {
        failing failing = {.flag = 1u << kind / 2, .at_client = kind % 2 == 1, .id = 4};
        if (failing.at_client && failing.flag == XQC_REQ_NOTIFY_READ_EMPTY_FIN) {
            continue; /* Only the request is held back here. */
        }
        check_context("flag %u at the %s", failing.flag, failing.at_client ? "client" : "server");
        sim_world *world = sim_h3_world();
        sim_conn *conn = sim_established(world);
        world->hook = fail_once;
        world->hook_argument = &failing;
        sim_exchange *before = sim_get(conn, 1000000);
        sim_exchange *asked = sim_fetch(conn, &ASKS[kind / 2]);
        sim_exchange *after = sim_get(conn, 1000000);
        CHECK_EQ(asked->id, 4);
        sim_run_for(world, SIM_SECOND);
        asked->ask.holds_end = false;
        sim_exchange_send(asked);
        sim_run_for(world, 5 * SIM_SECOND);
        CHECK(failing.failures > 0);
        CHECK(!conn->closed && !sim_server_conn(world, conn)->closed);
        CHECK(sim_exchange_is_complete(before) && sim_exchange_is_complete(after));
        CHECK(asked->closed && served(world, asked)->closed);
        sim_world_free(world);
    }
}

/* A positive answer means nothing. */
static void other_answers_mean_nothing(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    unsigned ended = 0;
    world->hook = read_at_the_edges; /* It answers 1. */
    world->hook_argument = &ended;
    CHECK(sim_get(conn, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* ---- a fault of the peer that the host comes upon ---- */

static int ignore(xqc_stream_t *stream, void *user_data)
{
    (void)stream, (void)user_data;
    return 0;
}

/* A client that puts bytes of its own on streams under the name of HTTP/3. */
static xqc_int_t add_raw_client(sim_endpoint *endpoint)
{
    sim_options h3;
    sim_speak_h3(&h3);
    const xqc_stream_callbacks_t deaf = {.stream_create_notify = ignore};
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    protocol.stream_cbs = deaf;
    return endpoint->is_server ? h3.application->add(endpoint)
                               : xqc_engine_register_alpn(endpoint->engine, XQC_DEFINED_ALPN_H3,
                                                          strlen(XQC_DEFINED_ALPN_H3), &protocol,
                                                          NULL);
}

static const xqc_cid_t *connect_raw(sim_world *world, sim_conn *conn)
{
    const sim_options *options = &world->options;
    return xqc_connect(world->client.engine, &options->client_settings, NULL, 0, "localhost", 0,
                       &options->conn_tls, (const struct sockaddr *)&world->server.address,
                       sizeof(world->server.address), XQC_DEFINED_ALPN_H3, conn);
}

static void keep_engine(sim_endpoint *endpoint)
{
    (void)endpoint;
}

static void forget(sim_conn *conn)
{
    sim_options h3;
    sim_speak_h3(&h3);
    h3.application->forget(conn);
}

static int leave_it(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_REQUEST_READ;
}

/* Content is looked at as the host reads it, at any time; the answer does not wait for more. */
static void a_fault_that_is_found_by_reading_is_answered_at_once(void)
{
    /* Fields from the static table, content, and SETTINGS where there must be none. */
    static unsigned char request[] = {0x01, 16,  0,   0,   0xd4, 0xd7, 0x50, 9,   'l', 'o', 'c', 'a',
                                      'l',  'h', 'o', 's', 't',  0xc1, 0x00, 3,   'a', 'b', 'c', 0x04,
                                      0x00};
    static const sim_application raw = {add_raw_client, keep_engine, connect_raw, forget};
    sim_options options;
    sim_options_init(&options);
    options.application = &raw;
    sim_world *world = sim_world_new(&options);
    world->hook = leave_it;
    sim_conn *conn = sim_established(world);
    xqc_stream_t *stream = xqc_stream_create(world->client.engine, &conn->cid, NULL, NULL);
    CHECK_EQ(xqc_stream_send(stream, request, sizeof(request), 1), sizeof(request));
    sim_run_for(world, SIM_SECOND);
    sim_exchange *asked = sim_server_conn(world, conn)->exchanges;
    CHECK(asked != NULL && asked->calls[SIM_REQUEST_READ] > 0);
    uint8_t fin = 7;
    CHECK(xqc_h3_request_recv_headers(asked->handle, &fin) != NULL);
    CHECK_EQ(fin, 0);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    uint8_t content[100];
    CHECK_EQ(xqc_h3_request_recv_body(asked->handle, content, sizeof(content), &fin), -XQC_EAGAIN);
    sim_run_for(world, 15 * SIM_MILLISECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 1);
    /* RFC 9114 section 7.2.4: H3_FRAME_UNEXPECTED. */
    CHECK_EQ(conn->closing_error, 0x105);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_late_end_comes_alone", a_late_end_comes_alone, 0},
    {"an_end_that_comes_with_the_rest_is_not_told_again",
     an_end_that_comes_with_the_rest_is_not_told_again, 0},
    {"fin_with_headers_only_if_nothing_else_follows",
     fin_with_headers_only_if_nothing_else_follows, 0},
    {"the_host_may_write_to_received_headers", the_host_may_write_to_received_headers, 0},
    {"a_section_is_given_once", a_section_is_given_once, 0},
    {"a_partial_read_is_told_again", a_partial_read_is_told_again, CHECK_UPSTREAM_FAILS},
    {"nothing_is_lost_behind_a_partial_read", nothing_is_lost_behind_a_partial_read, 0},
    {"content_left_alone_can_be_read_later", content_left_alone_can_be_read_later,
     CHECK_UPSTREAM_FAILS},
    {"reading_at_the_edges", reading_at_the_edges, 0},
    {"a_failing_read_notice_resets_its_request_alone",
     a_failing_read_notice_resets_its_request_alone, CHECK_UPSTREAM_FAILS},
    {"other_answers_mean_nothing", other_answers_mean_nothing, 0},
    {"a_fault_that_is_found_by_reading_is_answered_at_once",
     a_fault_that_is_found_by_reading_is_answered_at_once, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
