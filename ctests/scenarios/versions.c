/* Versions of QUIC: begun with, changed to, negotiated (RFC 9000 section 6, RFC 9368, RFC 9369). */
#include <string.h>

#include "sim.h"

/* Of xqc_ext.h, which upstream does not have. */
uint32_t xqc_ext_conn_version(const xqc_connection_t *conn) __attribute__((weak));

#define V1 1u
#define V2 0x6b3343cfu
#define DRAFT_29 0xff00001du

static void list_versions(xqc_config_t *config, uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t versions[] = {first, second, third};
    config->support_version_count = 0;
    for (size_t i = 0; i < CHECK_COUNT(versions) && versions[i] != 0; i++) {
        config->support_version_list[config->support_version_count++] = versions[i];
    }
}

static void begin_with(sim_options *options, uint32_t version)
{
    options->client_settings.proto_version = version == DRAFT_29
                                                 ? XQC_IDRAFT_VER_29
                                                 : (xqc_proto_version_t)version;
}

/* The versions in long headers, as they pass by. */
typedef struct heard_versions {
    uint32_t up_first;
    uint32_t down_last; /* but those of Version Negotiation */
    unsigned negotiations;
} heard_versions;

static uint32_t version_of(const uint8_t *bytes)
{
    return (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
}

static bool hear_up(void *argument, const uint8_t *bytes, size_t length)
{
    heard_versions *heard = argument;
    if (length > 5 && (bytes[0] & 0x80) != 0 && heard->up_first == 0) {
        heard->up_first = version_of(bytes);
    }
    return true;
}

static bool hear_down(void *argument, const uint8_t *bytes, size_t length)
{
    heard_versions *heard = argument;
    if (length > 5 && (bytes[0] & 0x80) != 0) {
        uint32_t version = version_of(bytes);
        heard->negotiations += version == 0;
        heard->down_last = version != 0 ? version : heard->down_last;
    }
    return true;
}

static sim_world *listening_world(const sim_options *options, heard_versions *heard)
{
    memset(heard, 0, sizeof(*heard));
    sim_world *world = sim_world_new(options);
    world->up.filter = hear_up;
    world->up.filter_argument = heard;
    world->down.filter = hear_down;
    world->down.filter_argument = heard;
    return world;
}

static void check_version(sim_conn *conn, uint32_t version)
{
    if (xqc_ext_conn_version != NULL) {
        sim_conn *server = sim_server_conn(conn->endpoint->world, conn);
        CHECK_EQ(xqc_ext_conn_version(conn->handle), version);
        CHECK_EQ(xqc_ext_conn_version(server->handle), version);
        CHECK_EQ(xqc_ext_conn_version(NULL), 0);
    }
}

static void check_transfer(sim_world *world, sim_conn *conn)
{
    sim_stream *stream = sim_request(conn, 100000, 100000);
    CHECK(stream != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK(sim_stream_is_complete(stream));
}

static void version_1_is_the_default(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.proto_version = XQC_IDRAFT_INIT_VER;
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(heard.up_first, V1);
    CHECK_EQ(heard.down_last, V1);
    check_version(conn, V1);
    sim_world_free(world);
}

static void draft_29_is_spoken(void)
{
    sim_options options;
    sim_options_init(&options);
    begin_with(&options, DRAFT_29);
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(heard.up_first, DRAFT_29);
    CHECK_EQ(heard.down_last, DRAFT_29);
    check_version(conn, DRAFT_29);
    check_transfer(world, conn);
    sim_world_free(world);
}

static void version_2_is_spoken_by_those_who_list_it(void)
{
    sim_options options;
    sim_options_init(&options);
    list_versions(&options.server_config, V2, V1, DRAFT_29);
    begin_with(&options, V2);
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(heard.up_first, V2);
    CHECK_EQ(heard.down_last, V2);
    check_version(conn, V2);
    check_transfer(world, conn);
    sim_world_free(world);
}

/* Within the first round trip. */
static void a_server_changes_to_version_2_with_a_client_that_offers_it(void)
{
    sim_options options;
    sim_options_init(&options);
    list_versions(&options.server_config, V2, V1, DRAFT_29);
    list_versions(&options.client_config, V2, V1, 0);
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    uint64_t start = sim_now();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_established, conn, SIM_SECOND));
    CHECK(sim_now() - start <= 21 * SIM_MILLISECOND);
    CHECK(sim_run(world, sim_is_confirmed, conn, SIM_SECOND));
    CHECK_EQ(heard.up_first, V1);
    CHECK_EQ(heard.down_last, V2);
    CHECK_EQ(heard.negotiations, 0);
    check_version(conn, V2);
    check_transfer(world, conn);
    sim_world_free(world);
}

