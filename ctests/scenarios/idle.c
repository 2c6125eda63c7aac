/* Connections whose peer has gone end by themselves, and tell it exactly once. */
#include "sim.h"

static void close_holes(sim_world *world, bool shut)
{
    world->up.config.blackhole = shut;
    world->down.config.blackhole = shut;
}

/* Each callback about the end came once, for the connection and for each stream. A connection that
 * just times out need not announce that it is closing. */
static void check_ended_once(const sim_conn *conn)
{
    CHECK(conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK(conn->calls[SIM_CONN_CLOSING] <= 1);
    CHECK_EQ(conn->calls[SIM_SERVER_REFUSE], 0);
    for (const sim_stream *stream = conn->streams; stream != NULL; stream = stream->next) {
        CHECK_EQ(stream->calls[SIM_STREAM_CLOSE], 1);
    }
}

static void a_blackhole_ends_in_idle_timeout(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 10000;
    options.server_settings.idle_time_out = 10000;
    options.down.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 10; i++) {
        CHECK(sim_request(conn, 10000, 1000000) != NULL);
    }
    sim_run_for(world, SIM_SECOND);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL);
    CHECK_EQ(server->open_streams, 10);
    close_holes(world, true);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_closed, conn, 300 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_closed, server, 300 * SIM_SECOND));
    check_note("both ends closed after %.1f s; errno client %d, server %d",
               (double)(sim_now() - start) / 1e6, conn->close_errno, server->close_errno);
    CHECK(sim_now() - start >= 9 * SIM_SECOND);
    check_ended_once(conn);
    check_ended_once(server);
    /* RFC 9000 section 10.1: closed silently, so it is no error. */
    CHECK_EQ(conn->close_errno, 0);
    CHECK_EQ(server->close_errno, 0);
    sim_run_for(world, 300 * SIM_SECOND);
    check_ended_once(conn);
    check_ended_once(server);
    sim_world_free(world);
}

static void a_handshake_into_nothing_times_out(void)
{
    sim_options options;
    sim_options_init(&options);
    /* Upstream lets init_idle_time_out count for servers only. */
    options.client_settings.init_idle_time_out = 5000;
    options.client_settings.idle_time_out = 5000;
    sim_world *world = sim_world_new(&options);
    close_holes(world, true);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_closed, conn, 300 * SIM_SECOND));
    check_note("closed after %.1f s, errno %d, closing error %d",
               (double)(sim_now() - start) / 1e6, conn->close_errno, conn->closing_error);
    CHECK(sim_now() - start >= 4 * SIM_SECOND);
    CHECK(sim_now() - start <= 20 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    sim_world_free(world);
}

/* The server saw a ClientHello and then nothing more. */
static void a_half_made_server_connection_is_given_up(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.init_idle_time_out = 5000;
    options.client_settings.init_idle_time_out = 5000;
    options.client_settings.idle_time_out = 5000;
    options.down.blackhole = true;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 20 * SIM_MILLISECOND);
    world->up.config.blackhole = true;
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    sim_run_for(world, 120 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    unsigned ends = world->server.calls[SIM_CONN_CLOSE] + world->server.calls[SIM_SERVER_REFUSE];
    CHECK_EQ(ends, 1);
    CHECK(world->server.conns->closed);
    sim_world_free(world);
}

static void a_quiet_connection_idles_out(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 30000;
    options.server_settings.idle_time_out = 15000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_closed, server, 300 * SIM_SECOND));
    uint64_t server_took = sim_now() - start;
    CHECK(sim_run(world, sim_is_closed, conn, 300 * SIM_SECOND));
    uint64_t client_took = sim_now() - start;
    check_note("30 s at the client, 15 s at the server: client %.1f s, server %.1f s",
               (double)client_took / 1e6, (double)server_took / 1e6);
    /* RFC 9000 section 10.1: the smaller of both values holds for both ends. */
    CHECK(server_took >= 14 * SIM_SECOND && server_took <= 17 * SIM_SECOND);
    CHECK(client_took >= 14 * SIM_SECOND && client_took <= 17 * SIM_SECOND);
    check_ended_once(conn);
    check_ended_once(server);
    sim_world_free(world);
}

