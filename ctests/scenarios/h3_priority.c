/* Which response comes first where there is not room for all (RFC 9218). */
#include <string.h>

#include "h3.h"

static xqc_h3_priority_t parsed(const char *text)
{
    xqc_h3_priority_t priority;
    xqc_h3_priority_init(&priority);
    CHECK_EQ(xqc_parse_http_priority(&priority, (const uint8_t *)text, strlen(text)), XQC_OK);
    return priority;
}

/* ---- the order ---- */

static xqc_h3_priority_t hasty;
static xqc_h3_priority_t patient;

/* The server gives a response the priority that the request's field x-haste asks for. */
static int prioritize(void *argument, const sim_call *call)
{
    (void)argument;
    sim_exchange *exchange = call->exchange;
    if (call->event != SIM_REQUEST_READ || exchange->is_client || exchange->header.count > 0
        || !(call->flags & XQC_REQ_NOTIFY_READ_HEADER)) {
        return 0;
    }
    sim_exchange_read_header(exchange);
    const char *haste = sim_value(&exchange->header, "x-haste");
    if (haste != NULL) {
        xqc_h3_priority_t *priority = haste[0] == 'y' ? &hasty : &patient;
        CHECK_EQ(xqc_h3_request_set_priority(exchange->handle, priority), XQC_OK);
    }
    sim_exchange_send(exchange);
    return 1;
}

static sim_world *slow_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.down.rate = 1000000;
    options.down.queue_bytes = 100000;
    return sim_world_new(&options);
}

static sim_exchange *get_with(sim_conn *conn, uint64_t download, const char *name,
                              const char *value)
{
    xqc_http_header_t extra[] = {sim_header(name, value)};
    const sim_ask ask = {.download = download, .extra = extra, .extra_count = 1};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    return asked;
}

/* Five downloads of 2 MB are under way at 1 MB/s; how long does one of 200 KB take that starts then,
 * in microseconds? */
static uint64_t time_of_the_late_one(const char *name, const char *early, const char *late)
{
    sim_world *world = slow_world();
    world->hook = prioritize;
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 5; i++) {
        (void)get_with(conn, 2000000, name, early);
    }
    sim_run_for(world, SIM_SECOND);
    uint64_t begin = sim_now();
    sim_exchange *asked = get_with(conn, 200000, name, late);
    CHECK(sim_run(world, sim_is_fetched, asked, 60 * SIM_SECOND));
    uint64_t taken = sim_now() - begin;
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_world_free(world);
    return taken;
}

/* 0.2 s at the rate, a round trip, the queue of 0.1 s and what was written ahead. Upstream has no
 * order. */
#define SOON (600 * SIM_MILLISECOND)

static void an_urgent_response_goes_ahead(void)
{
    hasty = parsed("u=0");
    patient = parsed("u=7");
    uint64_t urgent = time_of_the_late_one("x-haste", "no", "yes");
    uint64_t other = time_of_the_late_one("x-haste", "yes", "no");
    check_note("urgent: %llu ms, not urgent: %llu ms", (unsigned long long)urgent / 1000,
               (unsigned long long)other / 1000);
    CHECK(urgent < SOON);
    CHECK(other > 4 * SIM_SECOND);
}

/* The same where the client says it, in a field that the server's host does not look at. */
static void the_field_of_a_request_is_obeyed(void)
{
    uint64_t urgent = time_of_the_late_one("priority", "u=6", "u=1");
    check_note("urgent: %llu ms", (unsigned long long)urgent / 1000);
    CHECK(urgent < SOON);
}

/* And where it changes its mind: by PRIORITY_UPDATE. */
static void a_change_of_mind_is_obeyed(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 5; i++) {
        (void)get_with(conn, 2000000, "priority", "u=4");
    }
    sim_exchange *asked = get_with(conn, 500000, "priority", "u=6");
    sim_run_for(world, SIM_SECOND);
    CHECK(asked->received < 50000); /* nobody starves */
    xqc_h3_priority_t priority = parsed("u=0");
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), XQC_OK);
    uint64_t begin = sim_now();
    CHECK(sim_run(world, sim_is_fetched, asked, 60 * SIM_SECOND));
    check_note("after %llu ms", (unsigned long long)(sim_now() - begin) / 1000);
    CHECK(sim_now() - begin < 900 * SIM_MILLISECOND);
    sim_world_free(world);
}

/* RFC 9218 section 10: of one urgency, responses that are not incremental come one after the other,
 * incremental ones side by side. */
static void incremental_responses_share(void)
{
    for (unsigned incremental = 0; incremental < 2; incremental++) {
        sim_world *world = slow_world();
        sim_conn *conn = sim_established(world);
        sim_exchange *first = get_with(conn, 1000000, "priority", incremental ? "i" : "u=3");
        sim_exchange *second = get_with(conn, 1000000, "priority", incremental ? "i" : "u=3");
        CHECK(sim_run(world, sim_is_fetched, first, 60 * SIM_SECOND));
        check_note("%s: the second has %llu of 1000000 bytes when the first is complete",
                   incremental ? "incremental" : "not incremental",
                   (unsigned long long)second->received);
        CHECK(incremental ? second->received > 600000 : second->received < 300000);
        CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
        sim_world_free(world);
    }
}

/* RFC 9218 section 10.1: what is least urgent gets its turn in the end. */
static void nobody_starves(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *patient_one = get_with(conn, 20000, "priority", "u=7");
    for (unsigned i = 0; i < 50; i++) {
        (void)get_with(conn, 200000, "priority", "u=0");
        sim_run_for(world, 50 * SIM_MILLISECOND);
    }
    CHECK(sim_run(world, sim_is_fetched, patient_one, 30 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_world_free(world);
}

/* ---- mistakes ---- */

static void a_priority_out_of_range_is_refused(void)
{
    sim_world *world = slow_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 100000);
    xqc_h3_priority_t priority = parsed("u=7");
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), XQC_OK);
    priority.urgency = 8;
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), -XQC_H3_INVALID_PRIORITY);
    priority.urgency = 1;
    priority.incremental = 2;
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), -XQC_H3_INVALID_PRIORITY);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"an_urgent_response_goes_ahead", an_urgent_response_goes_ahead, CHECK_UPSTREAM_FAILS},
    {"the_field_of_a_request_is_obeyed", the_field_of_a_request_is_obeyed, CHECK_UPSTREAM_FAILS},
    {"a_change_of_mind_is_obeyed", a_change_of_mind_is_obeyed, CHECK_UPSTREAM_FAILS},
    {"incremental_responses_share", incremental_responses_share, CHECK_UPSTREAM_FAILS},
    {"nobody_starves", nobody_starves, 0},
    {"a_priority_out_of_range_is_refused", a_priority_out_of_range_is_refused, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
