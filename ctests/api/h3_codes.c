/* What HTTP/3's functions answer in every state of a request and of its connection. Where upstream's
 * answer leaves a host waiting for ever the library gives a definite one; each such case says so. */
#include <string.h>

#include "h3.h"

static sim_world *slow_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.rate = 500000;
    options.down.rate = 500000;
    return sim_world_new(&options);
}

/* Under way in both directions, and not ended in either. */
static sim_exchange *half_done(sim_world *world, sim_conn *conn)
{
    const sim_ask ask = {
        .upload = 200000, .download = 500000, .ending = SIM_END_FINISH, .holds_end = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK(!asked->fin_sent && !asked->fin_received);
    return asked;
}

static ssize_t send_named(sim_exchange *asked, const char *name, uint8_t fin)
{
    xqc_http_header_t field = sim_header(name, "1");
    xqc_http_headers_t section = {&field, 1, 1, 0};
    return xqc_h3_request_send_headers(asked->handle, &section, fin);
}

static ssize_t send_field(sim_exchange *asked, uint8_t fin)
{
    return send_named(asked, "x-late", fin);
}

static ssize_t send_byte(sim_exchange *asked)
{
    uint8_t byte = 0;
    return xqc_h3_request_send_body(asked->handle, &byte, 1, 0);
}

static ssize_t send_end(sim_exchange *asked)
{
    return xqc_h3_request_send_body(asked->handle, NULL, 0, 1);
}

/* All ways of sending answer the same. */
static void check_sending(sim_exchange *asked, ssize_t code)
{
    CHECK_EQ(send_field(asked, 0), code);
    CHECK_EQ(send_field(asked, 1), code);
    CHECK_EQ(send_byte(asked), code);
    CHECK_EQ(send_end(asked), code);
    CHECK_EQ(xqc_h3_request_finish(asked->handle), code);
}

/* Nothing to read; asking does no harm. */
static void check_nothing_to_read(sim_exchange *asked)
{
    uint8_t bytes[16];
    uint8_t fin = 9;
    CHECK_EQ(xqc_h3_request_recv_body(asked->handle, bytes, sizeof(bytes), &fin), -XQC_EAGAIN);
    CHECK_EQ(fin, 0);
    fin = 9;
    CHECK(xqc_h3_request_recv_headers(asked->handle, &fin) == NULL);
    CHECK(check_upstream() || fin == 0);
}

static void check_facts(sim_exchange *asked)
{
    CHECK_EQ(xqc_h3_stream_id(asked->handle), asked->id);
    CHECK(xqc_h3_get_conn_user_data_by_request(asked->handle) == asked->conn);
    CHECK(xqc_h3_request_get_stats(asked->handle).h3r_begin_time > 0);
    xqc_h3_priority_t priority;
    xqc_h3_priority_init(&priority);
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), XQC_OK);
}

/* ---- of a request ---- */

static void a_request_that_the_host_closed(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = half_done(world, conn);
    sim_exchange_close(asked);
    CHECK(!asked->closed);
    check_sending(asked, -XQC_ESTREAM_RESET);
    check_facts(asked);
    CHECK_EQ(xqc_h3_request_close(asked->handle), XQC_OK);
    CHECK_EQ(xqc_h3_request_close(asked->handle), XQC_OK);
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(asked->calls[SIM_REQUEST_CLOSE], 1);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static int look_at_the_reset(void *argument, const sim_call *call)
{
    if (call->event == SIM_REQUEST_CLOSING) {
        *(unsigned *)argument += 1;
        check_facts(call->exchange);
        CHECK_EQ(call->exchange->closing_error, 0x10c);
    }
    return 0;
}

/* From the moment that its closing notice has returned. */
static void a_request_that_the_peer_reset(void)
{
    unsigned looked = 0;
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = half_done(world, conn);
    world->hook = look_at_the_reset;
    world->hook_argument = &looked;
    sim_exchange_close(sim_exchange_peer(world, asked));
    while (asked->closings == 0) {
        CHECK(sim_step(world));
    }
    CHECK_EQ(looked, 1);
    check_sending(asked, -XQC_ESTREAM_RESET);
    check_nothing_to_read(asked);
    check_facts(asked);
    CHECK_EQ(xqc_h3_request_close(asked->handle), XQC_OK);
    asked->was_closed = true;
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(asked->closings, 1);
    sim_world_free(world);
}

/* A second end is none; anything else is a mistake. Upstream takes fields as if they were sent, and
 * has a host wait for ever that sends content. */
static void a_request_whose_end_was_sent(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 300000);
    CHECK(asked->fin_sent);
    CHECK_EQ(send_field(asked, 0), -XQC_H3_STATE_ERROR);
    CHECK_EQ(send_field(asked, 1), -XQC_H3_STATE_ERROR);
    /* Whatever it is: the moment is wrong. */
    CHECK_EQ(send_named(asked, ":path", 1), -XQC_H3_STATE_ERROR);
    CHECK_EQ(send_byte(asked), -XQC_H3_STATE_ERROR);
    CHECK_EQ(send_end(asked), 0);
    CHECK_EQ(xqc_h3_request_finish(asked->handle), 0);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(sim_exchange_peer(world, asked)->header.count, 15);
    sim_world_free(world);
}

