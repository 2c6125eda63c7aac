/* What has ended leaves no memory behind. */
#include <stdlib.h>

#include "sim.h"

/* What one measurement of a heap at rest differs from another by. */
#define SLACK 16384

static void one_short_life(sim_world *world, unsigned number)
{
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 300, 3000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    if (number % 2 == 0) {
        CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    } else {
        sim_conn *server = sim_server_conn(world, conn);
        CHECK(server != NULL);
        CHECK_EQ(xqc_conn_close(world->server.engine, &server->cid), XQC_OK);
    }
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(conn->closed);
    sim_reap(world);
    CHECK(world->client.conns == NULL && world->server.conns == NULL);
}

static void connections_leave_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    unsigned rounds = check_rounds(2000, 40);
    unsigned warm_up = rounds / 5;
    for (unsigned i = 0; i < warm_up; i++) {
        one_short_life(world, i);
    }
    size_t heap = sim_heap_in_use();
    size_t resident = sim_resident();
    for (unsigned i = 0; i < rounds; i++) {
        one_short_life(world, i);
    }
    size_t heap_after = sim_heap_in_use();
    size_t resident_after = sim_resident();
    check_note("%u connections: heap %zu -> %zu, resident %zu -> %zu", rounds, heap, heap_after,
               resident, resident_after);
    if (sim_heap_is_visible() && !check_is_slow()) {
        CHECK(heap_after <= heap + SLACK);
        CHECK(resident_after <= resident + ((size_t)2 << 20));
    }
    sim_world_free(world);
}

/* The same for connections that die in every other way. */
static void failed_connections_leave_nothing(void)
{
    unsigned rounds = check_rounds(200, 10);
    size_t heap = 0;
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 4000;
    options.client_settings.init_idle_time_out = 4000;
    options.server_settings.idle_time_out = 4000;
    options.server_settings.init_idle_time_out = 4000;
    options.up.loss = 0.4;
    options.down.loss = 0.4;
    sim_world *world = sim_world_new(&options);
    for (unsigned i = 0; i < rounds; i++) {
        if (i == rounds / 5) {
            heap = sim_heap_in_use();
        }
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        sim_run_for(world, sim_random_below(&world->random, 100 * SIM_MILLISECOND));
        (void)sim_request(conn, 20000, 20000);
        sim_run_for(world, sim_random_below(&world->random, 200 * SIM_MILLISECOND));
        if (!conn->closed && i % 3 == 0) {
            (void)xqc_conn_close(world->client.engine, &conn->cid);
        }
        world->up.config.blackhole = true;
        sim_run_for(world, 60 * SIM_SECOND);
        world->up.config.blackhole = false;
        CHECK(conn->closed);
        sim_reap(world);
        CHECK(world->server.conns == NULL);
    }
    size_t heap_after = sim_heap_in_use();
    check_note("heap %zu -> %zu", heap, heap_after);
    if (sim_heap_is_visible() && !check_is_slow()) {
        CHECK(heap_after <= heap + SLACK);
    }
    sim_world_free(world);
}

/* One long connection, many short streams: memory follows what is open, not what was. */
static void streams_leave_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    unsigned rounds = check_rounds(10000, 200);
    size_t heap = 0;
    size_t own_records = 0;
    for (unsigned i = 0; i < rounds; i++) {
        if (i == rounds / 5) {
            heap = sim_heap_in_use();
        }
        own_records += i >= rounds / 5 ? 2 * (sizeof(sim_stream) + 16) : 0;
        sim_stream *stream = sim_request(conn, 10, 10);
        CHECK(stream != NULL);
        while (!sim_stream_is_complete(stream)) {
            CHECK(sim_step(world));
        }
    }
    sim_run_for(world, 5 * SIM_SECOND);
    size_t heap_after = sim_heap_in_use();
    check_note("%u streams: heap %zu -> %zu, of which %zu are the test's own", rounds, heap,
               heap_after, own_records);
    if (sim_heap_is_visible() && !check_is_slow()) {
        CHECK(heap_after <= heap + own_records + SLACK);
    }
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"connections_leave_nothing", connections_leave_nothing, 0},
    {"failed_connections_leave_nothing", failed_connections_leave_nothing, 0},
    {"streams_leave_nothing", streams_leave_nothing, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
