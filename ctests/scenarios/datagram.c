/* Unreliable datagrams (RFC 9221): delivered, reported, bounded, and sent again where asked. */
#include <string.h>

#include "sim.h"

static void take_datagrams(sim_options *options)
{
    sim_options_init(options);
    options->use_datagrams = true;
    options->client_settings.max_datagram_frame_size = 65535;
    options->server_settings.max_datagram_frame_size = 65535;
}

static sim_conn *server_of(sim_world *world, sim_conn *conn)
{
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL);
    return server;
}

static xqc_int_t send_one(sim_conn *conn, size_t length, uint64_t *number)
{
    uint8_t data[2000];
    memset(data, 7, sizeof(data));
    return xqc_datagram_send(conn->handle, data, length, number, XQC_DATA_QOS_NORMAL);
}

static void send_many(sim_conn *conn, unsigned count, size_t length)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t number = UINT64_MAX;
        CHECK_EQ(send_one(conn, length, &number), XQC_OK);
        CHECK_EQ(number, i);
    }
}

static void datagrams_arrive_and_are_acknowledged_once_each(void)
{
    sim_options options;
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    send_many(conn, 100, 500);
    send_many(server, 50, 1000);
    uint64_t before = sim_now();
    sim_run_for(world, 2 * SIM_SECOND);
    CHECK_EQ(server->datagrams.received, 100);
    CHECK_EQ(server->datagrams.received_bytes, 50000);
    CHECK_EQ(conn->datagrams.received, 50);
    CHECK_EQ(conn->datagrams.acked, 100);
    CHECK_EQ(conn->datagrams.last_acked, 99);
    CHECK_EQ(server->datagrams.acked, 50);
    CHECK_EQ(conn->datagrams.lost + server->datagrams.lost, 0);
    if (!check_upstream()) {
        /* Upstream gives the time since, though its header names the time of arrival. */
        CHECK(conn->datagrams.last_time >= before && conn->datagrams.last_time <= sim_now());
    }
    sim_world_free(world);
}