typedef struct datagram_taker {
    sim_event event;
    uint16_t limit;
} datagram_taker;

static int take_datagrams(void *argument, const sim_call *call)
{
    const datagram_taker *taker = argument;
    if (call->event == taker->event && call->endpoint->is_server) {
        xqc_conn_public_local_trans_settings_t settings = {
            .max_datagram_frame_size = taker->limit,
        };
        xqc_conn_set_public_local_trans_settings(call->conn->handle, &settings);
    }
    return 0;
}

/* What the host settles before and after the version is chosen is told in the chosen one. */
static void a_host_may_take_datagrams_where_the_version_changes(void)
{
    static const sim_event moments[] = {SIM_SERVER_ACCEPT, SIM_CONN_CREATE};
    for (size_t i = 0; i < CHECK_COUNT(moments); i++) {
        check_context("in %s", sim_event_name(moments[i]));
        sim_options options;
        sim_options_init(&options);
        list_versions(&options.server_config, V2, V1, DRAFT_29);
        list_versions(&options.client_config, V2, V1, 0);
        sim_world *world = sim_world_new(&options);
        datagram_taker taker = {moments[i], 900};
        world->hook = take_datagrams;
        world->hook_argument = &taker;
        sim_conn *conn = sim_established(world);
        check_version(conn, V2);
        CHECK_EQ(xqc_conn_get_public_remote_trans_settings(conn->handle).max_datagram_frame_size,
                 taker.limit);
        sim_world_free(world);
    }
}

static void version_1_stays_where_one_side_does_not_want_version_2(void)
{
    for (unsigned side = 0; side < 2; side++) {
        sim_options options;
        sim_options_init(&options);
        list_versions(side == 0 ? &options.server_config : &options.client_config, V2, V1, 0);
        heard_versions heard;
        sim_world *world = listening_world(&options, &heard);
        sim_conn *conn = sim_established(world);
        CHECK_EQ(heard.down_last, V1);
        check_version(conn, V1);
        sim_world_free(world);
    }
}

/* RFC 9369 section 5: to another version a token means nothing. */
static void a_token_of_version_1_is_no_token_in_version_2(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_retry_check = true;
    list_versions(&options.server_config, V1, V2, 0);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK(conn->token_length > 0);
    memcpy(world->options.token, conn->token, conn->token_length);
    world->options.token_length = conn->token_length;
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    begin_with(&world->options, V2);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 2);
    sim_world_free(world);
}

static int always_retry(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_RETRY_CHECK;
}

static void every_version_has_its_retry(void)
{
    const uint32_t versions[] = {V1, V2, DRAFT_29};
    for (size_t i = 0; i < CHECK_COUNT(versions); i++) {
        check_context("version %#x", versions[i]);
        sim_options options;
        sim_options_init(&options);
        options.use_retry_check = true;
        list_versions(&options.server_config, V1, V2, DRAFT_29);
        begin_with(&options, versions[i]);
        sim_world *world = sim_world_new(&options);
        world->hook = always_retry;
        (void)sim_established(world);
        CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
        sim_world_free(world);
    }
}

