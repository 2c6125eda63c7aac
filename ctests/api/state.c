/* Calls at the wrong moment: before the handshake, after the end, twice. */
#include <string.h>

#include "sim.h"

static sim_world *world_with(sim_conn **conn)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    *conn = sim_established(world);
    return world;
}

static void closing_twice_is_harmless(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 7), XQC_OK);
    CHECK_EQ(xqc_conn_close(world->server.engine, &server->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(server->calls[SIM_CONN_CLOSE], 1);
    /* Gone is gone. */
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), -XQC_ECONN_NFOUND);
    CHECK_EQ(xqc_conn_close(world->server.engine, &server->cid), -XQC_ECONN_NFOUND);
    sim_world_free(world);
}

/* The first error is the one that counts. */
static void the_first_error_stays(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x11), XQC_OK);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x22), XQC_OK);
    CHECK_EQ(xqc_conn_get_errno(conn->handle), 0x11);
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK_EQ(conn->close_errno, 0x11);
    CHECK_EQ(server->close_errno, 0x11);
    sim_world_free(world);
}

static void closing_before_the_handshake_ends(void)
{
    for (unsigned steps = 0; steps < 8; steps++) {
        check_context("after %u steps", steps);
        sim_options options;
        sim_options_init(&options);
        options.client_settings.idle_time_out = 15000;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        for (unsigned i = 0; i < steps; i++) {
            (void)sim_step(world);
        }
        CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
        sim_run_for(world, 120 * SIM_SECOND);
        CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
        for (sim_conn *each = world->server.conns; each != NULL; each = each->next) {
            CHECK(each->closed);
        }
        sim_world_free(world);
    }
}

static void streams_of_a_closing_connection(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_stream *stream = sim_request(conn, 1000000, 1000000);
    CHECK(stream != NULL);
    sim_run_for(world, 15 * SIM_MILLISECOND);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    uint8_t bytes[10] = {0};
    CHECK_EQ(xqc_stream_send(stream->handle, bytes, sizeof(bytes), 0), -XQC_CLOSING);
    CHECK(xqc_stream_create(world->client.engine, &conn->cid, NULL, NULL) == NULL);
    CHECK(xqc_stream_create_with_direction(conn->handle, XQC_STREAM_UNI, NULL) == NULL);
    CHECK_EQ(xqc_stream_close(stream->handle), XQC_OK);
    if (xqc_conn_send_ping != NULL) {
        CHECK_EQ(xqc_conn_send_ping(world->client.engine, &conn->cid, NULL), XQC_OK);
    }
    CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(stream->calls[SIM_STREAM_CLOSE], 1);
    sim_world_free(world);
}

