/* ECN: marks set, carried, reported, obeyed, and given up where the path does not carry them. */
#include <xquic/xqc_ext.h>

#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

static sim_options marking(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_ecn = true;
    return options;
}

static xqc_ext_ecn_stats_t stats_of(const sim_conn *conn)
{
    xqc_ext_ecn_stats_t stats;
    CHECK_EQ(xqc_ext_conn_ecn_stats(conn->endpoint->engine, &conn->cid, &stats), XQC_OK);
    return stats;
}

/* Sends a megabyte each way. */
static void exchange(sim_world *world, sim_conn *conn)
{
    CHECK(sim_request(conn, MEGABYTE, MEGABYTE) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    CHECK(!conn->closed);
}

static void marks_are_carried_and_confirmed_at_both_ends(void)
{
    sim_options options = marking();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    exchange(world, conn);
    xqc_ext_ecn_stats_t client = stats_of(conn);
    xqc_ext_ecn_stats_t server = stats_of(sim_server_conn(world, conn));
    CHECK(client.capable && server.capable);
    CHECK(client.received_ect0 > 800 && server.received_ect0 > 800);
    CHECK_EQ(client.received_ce + server.received_ce, 0);
    CHECK_EQ(client.received_ect1 + server.received_ect1, 0);
    CHECK_EQ(client.reported_ce + server.reported_ce, 0);
    /* All but what is sent while the connection ends. */
    CHECK(world->up.stats.marked + 2 >= world->up.stats.sent);
    sim_world_free(world);
}

static void trains_carry_one_mark(void)
{
    sim_options options = marking();
    options.use_mmsg = true;
    options.client_config.sendmmsg_on = 1;
    options.server_config.sendmmsg_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    exchange(world, conn);
    CHECK(stats_of(conn).capable);
    CHECK(world->server.mmsg_longest > 4);
    sim_world_free(world);
}

static void congestion_marks_slow_down_without_loss(void)
{
    double rates[2];
    for (unsigned run = 0; run < 2; run++) {
        sim_options options = marking();
        options.down.congest = run == 0 ? 0 : 0.02;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        uint64_t start = sim_now();
        exchange(world, conn);
        exchange(world, conn);
        rates[run] = 1e6 / (double)(sim_now() - start);
        xqc_ext_ecn_stats_t server = stats_of(sim_server_conn(world, conn));
        CHECK_EQ(server.reported_ce > 0, run == 1);
        CHECK(server.capable);
        CHECK_EQ(stats_of(conn).received_ce, server.reported_ce);
        CHECK_EQ(world->down.stats.dropped, 0);
        sim_world_free(world);
    }
    CHECK(rates[1] < rates[0]);
}

static void a_path_that_takes_marks_off_is_noticed(void)
{
    sim_options options = marking();
    options.up.clear_marks = true;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    exchange(world, conn);
    CHECK(!stats_of(conn).capable);
    /* The other direction is none of its business. */
    CHECK(stats_of(sim_server_conn(world, conn)).capable);
    uint64_t marked = world->up.stats.marked;
    CHECK(marked < 20);
    exchange(world, conn);
    CHECK_EQ(world->up.stats.marked, marked);
    sim_world_free(world);
}

static void marks_that_stop_arriving_are_noticed(void)
{
    sim_options options = marking();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    exchange(world, conn);
    CHECK(stats_of(conn).capable);
    world->up.config.clear_marks = true;
    exchange(world, conn);
    CHECK(!stats_of(conn).capable);
    sim_world_free(world);
}

static bool refuse_marked(void *argument, const uint8_t *bytes, size_t length)
{
    (void)bytes;
    (void)length;
    return ((sim_endpoint *)argument)->ecn == 0;
}

static void a_path_that_drops_marked_packets_costs_seconds_and_no_connection(void)
{
    sim_options options = marking();
    sim_world *world = sim_world_new(&options);
    world->up.filter = refuse_marked;
    world->up.filter_argument = &world->client;
    sim_conn *conn = sim_connect(world);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    exchange(world, conn);
    CHECK(!stats_of(conn).capable);
    sim_world_free(world);
}

static void writers_are_checked(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_ext_marking_writers_t none = {NULL, NULL};
    xqc_engine_t *engine = world->client.engine;
    CHECK_EQ(xqc_ext_set_marking_writers(engine, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_marking_writers(engine, &none), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_marking_writers(NULL, &none), -XQC_EPARAM);
    xqc_ext_ecn_stats_t stats;
    xqc_cid_t unknown = {.cid_len = 4};
    CHECK_EQ(xqc_ext_conn_ecn_stats(engine, &unknown, &stats), -XQC_ECONN_NFOUND);
    CHECK_EQ(xqc_ext_conn_ecn_stats(engine, NULL, &stats), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_conn_ecn_stats(engine, &unknown, NULL), -XQC_EPARAM);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"marks_are_carried_and_confirmed_at_both_ends", marks_are_carried_and_confirmed_at_both_ends,
     0},
    {"trains_carry_one_mark", trains_carry_one_mark, 0},
    {"congestion_marks_slow_down_without_loss", congestion_marks_slow_down_without_loss, 0},
    {"a_path_that_takes_marks_off_is_noticed", a_path_that_takes_marks_off_is_noticed, 0},
    {"marks_that_stop_arriving_are_noticed", marks_that_stop_arriving_are_noticed, 0},
    {"a_path_that_drops_marked_packets_costs_seconds_and_no_connection",
     a_path_that_drops_marked_packets_costs_seconds_and_no_connection, 0},
    {"writers_are_checked", writers_are_checked, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
