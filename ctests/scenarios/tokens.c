/* Retry and address validation tokens (RFC 9000 section 8.1). */
#include <string.h>

#include "sim.h"

static int always_retry(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_RETRY_CHECK;
}

static void asking_options(sim_options *options)
{
    static const char *const KEYS[XQC_TOKEN_MAX_KEY_VERSION] = {"zero", "one", "two", "three"};
    sim_options_init(options);
    options->use_retry_check = true;
    for (unsigned i = 0; i < XQC_TOKEN_MAX_KEY_VERSION; i++) {
        size_t length = strlen(KEYS[i]);
        memcpy(options->server_config.token_key_list[i], KEYS[i], length);
        options->server_config.tk_len_list[i] = (uint16_t)length;
    }
}

static sim_world *asking_world(void)
{
    sim_options options;
    asking_options(&options);
    sim_world *world = sim_world_new(&options);
    world->hook = always_retry;
    return world;
}

/* A token that the server gave on a connection of its own. */
static void obtain_token(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_SAVE_TOKEN], 1);
    check_note("token of %zu bytes", conn->token_length);
    memcpy(world->options.token, conn->token, conn->token_length);
    world->options.token_length = conn->token_length;
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    memset(world->server.calls, 0, sizeof(world->server.calls));
}

static void a_retry_comes_before_the_connection(void)
{
    sim_world *world = asking_world();
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    CHECK_EQ(world->server.process_errors, 0);
    sim_world_free(world);
}

static void a_retry_leaves_the_log_line_that_scripts_look_for(void)
{
    sim_options options;
    asking_options(&options);
    options.server_config.cfg_log_level = XQC_LOG_INFO;
    sim_world *world = sim_world_new(&options);
    world->hook = always_retry;
    world->server.log_wanted = "|xqc_conn_send_retry|<==|xqc_conn_send_retry ok|size:";
    (void)sim_established(world);
    CHECK_EQ(world->server.log_found, 1);
    sim_world_free(world);
}

static void without_the_hosts_wish_there_is_no_retry(void)
{
    sim_world *world = asking_world();
    world->hook = NULL;
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    sim_world_free(world);
}

static int look_at_visitor(void *argument, const sim_call *call)
{
    sim_world *world = argument;
    if (call->event != SIM_RETRY_CHECK) {
        return 0;
    }
    struct sockaddr_in address;
    socklen_t length = 0;
    xqc_connection_t *visitor = call->endpoint->visitor;
    CHECK_EQ(xqc_conn_get_peer_addr(visitor, (struct sockaddr *)&address, sizeof(address), &length),
             XQC_OK);
    CHECK_EQ(length, sizeof(address));
    CHECK(address.sin_addr.s_addr == world->client.address.sin_addr.s_addr);
    CHECK_EQ(xqc_conn_get_local_addr(visitor, (struct sockaddr *)&address, sizeof(address),
                                     &length),
             XQC_OK);
    CHECK(address.sin_port == world->server.address.sin_port);
    CHECK_EQ(xqc_conn_get_type(visitor), XQC_CONN_TYPE_SERVER);
    return 1;
}

static void the_host_can_see_who_asks(void)
{
    sim_world *world = asking_world();
    world->hook = look_at_visitor;
    world->hook_argument = world;
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
    sim_world_free(world);
}

/* With a token the server has nothing to ask. */
static void a_saved_token_spares_the_retry(void)
{
    sim_world *world = asking_world();
    obtain_token(world);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 0);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 0);
    sim_world_free(world);
}

/* As another worker would, or the same after a restart. */
static void a_token_is_good_at_another_engine_with_the_same_keys(void)
{
    sim_world *world = asking_world();
    obtain_token(world);
    sim_restart(&world->server);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 0);
    sim_world_free(world);
}

/* The Retry comes from one engine, its token goes to another. */
static void a_retry_token_is_good_at_another_engine_with_the_same_keys(void)
{
    sim_world *world = asking_world();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    /* The Retry is on its way back. */
    sim_run_for(world, 15 * SIM_MILLISECOND);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
    sim_restart(&world->server);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    sim_world_free(world);
}

