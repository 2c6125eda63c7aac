/* Functions of a live connection beside streams and datagrams: filters, public settings, finding. */
#include <string.h>

#include "sim.h"

#ifdef CTESTS_EXT
#include <xquic/xqc_ext.h>
#endif

/* Exported, and declared in no header. */
void xqc_conn_set_init_idle_timeout(xqc_connection_t *conn, xqc_msec_t init_idle_time_out);
xqc_connection_t *xqc_engine_conns_hash_find(xqc_engine_t *engine, const xqc_cid_t *cid, char type);

typedef struct filter {
    sim_conn *conn;
    unsigned calls;
    unsigned refusals; /* answer so many calls with `answer` */
    ssize_t answer;
} filter;

/* Filters are told like the socket's functions, and only in the call. */
static void check_told_address(const filter *self, bool inside)
{
#ifdef CTESTS_EXT
    struct sockaddr_in address;
    socklen_t length = 99;
    CHECK_EQ(xqc_ext_local_addr_of_write(self->conn->endpoint->engine,
                                         (struct sockaddr *)&address, sizeof(address), &length),
             XQC_OK);
    CHECK_EQ(length, inside ? sizeof(address) : 0);
#else
    (void)self;
    (void)inside;
#endif
}

static ssize_t pass_on(const unsigned char *bytes, size_t size, const struct sockaddr *peer,
                       socklen_t length, void *user_data)
{
    filter *self = user_data;
    self->calls++;
    CHECK(bytes != NULL && size > 0);
    check_told_address(self, true);
    if (self->refusals > 0) {
        self->refusals--;
        return self->answer;
    }
    sim_emit(self->conn->endpoint, bytes, size, &self->conn->local, peer, length);
    return 0; /* Any value but a negative one counts as sent. */
}

