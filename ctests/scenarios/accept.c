/* What a server's host is asked and told between a client's first datagram and its consent, with the
 * connection IDs that it makes. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

/* The first datagram that a client sends. */
typedef struct first_datagram {
    size_t length;
    uint8_t bytes[SIM_DATAGRAM_MAX];
} first_datagram;

static bool keep_first(void *argument, const uint8_t *bytes, size_t length)
{
    first_datagram *first = argument;
    if (first->length == 0) {
        first->length = length;
        memcpy(first->bytes, bytes, length);
    }
    return true;
}

static xqc_cid_t destination(const first_datagram *first)
{
    xqc_cid_t dcid;
    xqc_cid_t scid;
    CHECK(first->length > 0);
    CHECK_EQ(xqc_packet_parse_cid(&dcid, &scid, 8, first->bytes, first->length), XQC_OK);
    return dcid;
}

/* ---- what nobody hears of ---- */

/* An Initial whose last byte is wrong is nobody's. Upstream asks its host first, and looks then. */
static void a_first_packet_that_is_not_authentic_is_not_told(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    options.use_retry_check = true;
    options.server_config.cid_negotiate = 1;
    sim_world *world = sim_world_new(&options);
    first_datagram first = {0};
    world->up.filter = keep_first;
    world->up.filter_argument = &first;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL && first.length >= 1200);
    first.bytes[first.length - 1] ^= 1;
    for (unsigned i = 0; i < 10; i++) {
        (void)sim_inject(&world->server, first.bytes, first.length, &conn->local,
                         &world->server.address);
        xqc_engine_finish_recv(world->server.engine);
    }
    CHECK_EQ(world->server.calls[SIM_CID_GENERATE], 0);
    CHECK_EQ(world->server.calls[SIM_RETRY_CHECK], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    CHECK_EQ(world->server.calls[SIM_WRITE_SOCKET], 0);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    sim_world_free(world);
}

/* ---- consent ---- */

static int look_when_asked(void *argument, const sim_call *call)
{
    const sim_world *world = call->endpoint->world;
    if (call->event != SIM_SERVER_ACCEPT) {
        return 0;
    }
    *(unsigned *)argument += 1;
    struct sockaddr_in address;
    socklen_t length = 0;
    struct sockaddr *room = (struct sockaddr *)&address;
    xqc_connection_t *conn = call->conn->handle;
    CHECK_EQ(xqc_conn_get_peer_addr(conn, room, sizeof(address), &length), XQC_OK);
    CHECK_EQ(length, sizeof(address));
    CHECK_EQ(address.sin_addr.s_addr, world->client.address.sin_addr.s_addr);
    CHECK_EQ(address.sin_port, world->client.conns->local.sin_port);
    CHECK_EQ(xqc_conn_get_local_addr(conn, room, sizeof(address), &length), XQC_OK);
    CHECK_EQ(address.sin_addr.s_addr, world->server.address.sin_addr.s_addr);
    CHECK_EQ(address.sin_port, world->server.address.sin_port);
    CHECK(xqc_conn_get_ssl(conn) != NULL);
    CHECK_EQ(xqc_conn_get_type(conn), XQC_CONN_TYPE_SERVER);
    CHECK_EQ(xqc_conn_get_errno(conn), 0);
    CHECK(xqc_engine_get_conn_by_scid(call->endpoint->engine, &call->conn->cid) == conn);
    return 0;
}

/* Its addresses, its TLS object, its connection ID: the half-made connection has them. */
static void who_comes_is_known_when_consent_is_asked(void)
{
    unsigned asked = 0;
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    world->hook = look_when_asked;
    world->hook_argument = &asked;
    (void)sim_established(world);
    CHECK_EQ(asked, 1);
    sim_world_free(world);
}

static int refuse(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_SERVER_ACCEPT ? -1 : 0;
}

/* What the socket does not take before consent is dropped: the client asks again. */
static void what_cannot_be_sent_before_consent_is_dropped(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    world->hook = refuse;
    world->server.write_mode = SIM_WRITE_WOULD_BLOCK;
    sim_conn *conn = sim_connect(world);
    sim_run_for(world, 200 * SIM_MILLISECOND);
    CHECK(!conn->closed);
    CHECK(world->server.calls[SIM_SERVER_ACCEPT] > 0);
    world->server.write_mode = SIM_WRITE_OK;
    world->hook = NULL;
    CHECK(sim_run(world, sim_is_confirmed, conn, 20 * SIM_SECOND));
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 0);
    sim_world_free(world);
}