/* RFC 9114 section 4.1: nothing before the header section, nothing but the end after trailers.
 * Upstream sends it. */
static void parts_of_a_message_out_of_order(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 10, .trailers = true, .ending = SIM_END_FINISH,
                         .holds_end = true, .silent = true, .no_length = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK_EQ(send_byte(asked), -XQC_H3_STATE_ERROR);
    CHECK_EQ(send_end(asked), -XQC_H3_STATE_ERROR);
    sim_exchange_send(asked);
    CHECK(asked->trailers_sent);
    CHECK_EQ(send_byte(asked), -XQC_H3_STATE_ERROR);
    CHECK_EQ(send_field(asked, 0), -XQC_H3_STATE_ERROR);
    asked->ask.holds_end = false;
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* Before anything came, after all of it was taken, and after the end. */
static void reading_in_every_state(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 20000);
    check_nothing_to_read(asked);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    uint8_t byte = 0;
    uint8_t fin = 9;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(xqc_h3_request_recv_body(asked->handle, &byte, i, &fin), 0);
        CHECK_EQ(fin, 1);
    }
    fin = 9;
    CHECK(xqc_h3_request_recv_headers(asked->handle, &fin) == NULL);
    CHECK(check_upstream() || fin == 0);
    CHECK(!asked->closed);
    sim_world_free(world);
}

/* ---- of its arguments ---- */