static void a_filter_takes_the_place_of_the_socket(void)
{
    for (unsigned mmsg = 0; mmsg < 2; mmsg++) {
        sim_options options;
        sim_options_init(&options);
        options.use_mmsg = mmsg != 0;
        options.client_config.sendmmsg_on = (int)mmsg;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        filter self = {.conn = conn};
        xqc_conn_set_pkt_filter_callback(conn->handle, pass_on, &self);
        unsigned written =
            world->client.calls[SIM_WRITE_SOCKET] + world->client.calls[SIM_WRITE_MMSG];
        CHECK(sim_request(conn, 200000, 200000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
        CHECK(self.calls > 150);
        CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET] + world->client.calls[SIM_WRITE_MMSG],
                 written);
        check_told_address(&self, false);
        xqc_conn_unset_pkt_filter_callback(conn->handle);
        unsigned calls = self.calls;
        CHECK(sim_request(conn, 2000, 2000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
        CHECK_EQ(self.calls, calls);
        CHECK(world->client.calls[SIM_WRITE_SOCKET] + world->client.calls[SIM_WRITE_MMSG]
              > written);
        sim_world_free(world);
    }
}

static void a_filter_that_refuses_is_asked_again(void)
{
    static const ssize_t answers[] = {XQC_SOCKET_EAGAIN, XQC_SOCKET_ERROR, -77};
    for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
        check_context("answer %d", (int)answers[i]);
        sim_options options;
        sim_options_init(&options);
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        filter self = {.conn = conn, .refusals = 3, .answer = answers[i]};
        xqc_conn_set_pkt_filter_callback(conn->handle, pass_on, &self);
        CHECK(sim_request(conn, 20000, 20000) != NULL);
        for (unsigned round = 0; round < 5; round++) {
            CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
        }
        CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
        CHECK(!conn->closed);
        CHECK_EQ(self.refusals, 0);
        sim_world_free(world);
    }
}

static int take_datagrams(void *argument, const sim_call *call)
{
    const uint16_t *limit = argument;
    if (call->event == SIM_CONN_CREATE && call->endpoint->is_server) {
        xqc_conn_public_local_trans_settings_t settings =
            xqc_conn_get_public_local_trans_settings(call->conn->handle);
        CHECK_EQ(settings.max_datagram_frame_size, 0);
        settings.max_datagram_frame_size = *limit;
        xqc_conn_set_public_local_trans_settings(call->conn->handle, &settings);
        settings = xqc_conn_get_public_local_trans_settings(call->conn->handle);
        CHECK_EQ(settings.max_datagram_frame_size, *limit);
    }
    return 0;
}

static void a_server_may_take_datagrams_when_it_hears_of_the_connection(void)
{
    for (unsigned with_callback = 0; with_callback < 2; with_callback++) {
        uint16_t limit = 900;
        sim_options options;
        sim_options_init(&options);
        options.use_datagrams = true;
        options.use_cert_callback = with_callback != 0;
        sim_world *world = sim_world_new(&options);
        world->hook = take_datagrams;
        world->hook_argument = &limit;
        sim_conn *conn = sim_established(world);
        sim_conn *server = sim_server_conn(world, conn);
        CHECK_EQ(xqc_conn_get_public_remote_trans_settings(conn->handle).max_datagram_frame_size,
                 900);
        CHECK_EQ(xqc_conn_get_public_remote_trans_settings(server->handle).max_datagram_frame_size,
                 0);
        CHECK_EQ(xqc_datagram_get_mss(conn->handle), 897);
        CHECK_EQ(xqc_datagram_send(conn->handle, (void *)"x", 1, NULL, XQC_DATA_QOS_NORMAL),
                 XQC_OK);
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(server->datagrams.received, 1);
        sim_world_free(world);
    }
}

static void what_is_remembered_of_the_peer_can_be_set(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK_EQ(xqc_conn_get_public_remote_trans_settings(conn->handle).max_datagram_frame_size, 0);
    xqc_conn_public_remote_trans_settings_t settings = {.max_datagram_frame_size = 700};
    xqc_conn_set_public_remote_trans_settings(conn->handle, &settings);
    CHECK_EQ(xqc_conn_get_public_remote_trans_settings(conn->handle).max_datagram_frame_size, 700);
    sim_world_free(world);
}

/* A later change is remembered, and the peer is held to what it was told. */
static void a_late_change_of_our_settings_changes_nothing_for_the_peer(void)
{
    sim_options options;
    sim_options_init(&options);
    options.use_datagrams = true;
    options.server_settings.max_datagram_frame_size = 1000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    xqc_conn_public_local_trans_settings_t settings = {.max_datagram_frame_size = 10};
    xqc_conn_set_public_local_trans_settings(server->handle, &settings);
    CHECK_EQ(xqc_conn_get_public_local_trans_settings(server->handle).max_datagram_frame_size, 10);
    char data[900] = {0};
    CHECK_EQ(xqc_datagram_send(conn->handle, data, sizeof(data), NULL, XQC_DATA_QOS_NORMAL),
             XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed);
    CHECK_EQ(server->datagrams.received_bytes, 900);
    sim_world_free(world);
}

static int shorten(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_SERVER_ACCEPT) {
        xqc_conn_set_init_idle_timeout(call->conn->handle, 2000);
    }
    return 0;
}

static void a_server_can_shorten_the_wait_for_one_handshake(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 3000;
    options.down.blackhole = true;
    sim_world *world = sim_world_new(&options);
    world->hook = shorten;
    CHECK(sim_connect(world) != NULL);
    sim_run_for(world, 20 * SIM_MILLISECOND);
    world->up.config.blackhole = true;
    uint64_t start = sim_now();
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    sim_conn *server = world->server.conns;
    CHECK(sim_run(world, sim_is_closed, server, 60 * SIM_SECOND));
    double seconds = (double)(sim_now() - start) / 1e6;
    check_note("given up after %.1f s", seconds);
    CHECK(seconds > 1.5 && seconds < 5.0);
    sim_world_free(world);
}

static void connections_are_found_by_both_ends_ids(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    xqc_engine_t *engine = world->client.engine;
    CHECK(xqc_engine_conns_hash_find(engine, &conn->cid, 's') == conn->handle);
    CHECK(xqc_engine_conns_hash_find(engine, &server->cid, 'd') == conn->handle);
    static const xqc_cid_t unknown = {.cid_len = 8, .cid_buf = {9, 9, 9, 9, 9, 9, 9, 9}};
    static const xqc_cid_t empty;
    CHECK(xqc_engine_conns_hash_find(engine, &unknown, 's') == NULL);
    CHECK(xqc_engine_conns_hash_find(engine, &unknown, 'd') == NULL);
    CHECK(xqc_engine_conns_hash_find(engine, &empty, 's') == NULL);
    CHECK(xqc_engine_conns_hash_find(engine, NULL, 's') == NULL);
    sim_world_free(world);
}