/* ---- connection IDs ---- */

static struct {
    unsigned calls;
    xqc_cid_t origins[8];
    xqc_cid_t made[8];
    ssize_t answer;   /* from `wrong_from` on */
    unsigned wrong_from;
} generator;

static ssize_t generate(const xqc_cid_t *origin, uint8_t *cid, size_t length, void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of(user_data);
    CHECK(origin != NULL && endpoint->is_server);
    unsigned call = generator.calls++;
    sim_note(SIM_CID_GENERATE, endpoint, NULL, NULL);
    for (size_t i = 0; i < length; i++) {
        cid[i] = (uint8_t)(i < 3 ? 0xa0 + i : call + 1);
    }
    if (call < CHECK_COUNT(generator.made)) {
        generator.origins[call] = *origin;
        generator.made[call].cid_len = (uint8_t)length;
        memcpy(generator.made[call].cid_buf, cid, length);
    }
    return call >= generator.wrong_from ? generator.answer : (ssize_t)length;
}

static sim_world *generating_world(bool retry, sim_hook hook, first_datagram *first)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    options.cid_generator = generate;
    options.use_retry_check = retry;
    options.server_config.cid_negotiate = 1;
    options.server_config.cid_len = 12;
    options.client_settings.idle_time_out = 20000;
    memset(&generator, 0, sizeof(generator));
    generator.wrong_from = UINT32_MAX;
    sim_world *world = sim_world_new(&options);
    world->hook = hook;
    memset(first, 0, sizeof(*first));
    world->up.filter = keep_first;
    world->up.filter_argument = first;
    return world;
}

static int always_retry(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_RETRY_CHECK;
}

static void check_same(const xqc_cid_t *got, const xqc_cid_t *want)
{
    CHECK_EQ(got->cid_len, want->cid_len);
    CHECK_EQ(memcmp(got->cid_buf, want->cid_buf, want->cid_len), 0);
}

/* The client's first choice for the first one; the server's current one, which the host made, for
 * the others. With a Retry both its ID and the connection's come from the client's first choice. */
static void a_generator_is_told_what_to_derive_from(void)
{
    for (unsigned retry = 0; retry < 2; retry++) {
        check_context("%s Retry", retry ? "with a" : "without");
        first_datagram first;
        sim_world *world = generating_world(retry, retry ? always_retry : NULL, &first);
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        xqc_cid_t choice = destination(&first);
        unsigned firsts = retry ? 2 : 1;
        CHECK_EQ(generator.calls, firsts + 2);
        for (unsigned i = 0; i < firsts; i++) {
            check_same(&generator.origins[i], &choice);
        }
        sim_conn *server = sim_server_conn(world, conn);
        /* Upstream makes the connection's before the Retry's. */
        check_same(&server->cid, &generator.made[check_upstream() ? 0 : firsts - 1]);
        check_same(&generator.origins[firsts], &server->cid);
        check_same(&generator.origins[firsts + 1], &server->cid);
        /* Hosts carry routing bytes over: all of what they made is kept. */
        CHECK_EQ(server->cid.cid_len, 12);
        sim_world_free(world);
    }
}

/* 0 bytes, or some: the library fills up the rest at random. */
static void what_a_generator_leaves_out_is_random(void)
{
    for (ssize_t written = 0; written <= 3; written += 3) {
        check_context("%zd bytes", written);
        first_datagram first;
        sim_world *world = generating_world(false, NULL, &first);
        generator.wrong_from = 0;
        generator.answer = written;
        xqc_cid_t cids[2];
        for (unsigned i = 0; i < 2; i++) {
            sim_conn *conn = sim_established(world);
            cids[i] = sim_server_conn(world, conn)->cid;
            CHECK_EQ(cids[i].cid_len, 12);
            CHECK_EQ(memcmp(cids[i].cid_buf, "\xa0\xa1\xa2", 3) == 0, written == 3);
        }
        CHECK(memcmp(cids[0].cid_buf + 3, cids[1].cid_buf + 3, 9) != 0);
        sim_world_free(world);
    }
}