static void sending_after_the_end(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_stream *stream = sim_request(conn, 100, 100);
    CHECK(stream != NULL && stream->fin_sent);
    uint8_t bytes[10] = {0};
    /* Nothing more is taken, and it is no error. */
    CHECK_EQ(xqc_stream_send(stream->handle, bytes, sizeof(bytes), 0), 0);
    CHECK_EQ(xqc_stream_send(stream->handle, bytes, sizeof(bytes), 1), 0);
    CHECK_EQ(xqc_stream_send(stream->handle, NULL, 0, 1), 0);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void reading_after_the_end(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_stream *stream = sim_request(conn, 100, 100);
    CHECK(stream != NULL);
    uint8_t bytes[10];
    uint8_t fin = 9;
    CHECK_EQ(xqc_stream_recv(stream->handle, bytes, sizeof(bytes), &fin), -XQC_EAGAIN);
    CHECK_EQ(fin, 0);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    /* As long as the stream has not been told to be closed, the end can be read again. */
    if (stream->handle != NULL) {
        CHECK_EQ(xqc_stream_recv(stream->handle, bytes, sizeof(bytes), &fin), 0);
        CHECK_EQ(fin, 1);
    }
    sim_world_free(world);
}

static void reading_nothing_loses_nothing(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_stream *stream = sim_request(conn, 100, 100);
    CHECK(stream != NULL);
    stream->paused = true;
    sim_run_for(world, SIM_SECOND);
    uint8_t byte;
    uint8_t fin = 9;
    ssize_t got = xqc_stream_recv(stream->handle, &byte, 0, &fin);
    check_note("a read into no room gives %zd", got);
    CHECK(got == -XQC_EAGAIN || got == 0);
    CHECK_EQ(fin, 0);
    stream->paused = false;
    sim_stream_receive(stream, UINT64_MAX);
    CHECK(sim_stream_is_complete(stream));
    sim_world_free(world);
}

static void resetting_a_stream_twice(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_stream *stream = sim_request(conn, 1000000, 1000000);
    CHECK(stream != NULL);
    uint8_t bytes[10] = {0};
    CHECK_EQ(xqc_stream_close(stream->handle), XQC_OK);
    CHECK_EQ(xqc_stream_close(stream->handle), XQC_OK);
    CHECK_EQ(xqc_stream_send(stream->handle, bytes, sizeof(bytes), 0), -XQC_ESTREAM_RESET);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(stream->calls[SIM_STREAM_CLOSE], 1);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static void the_wrong_way_of_a_one_way_stream(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    sim_stream *push = sim_push(conn, 5000000);
    CHECK(push != NULL);
    sim_run_for(world, 30 * SIM_MILLISECOND);
    CHECK(server->streams != NULL && server->streams->handle != NULL);
    uint8_t bytes[10] = {0};
    uint8_t fin = 0;
    CHECK(xqc_stream_recv(push->handle, bytes, sizeof(bytes), &fin) < 0);
    CHECK(xqc_stream_send(server->streams->handle, bytes, sizeof(bytes), 0) < 0);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(!conn->closed && !server->closed);
    CHECK_EQ(server->streams->received, 5000000);
    sim_world_free(world);
}

static void the_facts_of_a_connection(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK_EQ(xqc_conn_get_type(conn->handle), XQC_CONN_TYPE_CLIENT);
    CHECK_EQ(xqc_conn_get_type(server->handle), XQC_CONN_TYPE_SERVER);
    CHECK(xqc_conn_get_ssl(conn->handle) != NULL);
    CHECK(xqc_conn_get_ssl(server->handle) != NULL);
    CHECK_EQ(xqc_conn_get_errno(conn->handle), 0);
    CHECK_EQ(xqc_conn_get_err_type(conn->handle), XQC_CONN_ERR_TYPE_UNKNOWN);
    xqc_usec_t rtt = xqc_conn_get_lastest_rtt(world->client.engine, &conn->cid);
    CHECK(rtt >= 20000 && rtt <= 50000);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    CHECK(stats.send_count > 80 && stats.recv_count > 80);
    CHECK(stats.srtt >= 20000 && stats.srtt <= 50000);
    CHECK(strcmp(stats.alpn, SIM_ALPN) == 0);
    CHECK_EQ(stats.conn_err, 0);
    CHECK_EQ(stats.early_data_flag, XQC_0RTT_NONE);
    CHECK(xqc_engine_get_conn_by_scid(world->client.engine, &conn->cid) == conn->handle);
    if (xqc_conn_is_ready_to_send_early_data != NULL) {
        CHECK_EQ(xqc_conn_is_ready_to_send_early_data(conn->handle), XQC_FALSE);
    }
    sim_world_free(world);
}

static void the_addresses_of_a_connection(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    struct sockaddr_in address;
    socklen_t length = 0;
    struct sockaddr *out = (struct sockaddr *)&address;
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(length, sizeof(address));
    CHECK_EQ(address.sin_addr.s_addr, world->server.address.sin_addr.s_addr);
    CHECK_EQ(address.sin_port, world->server.address.sin_port);
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(address.sin_addr.s_addr, conn->local.sin_addr.s_addr);
    CHECK_EQ(address.sin_port, conn->local.sin_port);
    CHECK_EQ(xqc_conn_get_peer_addr(server->handle, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(address.sin_port, conn->local.sin_port);
    CHECK_EQ(xqc_conn_get_local_addr(server->handle, out, sizeof(address), &length), XQC_OK);
    CHECK_EQ(address.sin_port, world->server.address.sin_port);
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, out, 4, &length), -XQC_ENOBUF);
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, out, 4, &length), -XQC_ENOBUF);
    sim_world_free(world);
}

/* RFC 9000 section 19.19: 0x1c speaks of the transport, 0x1d of the application. */
static void the_kind_of_a_received_error(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x77), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 5 * SIM_SECOND));
    if (server->handle != NULL) {
        xqc_conn_err_type_t kind = xqc_conn_get_err_type(server->handle);
        check_note("the peer hears of kind %d", (int)kind);
        CHECK(kind != XQC_CONN_ERR_TYPE_UNKNOWN);
        CHECK_EQ(xqc_conn_get_errno(server->handle), 0x77);
    }
    sim_world_free(world);
}

/* A host that calls main_logic too early, too often or at the wrong time changes nothing. */
static void needless_main_logic_is_harmless(void)
{
    sim_conn *conn;
    sim_world *world = world_with(&conn);
    CHECK(sim_request(conn, 300000, 300000) != NULL);
    while (!sim_is_drained(conn)) {
        xqc_engine_main_logic(world->client.engine);
        xqc_engine_main_logic(world->server.engine);
        xqc_engine_finish_recv(world->client.engine);
        if (xqc_engine_finish_send != NULL) {
            xqc_engine_finish_send(world->server.engine);
        }
        CHECK(sim_step(world));
    }
    CHECK(!conn->closed);
    /* A timer is set as long as a connection lives. */
    CHECK(world->client.timer_at != SIM_NEVER);
    CHECK(world->server.timer_at != SIM_NEVER);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"closing_twice_is_harmless", closing_twice_is_harmless, 0},
    {"the_first_error_stays", the_first_error_stays, 0},
    {"closing_before_the_handshake_ends", closing_before_the_handshake_ends, 0},
    {"streams_of_a_closing_connection", streams_of_a_closing_connection, 0},
    {"sending_after_the_end", sending_after_the_end, 0},
    {"reading_after_the_end", reading_after_the_end, 0},
    {"reading_nothing_loses_nothing", reading_nothing_loses_nothing, 0},
    {"resetting_a_stream_twice", resetting_a_stream_twice, 0},
    /* Upstream sends on the receiving end of a one-way stream. */
    {"the_wrong_way_of_a_one_way_stream", the_wrong_way_of_a_one_way_stream, CHECK_UPSTREAM_FAILS},
    {"the_facts_of_a_connection", the_facts_of_a_connection, 0},
    {"the_addresses_of_a_connection", the_addresses_of_a_connection, 0},
    {"the_kind_of_a_received_error", the_kind_of_a_received_error, 0},
    {"needless_main_logic_is_harmless", needless_main_logic_is_harmless, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
