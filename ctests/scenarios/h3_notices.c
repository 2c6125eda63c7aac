/* What a host may do in the notices of a request, and what the notices mean to it. */
#include <string.h>

#include "h3.h"

/* ---- creation ---- */

typedef struct early {
    unsigned answered;
    bool read;
    size_t got;
    uint8_t bytes[64];
} early;

static void answer_at_once(sim_exchange *exchange)
{
    xqc_http_header_t fields[] = {sim_header(":status", "200"), sim_header("content-length", "5")};
    xqc_http_header_t trailer = sim_header("x-note", "that was all");
    xqc_http_headers_t headers = {fields, 2, 2, 0};
    xqc_http_headers_t trailers = {&trailer, 1, 1, 0};
    unsigned char hello[] = "hello";
    xqc_h3_priority_t priority;
    xqc_h3_priority_init(&priority);
    CHECK_EQ(xqc_h3_request_set_priority(exchange->handle, &priority), XQC_OK);
    xqc_request_stats_t stats = xqc_h3_request_get_stats(exchange->handle);
    CHECK(check_upstream() || stats.h3r_begin_time == sim_now());
    CHECK(xqc_h3_request_send_headers(exchange->handle, &headers, 0) > 0);
    CHECK_EQ(xqc_h3_request_send_body(exchange->handle, hello, 5, 0), 5);
    CHECK(xqc_h3_request_send_headers(exchange->handle, &trailers, 0) > 0);
    CHECK_EQ(xqc_h3_request_finish(exchange->handle), 0);
    exchange->headers_sent = true;
    exchange->fin_sent = true;
}

static void read_what_came(early *early, sim_exchange *exchange, unsigned flags)
{
    uint8_t fin = 0;
    if (flags & (XQC_REQ_NOTIFY_READ_HEADER | XQC_REQ_NOTIFY_READ_TRAILER)) {
        CHECK(xqc_h3_request_recv_headers(exchange->handle, &fin) != NULL);
    }
    if (flags & XQC_REQ_NOTIFY_READ_BODY) {
        ssize_t got = xqc_h3_request_recv_body(exchange->handle, early->bytes + early->got,
                                               sizeof(early->bytes) - early->got, &fin);
        early->got += got > 0 ? (size_t)got : 0;
    }
    early->read |= fin || (flags & XQC_REQ_NOTIFY_READ_EMPTY_FIN);
}

static int answer_in_creation(void *argument, const sim_call *call)
{
    early *early = argument;
    sim_exchange *exchange = call->exchange;
    if (exchange == NULL) {
        return 0;
    }
    if (call->event == SIM_REQUEST_CREATE) {
        if (exchange->is_client) {
            exchange->send_ready = true;
            sim_exchange_send(exchange);
            CHECK(exchange->fin_sent);
        } else {
            early->answered++;
            answer_at_once(exchange);
        }
        return -1; /* what it answers means nothing */
    }
    if (call->event == SIM_REQUEST_READ && exchange->is_client) {
        read_what_came(early, exchange, call->flags);
        return 1;
    }
    return call->event == SIM_REQUEST_CLOSE ? -1 : 0;
}

