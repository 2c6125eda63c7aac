/* Settings of a connection do what docs/SETTINGS.md says. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

/* 50 ms each way. */
static void long_path(sim_options *options)
{
    sim_options_init(options);
    options->up.delay_us = 50 * SIM_MILLISECOND;
    options->down.delay_us = 50 * SIM_MILLISECOND;
}

/* Moves bytes up and down; returns the milliseconds it took. */
static uint64_t exchange(sim_world *world, sim_conn *conn, uint64_t up, uint64_t down)
{
    uint64_t start = sim_now();
    CHECK(sim_request(conn, up, down) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 300 * SIM_SECOND));
    CHECK(!conn->closed);
    return (sim_now() - start) / SIM_MILLISECOND;
}

/* The milliseconds for a download of 4 MiB over a long path. */
static uint64_t download(const sim_options *options)
{
    sim_world *world = sim_world_new(options);
    uint64_t took = exchange(world, sim_established(world), 0, 4 * MEGABYTE);
    sim_world_free(world);
    return took;
}

/* Datagrams that the server sends while a megabyte goes up in packets one after the other. */
static uint64_t answers(uint32_t ack_frequency, uint8_t adaptive)
{
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 1000000;
    options.server_settings.ack_frequency = ack_frequency;
    options.server_settings.adaptive_ack_frequency = adaptive;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    uint64_t before = world->down.stats.sent;
    exchange(world, conn, MEGABYTE, 0);
    uint64_t sent = world->down.stats.sent - before;
    sim_world_free(world);
    return sent;
}

static void acknowledgements_are_as_frequent_as_asked(void)
{
    uint64_t each = answers(1, 0), second = answers(2, 0), tenth = answers(10, 0);
    uint64_t adaptive = answers(2, 1);
    check_note("%llu, %llu and %llu datagrams for 1, 2 and 10; %llu adaptive",
               (unsigned long long)each, (unsigned long long)second, (unsigned long long)tenth,
               (unsigned long long)adaptive);
    CHECK(each > 800);
    CHECK(second > 400 && second < 600);
    CHECK(tenth < 250);
    CHECK(adaptive < second / 5 * 3);
}

static void a_connection_receives_at_its_rate(void)
{
    sim_options options;
    long_path(&options);
    uint64_t freely = download(&options);
    options.client_settings.recv_rate_bytes_per_sec = MEGABYTE;
    uint64_t limited = download(&options);
    check_note("%llu ms freely, %llu ms at 1 MiB/s", (unsigned long long)freely,
               (unsigned long long)limited);
    CHECK(freely < 2500);
    CHECK(limited > 3500 && limited < 7000);
}

static void a_stream_receives_at_its_rate(void)
{
    sim_options options;
    long_path(&options);
    options.client_settings.enable_stream_rate_limit = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    uint64_t freely = exchange(world, conn, 0, 4 * MEGABYTE);
    xqc_stream_settings_t settings = {.recv_rate_bytes_per_sec = MEGABYTE};
    conn->stream_settings = &settings;
    uint64_t limited = exchange(world, conn, 0, 4 * MEGABYTE);

    uint64_t start = sim_now();
    sim_stream *stream = sim_request(conn, 0, 4 * MEGABYTE);
    CHECK(stream != NULL);
    sim_run_for(world, SIM_SECOND);
    settings.recv_rate_bytes_per_sec = 100 * MEGABYTE;
    CHECK_EQ(xqc_stream_update_settings(stream->handle, &settings), XQC_OK);
    CHECK(sim_run(world, sim_is_drained, conn, 300 * SIM_SECOND));
    uint64_t freed = (sim_now() - start) / SIM_MILLISECOND;
    check_note("%llu ms freely, %llu ms at 1 MiB/s, %llu ms if freed after a second",
               (unsigned long long)freely, (unsigned long long)limited, (unsigned long long)freed);
    CHECK(freely < 2500);
    CHECK(limited > 3500 && limited < 7000);
    CHECK(freed > 1000 && freed < 2500);
    sim_world_free(world);
}

static void a_rate_is_refused_where_it_cannot_act(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_stream *stream = sim_request(sim_established(world), 1000, 1000);
    CHECK(stream != NULL);
    xqc_stream_settings_t settings = {.recv_rate_bytes_per_sec = 0};
    CHECK_EQ(xqc_stream_update_settings(stream->handle, &settings), -XQC_EPARAM);
    settings.recv_rate_bytes_per_sec = 1000000;
    CHECK_EQ(xqc_stream_update_settings(stream->handle, &settings), -XQC_EPARAM);
    sim_world_free(world);
}

