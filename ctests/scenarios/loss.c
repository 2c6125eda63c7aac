/* Data arrives whole, and in good time, over paths that lose packets. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

typedef struct plan {
    uint64_t upload;
    uint64_t download;
    uint64_t limit;
} plan;

/* Runs one exchange and returns the virtual time it took. */
static uint64_t transfer(const sim_options *options, const plan *plan)
{
    sim_world *world = sim_world_new(options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, plan->limit));
    uint64_t start = sim_now();
    sim_stream *stream = sim_request(conn, plan->upload, plan->download);
    CHECK(stream != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, plan->limit));
    uint64_t took = sim_now() - start;
    CHECK(!conn->closed);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL && server->streams != NULL);
    CHECK_EQ(server->streams->received, plan->upload);
    CHECK_EQ(stream->received, plan->download);
    sim_world_free(world);
    return took;
}

static void both_ways_under_loss(double loss)
{
    uint64_t size = (check_is_slow() ? 1 : 10) * MEGABYTE;
    for (unsigned way = 0; way < 2; way++) {
        check_context("%.0f %% loss, %s", loss * 100, way == 0 ? "download" : "upload");
        sim_options options;
        sim_options_init(&options);
        options.up.loss = loss;
        options.down.loss = loss;
        const plan plan = {way == 0 ? 0 : size, way == 0 ? size : 0, 3600 * SIM_SECOND};
        uint64_t took = transfer(&options, &plan);
        check_note("%.0f %% loss, %s of %u MB: %.1f s", loss * 100,
                   way == 0 ? "download" : "upload", (unsigned)(size / MEGABYTE),
                   (double)took / 1e6);
    }
}

static void ten_megabytes_under_1_percent_loss(void)
{
    both_ways_under_loss(0.01);
}

static void ten_megabytes_under_5_percent_loss(void)
{
    both_ways_under_loss(0.05);
}

static void ten_megabytes_under_20_percent_loss(void)
{
    both_ways_under_loss(0.20);
}

static void each_controller_survives_loss(void)
{
    const xqc_cong_ctrl_callback_t *const controllers[] = {
        &xqc_cubic_cb,
#ifdef XQC_ENABLE_RENO
        &xqc_reno_cb,
#endif
    };
    for (size_t i = 0; i < CHECK_COUNT(controllers); i++) {
        for (int pacing = 0; pacing < 2; pacing++) {
            check_context("controller %zu, pacing %d", i, pacing);
            sim_options options;
            sim_options_init(&options);
            options.up.loss = 0.02;
            options.down.loss = 0.02;
            options.client_settings.cong_ctrl_callback = *controllers[i];
            options.server_settings.cong_ctrl_callback = *controllers[i];
            options.client_settings.pacing_on = pacing;
            options.server_settings.pacing_on = pacing;
            const plan plan = {MEGABYTE, MEGABYTE, 600 * SIM_SECOND};
            transfer(&options, &plan);
        }
    }
}

/* 20 Mbit/s and a queue of one bandwidth-delay product: loss comes from the sender itself. */
static void fills_a_narrow_link(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 2500000;
    options.down.rate = 2500000;
    options.up.queue_bytes = 50000;
    options.down.queue_bytes = 50000;
    uint64_t size = (check_is_slow() ? 1 : 10) * MEGABYTE;
    const plan plan = {0, size, 600 * SIM_SECOND};
    uint64_t took = transfer(&options, &plan);
    double share = (double)size / 2500000.0 / ((double)took / 1e6);
    check_note("%.0f %% of the rate used", share * 100);
    CHECK(share > 0.5);
}

static void open_hole(void *world)
{
    ((sim_world *)world)->up.config.blackhole = true;
    ((sim_world *)world)->down.config.blackhole = true;
}

static void close_hole(void *world)
{
    ((sim_world *)world)->up.config.blackhole = false;
    ((sim_world *)world)->down.config.blackhole = false;
}

/* Two seconds of silence in the middle of a transfer cost time, not the connection. */
static void recovers_from_an_outage(void)
{
    sim_options options;
    sim_options_init(&options);
    options.down.rate = 1000000;
    options.down.queue_bytes = 100000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100, 2 * MEGABYTE) != NULL);
    sim_at(world, sim_now() + 500 * SIM_MILLISECOND, open_hole, world);
    sim_at(world, sim_now() + 2500 * SIM_MILLISECOND, close_hole, world);
    CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
    CHECK(world->down.stats.dropped > 0);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static void sim_nothing(void *argument)
{
    (void)argument;
}

/* The last packets of a transfer have no successors that could reveal their loss. */
static void a_lost_tail_is_sent_again_soon(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    open_hole(world);
    CHECK(sim_request(conn, 3000, 0) != NULL);
    sim_at(world, sim_now() + 5 * SIM_MILLISECOND, close_hole, world);
    sim_at(world, sim_now() + SIM_SECOND, sim_nothing, NULL);
    CHECK(sim_run(world, sim_is_drained, conn, SIM_SECOND));
    sim_world_free(world);
}

static void lossless_paths_lose_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, MEGABYTE, MEGABYTE) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
    xqc_conn_stats_t client = xqc_conn_get_stats(world->client.engine, &conn->cid);
    sim_conn *peer = sim_server_conn(world, conn);
    xqc_conn_stats_t server = xqc_conn_get_stats(world->server.engine, &peer->cid);
    CHECK_EQ(client.lost_count, 0);
    CHECK_EQ(server.lost_count, 0);
    CHECK_EQ(client.spurious_loss_count, 0);
    CHECK(client.send_count > 0 && server.recv_count > 0);
    CHECK_EQ(client.conn_err, 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"ten_megabytes_under_1_percent_loss", ten_megabytes_under_1_percent_loss, 0},
    {"ten_megabytes_under_5_percent_loss", ten_megabytes_under_5_percent_loss, 0},
    {"ten_megabytes_under_20_percent_loss", ten_megabytes_under_20_percent_loss, 0},
    {"each_controller_survives_loss", each_controller_survives_loss, 0},
    {"fills_a_narrow_link", fills_a_narrow_link, 0},
    {"recovers_from_an_outage", recovers_from_an_outage, 0},
    {"a_lost_tail_is_sent_again_soon", a_lost_tail_is_sent_again_soon, 0},
    {"lossless_paths_lose_nothing", lossless_paths_lose_nothing, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