/* The handle is good for everything: a client asks and a server answers in it, with trailers. */
static void all_can_be_sent_when_a_request_is_created(void)
{
    early early = {0};
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = answer_in_creation;
    world->hook_argument = &early;
    const sim_ask ask = {.upload = 300, .trailers = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(early.answered, 1);
    CHECK(early.read && early.got == 5 && memcmp(early.bytes, "hello", 5) == 0);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(served->received == 300 && served->trailer.count == 2);
    CHECK_EQ(asked->stats.stream_err, 0);
    CHECK(!conn->closed && !sim_server_conn(world, conn)->closed);
    sim_world_free(world);
}

/* ---- what there is to read ---- */

static struct {
    unsigned seen[16]; /* notices by flags, in order of their coming */
    unsigned count;
    const xqc_http_headers_t *header;
    const xqc_http_headers_t *trailer;
    bool checked;
} host;

static bool is_text(const struct iovec *part, const char *text)
{
    return part->iov_len == strlen(text) && memcmp(part->iov_base, text, part->iov_len) == 0;
}

/* Takes the header section only when there is content too. */
static int take_late(void *argument, const sim_call *call)
{
    (void)argument;
    sim_exchange *exchange = call->exchange;
    if (call->event == SIM_REQUEST_CLOSE && !exchange->is_client) {
        /* Both are still there, and each has its own. */
        CHECK(host.header != NULL && host.trailer != NULL && host.header != host.trailer);
        CHECK(is_text(&host.header->headers[0].name, ":method"));
        CHECK(is_text(&host.header->headers[0].value, "POST"));
        CHECK(is_text(&host.trailer->headers[1].name, "x-note"));
        CHECK(is_text(&host.trailer->headers[1].value, "that was all"));
        host.checked = true;
    }
    if (call->event != SIM_REQUEST_READ || exchange->is_client) {
        return 0;
    }
    uint8_t fin = 9;
    CHECK(host.count < CHECK_COUNT(host.seen));
    host.seen[host.count++] = call->flags;
    if (!(call->flags & XQC_REQ_NOTIFY_READ_BODY) && host.header == NULL) {
        return 1;
    }
    if (call->flags & XQC_REQ_NOTIFY_READ_HEADER) {
        host.header = xqc_h3_request_recv_headers(exchange->handle, &fin);
        CHECK(host.header != NULL && fin == 0);
    }
    if (call->flags & XQC_REQ_NOTIFY_READ_BODY) {
        uint8_t bytes[4096];
        CHECK_EQ(xqc_h3_request_recv_body(exchange->handle, bytes, sizeof(bytes), &fin), 3000);
    }
    if (call->flags & XQC_REQ_NOTIFY_READ_TRAILER) {
        host.trailer = xqc_h3_request_recv_headers(exchange->handle, &fin);
        CHECK(host.trailer != NULL && fin == 1);
        exchange->send_ready = true;
        exchange->ask.no_length = true;
        sim_exchange_send(exchange);
    }
    return 1;
}

/* What was told of and not taken is told of again, together with what came since. */
static void what_is_not_taken_is_told_of_again(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = take_late;
    const sim_ask ask = {.upload = 3000, .trailers = true, .no_length = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(host.count >= 3);
    CHECK_EQ(host.seen[0], XQC_REQ_NOTIFY_READ_HEADER);
    unsigned both = XQC_REQ_NOTIFY_READ_HEADER | XQC_REQ_NOTIFY_READ_BODY;
    bool together = false;
    for (unsigned i = 1; i < host.count; i++) {
        together |= (host.seen[i] & both) == both;
        CHECK(host.seen[i] < XQC_REQ_NOTIFY_READ_EMPTY_FIN);
    }
    CHECK(together && host.checked);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Hosts take the lone end for the end of the request: they answer, or finish, in that notice. */
static void a_lone_end_can_be_answered_at_once(void)
{
    for (unsigned upload = 0; upload <= 5000; upload += 5000) {
        sim_world *world = sim_h3_world();
        sim_conn *conn = sim_established(world);
        const sim_ask ask = {.method = "POST",
                             .upload = upload,
                             .download = 1000,
                             .ending = SIM_END_FINISH,
                             .wants_ending = SIM_END_FINISH,
                             .holds_end = true,
                             .wants_late = true};
        sim_exchange *asked = sim_fetch(conn, &ask);
        sim_run_for(world, SIM_SECOND);
        sim_exchange *served = sim_exchange_peer(world, asked);
        CHECK(served->received == upload && !served->headers_sent);
        asked->ask.holds_end = false;
        sim_exchange_send(asked);
        while (served->notices[XQC_REQ_NOTIFY_READ_EMPTY_FIN] == 0) {
            CHECK(sim_step(world));
        }
        CHECK(served->fin_sent);
        CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
        sim_world_free(world);
    }
}

/* ---- resets ---- */

/* Of a reset alone: not of a request that ends well, nor of a connection that goes. */
static void the_closing_notice_is_of_resets(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.down.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *whole = sim_post(conn, 1000, 1000);
    CHECK(sim_run(world, sim_is_over, whole, 10 * SIM_SECOND));
    sim_exchange *reset = sim_post(conn, 1000, 5000000);
    sim_exchange *live = sim_get(conn, 5000000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange_close(sim_exchange_peer(world, reset));
    CHECK(sim_run(world, sim_is_over, reset, 10 * SIM_SECOND));
    CHECK_EQ(reset->closings, 1);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_h3_conn_close(world->server.engine, &server->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && live->closed);
    CHECK_EQ(whole->closings + live->closings, 0);
    CHECK_EQ(conn->calls[SIM_REQUEST_CLOSING], 1);
    sim_world_free(world);
}

typedef struct refusal {
    int answer;
    unsigned made;
} refusal;

static int refuse_to_read(void *argument, const sim_call *call)
{
    refusal *refusal = argument;
    bool is_it = call->event == SIM_REQUEST_READ && !call->exchange->is_client
                 && (call->flags & XQC_REQ_NOTIFY_READ_HEADER);
    refusal->made += is_it;
    return is_it ? refusal->answer : 0;
}

/* A host that finds the fields wrong says so by one of two codes; any other is its own trouble, for
 * which upstream closes the connection. */
static void the_peer_hears_why_a_notice_failed(void)
{
    static const struct {
        int answer;
        int code;
    } CASES[] = {
        {-XQC_H3_INVALID_HEADER, 0x10e}, {-XQC_H3_EMALFORMED_HEADER, 0x10e}, {-1, 0x102}};
    for (size_t i = 0; i < CHECK_COUNT(CASES) - (check_upstream() ? 1 : 0); i++) {
        check_context("answer %d", CASES[i].answer);
        refusal refusal = {.answer = CASES[i].answer};
        sim_world *world = sim_h3_world();
        sim_conn *conn = sim_established(world);
        world->hook = refuse_to_read;
        world->hook_argument = &refusal;
        sim_exchange *asked = sim_post(conn, 1000, 1000);
        CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
        sim_exchange *served = sim_exchange_peer(world, asked);
        CHECK(sim_run(world, sim_is_over, served, 10 * SIM_SECOND));
        CHECK_EQ(refusal.made, 1);
        CHECK_EQ(asked->closings, 1);
        CHECK_EQ(asked->closing_error, CASES[i].code);
        CHECK_EQ(asked->stats.stream_err, CASES[i].code);
        CHECK_EQ(served->stats.stream_err, CASES[i].code);
        CHECK(!conn->closed && !sim_server_conn(world, conn)->closed);
        sim_world_free(world);
    }
}

/* ---- user data ---- */

/* A second object in the place of the first, for the callbacks to come. */
static sim_exchange *replaced(sim_exchange *first)
{
    sim_exchange *second = sim_exchange_new(first->conn, first->is_client);
    second->handle = first->handle;
    second->id = first->id;
    second->seed = first->seed;
    second->ask = first->ask;
    second->receive_total = first->receive_total;
    second->headers_sent = second->fin_sent = true;
    xqc_h3_request_set_user_data(first->handle, second);
    first->handle = NULL;
    first->closed = true;
    first->conn->open_exchanges--;
    return second;
}

/* The simulator checks in each callback that the object is the one whose handle it is. */
static void new_user_data_of_a_request_takes_effect_at_once(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *first = sim_get(conn, 100000);
    sim_exchange *second = replaced(first);
    CHECK(sim_run(world, sim_is_fetched, second, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, second, 10 * SIM_SECOND));
    CHECK_EQ(first->calls[SIM_REQUEST_READ] + first->calls[SIM_REQUEST_CLOSE], 0);
    sim_world_free(world);
}

static sim_conn *twin(sim_conn *conn)
{
    sim_conn *other = sim_conn_new(conn->endpoint);
    other->handle = conn->handle;
    other->h3 = conn->h3;
    other->cid = conn->cid;
    other->local = conn->local;
    return other;
}

/* That of HTTP/3 is the transport's too; the transport's alone is not that of HTTP/3. */
static void user_data_of_a_connection_is_of_both_layers(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_engine_t *engine = world->client.engine;
    int data = 0;
    sim_conn *both = twin(conn);
    xqc_h3_conn_set_user_data(conn->h3, both);
    CHECK(xqc_h3_conn_get_user_data(conn->h3) == both);
    CHECK_EQ(xqc_h3_conn_send_ping(engine, &conn->cid, &data), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK(both->calls[SIM_WRITE_SOCKET] > 0);
    CHECK_EQ(both->calls[SIM_PING_ACKED], 1);
    sim_conn *below = twin(conn);
    xqc_conn_set_transport_user_data(conn->handle, below);
    unsigned writes = both->calls[SIM_WRITE_SOCKET];
    CHECK(xqc_h3_conn_get_user_data(conn->h3) == both);
    CHECK_EQ(xqc_h3_conn_send_ping(engine, &conn->cid, &data), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK(below->calls[SIM_WRITE_SOCKET] > 0);
    CHECK_EQ(both->calls[SIM_WRITE_SOCKET], writes);
    CHECK_EQ(both->calls[SIM_PING_ACKED], 2);
    conn->refused = below->refused = true; /* nothing more is expected of them */
    CHECK_EQ(xqc_h3_conn_close(engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(both->calls[SIM_CONN_CLOSE], 1);
    sim_world_free(world);
}

/* The protocol's pointer is HTTP/3's own. Upstream gives it away, and crashes. */
static void the_protocols_pointer_is_not_the_hosts(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_conn_set_alp_user_data(conn->handle, &conn->alp);
    CHECK(sim_post(conn, 10000, 10000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"all_can_be_sent_when_a_request_is_created", all_can_be_sent_when_a_request_is_created, 0},
    {"what_is_not_taken_is_told_of_again", what_is_not_taken_is_told_of_again, 0},
    {"a_lone_end_can_be_answered_at_once", a_lone_end_can_be_answered_at_once, 0},
    {"the_closing_notice_is_of_resets", the_closing_notice_is_of_resets, 0},
    {"the_peer_hears_why_a_notice_failed", the_peer_hears_why_a_notice_failed, 0},
    {"new_user_data_of_a_request_takes_effect_at_once",
     new_user_data_of_a_request_takes_effect_at_once, 0},
    {"user_data_of_a_connection_is_of_both_layers", user_data_of_a_connection_is_of_both_layers,
     0},
    {"the_protocols_pointer_is_not_the_hosts", the_protocols_pointer_is_not_the_hosts,
     CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
