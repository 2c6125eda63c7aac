/* The handshake comes to its end whatever the path does to its packets. */
#include <string.h>

#include "sim.h"

/* Connects, makes one small exchange, and demands that all went well. */
static void connect_and_exchange(sim_world *world, uint64_t limit)
{
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, limit));
    CHECK(sim_request(conn, 1000, 5000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, limit));
    CHECK(!conn->closed);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL);
    CHECK_EQ(server->calls[SIM_HANDSHAKE_FINISHED], 1);
}

static void takes_one_round_trip(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_established, conn, 10 * SIM_SECOND));
    CHECK(sim_now() - start <= 21 * SIM_MILLISECOND);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK(sim_now() - start <= 32 * SIM_MILLISECOND);
    sim_world_free(world);
}

/* RFC 9000 section 14.1: datagrams that carry an Initial fill 1200 bytes. */
static bool demand_full_initials(void *smallest, const uint8_t *bytes, size_t length)
{
    bool is_initial = (bytes[0] & 0xf0) == 0xc0;
    size_t *least = smallest;
    if (is_initial && length < *least) {
        *least = length;
    }
    return true;
}

static void initials_are_padded(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    size_t smallest = 65536;
    world->up.filter = demand_full_initials;
    world->up.filter_argument = &smallest;
    connect_and_exchange(world, 10 * SIM_SECOND);
    CHECK(smallest >= 1200 && smallest < 65536);
    CHECK(world->client.largest_datagram <= 1500);
    sim_world_free(world);
}

static void completes_under_30_percent_loss(void)
{
    unsigned seeds = check_rounds(100, 4);
    uint64_t longest = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        check_context("seed offset %u", seed);
        sim_options options;
        sim_options_init(&options);
        options.seed += seed;
        options.up.loss = 0.3;
        options.down.loss = 0.3;
        /* Recovery is on trial here, not patience. */
        options.client_settings.init_idle_time_out = 120000;
        options.server_settings.init_idle_time_out = 120000;
        sim_world *world = sim_world_new(&options);
        uint64_t start = sim_now();
        connect_and_exchange(world, 300 * SIM_SECOND);
        if (sim_now() - start > longest) {
            longest = sim_now() - start;
        }
        sim_world_free(world);
    }
    check_note("slowest of %u: %.1f s of virtual time", seeds, (double)longest / 1e6);
}

typedef struct nth_datagram {
    unsigned seen;
    unsigned victim;
} nth_datagram;

static bool drop_nth(void *argument, const uint8_t *bytes, size_t length)
{
    nth_datagram *nth = argument;
    (void)bytes;
    (void)length;
    return nth->seen++ != nth->victim;
}

static void survives_the_loss_of_any_one_datagram(void)
{
    for (unsigned victim = 0; victim < 24; victim += check_is_slow() ? 5 : 1) {
        check_context("datagram %u %s", victim / 2, victim % 2 == 0 ? "up" : "down");
        sim_options options;
        sim_options_init(&options);
        sim_world *world = sim_world_new(&options);
        nth_datagram nth = {0, victim / 2};
        sim_link *link = victim % 2 == 0 ? &world->up : &world->down;
        link->filter = drop_nth;
        link->filter_argument = &nth;
        connect_and_exchange(world, 10 * SIM_SECOND);
        sim_world_free(world);
    }
}

static void survives_reordered_flights(void)
{
    for (unsigned seed = 0; seed < check_rounds(50, 4); seed++) {
        check_context("seed offset %u", seed);
        sim_options options;
        sim_options_init(&options);
        options.seed += seed;
        options.up.reorder = 0.5;
        options.up.reorder_us = 30 * SIM_MILLISECOND;
        options.down.reorder = 0.5;
        options.down.reorder_us = 30 * SIM_MILLISECOND;
        options.up.duplicate = 0.3;
        options.down.duplicate = 0.3;
        sim_world *world = sim_world_new(&options);
        connect_and_exchange(world, 20 * SIM_SECOND);
        sim_world_free(world);
    }
}

static void works_with_each_cipher_and_group(void)
{
    static char ciphers[][32] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                 "TLS_CHACHA20_POLY1305_SHA256"};
    static char groups[][8] = {"X25519", "P-256", "P-384", "P-521"};
    /* Three steps of the short walk meet each cipher and three of the groups. */
    const size_t combinations = CHECK_COUNT(ciphers) * CHECK_COUNT(groups);
    for (size_t i = 0; i < combinations; i += check_is_slow() ? 5 : 1) {
        char *cipher = ciphers[i % CHECK_COUNT(ciphers)];
        char *group = groups[i / CHECK_COUNT(ciphers)];
        check_context("%s with %s", cipher, group);
        sim_options options;
        sim_options_init(&options);
        options.server_tls.ciphers = cipher;
        options.server_tls.groups = group;
        options.client_tls.ciphers = cipher;
        options.client_tls.groups = group;
        sim_world *world = sim_world_new(&options);
        connect_and_exchange(world, 10 * SIM_SECOND);
        sim_world_free(world);
    }
}

