/* Requests and responses in all their shapes arrive as they were sent. (Every field and every byte
 * of content is compared by the simulator.) */
#include <stdio.h>
#include <string.h>

#include "h3.h"

/* Runs one request to its end and checks both ends. */
static sim_exchange *completed(sim_world *world, sim_conn *conn, const sim_ask *ask)
{
    sim_exchange *asked = sim_fetch(conn, ask);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(asked->stats.stream_err, 0);
    CHECK_EQ(asked->closings, 0);
    return asked;
}

static void sizes_from_nothing_to_five_megabytes(void)
{
    static const uint64_t SIZES[] = {0, 1, 63, 64, 1200, 16383, 16384, 100000, 5000000};
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    for (size_t i = 0; i < CHECK_COUNT(SIZES); i++) {
        check_context("%llu bytes", (unsigned long long)SIZES[i]);
        const sim_ask down = {.download = SIZES[i]};
        const sim_ask up = {.method = "POST", .upload = SIZES[i]};
        const sim_ask both = {.method = "PUT", .upload = SIZES[i], .download = SIZES[i]};
        completed(world, conn, &down);
        completed(world, conn, &up);
        completed(world, conn, &both);
    }
    sim_world_free(world);
}

/* Every way to end a request with every way to end its response, with content, trailers, both or
 * neither. */
static void endings_of_all_kinds(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    for (unsigned kind = 0; kind < 3 * 3 * 16; kind++) {
        const sim_ask ask = {
            .method = "POST",
            .ending = kind % 3,
            .wants_ending = kind / 3 % 3,
            .upload = (kind / 9) & 1 ? 3000 : 0,
            .download = (kind / 9) & 2 ? 3000 : 0,
            .trailers = (kind / 9) & 4,
            .wants_trailers = (kind / 9) & 8,
        };
        check_context("kind %u: ending %u and %u, upload %llu, download %llu, trailers %d and %d",
                      kind, ask.ending, ask.wants_ending, (unsigned long long)ask.upload,
                      (unsigned long long)ask.download, ask.trailers, ask.wants_trailers);
        completed(world, conn, &ask);
    }
    sim_world_free(world);
}

static void an_answer_waits_for_the_whole_request(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {
        .upload = 200000, .download = 200000, .trailers = true, .wants_late = true};
    completed(world, conn, &ask);
    sim_world_free(world);
}

static void head_has_a_length_and_no_content(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.method = "HEAD", .download = 123456};
    sim_exchange *asked = completed(world, conn, &ask);
    CHECK_EQ(asked->received, 0);
    CHECK_EQ(strcmp(sim_value(&asked->header, "content-length"), "123456"), 0);
    CHECK(asked->fin_with_headers);
    sim_world_free(world);
}

/* Upstream takes the second section for trailers. */
static void any_number_of_interim_responses(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    for (unsigned count = 1; count <= 5; count++) {
        const sim_ask ask = {.download = 1000, .wants_interim = count, .wants_trailers = true};
        sim_exchange *asked = completed(world, conn, &ask);
        CHECK_EQ(asked->interim_received, count);
        CHECK_EQ(sim_value(&asked->interim, "x-number")[0], '0' + (int)count - 1);
    }
    sim_world_free(world);
}

static void a_hundred_requests_at_once(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 100; i++) {
        CHECK(sim_post(conn, i % 3 * 1000, 200 * i) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK_EQ(conn->calls[SIM_REQUEST_CREATE], 100);
    CHECK_EQ(sim_server_conn(world, conn)->calls[SIM_REQUEST_CREATE], 100);
    sim_world_free(world);
}

/* More than the peer's limit of streams, one after the other. */
static void five_thousand_requests_on_one_connection(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    unsigned rounds = check_rounds(500, 20);
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < 10; j++) {
            CHECK(sim_get(conn, 100) != NULL);
        }
        CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(conn->open_exchanges, 0);
    }
    sim_world_free(world);
}