static void ping_on_keeps_a_quiet_connection(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 30000;
    options.server_settings.idle_time_out = 30000;
    options.client_settings.ping_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(!conn->closed);
    CHECK(sim_request(conn, 100, 100) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 5 * SIM_SECOND));
    sim_world_free(world);
}

static void a_close_reaches_the_peer(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    /* The handle lives on: nothing is released inside a call of the host. */
    CHECK(!conn->closed);
    CHECK(sim_run(world, sim_is_closed, server, 5 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_closed, conn, 5 * SIM_SECOND));
    check_ended_once(conn);
    check_ended_once(server);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(server->calls[SIM_CONN_CLOSING], 1);
    CHECK_EQ(conn->close_errno, 0);
    CHECK_EQ(server->close_errno, 0);
    sim_world_free(world);
}

/* RFC 9000 section 10.2: the CONNECTION_CLOSE is lost, and repeated when the peer goes on. */
static void a_lost_close_is_repeated(void)
{
    sim_options options;
    sim_options_init(&options);
    options.down.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100, 1000000) != NULL);
    sim_run_for(world, 300 * SIM_MILLISECOND);
    sim_conn *server = sim_server_conn(world, conn);
    world->up.config.blackhole = true;
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    world->up.config.blackhole = false;
    CHECK(sim_run(world, sim_is_closed, server, 5 * SIM_SECOND));
    check_ended_once(server);
    sim_run_for(world, 30 * SIM_SECOND);
    check_ended_once(conn);
    sim_world_free(world);
}

static void an_error_code_reaches_the_peer(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x1234), XQC_OK);
    sim_run_for(world, 30 * SIM_SECOND);
    check_ended_once(conn);
    check_ended_once(server);
    check_note("errno client %#x, server %#x", (unsigned)conn->close_errno,
               (unsigned)server->close_errno);
    CHECK_EQ(conn->close_errno, 0x1234);
    CHECK_EQ(server->close_errno, 0x1234);
    sim_world_free(world);
}

static bool is_handed_over(void *stream)
{
    return ((sim_stream *)stream)->fin_sent;
}

static void linger_sends_everything_before_closing(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.linger.linger_on = 1;
    options.client_settings.linger.linger_timeout = 60 * SIM_SECOND;
    options.up.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_stream *stream = sim_request(conn, 500000, 0);
    CHECK(stream != NULL);
    /* The library may take it in portions; at the end some of it still waits to be sent. */
    CHECK(sim_run(world, is_handed_over, stream, 10 * SIM_SECOND));
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 90 * SIM_SECOND));
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(server->streams != NULL);
    CHECK_EQ(server->streams->received, 500000);
    CHECK(server->streams->fin_received);
    check_ended_once(conn);
    check_ended_once(server);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_blackhole_ends_in_idle_timeout", a_blackhole_ends_in_idle_timeout, 0},
    {"a_handshake_into_nothing_times_out", a_handshake_into_nothing_times_out, 0},
    {"a_half_made_server_connection_is_given_up", a_half_made_server_connection_is_given_up, 0},
    {"a_quiet_connection_idles_out", a_quiet_connection_idles_out, 0},
    {"ping_on_keeps_a_quiet_connection", ping_on_keeps_a_quiet_connection, 0},
    {"a_close_reaches_the_peer", a_close_reaches_the_peer, 0},
    {"a_lost_close_is_repeated", a_lost_close_is_repeated, 0},
    {"an_error_code_reaches_the_peer", an_error_code_reaches_the_peer, 0},
    {"linger_sends_everything_before_closing", linger_sends_everything_before_closing, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