/* The client's key share is of another group: the server asks for a second ClientHello. */
static void works_across_a_hello_retry_request(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_tls.groups = "X25519:P-384";
    options.server_tls.groups = "P-384";
    sim_world *world = sim_world_new(&options);
    connect_and_exchange(world, 10 * SIM_SECOND);
    sim_world_free(world);
}

static void many_connections_share_an_engine(void)
{
    enum { COUNT = 50 };
    const unsigned count = check_rounds(COUNT, 8);
    sim_options options;
    sim_options_init(&options);
    options.up.loss = 0.05;
    options.down.loss = 0.05;
    sim_world *world = sim_world_new(&options);
    sim_conn *conns[COUNT];
    for (unsigned i = 0; i < count; i++) {
        conns[i] = sim_connect(world);
        CHECK(conns[i] != NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        CHECK(sim_run(world, sim_is_confirmed, conns[i], 60 * SIM_SECOND));
        CHECK(sim_request(conns[i], 100, 20000) != NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        CHECK(sim_run(world, sim_is_drained, conns[i], 60 * SIM_SECOND));
        CHECK(!conns[i]->closed);
    }
    sim_world_free(world);
}

/* The server knows no protocol that the client offers: no_application_protocol, alert 120. */
static void ends_when_no_protocol_is_shared(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    CHECK_EQ(xqc_engine_unregister_alpn(world->server.engine, SIM_ALPN, SIM_ALPN_LEN), XQC_OK);
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    CHECK_EQ(xqc_engine_register_alpn(world->server.engine, "other", 5, &protocol, NULL), XQC_OK);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    check_note("client errno %#x", (unsigned)conn->close_errno);
    CHECK_EQ(conn->close_errno, 0x178);
    sim_run_for(world, 60 * SIM_SECOND);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 0);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 1);
    sim_world_free(world);
}

static void the_application_may_verify_the_certificate(void)
{
    for (int result = 0; result >= -1; result--) {
        check_context("the callback answers %d", result);
        sim_options options;
        sim_options_init(&options);
        options.conn_tls.cert_verify_flag =
            XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
        sim_world *world = sim_world_new(&options);
        world->client.verify_result = result;
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        sim_run_for(world, 30 * SIM_SECOND);
        CHECK_EQ(conn->calls[SIM_CERT_VERIFY], 1);
        CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], result == 0 ? 1 : 0);
        CHECK_EQ(conn->closed, result != 0);
        check_note("answer %d: errno %#x", result, (unsigned)conn->close_errno);
        sim_world_free(world);
    }
}

/* A self-signed certificate is no good where self-signed ones are not allowed. */
static void a_self_signed_certificate_fails_strict_verification(void)
{
    sim_options options;
    sim_options_init(&options);
    options.conn_tls.cert_verify_flag = XQC_TLS_CERT_FLAG_NEED_VERIFY;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 30 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    CHECK(conn->closed);
    check_note("errno %#x", (unsigned)conn->close_errno);
    sim_world_free(world);
}

static void works_with_an_ec_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    char certificate[512];
    char key[512];
    size_t stem = strlen(options.server_tls.cert_file) - strlen("rsa.crt");
    memcpy(certificate, options.server_tls.cert_file, stem);
    memcpy(key, options.server_tls.cert_file, stem);
    memcpy(certificate + stem, "ec.crt", sizeof("ec.crt"));
    memcpy(key + stem, "ec.key", sizeof("ec.key"));
    options.server_tls.cert_file = certificate;
    options.server_tls.private_key_file = key;
    sim_world *world = sim_world_new(&options);
    connect_and_exchange(world, 10 * SIM_SECOND);
    sim_world_free(world);
}

/* With the callback set every server CID comes from it, at the configured length. */
static void server_cids_come_from_the_generator(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cid_generator = true;
    options.server_config.cid_negotiate = 1;
    options.server_config.cid_len = 12;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL);
    CHECK(world->server.calls[SIM_CID_GENERATE] >= 1);
    CHECK_EQ(server->cid.cid_len, 12);
    CHECK_EQ(server->cid.cid_buf[0], 0x5c);
    CHECK_EQ(xqc_engine_config_get_cid_len(world->server.engine), 12);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"takes_one_round_trip", takes_one_round_trip, 0},
    {"initials_are_padded", initials_are_padded, 0},
    {"completes_under_30_percent_loss", completes_under_30_percent_loss, 0},
    {"survives_the_loss_of_any_one_datagram", survives_the_loss_of_any_one_datagram, 0},
    {"survives_reordered_flights", survives_reordered_flights, 0},
    {"works_with_each_cipher_and_group", works_with_each_cipher_and_group, 0},
    {"works_across_a_hello_retry_request", works_across_a_hello_retry_request,
     CHECK_UPSTREAM_FAILS},
    {"works_with_an_ec_certificate", works_with_an_ec_certificate, 0},
    {"many_connections_share_an_engine", many_connections_share_an_engine, 0},
    {"ends_when_no_protocol_is_shared", ends_when_no_protocol_is_shared, 0},
    {"the_application_may_verify_the_certificate", the_application_may_verify_the_certificate, 0},
    {"a_self_signed_certificate_fails_strict_verification",
     a_self_signed_certificate_fails_strict_verification, 0},
    {"server_cids_come_from_the_generator", server_cids_come_from_the_generator, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
