/* Sending fields and content where there is room and where there is none. */
#include <string.h>

#include "h3.h"

/* A slow link, and little room for what waits. */
static sim_world *narrow_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.rate = 500000;
    options.down.rate = 500000;
    options.client_settings.sndq_packets_used_max = 100;
    options.server_settings.sndq_packets_used_max = 100;
    return sim_world_new(&options);
}

static sim_conn *slow_connection(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    return conn;
}

/* ---- header sections never find the way blocked ---- */

static void headers_are_taken_while_the_socket_is_blocked(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    world->client.write_mode = SIM_WRITE_WOULD_BLOCK;
    for (unsigned i = 0; i < 50; i++) {
        sim_exchange *asked = sim_get(conn, 1000);
        CHECK(asked != NULL && asked->send_error == 0 && asked->fin_sent);
    }
    CHECK(conn->write_blocked);
    world->client.write_mode = SIM_WRITE_OK;
    CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void headers_are_taken_before_the_handshake(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_connect(world);
    for (unsigned i = 0; i < 50; i++) {
        sim_exchange *asked = sim_get(conn, 1000);
        CHECK(asked != NULL && asked->fin_sent);
    }
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* The window is full of another request's content. */
static void headers_are_taken_while_the_window_is_full(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    sim_exchange *large = sim_post(conn, 3000000, 10);
    CHECK(large != NULL && large->send_again > 0);
    for (unsigned i = 0; i < 20; i++) {
        sim_exchange *asked = sim_get(conn, 1000);
        CHECK(asked != NULL && asked->send_error == 0 && asked->fin_sent);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK_EQ(large->send_error, 0);
    sim_world_free(world);
}

static void trailers_are_taken_behind_content_that_waits(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    const sim_ask ask = {
        .upload = 2000000, .download = 2000000, .trailers = true, .wants_trailers = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK(asked->send_again > 0);
    sim_world_free(world);
}

static void a_header_section_larger_than_the_window_is_taken(void)
{
    static char value[20001];
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_connect(world);
    memset(value, 'x', sizeof(value) - 1);
    xqc_http_header_t extra[] = {sim_header("x-large", value)};
    const sim_ask ask = {.extra = extra, .extra_count = 1, .download = 1000};
    for (unsigned i = 0; i < 10; i++) {
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK(asked != NULL && asked->fin_sent);
    }
    memset(value, 'y', sizeof(value) - 1); /* They were copied. */
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_exchange *served = sim_exchange_peer(world, conn->exchanges);
    CHECK_EQ(sim_value(&served->header, "x-large")[19999], 'x');
    sim_world_free(world);
}

/* ---- content ---- */

static void content_without_room_waits_for_the_notice(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    sim_exchange *asked = sim_post(conn, 3000000, 3000000);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(asked->send_again > 0 && served->send_again > 0);
    CHECK(asked->calls[SIM_REQUEST_WRITE] > 0 && served->calls[SIM_REQUEST_WRITE] > 0);
    sim_world_free(world);
}

static void no_notice_for_what_was_taken_whole(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *get = sim_get(conn, 2000);
    sim_exchange *post = sim_post(conn, 2000, 0);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(get->calls[SIM_REQUEST_WRITE], 0);
    CHECK_EQ(post->calls[SIM_REQUEST_WRITE], 0);
    CHECK_EQ(world->server.calls[SIM_REQUEST_WRITE], 0);
    sim_world_free(world);
}

/* A host that has nothing to send when it is told is not told over and over. */
static void notices_do_not_repeat_while_nothing_changes(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    sim_exchange *asked = sim_post(conn, 1000000, 0);
    CHECK(asked != NULL && asked->send_again > 0);
    asked->idle = true;
    sim_run_for(world, 10 * SIM_SECOND);
    unsigned told = asked->calls[SIM_REQUEST_WRITE];
    CHECK(told > 0);
    sim_exchange *other = sim_get(conn, 500000);
    CHECK(sim_run(world, sim_is_fetched, other, 20 * SIM_SECOND));
    check_note("told %u times, then %u", told, asked->calls[SIM_REQUEST_WRITE] - told);
    CHECK(asked->calls[SIM_REQUEST_WRITE] <= told + 1);
    CHECK(told < 20);
    asked->idle = false;
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, 20 * SIM_SECOND));
    sim_world_free(world);
}

/* The lone end finds no room either, and its notice comes. */
static void a_lone_end_without_room_waits_for_the_notice(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_connect(world);
    const sim_ask ask = {.method = "POST", .ending = SIM_END_ALONE, .wants_ending = SIM_END_ALONE};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(asked->send_error, 0);
    CHECK_EQ(asked->calls[SIM_REQUEST_WRITE] > 0, asked->send_again > 0);
    sim_world_free(world);
}

static void a_lone_end_behind_content_that_waits(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    for (unsigned kind = 0; kind < 2; kind++) {
        const sim_ask ask = {
            .upload = 1000000,
            .download = 1000000,
            .ending = kind == 0 ? SIM_END_ALONE : SIM_END_FINISH,
            .wants_ending = kind == 0 ? SIM_END_FINISH : SIM_END_ALONE,
        };
        CHECK(sim_fetch(conn, &ask) != NULL);
        CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    }
    sim_world_free(world);
}

static int fail_at_writing(void *argument, const sim_call *call)
{
    unsigned *failures = argument;
    bool is_it = call->event == SIM_REQUEST_WRITE && call->exchange->is_client
                 && call->exchange->id == 4;
    *failures += is_it;
    return is_it ? -1 : 0;
}

/* Upstream closes the connection. */
static void a_failing_write_notice_ends_its_request_alone(void)
{
    unsigned failures = 0;
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    world->hook = fail_at_writing;
    world->hook_argument = &failures;
    sim_exchange *before = sim_get(conn, 500000);
    sim_exchange *asked = sim_post(conn, 1000000, 0);
    CHECK(before != NULL && asked != NULL && asked->id == 4);
    CHECK(sim_run(world, sim_is_over, asked, 20 * SIM_SECOND));
    CHECK(failures > 0);
    CHECK(!conn->closed);
    CHECK(sim_run(world, sim_is_fetched, before, 20 * SIM_SECOND));
    sim_exchange *peer = sim_exchange_peer(world, asked);
    CHECK(peer == NULL || sim_run(world, sim_is_over, peer, 20 * SIM_SECOND));
    sim_world_free(world);
}

/* ---- tunnels: sending and reading between engine calls ---- */

typedef struct tunnel {
    sim_exchange *exchange;
    unsigned left;
} tunnel;

static void push(void *argument)
{
    tunnel *tunnel = argument;
    sim_exchange *exchange = tunnel->exchange;
    if (exchange->handle == NULL || tunnel->left == 0) {
        return;
    }
    /* 100 bytes more may go now, and what came is read. */
    tunnel->left--;
    exchange->send_total = exchange->sent + 100;
    exchange->ask.holds_end = tunnel->left > 0;
    sim_exchange_send(exchange);
    sim_exchange_receive(exchange, UINT64_MAX);
    sim_at(exchange->conn->endpoint->world, sim_now() + 7 * SIM_MILLISECOND, push, tunnel);
}

static int hold_back(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_REQUEST_CREATE && !call->exchange->is_client) {
        call->exchange->ask.holds_end = true;
    }
    return 0;
}

static void a_tunnel_is_used_outside_any_callback(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.method = "POST",
                         .upload = 5000,
                         .ending = SIM_END_FINISH,
                         .wants_ending = SIM_END_FINISH,
                         .holds_end = true,
                         .no_length = true,
                         .silent = true};
    world->hook = hold_back;
    sim_exchange *asked = sim_fetch(conn, &ask);
    asked->send_total = 0;
    asked->receive_total = 5000;
    sim_exchange_send(asked);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(served != NULL && served->header.count > 0 && asked->header.count > 0);
    tunnel up = {asked, 50};
    tunnel down = {served, 50};
    sim_at(world, sim_now() + SIM_MILLISECOND, push, &up);
    sim_at(world, sim_now() + 3 * SIM_MILLISECOND, push, &down);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(served->received, 5000);
    CHECK_EQ(asked->received, 5000);
    sim_world_free(world);
}