/* Without a connection ID there is no connection, and nobody is asked or told. */
static void a_generator_that_fails_at_first_makes_no_connection(void)
{
    first_datagram first;
    sim_world *world = generating_world(false, NULL, &first);
    generator.wrong_from = 0;
    generator.answer = -1;
    sim_conn *conn = sim_connect(world);
    sim_run_for(world, SIM_SECOND);
    CHECK(generator.calls > 0);
    CHECK(world->server.process_errors > 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    CHECK_EQ(world->server.calls[SIM_WRITE_SOCKET], 0);
    generator.wrong_from = UINT32_MAX;
    CHECK(sim_run(world, sim_is_confirmed, conn, 20 * SIM_SECOND));
    sim_world_free(world);
}

/* The connection has one by then; it fails, once, for both ends. Upstream goes on without. */
static void a_generator_that_fails_later_fails_its_connection(void)
{
    first_datagram first;
    sim_world *world = generating_world(false, NULL, &first);
    generator.wrong_from = 1;
    generator.answer = -1;
    sim_conn *conn = sim_connect(world);
    CHECK(sim_run(world, sim_is_closed, conn, 20 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 1);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->close_errno, 0x1);
    sim_world_free(world);
}

/* ---- key logs ---- */

static struct {
    unsigned lines[2];
    unsigned secrets[2]; /* of the handshake and of traffic, of both directions */
} logged;

static size_t hex_digits(const char *text)
{
    return strspn(text, "0123456789abcdefABCDEF");
}

/* "LABEL <client random> <secret>", as NSS writes it and Wireshark reads it. */
static void on_key(const xqc_cid_t *scid, const char *line, void *user_data)
{
    static const char *const LABELS[] = {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
        "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
    sim_endpoint *endpoint = sim_endpoint_of(user_data);
    CHECK(scid != NULL && scid->cid_len > 0);
    CHECK(strchr(line, '\n') == NULL);
    const char *random = strchr(line, ' ');
    CHECK(random != NULL && hex_digits(random + 1) == 64);
    const char *secret = strchr(random + 1, ' ');
    CHECK(secret == random + 65);
    size_t digits = hex_digits(secret + 1);
    CHECK((digits == 64 || digits == 96) && secret[1 + digits] == '\0');
    logged.lines[endpoint->is_server]++;
    for (unsigned i = 0; i < CHECK_COUNT(LABELS); i++) {
        logged.secrets[endpoint->is_server] += strncmp(line, LABELS[i], strlen(LABELS[i])) == 0;
    }
}

/* Upstream does so only in builds of their own. */
static void keys_are_logged_as_tools_read_them(void)
{
    sim_options options;
    sim_options_init(&options);
    options.keylog = on_key;
    sim_world *world = sim_world_new(&options);
    (void)sim_established(world);
    for (unsigned i = 0; i < 2; i++) {
        check_note("%u lines", logged.lines[i]);
        CHECK_EQ(logged.secrets[i], 4);
    }
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_first_packet_that_is_not_authentic_is_not_told",
     a_first_packet_that_is_not_authentic_is_not_told, CHECK_UPSTREAM_FAILS},
    {"who_comes_is_known_when_consent_is_asked", who_comes_is_known_when_consent_is_asked, 0},
    {"what_cannot_be_sent_before_consent_is_dropped",
     what_cannot_be_sent_before_consent_is_dropped, 0},
    {"a_generator_is_told_what_to_derive_from", a_generator_is_told_what_to_derive_from, 0},
    {"what_a_generator_leaves_out_is_random", what_a_generator_leaves_out_is_random, 0},
    {"a_generator_that_fails_at_first_makes_no_connection",
     a_generator_that_fails_at_first_makes_no_connection, 0},
    {"a_generator_that_fails_later_fails_its_connection",
     a_generator_that_fails_later_fails_its_connection, CHECK_UPSTREAM_FAILS},
    {"keys_are_logged_as_tools_read_them", keys_are_logged_as_tools_read_them, CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
