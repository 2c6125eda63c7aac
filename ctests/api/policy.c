/* What hosts decide of handshakes beyond the original library: clients' certificates, early data,
 * packets without protection. */
#include <xquic/xqc_ext.h>

#include "sim.h"

static sim_world *world_with(xqc_ext_client_auth_t client_auth)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    CHECK_EQ(xqc_ext_set_client_auth(world->server.engine, client_auth), XQC_OK);
    return world;
}

static void show_certificate(sim_world *world)
{
    const xqc_engine_ssl_config_t *tls = &world->options.server_tls;
    CHECK_EQ(xqc_ext_set_client_certificate(world->client.engine, tls->cert_file,
                                            tls->private_key_file),
             XQC_OK);
}

static void exchange(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
}

/* The client learns of it after its own handshake is finished (RFC 8446 section 4.4.2.4). */
static void check_refused(sim_world *world, int error)
{
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 200 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, error);
    CHECK_EQ(world->server.calls[SIM_HANDSHAKE_FINISHED], 0);
    sim_run_for(world, 60 * SIM_SECOND);
}

static void a_host_judges_the_certificates_of_clients(void)
{
    static const xqc_ext_client_auth_t MODES[] = {XQC_EXT_CLIENT_AUTH_OPTIONAL,
                                                  XQC_EXT_CLIENT_AUTH_REQUIRED};
    for (unsigned i = 0; i < CHECK_COUNT(MODES); i++) {
        check_context("mode %u", i);
        sim_world *world = world_with(MODES[i]);
        show_certificate(world);
        exchange(world);
        CHECK_EQ(world->server.calls[SIM_CERT_VERIFY], 1);
        CHECK_EQ(world->client.calls[SIM_CERT_VERIFY], 0);
        sim_world_free(world);
    }
}

static void a_certificate_that_the_host_refuses_ends_the_connection(void)
{
    sim_world *world = world_with(XQC_EXT_CLIENT_AUTH_OPTIONAL);
    show_certificate(world);
    world->server.verify_result = -1;
    check_refused(world, 0x130);
    CHECK_EQ(world->server.calls[SIM_CERT_VERIFY], 1);
    sim_world_free(world);
}

static void a_client_without_a_certificate_is_taken_where_it_is_optional(void)
{
    sim_world *world = world_with(XQC_EXT_CLIENT_AUTH_OPTIONAL);
    exchange(world);
    CHECK_EQ(world->server.calls[SIM_CERT_VERIFY], 0);
    sim_world_free(world);
}

static void a_client_without_a_certificate_is_refused_where_it_is_required(void)
{
    sim_world *world = world_with(XQC_EXT_CLIENT_AUTH_REQUIRED);
    check_refused(world, 0x174);
    sim_world_free(world);
}

static void nobody_is_asked_by_default(void)
{
    sim_world *world = world_with(XQC_EXT_CLIENT_AUTH_NONE);
    show_certificate(world);
    exchange(world);
    CHECK_EQ(world->server.calls[SIM_CERT_VERIFY], 0);
    sim_world_free(world);
}

static void wrong_arguments_are_refused(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *server = world->server.engine;
    xqc_engine_t *client = world->client.engine;
    const char *file = options.server_tls.cert_file;
    const char *key = options.server_tls.private_key_file;
    CHECK_EQ(xqc_ext_set_client_auth(NULL, XQC_EXT_CLIENT_AUTH_NONE), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_auth(server, (xqc_ext_client_auth_t)3), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_auth(client, XQC_EXT_CLIENT_AUTH_NONE), -XQC_ESTATE);
    CHECK_EQ(xqc_ext_set_client_certificate(NULL, file, key), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_certificate(client, NULL, key), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_certificate(client, file, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_certificate(client, "/nowhere", key), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_client_certificate(server, file, key), -XQC_ESTATE);
    CHECK_EQ(xqc_ext_set_early_data(NULL, 1), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_set_early_data(client, 1), -XQC_ESTATE);
    CHECK_EQ(xqc_ext_refuse_no_crypto(NULL, 1), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_refuse_no_crypto(client, 1), -XQC_ESTATE);
    CHECK(!xqc_ext_conn_may_be_replayed(NULL));
    sim_world_free(world);
}

/* Establishes a connection, keeps what comes, and has the next one come back with it. */
static sim_conn *come_back(sim_world *world)
{
    sim_conn *first = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_conn_close(world->client.engine, &first->cid), XQC_OK);
    sim_run_for(world, 30 * SIM_SECOND);
    sim_reap(world);
    sim_return(world);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    return conn;
}