static void the_size_that_fits_is_told_and_holds(void)
{
    sim_options options;
    take_datagrams(&options);
    options.server_settings.max_datagram_frame_size = 1000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    CHECK_EQ(xqc_datagram_get_mss(conn->handle), 997);
    CHECK_EQ(conn->datagrams.mss, 997);
    CHECK_EQ(conn->datagrams.mss_updates, 1);
    size_t mss = xqc_datagram_get_mss(server->handle);
    CHECK_EQ(server->datagrams.mss, mss);
    check_note("the client takes any, its path %zu bytes", mss);
    CHECK(mss >= 1100 && mss < 1200);
    CHECK_EQ(send_one(conn, 998, NULL), -XQC_EDGRAM_TOO_LARGE);
    CHECK_EQ(send_one(conn, 997, NULL), XQC_OK);
    CHECK_EQ(send_one(server, mss + 1, NULL), -XQC_EDGRAM_TOO_LARGE);
    CHECK_EQ(send_one(server, mss, NULL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(server->datagrams.received_bytes, 997);
    CHECK_EQ(conn->datagrams.received_bytes, mss);
    sim_world_free(world);
}

static void a_peer_that_takes_none_gets_none(void)
{
    sim_options options;
    take_datagrams(&options);
    options.server_settings.max_datagram_frame_size = 0;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(send_one(conn, 1, NULL), -XQC_EDGRAM_NOT_SUPPORTED);
    CHECK_EQ(xqc_datagram_get_mss(conn->handle), 0);
    CHECK(conn->datagrams.mss_updates >= 1);
    CHECK_EQ(conn->datagrams.mss, 0);
    struct iovec one = {.iov_base = (void *)"x", .iov_len = 1};
    size_t count = 9, bytes = 9;
    CHECK_EQ(xqc_datagram_send_multiple(conn->handle, &one, NULL, 1, &count, &bytes,
                                        XQC_DATA_QOS_HIGH),
             -XQC_EDGRAM_NOT_SUPPORTED);
    CHECK_EQ(count + bytes, 0);
    CHECK_EQ(conn->datagrams.writable, 0);
    sim_world_free(world);
}

static void before_the_handshake_datagrams_wait_for_the_notice(void)
{
    sim_options options;
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK_EQ(send_one(conn, 10, NULL), -XQC_EAGAIN);
    CHECK_EQ(conn->datagrams.writable, 0);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK_EQ(conn->datagrams.writable, 1);
    CHECK_EQ(send_one(conn, 10, NULL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->datagrams.writable, 1);
    sim_world_free(world);
}

static void several_are_sent_in_one_call(void)
{
    sim_options options;
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    char bytes[2000] = {0};
    struct iovec vector[4] = {
        {.iov_base = bytes, .iov_len = 10},
        {.iov_base = bytes, .iov_len = 20},
        {.iov_base = bytes, .iov_len = 2000},
        {.iov_base = bytes, .iov_len = 30},
    };
    uint64_t numbers[4] = {9, 9, 9, 9};
    size_t count = 0, total = 0;
    /* The third does not fit: those before it are on their way. */
    CHECK_EQ(xqc_datagram_send_multiple(conn->handle, vector, numbers, 4, &count, &total,
                                        XQC_DATA_QOS_NORMAL),
             -XQC_EDGRAM_TOO_LARGE);
    CHECK_EQ(count, 2);
    CHECK_EQ(total, 30);
    CHECK_EQ(numbers[0], 0);
    CHECK_EQ(numbers[1], 1);
    CHECK_EQ(numbers[2], 9);
    CHECK_EQ(xqc_datagram_send_multiple(conn->handle, vector + 3, NULL, 1, &count, &total,
                                        XQC_DATA_QOS_NORMAL),
             XQC_OK);
    CHECK_EQ(count, 1);
    CHECK_EQ(total, 30);
    CHECK_EQ(xqc_datagram_send_multiple(conn->handle, vector, NULL, 0, &count, &total,
                                        XQC_DATA_QOS_NORMAL),
             -XQC_EPARAM);
    CHECK_EQ(count + total, 0);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(server_of(world, conn)->datagrams.received_bytes, 60);
    sim_world_free(world);
}

static void lose_some(sim_options *options)
{
    take_datagrams(options);
    options->up.loss = 0.1;
    options->client_settings.idle_time_out = 30000;
}

static void lost_datagrams_are_reported_and_not_sent_again(void)
{
    sim_options options;
    lose_some(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    send_many(conn, 500, 1000);
    sim_run_for(world, 20 * SIM_SECOND);
    check_note("500 sent, %u arrived, %u reported lost", server->datagrams.received,
               conn->datagrams.lost);
    CHECK(conn->datagrams.lost > 20);
    CHECK_EQ(server->datagrams.received, conn->datagrams.acked);
    CHECK(server->datagrams.received < 490);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    CHECK_EQ(stats.lost_dgram_count, conn->datagrams.lost);
    sim_world_free(world);
}

static void the_host_can_ask_for_lost_datagrams_to_be_sent_again(void)
{
    sim_options options;
    lose_some(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    conn->datagrams.lost_answer = XQC_DGRAM_RETX_ASKED_BY_APP;
    send_many(conn, 500, 1000);
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK(server->datagrams.received >= 500);
    CHECK_EQ(conn->datagrams.acked, 500);
    CHECK(conn->datagrams.lost > 20);
    sim_world_free(world);
}

static void forced_retransmission_brings_everything_over(void)
{
    sim_options options;
    lose_some(&options);
    options.client_settings.datagram_force_retrans_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    send_many(conn, 500, 1000);
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK(server->datagrams.received >= 500);
    CHECK_EQ(conn->datagrams.acked, 500);
    sim_world_free(world);
}

static void important_datagrams_are_sent_twice_with_redundancy(void)
{
    sim_options options;
    take_datagrams(&options);
    options.client_settings.datagram_redundancy = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(xqc_datagram_send(conn->handle, (void *)"high", 4, NULL, XQC_DATA_QOS_HIGHEST),
                 XQC_OK);
        CHECK_EQ(xqc_datagram_send(conn->handle, (void *)"low", 3, NULL, XQC_DATA_QOS_LOW), XQC_OK);
    }
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(server->datagrams.received, 30);
    CHECK_EQ(server->datagrams.received_bytes, 10 * (4 + 4 + 3));
    CHECK_EQ(conn->datagrams.acked, 20);
    sim_world_free(world);
}

static void a_client_that_closes_redundancy_gets_each_once(void)
{
    sim_options options;
    take_datagrams(&options);
    options.client_settings.close_dgram_redundancy = XQC_RED_SET_CLOSE;
    options.server_settings.datagram_redundancy = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(xqc_datagram_send(server->handle, (void *)"high", 4, NULL, XQC_DATA_QOS_HIGHEST),
                 XQC_OK);
    }
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->datagrams.received, 10);
    sim_world_free(world);
}

static void after_a_silence_the_last_datagram_is_repeated(void)
{
    sim_options options;
    take_datagrams(&options);
    options.client_settings.datagram_redundant_probe = 50000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    send_many(conn, 3, 100);
    sim_run_for(world, 40 * SIM_MILLISECOND);
    CHECK_EQ(server->datagrams.received, 3);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(server->datagrams.received, 4);
    sim_world_free(world);
}

static void a_full_queue_says_so_and_notifies_when_there_is_room(void)
{
    sim_options options;
    take_datagrams(&options);
    options.client_settings.sndq_packets_used_max = 100;
    options.up.rate = 100000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    unsigned sent = 0;
    xqc_int_t result;
    while ((result = send_one(conn, 1000, NULL)) == XQC_OK) {
        sent++;
        CHECK(sent < 1000);
    }
    CHECK_EQ(result, -XQC_EAGAIN);
    check_note("%u datagrams were taken", sent);
    CHECK(sent >= 80 && sent <= 200);
    CHECK_EQ(conn->datagrams.writable, 0);
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK_EQ(conn->datagrams.writable, 1);
    CHECK_EQ(send_one(conn, 1000, NULL), XQC_OK);
    sim_world_free(world);
}

static void send_again(void *argument)
{
    sim_conn *conn = argument;
    while (send_one(conn, 1000, NULL) == XQC_OK) {
    }
}

static int keep_sending(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_DATAGRAM_WRITE) {
        send_again(call->conn);
    }
    return 0;
}

/* Upstream counts both against one queue, so a stream that fills it shuts datagrams out. */
static void datagrams_without_end_do_not_starve_a_stream(void)
{
    sim_options options;
    take_datagrams(&options);
    options.up.rate = 1000000;
    options.client_settings.sndq_packets_used_max = 200;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    world->hook = keep_sending;
    CHECK(sim_request(conn, 500000, 0) != NULL);
    send_again(conn);
    uint64_t start = sim_now();
    CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
    sim_conn *server = server_of(world, conn);
    double seconds = (double)(sim_now() - start) / 1e6;
    check_note("500 kB in %.1f s beside %zu bytes of datagrams", seconds,
               server->datagrams.received_bytes);
    /* Half of one megabyte per second each, about. */
    CHECK(server->datagrams.received_bytes > 100000);
    CHECK(seconds < 3.0);
    sim_world_free(world);
}

static int answer_inside(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_DATAGRAM_READ && call->endpoint->is_server) {
        CHECK_EQ(send_one(call->conn, call->conn->datagrams.last_length, NULL), XQC_OK);
    }
    return 0;
}

