/* Path MTU discovery: the largest datagram a path carries is found, and a path that gets narrower
 * does not end the transfer. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

static sim_options probing(uint8_t client, uint8_t server)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.enable_pmtud = client;
    options.server_settings.enable_pmtud = server;
    return options;
}

static void upload(sim_world *world, sim_conn *conn, uint64_t size)
{
    CHECK(sim_request(conn, size, 0) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    CHECK(!conn->closed);
}

/* The largest datagram that each end sends over a path that carries `mtu` bytes. */
static void largest_sent(const sim_options *options, size_t *client, size_t *server)
{
    sim_world *world = sim_world_new(options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_run_for(world, 20 * SIM_SECOND);
    world->client.largest_datagram = 0;
    world->server.largest_datagram = 0;
    CHECK(sim_request(conn, MEGABYTE, MEGABYTE) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    *client = world->client.largest_datagram;
    *server = world->server.largest_datagram;
    sim_world_free(world);
}

/* Upstream's sizes do not count the 16 bytes of the AEAD and 16 more for an ACK. */
static void each_role_probes_if_its_bit_is_set_at_both_ends(void)
{
    const uint8_t flags[] = {0, 1, 2, 3};
    for (unsigned i = 0; i < CHECK_COUNT(flags); i++) {
        check_context("flags %u", flags[i]);
        sim_options options = probing(flags[i], flags[i]);
        size_t client;
        size_t server;
        largest_sent(&options, &client, &server);
        CHECK_EQ(client >= 1420, (flags[i] & XQC_PMTUD_ENABLE_CLIENT) != 0);
        CHECK_EQ(server >= 1420, (flags[i] & XQC_PMTUD_ENABLE_SERVER) != 0);
        CHECK(client <= 1472 && server <= 1472);
    }
}

static void force_needs_nothing_of_the_peer(void)
{
    sim_options options = probing(XQC_PMTUD_FORCE_ENABLE, 0);
    size_t client;
    size_t server;
    largest_sent(&options, &client, &server);
    CHECK(client >= 1420);
    CHECK(server <= 1232);
}

/* RFC 9000 section 14.3: no peer has to agree. Upstream does not probe here. */
static void the_bit_of_ones_own_role_is_enough(void)
{
    sim_options options = probing(XQC_PMTUD_ENABLE_CLIENT, 0);
    size_t client;
    size_t server;
    largest_sent(&options, &client, &server);
    CHECK_EQ(client, 1420);
    CHECK_EQ(server, 1200);
}

static void a_narrow_path_is_searched(void)
{
    for (size_t mtu = 1260; mtu <= 1410; mtu += 50) {
        check_context("path of %zu bytes", mtu);
        sim_options options = probing(XQC_PMTUD_ENABLE_MASK, XQC_PMTUD_ENABLE_MASK);
        options.up.mtu = mtu;
        options.down.mtu = mtu;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_run_for(world, 60 * SIM_SECOND);
        CHECK(world->up.stats.too_large > 0);
        uint64_t too_large = world->up.stats.too_large;
        world->client.largest_datagram = 0;
        upload(world, conn, MEGABYTE);
        CHECK(world->client.largest_datagram <= mtu);
        CHECK(world->client.largest_datagram + 10 > mtu);
        CHECK_EQ(world->up.stats.too_large, too_large);
        sim_world_free(world);
    }
}

/* RFC 8899 section 4.3. Upstream keeps sending what no longer arrives until it gives up. */
static void a_path_that_gets_narrower_is_a_black_hole_for_seconds_only(void)
{
    sim_options options = probing(XQC_PMTUD_ENABLE_MASK, XQC_PMTUD_ENABLE_MASK);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, 5 * SIM_SECOND);
    upload(world, conn, MEGABYTE);
    world->up.config.mtu = 1300;
    uint64_t start = sim_now();
    upload(world, conn, 4 * MEGABYTE);
    CHECK(sim_now() - start < 10 * SIM_SECOND);
    world->client.largest_datagram = 0;
    upload(world, conn, MEGABYTE);
    CHECK_EQ(world->client.largest_datagram, 1200);
    sim_world_free(world);
}

static bool no_longer_than_1300(void *argument, const uint8_t *bytes, size_t length)
{
    (void)argument;
    (void)bytes;
    return length <= 1300;
}

static void a_lost_probe_costs_no_window(void)
{
    uint64_t took[2];
    for (unsigned run = 0; run < 2; run++) {
        /* The second run loses its probes in the middle of the transfer. */
        sim_options options = probing(run == 0 ? 0 : XQC_PMTUD_FORCE_ENABLE, 0);
        options.up.rate = 1250000;
        options.up.queue_bytes = 1000000;
        sim_world *world = sim_world_new(&options);
        world->up.filter = no_longer_than_1300;
        sim_conn *conn = sim_established(world);
        uint64_t start = sim_now();
        upload(world, conn, 8 * MEGABYTE);
        took[run] = sim_now() - start;
        sim_world_free(world);
    }
    CHECK(took[1] < took[0] + took[0] / 20);
}

static void what_the_peer_can_take_is_kept_to(void)
{
    sim_options options = probing(XQC_PMTUD_FORCE_ENABLE, 0);
    options.server_settings.max_udp_payload_size = 1300;
    size_t client;
    size_t server;
    largest_sent(&options, &client, &server);
    CHECK_EQ(client, 1300);
}

static void trains_are_even_while_sizes_change(void)
{
    sim_options options = probing(XQC_PMTUD_ENABLE_MASK, XQC_PMTUD_ENABLE_MASK);
    options.use_mmsg = true;
    options.client_config.sendmmsg_on = 1;
    options.server_config.sendmmsg_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 4 * MEGABYTE, 4 * MEGABYTE) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    CHECK(world->client.largest_datagram >= 1420);
    CHECK(world->client.mmsg_longest > 8 && world->server.mmsg_longest > 8);
    CHECK_EQ(world->client.uneven_trains, 0);
    CHECK_EQ(world->server.uneven_trains, 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"each_role_probes_if_its_bit_is_set_at_both_ends",
     each_role_probes_if_its_bit_is_set_at_both_ends, 0},
    {"force_needs_nothing_of_the_peer", force_needs_nothing_of_the_peer, 0},
    {"the_bit_of_ones_own_role_is_enough", the_bit_of_ones_own_role_is_enough,
     CHECK_UPSTREAM_FAILS},
    {"a_narrow_path_is_searched", a_narrow_path_is_searched, CHECK_UPSTREAM_FAILS},
    {"a_path_that_gets_narrower_is_a_black_hole_for_seconds_only",
     a_path_that_gets_narrower_is_a_black_hole_for_seconds_only, CHECK_UPSTREAM_FAILS},
    {"a_lost_probe_costs_no_window", a_lost_probe_costs_no_window, 0},
    {"what_the_peer_can_take_is_kept_to", what_the_peer_can_take_is_kept_to, CHECK_UPSTREAM_FAILS},
    {"trains_are_even_while_sizes_change", trains_are_even_while_sizes_change,
     CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