/* RFC 9114 section 4.2: names are sent in lower case, pseudo-header fields first (4.3). */
static void names_of_any_case_and_place_are_sent_right(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    xqc_http_header_t extra[] = {
        sim_header("X-Upper-Case", "Stays As It Is"),
        sim_header("x-empty", ""),
        sim_header("Cookie", "a=1"),
    };
    const sim_ask ask = {.extra = extra, .extra_count = CHECK_COUNT(extra), .download = 10};
    sim_exchange *asked = completed(world, conn, &ask);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK_EQ(strcmp(sim_value(&served->header, "x-upper-case"), "Stays As It Is"), 0);
    CHECK_EQ(strcmp(sim_value(&served->header, "x-empty"), ""), 0);
    CHECK_EQ(strcmp(sim_value(&served->header, "cookie"), "a=1"), 0);
    CHECK_EQ(strcmp(extra[0].name.iov_base, "X-Upper-Case"), 0);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(served->header.fields[i].name[0], ':');
    }
    sim_world_free(world);
}

static void pseudo_header_fields_go_first(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    xqc_http_header_t fields[] = {
        sim_header("x-seed", "1"),           sim_header(":path", "/pattern?of=the+simulator"),
        sim_header("x-upload", "0"),         sim_header("x-download", "0"),
        sim_header(":authority", "localhost"), sim_header("x-trailers", "0"),
        sim_header("x-wants-trailers", "0"), sim_header("x-wants-interim", "0"),
        sim_header(":scheme", "https"),      sim_header("x-wants-ending", "0"),
        sim_header("x-wants-late", "0"),     sim_header(":method", "GET"),
        sim_header("x-no-length", "0"),
    };
    const char *first = fields[0].name.iov_base;
    xqc_http_headers_t headers = {fields, CHECK_COUNT(fields), CHECK_COUNT(fields), 0};
    CHECK(xqc_h3_request_send_headers(asked->handle, &headers, 1) > 0);
    CHECK(fields[0].name.iov_base == first);
    asked->fin_sent = true;
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    static const char *const WANT[] = {":path", ":authority", ":scheme", ":method",
                                       "x-seed", "x-upload"};
    const sim_section *header = &sim_exchange_peer(world, asked)->header;
    CHECK_EQ(header->count, CHECK_COUNT(fields));
    for (size_t i = 0; i < CHECK_COUNT(WANT); i++) {
        CHECK_EQ(strcmp(header->fields[i].name, WANT[i]), 0);
    }
    sim_world_free(world);
}

/* A value of 30,000 bytes takes a frame over many packets. */
static void a_large_header_section(void)
{
    static char value[30001];
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    memset(value, 'v', sizeof(value) - 1);
    xqc_http_header_t extra[] = {sim_header("x-large", value)};
    const sim_ask ask = {.extra = extra, .extra_count = 1, .upload = 5000, .download = 5000};
    sim_exchange *asked = completed(world, conn, &ask);
    const char *got = sim_value(&sim_exchange_peer(world, asked)->header, "x-large");
    CHECK(got != NULL && strcmp(got, value) == 0);
    sim_world_free(world);
}

/* A request needs no answer from the peer, not even its SETTINGS, before it is sent. */
static void requests_do_not_wait_for_settings(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_exchange *asked = sim_post(conn, 20000, 20000);
    CHECK(asked != NULL);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"sizes_from_nothing_to_five_megabytes", sizes_from_nothing_to_five_megabytes, 0},
    {"endings_of_all_kinds", endings_of_all_kinds, 0},
    {"an_answer_waits_for_the_whole_request", an_answer_waits_for_the_whole_request, 0},
    {"head_has_a_length_and_no_content", head_has_a_length_and_no_content, 0},
    {"any_number_of_interim_responses", any_number_of_interim_responses, CHECK_UPSTREAM_FAILS},
    {"a_hundred_requests_at_once", a_hundred_requests_at_once, 0},
    {"five_thousand_requests_on_one_connection", five_thousand_requests_on_one_connection, 0},
    {"names_of_any_case_and_place_are_sent_right", names_of_any_case_and_place_are_sent_right, 0},
    {"pseudo_header_fields_go_first", pseudo_header_fields_go_first, 0},
    {"a_large_header_section", a_large_header_section, 0},
    {"requests_do_not_wait_for_settings", requests_do_not_wait_for_settings, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
