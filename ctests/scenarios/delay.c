/* Paths of every length work: from another planet to the same board. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

static void exchange(const sim_options *options, uint64_t size, uint64_t limit)
{
    sim_world *world = sim_world_new(options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, limit));
    CHECK(sim_request(conn, size, size) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, limit));
    CHECK(!conn->closed);
    xqc_conn_qos_stats_t stats = xqc_conn_get_qos_stats(world->client.engine, &conn->cid);
    uint64_t path = options->up.delay_us + options->down.delay_us;
    /* The acknowledgement delay is the only honest addition on an unloaded path. */
    CHECK(stats.min_rtt >= path && stats.min_rtt <= path + 30 * SIM_MILLISECOND);
    CHECK(stats.srtt >= path);
    sim_world_free(world);
}

static void a_second_of_round_trip(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.delay_us = 500 * SIM_MILLISECOND;
    options.down.delay_us = 500 * SIM_MILLISECOND;
    exchange(&options, MEGABYTE, 120 * SIM_SECOND);
    options.up.loss = 0.02;
    options.down.loss = 0.02;
    exchange(&options, MEGABYTE, 600 * SIM_SECOND);
}

static void five_seconds_of_round_trip(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.delay_us = 2500 * SIM_MILLISECOND;
    options.down.delay_us = 2500 * SIM_MILLISECOND;
    options.client_settings.init_idle_time_out = 60000;
    options.server_settings.init_idle_time_out = 60000;
    exchange(&options, 100000, 300 * SIM_SECOND);
}

static void a_tenth_of_a_millisecond(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.delay_us = 50;
    options.down.delay_us = 50;
    exchange(&options, 4 * MEGABYTE, 60 * SIM_SECOND);
}

static void a_lopsided_path(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.delay_us = SIM_MILLISECOND;
    options.down.delay_us = 400 * SIM_MILLISECOND;
    exchange(&options, MEGABYTE, 120 * SIM_SECOND);
}

/* 100 Mbit/s with 200 ms: the windows must grow for the rate to be used. */
static void a_long_fat_path(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.delay_us = 100 * SIM_MILLISECOND;
    options.down.delay_us = 100 * SIM_MILLISECOND;
    options.up.rate = 12500000;
    options.down.rate = 12500000;
    options.up.queue_bytes = 2500000;
    options.down.queue_bytes = 2500000;
    uint64_t size = check_is_slow() ? 2 * MEGABYTE : 50 * MEGABYTE;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    uint64_t start = sim_now();
    CHECK(sim_request(conn, 0, size) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    double share = (double)size / 12500000.0 / ((double)(sim_now() - start) / 1e6);
    check_note("%.0f %% of the rate used", share * 100);
    CHECK(check_is_slow() || share > 0.4);
    sim_world_free(world);
}

/* The path becomes ten times as long while data flows. */
static void lengthen(void *world)
{
    ((sim_world *)world)->up.config.delay_us *= 10;
    ((sim_world *)world)->down.config.delay_us *= 10;
}

static void a_path_that_changes_its_length(void)
{
    sim_options options;
    sim_options_init(&options);
    options.down.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 0, 3 * MEGABYTE) != NULL);
    sim_at(world, sim_now() + SIM_SECOND, lengthen, world);
    CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
    CHECK(!conn->closed);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_second_of_round_trip", a_second_of_round_trip, 0},
    {"five_seconds_of_round_trip", five_seconds_of_round_trip, 0},
    {"a_tenth_of_a_millisecond", a_tenth_of_a_millisecond, 0},
    {"a_lopsided_path", a_lopsided_path, 0},
    {"a_long_fat_path", a_long_fat_path, 0},
    {"a_path_that_changes_its_length", a_path_that_changes_its_length, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