static void a_datagram_can_be_answered_from_its_callback(void)
{
    sim_options options;
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    world->hook = answer_inside;
    send_many(conn, 20, 300);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->datagrams.received, 20);
    CHECK_EQ(conn->datagrams.received_bytes, 6000);
    sim_world_free(world);
}

static int close_inside(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_DATAGRAM_READ) {
        CHECK_EQ(xqc_conn_close(call->endpoint->engine, &call->conn->cid), XQC_OK);
        CHECK_EQ(send_one(call->conn, 5, NULL), -XQC_CLOSING);
    }
    return 0;
}

static void a_close_inside_the_callback_ends_delivery(void)
{
    sim_options options;
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_conn *server = server_of(world, conn);
    world->hook = close_inside;
    send_many(conn, 5, 10);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(server->datagrams.received, 1);
    CHECK(server->closed && conn->closed);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"datagrams_arrive_and_are_acknowledged_once_each",
     datagrams_arrive_and_are_acknowledged_once_each, 0},
    {"the_size_that_fits_is_told_and_holds", the_size_that_fits_is_told_and_holds, 0},
    {"a_peer_that_takes_none_gets_none", a_peer_that_takes_none_gets_none, 0},
    {"before_the_handshake_datagrams_wait_for_the_notice",
     before_the_handshake_datagrams_wait_for_the_notice, 0},
    {"several_are_sent_in_one_call", several_are_sent_in_one_call, 0},
    {"lost_datagrams_are_reported_and_not_sent_again",
     lost_datagrams_are_reported_and_not_sent_again, 0},
    {"the_host_can_ask_for_lost_datagrams_to_be_sent_again",
     the_host_can_ask_for_lost_datagrams_to_be_sent_again, 0},
    {"forced_retransmission_brings_everything_over", forced_retransmission_brings_everything_over,
     0},
    {"important_datagrams_are_sent_twice_with_redundancy",
     important_datagrams_are_sent_twice_with_redundancy, 0},
    {"a_client_that_closes_redundancy_gets_each_once",
     a_client_that_closes_redundancy_gets_each_once, 0},
    {"after_a_silence_the_last_datagram_is_repeated",
     after_a_silence_the_last_datagram_is_repeated, 0},
    {"a_full_queue_says_so_and_notifies_when_there_is_room",
     a_full_queue_says_so_and_notifies_when_there_is_room, 0},
    {"datagrams_without_end_do_not_starve_a_stream", datagrams_without_end_do_not_starve_a_stream,
     CHECK_UPSTREAM_FAILS},
    {"a_datagram_can_be_answered_from_its_callback", a_datagram_can_be_answered_from_its_callback,
     0},
    {"a_close_inside_the_callback_ends_delivery", a_close_inside_the_callback_ends_delivery, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
