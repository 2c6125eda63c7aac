/* What hosts have to do with keys: when they are updated, and which handshake messages are shown. */
#include <string.h>

#include "sim.h"

/* Keys are replaced again and again under way; not a byte suffers. */
static void transfer(uint64_t client_threshold, uint64_t server_threshold, double loss)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.keyupdate_pkt_threshold = client_threshold;
    options.server_settings.keyupdate_pkt_threshold = server_threshold;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    world->up.config.loss = loss;
    world->down.config.loss = loss;
    CHECK(sim_request(conn, 1000000, 1000000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    for (unsigned i = 0; i < 20; i++) {
        sim_run_for(world, SIM_SECOND);
        CHECK(sim_request(conn, 20000, 20000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
    }
    CHECK(!conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    sim_world_free(world);
}

static void keys_are_updated_by_the_client(void)
{
    transfer(20, 0, 0);
}

static void keys_are_updated_by_the_server(void)
{
    transfer(0, 20, 0);
}

static void both_ends_update_keys_on_a_bad_path(void)
{
    transfer(1, 1, 0);
    transfer(20, 30, 0.05);
}

/* ClientHello and ServerHello, each whole and with its header. */
static void a_server_sees_both_hello_messages(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(server->calls[SIM_TLS_MESSAGE], 2);
    CHECK_EQ(server->tls_message_types[0], XQC_TLS_1_3_CLIENT_HELLO);
    CHECK_EQ(server->tls_message_heads[0], 1);
    CHECK_EQ(server->tls_message_types[1], XQC_TLS_1_3_SERVER_HELLO);
    CHECK_EQ(server->tls_message_heads[1], 2);
    CHECK_EQ(conn->calls[SIM_TLS_MESSAGE], 0);
    sim_world_free(world);
}

/* A host that has no certificate for the name leaves it to the configured one. */
static void a_host_may_leave_the_configured_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cert_callback = true;
    options.server_name = "www.example.org";
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(server->calls[SIM_CERT_WANTED], 1);
    CHECK_EQ(strcmp(server->wanted_name, "www.example.org"), 0);
    sim_world_free(world);
}

static int fail_when_asked(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_CERT_WANTED ? -1 : 0;
}

static void an_error_of_the_certificate_callback_leaves_the_configured_one(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cert_callback = true;
    sim_world *world = sim_world_new(&options);
    world->hook = fail_when_asked;
    sim_established(world);
    sim_world_free(world);
}

static int close_when_asked(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_CERT_WANTED) {
        CHECK_EQ(xqc_conn_close(call->endpoint->engine, &call->conn->cid), XQC_OK);
    }
    return 0;
}

static void a_connection_may_be_closed_while_its_certificate_is_chosen(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cert_callback = true;
    sim_world *world = sim_world_new(&options);
    world->hook = close_when_asked;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 200 * SIM_SECOND));
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    sim_run_for(world, 60 * SIM_SECOND);
    sim_world_free(world);
}

static int refuse_creation(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_CONN_CREATE && call->endpoint->is_server ? -1 : 0;
}

/* A host that does not want the connection is not asked for its certificate. */
static void no_certificate_is_wanted_for_a_refused_connection(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_cert_callback = true;
    sim_world *world = sim_world_new(&options);
    world->hook = refuse_creation;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 200 * SIM_SECOND));
    CHECK_EQ(world->server.calls[SIM_CERT_WANTED], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 1);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"keys_are_updated_by_the_client", keys_are_updated_by_the_client, 0},
    /* Between two of upstream's data stop flowing at some time. */
    {"keys_are_updated_by_the_server", keys_are_updated_by_the_server, CHECK_UPSTREAM_FAILS},
    {"both_ends_update_keys_on_a_bad_path", both_ends_update_keys_on_a_bad_path, 0},
    {"a_server_sees_both_hello_messages", a_server_sees_both_hello_messages, 0},
    {"a_host_may_leave_the_configured_certificate", a_host_may_leave_the_configured_certificate,
     0},
    {"an_error_of_the_certificate_callback_leaves_the_configured_one",
     an_error_of_the_certificate_callback_leaves_the_configured_one, 0},
    {"a_connection_may_be_closed_while_its_certificate_is_chosen",
     a_connection_may_be_closed_while_its_certificate_is_chosen, CHECK_OURS_ONLY},
    /* Upstream asks before it has told of the connection. */
    {"no_certificate_is_wanted_for_a_refused_connection",
     no_certificate_is_wanted_for_a_refused_connection, CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
