/* Late, doubled and damaged packets are everyday life and no reason to close a connection. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

static void exchange_unharmed(const sim_options *options, uint64_t size)
{
    sim_world *world = sim_world_new(options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, 60 * SIM_SECOND));
    for (unsigned i = 0; i < 4; i++) {
        CHECK(sim_request(conn, size, size) != NULL);
    }
    CHECK(sim_run(world, sim_is_drained, conn, 900 * SIM_SECOND));
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL);
    CHECK(!conn->closed && !server->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING] + server->calls[SIM_CONN_CLOSING], 0);
    CHECK_EQ(xqc_conn_get_errno(conn->handle), 0);
    CHECK_EQ(xqc_conn_get_errno(server->handle), 0);
    sim_world_free(world);
}

static uint64_t stream_size(void)
{
    return check_is_slow() ? MEGABYTE / 8 : MEGABYTE;
}

static void reordering_causes_no_error(void)
{
    static const double shares[] = {0.01, 0.1, 0.5, 1.0};
    static const uint64_t spans[] = {1000, 20000, 200000};
    for (size_t i = 0; i < CHECK_COUNT(shares) * CHECK_COUNT(spans); i++) {
        double share = shares[i % CHECK_COUNT(shares)];
        uint64_t span = spans[i / CHECK_COUNT(shares)];
        check_context("%.0f %% held back by up to %llu us", share * 100, (unsigned long long)span);
        sim_options options;
        sim_options_init(&options);
        options.seed += i;
        options.up.reorder = share;
        options.up.reorder_us = span;
        options.down.reorder = share;
        options.down.reorder_us = span;
        exchange_unharmed(&options, stream_size());
    }
}

static void duplication_causes_no_error(void)
{
    static const double shares[] = {0.01, 0.3, 1.0};
    for (size_t i = 0; i < CHECK_COUNT(shares); i++) {
        check_context("%.0f %% doubled", shares[i] * 100);
        sim_options options;
        sim_options_init(&options);
        options.up.duplicate = shares[i];
        options.down.duplicate = shares[i];
        /* The copies arrive apart from their originals. */
        options.up.reorder = 0.2;
        options.up.reorder_us = 15000;
        options.down.reorder = 0.2;
        options.down.reorder_us = 15000;
        exchange_unharmed(&options, stream_size());
    }
}

/* RFC 9001 section 5.5: a packet that cannot be authenticated is dropped and nothing else. */
static void corruption_is_survived(void)
{
    static const double shares[] = {0.01, 0.1};
    for (size_t i = 0; i < CHECK_COUNT(shares); i++) {
        for (unsigned seed = 0; seed < check_rounds(10, 1); seed++) {
            check_context("%.0f %% damaged, seed offset %u", shares[i] * 100, seed);
            sim_options options;
            sim_options_init(&options);
            options.seed += seed;
            options.up.corrupt = shares[i];
            options.down.corrupt = shares[i];
            options.client_settings.init_idle_time_out = 60000;
            options.server_settings.init_idle_time_out = 60000;
            exchange_unharmed(&options, stream_size() / 4);
        }
    }
}

static void everything_at_once_is_survived(void)
{
    for (unsigned seed = 0; seed < check_rounds(20, 2); seed++) {
        check_context("seed offset %u", seed);
        sim_options options;
        sim_options_init(&options);
        options.seed += seed;
        const sim_link_config config = {
            .delay_us = 30000,
            .rate = 5000000,
            .queue_bytes = 150000,
            .loss = 0.03,
            .duplicate = 0.03,
            .corrupt = 0.03,
            .reorder = 0.05,
            .reorder_us = 40000,
        };
        options.up = config;
        options.down = config;
        options.client_settings.init_idle_time_out = 60000;
        options.server_settings.init_idle_time_out = 60000;
        exchange_unharmed(&options, stream_size() / 8);
    }
}

static const check_case CASES[] = {
    {"reordering_causes_no_error", reordering_causes_no_error, 0},
    {"duplication_causes_no_error", duplication_causes_no_error, 0},
    {"corruption_is_survived", corruption_is_survived, 0},
    {"everything_at_once_is_survived", everything_at_once_is_survived, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