static void keys_can_be_rotated(void)
{
    sim_world *world = asking_world();
    for (unsigned i = 0; i < XQC_TOKEN_MAX_KEY_VERSION; i++) {
        world->options.token_length = 0;
        world->options.server_config.cur_tk_index = (uint8_t)i;
        CHECK_EQ(xqc_engine_set_config(world->server.engine, &world->options.server_config),
                 XQC_OK);
        obtain_token(world);
        world->options.server_config.cur_tk_index =
            (uint8_t)((i + 1) % XQC_TOKEN_MAX_KEY_VERSION);
        CHECK_EQ(xqc_engine_set_config(world->server.engine, &world->options.server_config),
                 XQC_OK);
        (void)sim_established(world);
        CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 0);
    }
    sim_world_free(world);
}

/* The key a token was made with is gone. */
static void a_foreign_token_never_kills_the_handshake(void)
{
    sim_world *world = asking_world();
    obtain_token(world);
    memcpy(world->options.server_config.token_key_list[0], "ABCD", 4);
    CHECK_EQ(xqc_engine_set_config(world->server.engine, &world->options.server_config), XQC_OK);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    sim_world_free(world);
}

static void a_tampered_token_never_kills_the_handshake(void)
{
    for (unsigned retry = 0; retry < 2; retry++) {
        sim_world *world = asking_world();
        obtain_token(world);
        world->hook = retry ? always_retry : NULL;
        for (size_t at = 0; at < world->options.token_length; at += 7) {
            check_context("byte %zu changed, retry %u", at, retry);
            world->options.token[at] ^= 0x10;
            (void)sim_established(world);
            world->options.token[at] ^= 0x10;
        }
        memset(world->options.token, 0x5a, sizeof(world->options.token));
        for (size_t length = 1; length <= sizeof(world->options.token); length += 51) {
            check_context("made up, %zu bytes, retry %u", length, retry);
            world->options.token_length = length;
            (void)sim_established(world);
        }
        sim_world_free(world);
    }
}

static void a_stale_token_never_kills_the_handshake(void)
{
    sim_world *world = asking_world();
    obtain_token(world);
    sim_run_for(world, 8u * 24 * 3600 * SIM_SECOND);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    sim_world_free(world);
}

/* Whoever shows one token again and again is soon asked as if there were none. */
static void a_token_is_limited_in_its_reuse(void)
{
    sim_world *world = asking_world();
    obtain_token(world);
    for (unsigned i = 0; i < 50; i++) {
        (void)sim_established(world);
    }
    check_note("asked %u times of 50", world->server.calls[SIM_RETRY_CHECK]);
    CHECK(world->server.calls[SIM_RETRY_CHECK] >= 30);
    CHECK(world->server.calls[SIM_RETRY_CHECK] < 50);
    sim_world_free(world);
}

/* The default key stands in every copy of the library: nobody may trust it. */
static void the_default_key_is_nobodys(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_retry_check = true;
    sim_world *world = sim_world_new(&options);
    obtain_token(world);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 0);
    sim_restart(&world->server);
    (void)sim_established(world);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 1);
    sim_world_free(world);
}

static void a_retry_survives_loss(void)
{
    unsigned rounds = check_rounds(60, 5);
    for (unsigned i = 0; i < rounds; i++) {
        check_context("round %u", i);
        sim_options options;
        asking_options(&options);
        options.seed += i;
        options.up.loss = 0.2;
        options.down.loss = 0.2;
        sim_world *world = sim_world_new(&options);
        world->hook = always_retry;
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        CHECK(sim_run(world, sim_is_confirmed, conn, 60 * SIM_SECOND));
        sim_world_free(world);
    }
}

/* The Retry, and where it came from. */
typedef struct heard_retry {
    unsigned count;
    size_t length;
    uint8_t bytes[SIM_DATAGRAM_MAX];
} heard_retry;

static bool listen_for_retry(void *argument, const uint8_t *bytes, size_t length)
{
    heard_retry *heard = argument;
    if ((bytes[0] & 0xf0) == 0xf0 && memcmp(bytes + 1, "\0\0\0\1", 4) == 0) {
        heard->count++;
        heard->length = length;
        memcpy(heard->bytes, bytes, length);
    }
    return true;
}

/* The host's routing bytes are in every connection ID of the server. */
static void the_host_makes_the_connection_id_of_a_retry(void)
{
    sim_options options;
    asking_options(&options);
    options.use_cid_generator = true;
    options.server_config.cid_negotiate = 1;
    sim_world *world = sim_world_new(&options);
    world->hook = always_retry;
    heard_retry heard = {0};
    world->down.filter = listen_for_retry;
    world->down.filter_argument = &heard;
    (void)sim_established(world);
    CHECK_EQ(heard.count, 1);
    CHECK(heard.length < 1200);
    size_t scid_at = 6 + (size_t)heard.bytes[5] + 1;
    CHECK_EQ(heard.bytes[scid_at - 1], options.server_config.cid_len);
    CHECK_EQ(heard.bytes[scid_at], 0x5c);
    sim_world_free(world);
}