static void sections_of_no_fields(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    xqc_http_header_t fields[] = {sim_header("", "nothing"), sim_header("", "")};
    xqc_http_headers_t none = {fields, 0, 2, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &none, 0), 0);
    none.headers = NULL;
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &none, 0), 0);
    xqc_http_headers_t nameless = {fields, 2, 2, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &nameless, 0), 0);
    CHECK_EQ(xqc_h3_request_get_stats(asked->handle).send_header_size, 0);
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* The end that goes with nothing is still the end. Upstream loses it. */
static void an_end_with_a_section_of_no_fields(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {
        .method = "POST", .upload = 10, .ending = SIM_END_FINISH, .holds_end = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    xqc_http_headers_t none = {NULL, 0, 0, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &none, 1), 0);
    asked->fin_sent = true;
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* Upstream has 4096 bytes for them all. */
static void names_of_any_length_may_have_upper_case(void)
{
    static char name[6001];
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    memset(name, 'X', sizeof(name) - 1);
    xqc_http_header_t extra[] = {sim_header(name, "1")};
    const sim_ask ask = {.extra = extra, .extra_count = 1};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK_EQ(asked->send_error, 0);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static xqc_int_t update(const sim_exchange *asked, uint64_t rate)
{
    xqc_stream_settings_t settings = {.recv_rate_bytes_per_sec = rate};
    return xqc_h3_request_update_settings(asked->handle, &settings);
}

/* A rate can be set where the connection allows rates, and on a stream that is there. */
static void settings_are_taken_or_refused(void)
{
    for (unsigned allowed = 0; allowed < 2; allowed++) {
        sim_options options;
        sim_options_init(&options);
        sim_speak_h3(&options);
        options.client_settings.enable_stream_rate_limit = (uint8_t)allowed;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_exchange *asked = sim_get(conn, 100000);
        CHECK_EQ(xqc_h3_request_update_settings(asked->handle, NULL), -XQC_EPARAM);
        CHECK_EQ(update(asked, 0), -XQC_EPARAM);
        CHECK_EQ(update(asked, 1000000), allowed ? XQC_OK : -XQC_EPARAM);
        CHECK_EQ(xqc_h3_request_get_stats(asked->handle).rate_limit, allowed ? 1000000 : 0);
        CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
        sim_world_free(world);
    }
}

static int use_in_the_end(void *argument, const sim_call *call)
{
    sim_exchange *exchange = call->exchange;
    if (call->event != SIM_REQUEST_CLOSE || !exchange->is_client) {
        return 0;
    }
    *(unsigned *)argument += 1;
    uint8_t fin = 0;
    CHECK(send_field(exchange, 1) < 0);
    CHECK(send_byte(exchange) < 0);
    (void)xqc_h3_request_finish(exchange->handle);
    CHECK(xqc_h3_request_recv_headers(exchange->handle, &fin) == NULL);
    CHECK_EQ(xqc_h3_request_close(exchange->handle), XQC_OK);
    (void)update(exchange, 1000);
    xqc_h3_request_set_user_data(exchange->handle, exchange);
    check_facts(exchange);
    return -1; /* what it answers means nothing */
}

/* Nothing can be sent in the last notice, and everything can be asked. Upstream crashes. */
static void a_request_in_its_last_notice(void)
{
    unsigned used = 0;
    sim_world *world = slow_world();
    world->hook = use_in_the_end;
    world->hook_argument = &used;
    sim_conn *conn = sim_established(world);
    sim_exchange *whole = sim_get(conn, 1000);
    sim_exchange *closed = sim_post(conn, 100000, 100000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange_close(closed);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(whole->closed && closed->closed && !conn->closed);
    CHECK_EQ(used, 2);
    CHECK(sim_get(conn, 5000000) != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(used, 3);
    sim_world_free(world);
}

/* ---- of a connection ---- */

/* Hosts that keep their connections open anyway close them, and have requests left. */
static void a_connection_that_is_closing(void)
{
    for (unsigned by_peer = 0; by_peer < 2; by_peer++) {
        check_context("closed by the %s", by_peer ? "server" : "client");
        sim_world *world = slow_world();
        sim_conn *conn = sim_established(world);
        sim_exchange *asked = half_done(world, conn);
        sim_conn *closer = by_peer ? sim_server_conn(world, conn) : conn;
        CHECK_EQ(xqc_h3_conn_close(closer->endpoint->engine, &closer->cid), XQC_OK);
        while (by_peer && conn->calls[SIM_CONN_CLOSING] == 0) {
            CHECK(sim_step(world));
        }
        xqc_engine_t *engine = world->client.engine;
        check_sending(asked, -XQC_CLOSING);
        check_facts(asked);
        CHECK_EQ(xqc_h3_request_close(asked->handle), XQC_OK);
        asked->was_closed = true;
        CHECK(sim_get(conn, 10) == NULL);
        CHECK_EQ(xqc_h3_conn_send_ping(engine, &conn->cid, NULL), XQC_OK);
        CHECK_EQ(xqc_conn_continue_send(engine, &conn->cid), XQC_OK);
        CHECK_EQ(xqc_h3_conn_close(engine, &conn->cid), XQC_OK);
        CHECK_EQ(xqc_h3_conn_set_qpack_dtable_cap(conn->h3, 16384), XQC_OK);
        CHECK_EQ(xqc_h3_conn_get_errno(conn->h3), 0x100);
        CHECK_EQ(xqc_conn_get_errno(conn->handle), 0);
        sim_run_for(world, 10 * SIM_SECOND);
        CHECK(conn->closed);
        CHECK_EQ(conn->calls[SIM_PING_ACKED], 0);
        /* A connection that ends is no reset of its requests. */
        CHECK_EQ(asked->closings, 0);
        CHECK_EQ(asked->stats.stream_err, 0);
        sim_world_free(world);
    }
}

static unsigned set_up;

/* What a host can ask of a connection that it is to say the settings of: whose it is. */
static void ask_in_settings(xqc_h3_conn_t *h3, xqc_h3_conn_settings_t *settings, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    xqc_connection_t *below = xqc_h3_conn_get_xqc_conn(h3);
    CHECK(settings->qpack_blocked_streams == 64 && below != NULL);
    CHECK_EQ(xqc_conn_get_type(below) == XQC_CONN_TYPE_SERVER, conn->endpoint->is_server);
    CHECK(xqc_h3_conn_get_user_data(h3) == conn);
    CHECK_EQ(xqc_h3_conn_get_errno(h3), 0x100);
    CHECK(!xqc_h3_conn_is_ready_to_send_early_data(h3));
    if (!check_upstream()) {
        /* Upstream looks into what is not there yet. */
        CHECK_EQ(xqc_h3_conn_set_qpack_dtable_cap(h3, 100), -XQC_ESTATE);
        CHECK(xqc_h3_conn_get_ssl(h3) != NULL);
    }
    set_up++;
}

static void ask_early(bool is_server, xqc_h3_callbacks_t *callbacks)
{
    (void)is_server;
    callbacks->h3c_cbs.h3_conn_init_settings = ask_in_settings;
}

static int ask_in_creation(void *argument, const sim_call *call)
{
    if (call->event == SIM_CONN_CREATE) {
        *(unsigned *)argument += 1;
        CHECK_EQ(xqc_h3_conn_get_errno(call->conn->h3), 0x100);
        CHECK(xqc_h3_conn_get_ssl(call->conn->h3) != NULL);
        CHECK(!xqc_h3_conn_is_ready_to_send_early_data(call->conn->h3));
        return 0;
    }
    return 0;
}

static void a_connection_that_is_being_set_up(void)
{
    unsigned created = 0;
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.change_h3_callbacks = ask_early;
    sim_world *world = sim_world_new(&options);
    world->hook = ask_in_creation;
    world->hook_argument = &created;
    sim_conn *conn = sim_established(world);
    CHECK_EQ(set_up, 2);
    CHECK_EQ(created, 2);
    CHECK(sim_post(conn, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* Connections of another protocol. Upstream takes theirs for HTTP/3's and crashes. */
static void a_connection_of_another_protocol(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    xqc_engine_t *engine = world->client.engine;
    CHECK(xqc_h3_request_create(engine, &conn->cid, NULL, NULL) == NULL);
    CHECK(xqc_h3_ext_bytestream_create(engine, &conn->cid, NULL) == NULL);
    CHECK_EQ(xqc_h3_conn_send_ping(engine, &conn->cid, &options), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_PING_ACKED], 1);
    CHECK(!conn->closed);
    CHECK_EQ(xqc_h3_conn_close(engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(conn->close_errno, 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_request_that_the_host_closed", a_request_that_the_host_closed, 0},
    {"a_request_that_the_peer_reset", a_request_that_the_peer_reset, 0},
    {"a_request_whose_end_was_sent", a_request_whose_end_was_sent, CHECK_UPSTREAM_FAILS},
    {"parts_of_a_message_out_of_order", parts_of_a_message_out_of_order, CHECK_UPSTREAM_FAILS},
    {"reading_in_every_state", reading_in_every_state, 0},
    {"sections_of_no_fields", sections_of_no_fields, 0},
    {"an_end_with_a_section_of_no_fields", an_end_with_a_section_of_no_fields,
     CHECK_UPSTREAM_FAILS},
    {"names_of_any_length_may_have_upper_case", names_of_any_length_may_have_upper_case,
     CHECK_UPSTREAM_FAILS},
    {"settings_are_taken_or_refused", settings_are_taken_or_refused, 0},
    {"a_request_in_its_last_notice", a_request_in_its_last_notice, CHECK_OURS_ONLY},
    {"a_connection_that_is_being_set_up", a_connection_that_is_being_set_up, 0},
    {"a_connection_that_is_closing", a_connection_that_is_closing, 0},
    {"a_connection_of_another_protocol", a_connection_of_another_protocol, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
