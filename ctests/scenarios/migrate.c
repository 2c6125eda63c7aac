/* Clients that move on purpose, and servers that ask them to: what xqc_ext.h adds. */
#include <string.h>

#include <xquic/xqc_ext.h>

#include "sim.h"

static sim_world *world_with(xqc_ext_migration_t migration, const struct sockaddr_in *preferred)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    sim_world *world = sim_world_new(&options);
    world->client.local_of_write = xqc_ext_local_addr_of_write;
    world->server.local_of_write = xqc_ext_local_addr_of_write;
    socklen_t length = preferred == NULL ? 0 : sizeof(*preferred);
    CHECK_EQ(xqc_ext_server_set_migration(world->server.engine, migration,
                                          (const struct sockaddr *)preferred, length, NULL, 0),
             XQC_OK);
    return world;
}

/* A connection whose client knows that the handshake is confirmed. */
static sim_conn *settled(sim_world *world)
{
    sim_conn *client = sim_established(world);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    return client;
}

static xqc_int_t migrate(sim_conn *conn, const struct sockaddr_in *local)
{
    return xqc_ext_conn_migrate(conn->endpoint->engine, &conn->cid, (const struct sockaddr *)local,
                                sizeof(*local));
}

static unsigned local_port(sim_conn *conn)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, (struct sockaddr *)&address, sizeof(address),
                                     &length),
             XQC_OK);
    return ntohs(address.sin_port);
}

static unsigned peer_port(sim_conn *conn)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    CHECK_EQ(
        xqc_conn_get_peer_addr(conn->handle, (struct sockaddr *)&address, sizeof(address), &length),
        XQC_OK);
    return ntohs(address.sin_port);
}