/* A Retry, and then a change to the other version. */
static void a_retry_and_a_change_go_together(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_retry_check = true;
    list_versions(&options.server_config, V2, V1, 0);
    list_versions(&options.client_config, V2, V1, 0);
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    world->hook = always_retry;
    sim_conn *conn = sim_established(world);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
    CHECK_EQ(heard.down_last, V2);
    check_transfer(world, conn);
    sim_world_free(world);
}

/* RFC 9000 section 6.2: with what both know. What was written before goes out after all. */
static void a_client_begins_anew_with_a_version_in_common(void)
{
    sim_options options;
    sim_options_init(&options);
    list_versions(&options.server_config, V1, 0, 0);
    list_versions(&options.client_config, V2, V1, DRAFT_29);
    begin_with(&options, DRAFT_29);
    heard_versions heard;
    sim_world *world = listening_world(&options, &heard);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_stream *stream = sim_request(conn, 5000, 5000);
    CHECK(stream != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK(sim_stream_is_complete(stream));
    CHECK_EQ(heard.up_first, DRAFT_29);
    CHECK_EQ(heard.negotiations, 1);
    CHECK_EQ(heard.down_last, V1);
    CHECK_EQ(conn->calls[SIM_CONN_CREATE], 1);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    check_version(conn, V1);
    sim_world_free(world);
}

static void a_client_begins_anew_over_a_bad_path(void)
{
    unsigned rounds = check_rounds(40, 4);
    for (unsigned i = 0; i < rounds; i++) {
        check_context("round %u", i);
        sim_options options;
        sim_options_init(&options);
        options.seed += i;
        options.up.loss = 0.2;
        options.down.loss = 0.2;
        list_versions(&options.server_config, V2, V1, 0);
        list_versions(&options.client_config, V2, V1, DRAFT_29);
        begin_with(&options, DRAFT_29);
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        CHECK(sim_run(world, sim_is_confirmed, conn, 60 * SIM_SECOND));
        check_version(conn, V2);
        sim_world_free(world);
    }
}

static void a_client_without_a_version_in_common_gives_up(void)
{
    sim_options options;
    sim_options_init(&options);
    list_versions(&options.server_config, DRAFT_29, 0, 0);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 5 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, TRA_VERSION_NEGOTIATION_ERROR);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    unsigned sent = conn->calls[SIM_WRITE_SOCKET];
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_WRITE_SOCKET], sent);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"version_1_is_the_default", version_1_is_the_default, 0},
    {"draft_29_is_spoken", draft_29_is_spoken, 0},
    {"version_2_is_spoken_by_those_who_list_it", version_2_is_spoken_by_those_who_list_it,
     CHECK_OURS_ONLY},
    {"a_server_changes_to_version_2_with_a_client_that_offers_it",
     a_server_changes_to_version_2_with_a_client_that_offers_it, CHECK_OURS_ONLY},
    {"a_host_may_take_datagrams_where_the_version_changes",
     a_host_may_take_datagrams_where_the_version_changes, CHECK_OURS_ONLY},
    {"version_1_stays_where_one_side_does_not_want_version_2",
     version_1_stays_where_one_side_does_not_want_version_2, CHECK_OURS_ONLY},
    {"a_token_of_version_1_is_no_token_in_version_2",
     a_token_of_version_1_is_no_token_in_version_2, CHECK_OURS_ONLY},
    {"every_version_has_its_retry", every_version_has_its_retry, CHECK_OURS_ONLY},
    {"a_retry_and_a_change_go_together", a_retry_and_a_change_go_together, CHECK_OURS_ONLY},
    {"a_client_begins_anew_with_a_version_in_common",
     a_client_begins_anew_with_a_version_in_common, CHECK_OURS_ONLY},
    {"a_client_begins_anew_over_a_bad_path", a_client_begins_anew_over_a_bad_path,
     CHECK_OURS_ONLY},
    {"a_client_without_a_version_in_common_gives_up",
     a_client_without_a_version_in_common_gives_up, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
