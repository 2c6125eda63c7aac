/* A NAT between client and server changes its mind about where the client is. */
#include <string.h>

#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

typedef struct rebinding {
    sim_conn *client;
    struct sockaddr_in address;
} rebinding;

static void rebind(void *argument)
{
    rebinding *plan = argument;
    sim_rebind(plan->client, &plan->address);
}

static void get_peer(sim_conn *conn, struct sockaddr_in *peer)
{
    socklen_t length = 0;
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, (struct sockaddr *)peer, sizeof(*peer), &length),
             XQC_OK);
    CHECK_EQ(length, sizeof(*peer));
}

/* What the host sees when it is told that the address changed. */
static int look_at_address(void *argument, const sim_call *call)
{
    if (call->event == SIM_ADDRESS_CHANGED) {
        get_peer(call->conn, argument);
    }
    return 0;
}

/* A transfer with a rebinding in its middle; both ways, so that the client speaks. */
static void transfer_over(const struct sockaddr_in *address, bool use_mmsg)
{
    struct sockaddr_in seen;
    memset(&seen, 0, sizeof(seen));
    sim_options options;
    sim_options_init(&options);
    options.use_ex = true;
    options.use_mmsg = use_mmsg;
    options.up.rate = options.down.rate = 2 * MEGABYTE;
    options.up.queue_bytes = options.down.queue_bytes = 100000;
    options.server_config.sendmmsg_on = use_mmsg;
    sim_world *world = sim_world_new(&options);
    sim_conn *client = sim_established(world);
    sim_conn *server = sim_server_conn(world, client);
    CHECK(server != NULL);
    world->hook = look_at_address;
    world->hook_argument = &seen;
    rebinding plan = {client, *address};
    sim_at(world, sim_now() + 300 * SIM_MILLISECOND, rebind, &plan);
    CHECK(sim_request(client, MEGABYTE, 4 * MEGABYTE) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 120 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK_EQ(server->calls[SIM_ADDRESS_CHANGED], 1);
    CHECK_EQ(seen.sin_port, address->sin_port);
    CHECK_EQ(seen.sin_addr.s_addr, address->sin_addr.s_addr);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->server.engine, &server->cid);
    CHECK_EQ(stats.total_rebind_count, 1);
    CHECK_EQ(stats.total_rebind_valid, 1);
    CHECK_EQ(client->calls[SIM_ADDRESS_CHANGED], 0);
    sim_world_free(world);
}

static void a_transfer_survives_a_new_port(void)
{
    struct sockaddr_in address = sim_address("10.0.0.2", 33333);
    transfer_over(&address, false);
}

static void a_transfer_survives_a_new_address(void)
{
    struct sockaddr_in address = sim_address("10.0.0.77", 33333);
    transfer_over(&address, false);
    transfer_over(&address, true);
}

/* Somebody sends the client's packet from elsewhere: the host hears nothing of it, and the
 * connection goes on. */
static void an_address_that_does_not_answer_changes_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_ex = true;
    sim_world *world = sim_world_new(&options);
    sim_conn *client = sim_established(world);
    sim_conn *server = sim_server_conn(world, client);
    struct sockaddr_in before;
    get_peer(server, &before);
    sim_run_for(world, SIM_SECOND);
    struct sockaddr_in home = client->local;
    client->local = sim_address("10.66.66.66", 6666);
    CHECK(sim_request(client, 100, 100) != NULL);
    sim_run_for(world, 50 * SIM_MILLISECOND);
    client->local = home;
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK(!server->closed && server->calls[SIM_ADDRESS_CHANGED] == 0);
    struct sockaddr_in after;
    get_peer(server, &after);
    CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
    CHECK(sim_request(client, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    sim_world_free(world);
}

typedef struct meter {
    sim_world *world;
    size_t received; /* by the server from the new address */
    size_t sent;     /* by the server */
    bool within;
} meter;

static bool count_up(void *argument, const uint8_t *bytes, size_t length)
{
    (void)bytes;
    ((meter *)argument)->received += length;
    return true;
}

static bool count_down(void *argument, const uint8_t *bytes, size_t length)
{
    (void)bytes;
    meter *count = argument;
    count->sent += length;
    return false;
}

/* RFC 9000 section 8: three times what came from it, to an address that answers nothing. The
 * original goes on sending to the old address, which is not told apart here. */
static void an_unvalidated_address_is_not_flooded(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_ex = true;
    sim_world *world = sim_world_new(&options);
    sim_conn *client = sim_established(world);
    sim_conn *server = sim_server_conn(world, client);
    CHECK(sim_push(server, MEGABYTE) != NULL);
    sim_run_for(world, 30 * SIM_MILLISECOND);
    meter count = {world, 0, 0, true};
    world->up.filter = count_up;
    world->up.filter_argument = &count;
    world->down.filter = count_down;
    world->down.filter_argument = &count;
    struct sockaddr_in elsewhere = sim_address("10.66.66.66", 6666);
    sim_rebind(client, &elsewhere);
    CHECK(sim_request(client, 10, 10) != NULL);
    /* The old address gets a challenge or two and what was on its way. */
    sim_run_for(world, 2 * SIM_SECOND);
    check_note("%zu bytes for %zu", count.sent, count.received);
    CHECK(count.sent <= 3 * count.received + 5 * 1500);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_transfer_survives_a_new_port", a_transfer_survives_a_new_port, 0},
    {"a_transfer_survives_a_new_address", a_transfer_survives_a_new_address, 0},
    {"an_address_that_does_not_answer_changes_nothing",
     an_address_that_does_not_answer_changes_nothing, 0},
    {"an_unvalidated_address_is_not_flooded", an_unvalidated_address_is_not_flooded,
     CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