/* ---- what is refused ---- */

/* RFC 9114 section 4.2: fields of connections do not belong into HTTP/3. */
static void forbidden_fields_are_refused(void)
{
    static const char *const FORBIDDEN[][2] = {
        {"keep-alive", "timeout=5"},
        {"proxy-connection", "close"},
        {"transfer-encoding", "chunked"},
        {"Transfer-Encoding", "chunked"},
        {"te", "gzip"},
    };
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    for (size_t i = 0; i < CHECK_COUNT(FORBIDDEN); i++) {
        xqc_http_header_t extra[] = {sim_header(FORBIDDEN[i][0], FORBIDDEN[i][1])};
        const sim_ask bad = {.extra = extra, .extra_count = 1};
        sim_exchange *asked = sim_fetch(conn, &bad);
        check_context("%s: %s", FORBIDDEN[i][0], FORBIDDEN[i][1]);
        CHECK(asked != NULL);
        CHECK_EQ(asked->send_error, -XQC_H3_INVALID_HEADER);
        /* The request lives on, and can do better. */
        asked->ask.extra_count = 0;
        asked->send_error = 0;
        asked->headers_sent = false;
        sim_exchange_send(asked);
        CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    }
    xqc_http_header_t extra[] = {sim_header("TE", "trailers")};
    const sim_ask good = {.extra = extra, .extra_count = 1};
    CHECK(sim_fetch(conn, &good) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* After the end of its side nothing more is taken. Upstream takes header sections, and answers
 * content with "again" for ever. */
static void nothing_is_taken_after_the_end(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 100000);
    CHECK(asked != NULL && asked->fin_sent);
    xqc_http_header_t field = sim_header("x-late", "1");
    xqc_http_headers_t headers = {&field, 1, 1, 0};
    uint8_t byte = 0;
    CHECK_EQ(xqc_h3_request_finish(asked->handle), 0);
    CHECK(xqc_h3_request_send_headers(asked->handle, &headers, 1) < 0);
    ssize_t sent = xqc_h3_request_send_body(asked->handle, &byte, 1, 1);
    CHECK(sent < 0 && sent != -XQC_EAGAIN);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Upstream kills its connection with an empty frame. */
static void content_of_no_bytes_is_nothing(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 1000, .ending = SIM_END_FINISH, .holds_end = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    uint8_t byte = 0;
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, &byte, 0, 0), 0);
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, NULL, 0, 0), 0);
    asked->ask.holds_end = false;
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* Content that was taken in part may be ended there: what is on the wire is whole. */
static void an_upload_may_end_early(void)
{
    sim_world *world = narrow_world();
    sim_conn *conn = slow_connection(world);
    const sim_ask ask = {.upload = 1000000, .no_length = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL && asked->send_again > 0 && asked->sent < 1000000);
    asked->idle = true;
    ssize_t result = xqc_h3_request_finish(asked->handle);
    CHECK(result == 0 || result == -XQC_EAGAIN);
    sim_run_for(world, 30 * SIM_SECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(served->fin_received);
    CHECK_EQ(served->received, asked->sent);
    CHECK(asked->fin_received && asked->closed);
    CHECK_EQ(asked->stats.stream_err, 0);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"headers_are_taken_while_the_socket_is_blocked",
     headers_are_taken_while_the_socket_is_blocked, 0},
    {"headers_are_taken_before_the_handshake", headers_are_taken_before_the_handshake, 0},
    {"headers_are_taken_while_the_window_is_full", headers_are_taken_while_the_window_is_full, 0},
    {"trailers_are_taken_behind_content_that_waits", trailers_are_taken_behind_content_that_waits,
     0},
    {"a_header_section_larger_than_the_window_is_taken",
     a_header_section_larger_than_the_window_is_taken, 0},
    {"content_without_room_waits_for_the_notice", content_without_room_waits_for_the_notice, 0},
    {"no_notice_for_what_was_taken_whole", no_notice_for_what_was_taken_whole, 0},
    {"notices_do_not_repeat_while_nothing_changes", notices_do_not_repeat_while_nothing_changes,
     CHECK_UPSTREAM_FAILS},
    {"a_lone_end_without_room_waits_for_the_notice", a_lone_end_without_room_waits_for_the_notice,
     0},
    {"a_lone_end_behind_content_that_waits", a_lone_end_behind_content_that_waits, 0},
    {"a_failing_write_notice_ends_its_request_alone",
     a_failing_write_notice_ends_its_request_alone, CHECK_UPSTREAM_FAILS},
    {"a_tunnel_is_used_outside_any_callback", a_tunnel_is_used_outside_any_callback, 0},
    {"forbidden_fields_are_refused", forbidden_fields_are_refused, 0},
    {"nothing_is_taken_after_the_end", nothing_is_taken_after_the_end, CHECK_UPSTREAM_FAILS},
    {"content_of_no_bytes_is_nothing", content_of_no_bytes_is_nothing, CHECK_UPSTREAM_FAILS},
    {"an_upload_may_end_early", an_upload_may_end_early, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