static void a_broken_rule_is_told_by_a_code(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    /* The server takes no datagrams; the client is made to believe that it does. */
    xqc_conn_public_remote_trans_settings_t settings = {.max_datagram_frame_size = 1000};
    xqc_conn_set_public_remote_trans_settings(conn->handle, &settings);
    xqc_datagram_set_user_data(conn->handle, NULL);
    CHECK_EQ(world->server.process_errors, 0);
    CHECK_EQ(xqc_datagram_send(conn->handle, (void *)"x", 1, NULL, XQC_DATA_QOS_NORMAL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(world->server.process_errors, 1);
    CHECK_EQ(server->closing_error, 0xa);
    CHECK_EQ(conn->closing_error, 0xa);
    sim_world_free(world);
}

/* Hands a datagram to the server without addresses, as a host may for a connection that is there. */
static bool hand_over(void *argument, const uint8_t *bytes, size_t length)
{
    sim_world *world = argument;
    CHECK_EQ(xqc_engine_packet_process(world->server.engine, bytes, length, NULL, 0, NULL, 0,
                                       sim_now(), &world->server.listener),
             -XQC_EPROTO);
    return false;
}

static void a_broken_rule_is_told_of_a_datagram_without_addresses(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    xqc_conn_public_remote_trans_settings_t settings = {.max_datagram_frame_size = 1000};
    xqc_conn_set_public_remote_trans_settings(conn->handle, &settings);
    world->up.filter = hand_over;
    world->up.filter_argument = world;
    CHECK_EQ(xqc_datagram_send(conn->handle, (void *)"x", 1, NULL, XQC_DATA_QOS_NORMAL), XQC_OK);
    world->up.filter = NULL;
    CHECK_EQ(server->closing_error, 0xa);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(world->server.process_errors, 0);
    sim_world_free(world);
}

static void a_full_send_queue_holds_streams_back_until_a_tenth_is_free(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.sndq_packets_used_max = 50;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_stream *stream = sim_request(conn, 500000, 0);
    CHECK(stream != NULL);
    check_note("%u bytes were taken", (unsigned)stream->sent);
    CHECK(stream->sent >= 40 * 1200 && stream->sent <= 50 * 1200);
    unsigned char byte = 0;
    CHECK_EQ(xqc_stream_send(stream->handle, &byte, 1, 0), -XQC_EAGAIN);
    unsigned notices = stream->calls[SIM_STREAM_WRITE];
    CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    notices = stream->calls[SIM_STREAM_WRITE] - notices;
    check_note("the rest took %u notices", notices);
    /* 370 packets remain: a notice for each that is acknowledged would be waste. */
    CHECK(notices >= 5 && notices <= 120);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_filter_takes_the_place_of_the_socket", a_filter_takes_the_place_of_the_socket, 0},
    {"a_filter_that_refuses_is_asked_again", a_filter_that_refuses_is_asked_again, 0},
    {"a_server_may_take_datagrams_when_it_hears_of_the_connection",
     a_server_may_take_datagrams_when_it_hears_of_the_connection, 0},
    {"what_is_remembered_of_the_peer_can_be_set", what_is_remembered_of_the_peer_can_be_set, 0},
    {"a_late_change_of_our_settings_changes_nothing_for_the_peer",
     a_late_change_of_our_settings_changes_nothing_for_the_peer, CHECK_UPSTREAM_FAILS},
    {"a_server_can_shorten_the_wait_for_one_handshake",
     a_server_can_shorten_the_wait_for_one_handshake, 0},
    {"connections_are_found_by_both_ends_ids", connections_are_found_by_both_ends_ids, 0},
    {"a_full_send_queue_holds_streams_back_until_a_tenth_is_free",
     a_full_send_queue_holds_streams_back_until_a_tenth_is_free, 0},
    {"a_broken_rule_is_told_by_a_code", a_broken_rule_is_told_by_a_code, 0},
    {"a_broken_rule_is_told_of_a_datagram_without_addresses",
     a_broken_rule_is_told_of_a_datagram_without_addresses, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
