/* Requests over links that lose, reorder, duplicate and delay. */
#include <stdio.h>
#include <string.h>

#include "h3.h"

static sim_world *lossy_world(double loss, double reorder, unsigned seed)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.seed += seed;
    sim_link_config *links[2] = {&options.up, &options.down};
    for (unsigned i = 0; i < 2; i++) {
        links[i]->loss = loss;
        links[i]->reorder = reorder;
        links[i]->reorder_us = 30 * SIM_MILLISECOND;
        links[i]->rate = 12500000;
    }
    return sim_world_new(&options);
}

/* Mostly small, some of a megabyte, a few with content in both directions. */
static sim_ask any_ask(sim_random *random)
{
    static const uint64_t MOST[] = {100, 1000, 10000, 10000, 100000, 100000, 1000000};
    uint64_t most = MOST[sim_random_below(random, CHECK_COUNT(MOST))];
    const sim_ask ask = {
        .upload = sim_random_chance(random, 0.4) ? sim_random_below(random, most / 4 + 1) : 0,
        .download = sim_random_below(random, most + 1),
        .trailers = sim_random_chance(random, 0.2),
        .wants_trailers = sim_random_chance(random, 0.2),
        .ending = (sim_ending)sim_random_below(random, 3),
        .wants_ending = (sim_ending)sim_random_below(random, 3),
        .wants_late = sim_random_chance(random, 0.2),
    };
    return ask;
}

/* So many requests, at most `at_once` at a time; each is compared byte by byte. */
static void many_requests(sim_world *world, unsigned count, unsigned at_once)
{
    sim_conn *conn = sim_established(world);
    unsigned started = 0;
    uint64_t bytes = 0;
    uint64_t begin = sim_now();
    while (started < count) {
        while (started < count && conn->open_exchanges < at_once) {
            sim_ask ask = any_ask(&world->random);
            CHECK(sim_fetch(conn, &ask) != NULL);
            bytes += ask.upload + ask.download;
            started++;
        }
        sim_run_for(world, 5 * SIM_MILLISECOND);
        CHECK(!conn->closed);
        CHECK(sim_now() - begin < 3600 * SIM_SECOND);
    }
    CHECK(sim_run(world, sim_is_served, conn, 120 * SIM_SECOND));
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_REQUEST_CLOSE], count);
    CHECK_EQ(sim_server_conn(world, conn)->calls[SIM_REQUEST_CLOSE], count);
    check_note("%u requests, %llu bytes, %.1f s", count, (unsigned long long)bytes,
               (double)(sim_now() - begin) / 1e6);
    sim_world_free(world);
}

static void a_thousand_requests_under_loss_and_reordering(void)
{
    many_requests(lossy_world(0.02, 0.05, 0), check_rounds(1000, 60), 50);
}

static void requests_under_heavy_loss(void)
{
    many_requests(lossy_world(0.15, 0, 1), check_rounds(60, 10), 10);
}

static void requests_under_heavy_reordering(void)
{
    many_requests(lossy_world(0, 0.5, 2), check_rounds(300, 30), 40);
}

/* Every header section brings new entries for the dynamic table, and is read before or after the
 * encoder stream that brings them. */
static void header_sections_overtake_the_encoder_stream(void)
{
    for (unsigned seed = 0; seed < check_rounds(10, 2); seed++) {
        sim_world *world = lossy_world(0.05, 0.4, seed);
        sim_conn *conn = sim_established(world);
        for (unsigned i = 0; i < 200; i++) {
            char name[32];
            char value[64];
            (void)snprintf(name, sizeof(name), "x-name-%u", i % 50);
            (void)snprintf(value, sizeof(value), "a value that is number %u", i % 70);
            xqc_http_header_t extra[] = {sim_header(name, value), sim_header("x-all", value)};
            const sim_ask ask = {.extra = extra, .extra_count = 2, .download = 2000};
            sim_exchange *asked = sim_fetch(conn, &ask);
            CHECK(asked != NULL);
            asked->ask.extra_count = 0; /* They are gone. */
            if (i % 5 == 4) {
                sim_run_for(world, 3 * SIM_MILLISECOND);
            }
        }
        check_context("seed %u", seed);
        CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
        for (sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
            const sim_section *header = &sim_exchange_peer(world, one)->header;
            char value[64];
            (void)snprintf(value, sizeof(value), "a value that is number %u",
                           (unsigned)(one->id / 4 % 70));
            CHECK_EQ(strcmp(sim_value(header, "x-all"), value), 0);
        }
        sim_world_free(world);
    }
}

static void everything_twice(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.duplicate = 0.5;
    options.down.duplicate = 0.5;
    options.up.corrupt = 0.02;
    options.down.corrupt = 0.02;
    many_requests(sim_world_new(&options), check_rounds(200, 20), 20);
}

static const check_case CASES[] = {
    {"a_thousand_requests_under_loss_and_reordering",
     a_thousand_requests_under_loss_and_reordering, 0},
    {"requests_under_heavy_loss", requests_under_heavy_loss, 0},
    {"requests_under_heavy_reordering", requests_under_heavy_reordering, 0},
    {"header_sections_overtake_the_encoder_stream", header_sections_overtake_the_encoder_stream,
     0},
    {"everything_twice", everything_twice, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