static void a_retry_that_cannot_be_sent_is_an_error(void)
{
    sim_options options;
    asking_options(&options);
    options.no_before_accept = true;
    options.server_config.cfg_log_level = XQC_LOG_WARN;
    sim_world *world = sim_world_new(&options);
    world->hook = always_retry;
    world->server.log_wanted =
        "|send retry packet failed, conn_send_packet_before_accept is NULL|";
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK(world->server.process_errors > 0);
    CHECK(world->server.log_found > 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    sim_world_free(world);
}

/* An answer to a Retry that comes from elsewhere: the token is ours, the client is not the one. */
static bool move_client(void *argument, const uint8_t *bytes, size_t length)
{
    sim_world *world = argument;
    if (world->server.calls[SIM_BEFORE_ACCEPT] == 0) {
        return true;
    }
    struct sockaddr_in elsewhere = world->client.address;
    elsewhere.sin_port = htons(9);
    (void)sim_inject(&world->server, bytes, length, &elsewhere, &world->server.address);
    return false;
}

static void a_retry_token_of_another_client_is_refused(void)
{
    sim_world *world = asking_world();
    world->up.filter = move_client;
    world->up.filter_argument = world;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 10 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, 0xb);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    sim_world_free(world);
}

/* An engine that is destroyed while it asks. */
static int destroy_server(void *argument, const sim_call *call)
{
    sim_world *world = argument;
    if (call->event != SIM_RETRY_CHECK) {
        return 0;
    }
    xqc_engine_t *engine = world->server.engine;
    world->server.engine = NULL;
    xqc_engine_destroy(engine);
    return 1;
}

static void an_engine_may_end_while_it_asks(void)
{
    sim_world *world = asking_world();
    world->hook = destroy_server;
    world->hook_argument = world;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_retry_comes_before_the_connection", a_retry_comes_before_the_connection, 0},
    {"a_retry_leaves_the_log_line_that_scripts_look_for",
     a_retry_leaves_the_log_line_that_scripts_look_for, 0},
    {"without_the_hosts_wish_there_is_no_retry", without_the_hosts_wish_there_is_no_retry, 0},
    {"the_host_can_see_who_asks", the_host_can_see_who_asks, 0},
    {"a_saved_token_spares_the_retry", a_saved_token_spares_the_retry, 0},
    {"a_token_is_good_at_another_engine_with_the_same_keys",
     a_token_is_good_at_another_engine_with_the_same_keys, 0},
    /* Upstream's tokens do not say where the client's first Initial went. */
    {"a_retry_token_is_good_at_another_engine_with_the_same_keys",
     a_retry_token_is_good_at_another_engine_with_the_same_keys, CHECK_UPSTREAM_FAILS},
    {"keys_can_be_rotated", keys_can_be_rotated, 0},
    {"a_foreign_token_never_kills_the_handshake", a_foreign_token_never_kills_the_handshake, 0},
    {"a_tampered_token_never_kills_the_handshake", a_tampered_token_never_kills_the_handshake, 0},
    {"a_stale_token_never_kills_the_handshake", a_stale_token_never_kills_the_handshake, 0},
    /* Upstream takes a token as often as it is shown. */
    {"a_token_is_limited_in_its_reuse", a_token_is_limited_in_its_reuse, CHECK_UPSTREAM_FAILS},
    /* Upstream seals under a key that everybody knows. */
    {"the_default_key_is_nobodys", the_default_key_is_nobodys, CHECK_UPSTREAM_FAILS},
    /* Upstream drops whatever follows a Retry that was lost. */
    {"a_retry_survives_loss", a_retry_survives_loss, CHECK_UPSTREAM_FAILS},
    {"the_host_makes_the_connection_id_of_a_retry", the_host_makes_the_connection_id_of_a_retry,
     0},
    {"a_retry_that_cannot_be_sent_is_an_error", a_retry_that_cannot_be_sent_is_an_error, 0},
    /* Upstream takes the address alone for the client. */
    {"a_retry_token_of_another_client_is_refused", a_retry_token_of_another_client_is_refused,
     CHECK_UPSTREAM_FAILS},
    {"an_engine_may_end_while_it_asks", an_engine_may_end_while_it_asks, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