static void a_client_moves_to_another_address(void)
{
    sim_world *world = world_with(XQC_EXT_MIGRATION_ALLOWED, NULL);
    sim_conn *client = settled(world);
    sim_conn *server = sim_server_conn(world, client);
    struct sockaddr_in fresh = sim_address("10.0.0.99", 9999);
    struct sockaddr_in old = client->local;
    sim_add_address(&world->client, &fresh);
    CHECK(sim_request(client, 1000000, 3000000) != NULL);
    sim_run_for(world, 200 * SIM_MILLISECOND);
    CHECK_EQ(migrate(client, &fresh), XQC_OK);
    sim_run_for(world, 500 * SIM_MILLISECOND);
    CHECK_EQ(local_port(client), 9999);
    CHECK_EQ(peer_port(server), 9999);
    CHECK_EQ(server->calls[SIM_ADDRESS_CHANGED], 1);
    /* The old address may go now. */
    sim_drop_address(&world->client, &old);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    /* The server's host learns that the connection ID it knows is retired. */
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(server->calls[SIM_CID_UPDATE], 1);
    CHECK(world->server.calls[SIM_CID_GENERATE] >= 4);
    CHECK(sim_request(client, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    CHECK_EQ(client->calls[SIM_ADDRESS_CHANGED], 0);
    sim_world_free(world);
}

static struct {
    unsigned calls;
    xqc_cid_t old;
    xqc_cid_t fresh;
} update;

/* Hosts copy both structs whole, and print both in one line of a log. */
static void on_update(xqc_connection_t *handle, const xqc_cid_t *old, const xqc_cid_t *fresh,
                      void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    xqc_engine_t *engine = conn->endpoint->engine;
    CHECK(memcmp(old->cid_buf, conn->cid.cid_buf, old->cid_len) == 0);
    conn->cid = *fresh;
    if (!conn->endpoint->is_server) {
        return;
    }
    update.calls++;
    update.old = *old;
    update.fresh = *fresh;
    CHECK(memcmp(old->cid_buf, fresh->cid_buf, old->cid_len) != 0);
    const xqc_cid_t *both[] = {old, fresh};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(both[i]->cid_len, 8);
        for (unsigned j = both[i]->cid_len; j < sizeof(both[i]->cid_buf); j++) {
            CHECK_EQ(both[i]->cid_buf[j], 0);
        }
        CHECK_EQ(both[i]->cid_buf[0], 0x5c);
        CHECK(xqc_engine_get_conn_by_scid(engine, both[i]) == handle);
        CHECK(xqc_conn_get_stats(engine, both[i]).recv_count > 0);
    }
    const unsigned char *first = xqc_dcid_str(engine, old);
    const unsigned char *second = xqc_scid_str(engine, fresh);
    CHECK(first != second && strcmp((const char *)first, (const char *)second) != 0);
}

static void watch_updates(xqc_transport_callbacks_t *callbacks)
{
    callbacks->conn_update_cid_notify = on_update;
}

/* And the old one is still known for a while: a host that has a call on its way is not lost. */
static void an_id_that_goes_is_good_while_its_successor_is_told(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    options.server_config.cid_negotiate = 1;
    options.change_callbacks = watch_updates;
    sim_world *world = sim_world_new(&options);
    world->client.local_of_write = xqc_ext_local_addr_of_write;
    CHECK_EQ(xqc_ext_server_set_migration(world->server.engine, XQC_EXT_MIGRATION_ALLOWED, NULL, 0,
                                          NULL, 0),
             XQC_OK);
    sim_conn *client = settled(world);
    sim_conn *server = sim_server_conn(world, client);
    struct sockaddr_in fresh = sim_address("10.0.0.99", 9999);
    sim_add_address(&world->client, &fresh);
    CHECK_EQ(migrate(client, &fresh), XQC_OK);
    while (update.calls == 0) {
        CHECK(sim_step(world));
    }
    CHECK_EQ(xqc_conn_continue_send(world->server.engine, &update.old), XQC_OK);
    CHECK_EQ(xqc_conn_continue_send(world->server.engine, &update.fresh), XQC_OK);
    CHECK(sim_request(client, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    CHECK_EQ(update.calls, 1);
    CHECK_EQ(xqc_conn_close(world->server.engine, &server->cid), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(server->closed);
    sim_world_free(world);
}

static void an_address_that_does_not_work_is_given_up(void)
{
    sim_world *world = world_with(XQC_EXT_MIGRATION_ALLOWED, NULL);
    sim_conn *client = settled(world);
    unsigned before = local_port(client);
    struct sockaddr_in fresh = sim_address("10.0.0.99", 9999);
    sim_drop_address(&world->client, &fresh);
    CHECK_EQ(migrate(client, &fresh), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(local_port(client), before);
    CHECK(sim_request(client, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void a_client_goes_to_the_preferred_address(void)
{
    struct sockaddr_in preferred = sim_address("10.0.0.200", 4434);
    sim_world *world = world_with(XQC_EXT_MIGRATION_REBINDING_ONLY, &preferred);
    sim_add_address(&world->server, &preferred);
    sim_conn *client = settled(world);
    sim_conn *server = sim_server_conn(world, client);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(peer_port(client), 4434);
    CHECK_EQ(client->calls[SIM_ADDRESS_CHANGED], 1);
    CHECK_EQ(local_port(server), 4434);
    CHECK_EQ(server->calls[SIM_ADDRESS_CHANGED], 0);
    /* Both directions use it: the first address is not needed any more. */
    sim_drop_address(&world->server, &world->server.address);
    CHECK(sim_request(client, 1000000, 1000000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void a_preferred_address_that_does_not_work_is_not_used(void)
{
    struct sockaddr_in preferred = sim_address("10.0.0.200", 4434);
    sim_world *world = world_with(XQC_EXT_MIGRATION_REBINDING_ONLY, &preferred);
    sim_conn *client = sim_established(world);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(peer_port(client), 4433);
    CHECK(sim_request(client, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void migration_that_cannot_be_is_refused_with_a_reason(void)
{
    sim_world *world = world_with(XQC_EXT_MIGRATION_REBINDING_ONLY, NULL);
    struct sockaddr_in fresh = sim_address("10.0.0.99", 9999);
    const struct sockaddr *address = (const struct sockaddr *)&fresh;
    sim_conn *early = sim_connect(world);
    CHECK_EQ(migrate(early, &fresh), -XQC_ESTATE);
    sim_conn *client = settled(world);
    xqc_engine_t *engine = world->client.engine;
    CHECK_EQ(migrate(client, &fresh), -XQC_EPROTO);
    CHECK_EQ(migrate(sim_server_conn(world, client), &fresh), -XQC_ESTATE);
    CHECK_EQ(xqc_ext_conn_migrate(NULL, &client->cid, address, sizeof(fresh)), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_conn_migrate(engine, NULL, address, sizeof(fresh)), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_conn_migrate(engine, &client->cid, NULL, 0), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_conn_migrate(engine, &client->cid, address, 3), -XQC_EPARAM);
    xqc_cid_t nobody = {.cid_len = 8};
    CHECK_EQ(xqc_ext_conn_migrate(engine, &nobody, address, sizeof(fresh)), -XQC_ECONN_NFOUND);
    sim_world_free(world);
}

static void wrong_migration_settings_are_refused(void)
{
    sim_world *world = world_with(XQC_EXT_MIGRATION_ALLOWED, NULL);
    xqc_engine_t *engine = world->server.engine;
    struct sockaddr_in v4 = sim_address("10.0.0.200", 4434);
    const struct sockaddr *address = (const struct sockaddr *)&v4;
    const xqc_ext_migration_t allowed = XQC_EXT_MIGRATION_ALLOWED;
    CHECK_EQ(xqc_ext_server_set_migration(NULL, allowed, NULL, 0, NULL, 0), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_server_set_migration(engine, (xqc_ext_migration_t)9, NULL, 0, NULL, 0),
             -XQC_EPARAM);
    CHECK_EQ(xqc_ext_server_set_migration(engine, allowed, address, 2, NULL, 0), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_server_set_migration(engine, allowed, NULL, 0, address, sizeof(v4)),
             -XQC_EPARAM);
    struct sockaddr_in room;
    socklen_t length = 7;
    CHECK_EQ(xqc_ext_local_addr_of_write(NULL, (struct sockaddr *)&room, sizeof(room), &length),
             -XQC_EPARAM);
    CHECK_EQ(xqc_ext_local_addr_of_write(engine, NULL, 0, &length), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_local_addr_of_write(engine, (struct sockaddr *)&room, sizeof(room), &length),
             XQC_OK);
    CHECK_EQ(length, 0);
    sim_world_free(world);
}

static void a_server_may_refuse_new_addresses(void)
{
    sim_world *world = world_with(XQC_EXT_MIGRATION_REFUSED, NULL);
    sim_conn *client = settled(world);
    sim_conn *server = sim_server_conn(world, client);
    unsigned before = peer_port(server);
    struct sockaddr_in fresh = sim_address("10.0.0.2", 9999);
    world->client.local_of_write = NULL;
    sim_rebind(client, &fresh);
    CHECK(sim_request(client, 10, 10) != NULL);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK_EQ(peer_port(server), before);
    CHECK_EQ(server->calls[SIM_STREAM_CREATE], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_client_moves_to_another_address", a_client_moves_to_another_address, 0},
    {"an_id_that_goes_is_good_while_its_successor_is_told",
     an_id_that_goes_is_good_while_its_successor_is_told, 0},
    {"an_address_that_does_not_work_is_given_up", an_address_that_does_not_work_is_given_up, 0},
    {"a_client_goes_to_the_preferred_address", a_client_goes_to_the_preferred_address, 0},
    {"a_preferred_address_that_does_not_work_is_not_used",
     a_preferred_address_that_does_not_work_is_not_used, 0},
    {"migration_that_cannot_be_is_refused_with_a_reason",
     migration_that_cannot_be_is_refused_with_a_reason, 0},
    {"wrong_migration_settings_are_refused", wrong_migration_settings_are_refused, 0},
    {"a_server_may_refuse_new_addresses", a_server_may_refuse_new_addresses, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
