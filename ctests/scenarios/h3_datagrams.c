/* Datagrams of extended HTTP/3, which are the connection's. (The user data of every callback is checked
 * by the simulator.) */
#include <string.h>

#include "bytestream.h"

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3_ext(&options);
    change(&options);
    return sim_world_new(&options);
}


static void take_datagrams(sim_options *options)
{
    options->use_datagrams = true;
    options->client_settings.max_datagram_frame_size = 65535;
    options->server_settings.max_datagram_frame_size = 1000;
}

static void lose_datagrams(sim_options *options)
{
    take_datagrams(options);
    options->up.loss = 0.1;
    options->client_settings.idle_time_out = 30000;
}

static xqc_int_t send_one(sim_conn *conn, size_t length, uint64_t *number)
{
    uint8_t data[2000];
    memset(data, 7, sizeof(data));
    return xqc_h3_ext_datagram_send(conn->h3, data, length, number, XQC_DATA_QOS_NORMAL);
}

static sim_conn *with_datagrams(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    CHECK(sim_server_conn(world, conn) != NULL);
    return conn;
}

static void datagrams_arrive_and_are_acknowledged(void)
{
    sim_world *world = world_with(take_datagrams);
    sim_conn *conn = with_datagrams(world);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_h3_ext_datagram_get_mss(conn->h3), 997);
    CHECK_EQ(conn->datagrams.mss, 997);
    CHECK_EQ(conn->datagrams.mss_updates, 1);
    CHECK_EQ(server->datagrams.mss, xqc_h3_ext_datagram_get_mss(server->h3));
    CHECK_EQ(send_one(conn, 998, NULL), -XQC_EDGRAM_TOO_LARGE);
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t number = UINT64_MAX;
        CHECK_EQ(send_one(conn, 500, &number), XQC_OK);
        CHECK_EQ(number, i);
        CHECK_EQ(send_one(server, 900, NULL), XQC_OK);
    }
    CHECK(sim_get(conn, 100000) != NULL);
    sim_run_for(world, 2 * SIM_SECOND);
    CHECK_EQ(server->datagrams.received, 100);
    CHECK_EQ(server->datagrams.received_bytes, 50000);
    CHECK_EQ(conn->datagrams.received, 100);
    CHECK_EQ(conn->datagrams.acked, 100);
    CHECK_EQ(conn->datagrams.last_acked, 99);
    /* How long ago the last one came, on a clock that stands still meanwhile. */
    CHECK_EQ(server->datagrams.last_time, 0);
    CHECK_EQ(conn->datagrams.lost, 0);
    CHECK(sim_is_served(conn));
    sim_world_free(world);
}

static void several_datagrams_are_sent_in_one_call(void)
{
    sim_world *world = world_with(take_datagrams);
    sim_conn *conn = with_datagrams(world);
    char bytes[2000] = {0};
    struct iovec vector[3] = {
        {.iov_base = bytes, .iov_len = 10},
        {.iov_base = bytes, .iov_len = 20},
        {.iov_base = bytes, .iov_len = 2000},
    };
    uint64_t numbers[3] = {9, 9, 9};
    size_t count = 0, total = 0;
    CHECK_EQ(xqc_h3_ext_datagram_send_multiple(conn->h3, vector, numbers, 3, &count, &total,
                                               XQC_DATA_QOS_NORMAL),
             -XQC_EDGRAM_TOO_LARGE);
    CHECK_EQ(count, 2);
    CHECK_EQ(total, 30);
    CHECK_EQ(numbers[1], 1);
    CHECK_EQ(numbers[2], 9);
    CHECK_EQ(xqc_h3_ext_datagram_send_multiple(conn->h3, NULL, NULL, 1, &count, &total,
                                               XQC_DATA_QOS_NORMAL),
             -XQC_EPARAM);
    /* Upstream leaves what it took to the next pass. */
    CHECK_EQ(send_one(conn, 1, NULL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(sim_server_conn(world, conn)->datagrams.received_bytes, 31);
    sim_world_free(world);
}

static void lost_datagrams_are_told_and_sent_again_on_demand(void)
{
    sim_world *world = world_with(lose_datagrams);
    sim_conn *conn = with_datagrams(world);
    conn->datagrams.lost_answer = XQC_DGRAM_RETX_ASKED_BY_APP;
    for (unsigned i = 0; i < 500; i++) {
        CHECK_EQ(send_one(conn, 900, NULL), XQC_OK);
    }
    sim_run_for(world, 20 * SIM_SECOND);
    CHECK(sim_server_conn(world, conn)->datagrams.received >= 500);
    CHECK_EQ(conn->datagrams.acked, 500);
    CHECK(conn->datagrams.lost > 20);
    sim_world_free(world);
}

static void a_datagram_too_early_is_told_when_it_can_go(void)
{
    sim_world *world = world_with(take_datagrams);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK_EQ(send_one(conn, 10, NULL), -XQC_EAGAIN);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK_EQ(conn->datagrams.writable, 1);
    CHECK_EQ(send_one(conn, 10, NULL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(sim_server_conn(world, conn)->datagrams.received, 1);
    sim_world_free(world);
}

/* Plain HTTP/3 carries them, as upstream does, and tells nobody. */
static void plain_http3_swallows_datagrams(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    take_datagrams(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = with_datagrams(world);
    CHECK_EQ(send_one(conn, 10, NULL), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(server->datagrams.received + conn->datagrams.acked + conn->datagrams.mss_updates, 0);
    sim_world_free(world);
}

int main(int argc, char **argv)
{
    static const check_case CASES[] = {
        {"datagrams_arrive_and_are_acknowledged", datagrams_arrive_and_are_acknowledged, 0},
        {"several_datagrams_are_sent_in_one_call", several_datagrams_are_sent_in_one_call, 0},
        {"lost_datagrams_are_told_and_sent_again_on_demand",
         lost_datagrams_are_told_and_sent_again_on_demand, 0},
        {"a_datagram_too_early_is_told_when_it_can_go", a_datagram_too_early_is_told_when_it_can_go,
         0},
        {"plain_http3_swallows_datagrams", plain_http3_swallows_datagrams, 0},
    };
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
