/* A server that says no. */
#include "sim.h"

#define CONNECTION_REFUSED 0x2

static int answer_no(void *event, const sim_call *call)
{
    return call->event == *(const sim_event *)event && call->endpoint->is_server ? -1 : 0;
}

static void a_refused_connection_closes_at_the_client(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 20000;
    sim_world *world = sim_world_new(&options);
    sim_event event = SIM_SERVER_ACCEPT;
    world->hook = answer_no;
    world->hook_argument = &event;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    check_note("closed after %.2f s, errno %#x", (double)(sim_now() - start) / 1e6,
               (unsigned)conn->close_errno);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    sim_run_for(world, 60 * SIM_SECOND);
    /* The host was told in its own answer, and hears nothing more. */
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 0);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 0);
    sim_world_free(world);
}

static void a_refusal_is_told_to_the_client(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_event event = SIM_SERVER_ACCEPT;
    world->hook = answer_no;
    world->hook_argument = &event;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 5 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, CONNECTION_REFUSED);
    CHECK(world->server.calls[SIM_BEFORE_ACCEPT] >= 1);
    CHECK_EQ(world->server.calls[SIM_WRITE_SOCKET], 0);
    sim_world_free(world);
}

static void the_next_connection_may_be_accepted(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 20000;
    sim_world *world = sim_world_new(&options);
    sim_event event = SIM_SERVER_ACCEPT;
    world->hook = answer_no;
    world->hook_argument = &event;
    sim_conn *refused = sim_connect(world);
    CHECK(refused != NULL);
    CHECK(sim_run(world, sim_is_closed, refused, 60 * SIM_SECOND));
    world->hook = NULL;
    (void)sim_established(world);
    sim_world_free(world);
}

/* The application protocol cannot make its connection object. */
static void a_failed_create_ends_the_connection(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 20000;
    sim_world *world = sim_world_new(&options);
    sim_event event = SIM_CONN_CREATE;
    world->hook = answer_no;
    world->hook_argument = &event;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    check_note("client errno %#x", (unsigned)conn->close_errno);
    sim_run_for(world, 60 * SIM_SECOND);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 1);
    check_note("conn_close %u, server_refuse %u", world->server.calls[SIM_CONN_CLOSE],
               world->server.calls[SIM_SERVER_REFUSE]);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 1);
    sim_world_free(world);
}

/* A read callback that reports failure closes the connection. */
static void a_failing_read_ends_the_connection(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    sim_event event = SIM_STREAM_READ;
    world->hook = answer_no;
    world->hook_argument = &event;
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(server->closed && conn->closed);
    CHECK_EQ(server->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->close_errno, 0x1);
    sim_world_free(world);
}

/* A stream whose creation fails is dropped with all its data; the connection goes on. */
static void a_failing_stream_create_drops_the_stream(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    sim_event event = SIM_STREAM_CREATE;
    world->hook = answer_no;
    world->hook_argument = &event;
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(!server->closed && !conn->closed);
    CHECK_EQ(server->streams->calls[SIM_STREAM_READ], 0);
    CHECK_EQ(server->streams->calls[SIM_STREAM_CLOSE], 0);
    world->hook = NULL;
    sim_stream *stream = sim_request(conn, 1000, 1000);
    CHECK(stream != NULL);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(sim_stream_is_complete(stream));
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_refused_connection_closes_at_the_client", a_refused_connection_closes_at_the_client, 0},
    /* Upstream says nothing, and asks the host again for each repeated Initial. */
    {"a_refusal_is_told_to_the_client", a_refusal_is_told_to_the_client, CHECK_UPSTREAM_FAILS},
    {"the_next_connection_may_be_accepted", the_next_connection_may_be_accepted, 0},
    {"a_failed_create_ends_the_connection", a_failed_create_ends_the_connection, 0},
    {"a_failing_read_ends_the_connection", a_failing_read_ends_the_connection, 0},
    {"a_failing_stream_create_drops_the_stream", a_failing_stream_create_drops_the_stream, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