/* Datagrams of a client in the first two seconds, if nobody answers. */
static uint64_t attempts(double factor, xqc_usec_t first)
{
    sim_options options;
    sim_options_init(&options);
    options.up.blackhole = true;
    options.client_settings.pto_backoff_factor = factor;
    options.client_settings.initial_pto_duration = first;
    sim_world *world = sim_world_new(&options);
    CHECK(sim_connect(world) != NULL);
    sim_run_for(world, 2 * SIM_SECOND);
    uint64_t sent = world->up.stats.sent;
    sim_world_free(world);
    return sent;
}

static void probes_come_when_asked(void)
{
    uint64_t usual = attempts(0, 0), steady = attempts(1.0, 100000), growing = attempts(3.0, 100000);
    check_note("%llu datagrams, %llu with 100 ms each, %llu growing by three",
               (unsigned long long)usual, (unsigned long long)steady, (unsigned long long)growing);
    CHECK(usual <= 5);
    CHECK(steady >= 18);
    CHECK(growing > usual && growing < steady);
}

static void a_small_socket_buffer_bounds_what_is_in_flight(void)
{
    sim_options options;
    long_path(&options);
    options.client_settings.so_sndbuf = 30000;
    sim_world *world = sim_world_new(&options);
    uint64_t took = exchange(world, sim_established(world), 4 * 300000, 0);
    /* At most 30,000 bytes in each round trip of 100 ms. */
    CHECK(took >= 3800 && took < 9000);
    sim_world_free(world);
}

static void interop_mode_starts_small_and_grows(void)
{
    sim_options options;
    long_path(&options);
    options.client_settings.is_interop_mode = 1;
    uint64_t small = download(&options);
    options.client_settings.is_interop_mode = 0;
    uint64_t usual = download(&options);
    check_note("%llu ms, usually %llu ms", (unsigned long long)small, (unsigned long long)usual);
    CHECK(small < 2 * usual);
}

static void packets_are_as_large_as_asked(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.max_pkt_out_size = 1400;
    sim_world *world = sim_world_new(&options);
    exchange(world, sim_established(world), MEGABYTE, MEGABYTE);
    /* Upstream leaves the 16 bytes of the cipher out of the count. */
    CHECK(world->client.largest_datagram >= 1400);
    CHECK(world->client.largest_datagram <= (check_upstream() ? 1440 : 1400));
    CHECK(world->server.largest_datagram < 1300);
    sim_world_free(world);
}

/* Bytes that the server sends while a megabyte goes up. */
static uint64_t bytes_of_answers(uint64_t most)
{
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 1000000;
    xqc_conn_settings_t *ends[] = {&options.client_settings, &options.server_settings};
    for (size_t i = 0; most > 0 && i < CHECK_COUNT(ends); i++) {
        ends[i]->extended_ack_features = 2;
        ends[i]->max_receive_timestamps_per_ack = most;
        ends[i]->receive_timestamps_exponent = 1;
    }
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    uint64_t before = world->down.stats.sent_bytes;
    exchange(world, conn, MEGABYTE, 0);
    uint64_t sent = world->down.stats.sent_bytes - before;
    sim_world_free(world);
    return sent;
}

static void acknowledgements_tell_times_if_asked(void)
{
    uint64_t plain = bytes_of_answers(0), timed = bytes_of_answers(63);
    check_note("%llu bytes, %llu with times", (unsigned long long)plain, (unsigned long long)timed);
    CHECK(timed > plain + plain / 20);
}

static void times_in_acknowledgements_survive_a_bad_path(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.loss = options.down.loss = 0.03;
    options.up.reorder = options.down.reorder = 0.1;
    options.up.reorder_us = options.down.reorder_us = 20 * SIM_MILLISECOND;
    options.client_settings.extended_ack_features = options.server_settings.extended_ack_features = 2;
    options.client_settings.max_receive_timestamps_per_ack = 5;
    options.server_settings.max_receive_timestamps_per_ack = 63;
    sim_world *world = sim_world_new(&options);
    exchange(world, sim_established(world), MEGABYTE, MEGABYTE);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"acknowledgements_are_as_frequent_as_asked", acknowledgements_are_as_frequent_as_asked, 0},
    {"a_connection_receives_at_its_rate", a_connection_receives_at_its_rate, 0},
    {"a_stream_receives_at_its_rate", a_stream_receives_at_its_rate, 0},
    {"a_rate_is_refused_where_it_cannot_act", a_rate_is_refused_where_it_cannot_act, 0},
    {"probes_come_when_asked", probes_come_when_asked, 0},
    {"a_small_socket_buffer_bounds_what_is_in_flight",
     a_small_socket_buffer_bounds_what_is_in_flight, 0},
    {"interop_mode_starts_small_and_grows", interop_mode_starts_small_and_grows, 0},
    {"packets_are_as_large_as_asked", packets_are_as_large_as_asked, 0},
    {"acknowledgements_tell_times_if_asked", acknowledgements_tell_times_if_asked, 0},
    {"times_in_acknowledgements_survive_a_bad_path", times_in_acknowledgements_survive_a_bad_path,
     0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
