/* Connection IDs: who chooses them, and how long they are. */
#include <string.h>

#include "sim.h"

static void mark_ids(xqc_conn_settings_t *settings)
{
    settings->specify_client_scid = 1;
    settings->specify_client_dcid = 1;
    for (unsigned i = 0; i < XQC_MAX_CID_LEN; i++) {
        settings->client_scid[i] = (uint8_t)(0x10 + i);
        settings->client_dcid[i] = (uint8_t)(0x80 + i);
    }
}

static void use_connection(sim_world *world, sim_conn *client)
{
    CHECK(sim_request(client, 50000, 50000) != NULL);
    CHECK(sim_run(world, sim_is_drained, client, 30 * SIM_SECOND));
}

static void every_id_of_a_server_comes_from_its_host(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    options.server_config.cid_negotiate = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *client = sim_established(world);
    use_connection(world, client);
    sim_conn *server = sim_server_conn(world, client);
    CHECK_EQ(server->cid.cid_buf[0], 0x5c);
    /* The one in use and two spares. */
    CHECK_EQ(world->server.calls[SIM_CID_GENERATE], 3);
    sim_world_free(world);
}

static void without_a_generator_a_server_keeps_the_clients_choice(void)
{
    for (uint8_t negotiate = 0; negotiate < 2; negotiate++) {
        sim_options options;
        sim_options_init(&options);
        mark_ids(&options.client_settings);
        options.server_config.cid_negotiate = negotiate;
        sim_world *world = sim_world_new(&options);
        sim_conn *client = sim_established(world);
        sim_conn *server = sim_server_conn(world, client);
        CHECK_EQ(server->cid.cid_len, 8);
        bool same = memcmp(server->cid.cid_buf, options.client_settings.client_dcid, 8) == 0;
        CHECK_EQ(same, negotiate == 0);
        use_connection(world, client);
        sim_world_free(world);
    }
}

/* The connection IDs of the first datagram. */
typedef struct first_ids {
    bool seen;
    xqc_cid_t dcid;
    xqc_cid_t scid;
} first_ids;

static bool read_ids(void *argument, const uint8_t *bytes, size_t length)
{
    first_ids *ids = argument;
    if (!ids->seen) {
        ids->seen = true;
        CHECK_EQ(xqc_packet_parse_cid(&ids->dcid, &ids->scid, 8, bytes, length), XQC_OK);
    }
    return true;
}

static first_ids watch_first(sim_options *options)
{
    first_ids ids;
    memset(&ids, 0, sizeof(ids));
    sim_world *world = sim_world_new(options);
    world->up.filter = read_ids;
    world->up.filter_argument = &ids;
    sim_conn *client = sim_established(world);
    CHECK_EQ(memcmp(client->cid.cid_buf, ids.scid.cid_buf, ids.scid.cid_len), 0);
    use_connection(world, client);
    sim_world_free(world);
    return ids;
}

static void a_client_uses_the_ids_it_was_told(void)
{
    sim_options options;
    sim_options_init(&options);
    mark_ids(&options.client_settings);
    first_ids ids = watch_first(&options);
    CHECK_EQ(ids.scid.cid_len, 8);
    CHECK_EQ(memcmp(ids.scid.cid_buf, options.client_settings.client_scid, 8), 0);
    CHECK_EQ(memcmp(ids.dcid.cid_buf, options.client_settings.client_dcid, 8), 0);
}

static void ids_may_have_any_length(void)
{
    static const uint8_t lengths[] = {8, 9, 12, 20};
    for (unsigned i = 0; i < CHECK_COUNT(lengths); i++) {
        check_context("%u bytes", lengths[i]);
        sim_options options;
        sim_options_init(&options);
        options.client_config.cid_len = lengths[i];
        options.server_config.cid_len = lengths[CHECK_COUNT(lengths) - 1 - i];
        first_ids ids = watch_first(&options);
        CHECK_EQ(ids.scid.cid_len, lengths[i]);
        CHECK(ids.dcid.cid_len >= 8);
    }
}

/* RFC 9000 section 7.2: servers drop Initials to shorter IDs. The original sends them. */
static void a_first_destination_has_eight_bytes_at_least(void)
{
    for (uint8_t length = 1; length < 8; length++) {
        check_context("%u bytes", length);
        sim_options options;
        sim_options_init(&options);
        options.client_config.cid_len = length;
        options.server_config.cid_len = length;
        options.server_config.cid_negotiate = 1;
        first_ids ids = watch_first(&options);
        CHECK_EQ(ids.scid.cid_len, length);
        CHECK_EQ(ids.dcid.cid_len, 8);
    }
}

static const check_case CASES[] = {
    {"every_id_of_a_server_comes_from_its_host", every_id_of_a_server_comes_from_its_host, 0},
    {"without_a_generator_a_server_keeps_the_clients_choice",
     without_a_generator_a_server_keeps_the_clients_choice, 0},
    {"a_client_uses_the_ids_it_was_told", a_client_uses_the_ids_it_was_told, 0},
    {"ids_may_have_any_length", ids_may_have_any_length, 0},
    {"a_first_destination_has_eight_bytes_at_least", a_first_destination_has_eight_bytes_at_least,
     CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