static int early_data_flag(const sim_conn *conn)
{
    return (int)xqc_conn_get_stats(conn->endpoint->engine, &conn->cid).early_data_flag;
}

static void a_host_may_refuse_all_early_data(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    for (int accept = 1; accept >= 0; accept--) {
        CHECK_EQ(xqc_ext_set_early_data(world->server.engine, accept), XQC_OK);
        sim_conn *conn = accept ? come_back(world) : sim_connect(world);
        CHECK(accept || sim_request(conn, 1000, 1000) != NULL);
        CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
        CHECK_EQ(early_data_flag(conn), accept ? XQC_0RTT_ACCEPT : XQC_0RTT_REJECT);
    }
    sim_world_free(world);
}

typedef struct reads {
    unsigned early;
    unsigned late;
} reads;

static int count_reads(void *argument, const sim_call *call)
{
    reads *seen = argument;
    if (call->event == SIM_STREAM_READ && call->endpoint->is_server) {
        bool early = xqc_ext_conn_may_be_replayed(call->conn->handle);
        CHECK_EQ(early, call->conn->calls[SIM_HANDSHAKE_FINISHED] == 0);
        seen->early += early ? 1 : 0;
        seen->late += early ? 0 : 1;
    }
    return 0;
}

static void a_host_knows_what_may_be_a_replay(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    reads seen = {0, 0};
    world->hook = count_reads;
    world->hook_argument = &seen;
    sim_conn *conn = come_back(world);
    CHECK(!xqc_ext_conn_may_be_replayed(conn->handle));
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK(seen.early > 0 && seen.late == 0);
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK(seen.late > 0);
    sim_world_free(world);
}

/* The server's host changes its parameters when they were chosen already. */
static int take_datagrams(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_CONN_CREATE && call->endpoint->is_server) {
        xqc_conn_public_local_trans_settings_t settings = {.max_datagram_frame_size = 900};
        xqc_conn_set_public_local_trans_settings(call->conn->handle, &settings);
    }
    return 0;
}

/* Every stream begins with the text that is watched for. */
static void check_protection(bool asks, sim_hook hook)
{
    sim_options options;
    sim_options_init(&options);
    options.no_crypto = asks;
    sim_world *world = sim_world_new(&options);
    world->client.watch_for = "SIM1";
    world->hook = hook;
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK_EQ(world->client.watched > 0, asks);
    sim_world_free(world);
}

static void packets_go_unprotected_only_where_the_client_wants_it(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool asks = (i & 1) != 0, changes = (i & 2) != 0;
        check_context("asked for: %d, changed: %d", asks, changes);
        check_protection(asks, changes ? take_datagrams : NULL);
    }
}

/* TRANSPORT_PARAMETER_ERROR: no answer would make the client protect its packets. */
static void a_host_may_refuse_clients_without_protection(void)
{
    for (int refuses = 1; refuses >= 0; refuses--) {
        for (int asks = 0; asks < 2; asks++) {
            check_context("asked for: %d, refused: %d", asks, refuses);
            sim_options options;
            sim_options_init(&options);
            options.no_crypto = asks;
            sim_world *world = sim_world_new(&options);
            CHECK_EQ(xqc_ext_refuse_no_crypto(world->server.engine, 1), XQC_OK);
            CHECK_EQ(xqc_ext_refuse_no_crypto(world->server.engine, refuses), XQC_OK);
            if (asks && refuses) {
                check_refused(world, 0x8);
            } else {
                exchange(world);
            }
            sim_world_free(world);
        }
    }
}

static const check_case CASES[] = {
    {"a_host_judges_the_certificates_of_clients", a_host_judges_the_certificates_of_clients, 0},
    {"a_certificate_that_the_host_refuses_ends_the_connection",
     a_certificate_that_the_host_refuses_ends_the_connection, 0},
    {"a_client_without_a_certificate_is_taken_where_it_is_optional",
     a_client_without_a_certificate_is_taken_where_it_is_optional, 0},
    {"a_client_without_a_certificate_is_refused_where_it_is_required",
     a_client_without_a_certificate_is_refused_where_it_is_required, 0},
    {"nobody_is_asked_by_default", nobody_is_asked_by_default, 0},
    {"wrong_arguments_are_refused", wrong_arguments_are_refused, 0},
    {"a_host_may_refuse_all_early_data", a_host_may_refuse_all_early_data, 0},
    {"a_host_knows_what_may_be_a_replay", a_host_knows_what_may_be_a_replay, 0},
    {"packets_go_unprotected_only_where_the_client_wants_it",
     packets_go_unprotected_only_where_the_client_wants_it, 0},
    {"a_host_may_refuse_clients_without_protection",
     a_host_may_refuse_clients_without_protection, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
