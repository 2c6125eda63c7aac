/* What the functions of extended HTTP/3 answer in every state of a bytestream and of its connection. */
#include <string.h>

#include "bytestream.h"

static void slow_down(sim_options *options)
{
    options->up.rate = 1000000;
}

static void take_datagrams(sim_options *options)
{
    options->use_datagrams = true;
    options->client_settings.max_datagram_frame_size = 65535;
    options->server_settings.max_datagram_frame_size = 65535;
}

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3_ext(&options);
    if (change != NULL) {
        change(&options);
    }
    return sim_world_new(&options);
}

static sim_bytestream *opened(sim_conn *conn)
{
    sim_bytestream *one = sim_open_bytestream(conn);
    CHECK(one != NULL);
    return one;
}

/* ---- bytestreams ---- */

static void check_sending(sim_bytestream *one, ssize_t code)
{
    CHECK_EQ(sim_say(one, 5, false), code);
    CHECK_EQ(sim_say(one, 5, true), code);
    CHECK_EQ(sim_say(one, 0, true), code);
}

static void check_facts(sim_bytestream *one)
{
    CHECK_EQ(xqc_h3_ext_bytestream_id(one->handle), one->id);
    CHECK(xqc_h3_ext_bytestream_get_h3_conn(one->handle) == one->conn->h3);
    CHECK(xqc_h3_ext_bytestream_get_user_data(one->handle) == one);
    CHECK(xqc_h3_ext_bytestream_get_stats(one->handle).create_time > 0);
}

static void a_bytestream_that_the_host_closed(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, false), 10);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    check_sending(one, -XQC_ESTREAM_RESET);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_ESTREAM_RESET);
    check_facts(one);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void a_bytestream_that_the_peer_closed(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, false), 10);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_bytestream *peer = sim_bytestream_peer(world, one);
    CHECK_EQ(xqc_h3_ext_bytestream_close(peer->handle), XQC_OK);
    sim_run_for(world, 12 * SIM_MILLISECOND);
    CHECK(!one->closed);
    check_sending(one, -XQC_ESTREAM_RESET);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_ESTREAM_RESET);
    check_facts(one);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void a_bytestream_whose_end_was_sent(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, true), 10);
    check_sending(one, -XQC_H3_BYTESTREAM_FIN_SENT);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
    CHECK_EQ(xqc_h3_ext_bytestream_send(one->handle, NULL, 5, 0, XQC_DATA_QOS_HIGHEST),
             -XQC_H3_EPARAM);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(sim_bytestream_peer(world, one)->heard, 1);
    sim_world_free(world);
}

/* A message that waits is before all else. */
static void a_bytestream_with_a_message_that_waits(void)
{
    sim_world *world = world_with(slow_down);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 20000000, true), 20000000);
    check_sending(one, -XQC_EAGAIN);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_EAGAIN);
    CHECK_EQ(xqc_h3_ext_bytestream_send(one->handle, NULL, 5, 0, XQC_DATA_QOS_HIGHEST),
             -XQC_H3_EPARAM);
    sim_run_for(world, 60 * SIM_SECOND);
    check_sending(one, -XQC_H3_BYTESTREAM_FIN_SENT);
    CHECK_EQ(sim_bytestream_peer(world, one)->heard, 1);
    sim_world_free(world);
}

static void a_connection_that_is_closing(void)
{
    sim_world *world = world_with(take_datagrams);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, false), 10);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    check_sending(one, -XQC_CLOSING);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_CLOSING);
    check_facts(one);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(sim_open_bytestream(conn) == NULL);
    uint8_t byte = 0;
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, &byte, 1, NULL, XQC_DATA_QOS_HIGH), -XQC_CLOSING);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && one->closed);
    sim_world_free(world);
}

static int use_in_the_end(void *argument, const sim_call *call)
{
    if (call->event == SIM_BYTESTREAM_CLOSE) {
        *(unsigned *)argument += 1;
        CHECK(sim_say(call->bytestream, 5, false) < 0);
        (void)xqc_h3_ext_bytestream_finish(call->bytestream->handle);
        CHECK_EQ(xqc_h3_ext_bytestream_close(call->bytestream->handle), XQC_OK);
        check_facts(call->bytestream);
        return -1; /* what it answers means nothing */
    }
    return 0;
}

/* Upstream reads a stream that is gone. */
static void a_bytestream_in_its_last_notice(void)
{
    unsigned used = 0;
    sim_world *world = world_with(NULL);
    world->hook = use_in_the_end;
    world->hook_argument = &used;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    sim_bytestream *two = opened(conn);
    CHECK_EQ(sim_say(one, 10, false), 10);
    CHECK_EQ(sim_say(two, 10, false), 10);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK_EQ(used, 2);
    CHECK(!conn->closed);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(used, 4);
    sim_world_free(world);
}

/* Only clients open them. Upstream's servers use up a client's stream. */
static void a_server_opens_none(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    CHECK(sim_open_bytestream(sim_server_conn(world, conn)) == NULL);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, true), 10);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(sim_bytestream_peer(world, one)->heard, 1);
    sim_world_free(world);
}

/* The requests beside it are not bytestreams, nor the other way round. */
static void requests_and_bytestreams_are_told_apart(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    sim_exchange *asked = sim_post(conn, 1000, 1000);
    CHECK_EQ(sim_say(one, 10, true), 10);
    CHECK(sim_run(world, sim_is_fetched, asked, SIM_SECOND));
    CHECK_EQ(one->id, 0);
    CHECK_EQ(asked->id, 4);
    CHECK_EQ(world->server.calls[SIM_REQUEST_CREATE], 1);
    CHECK_EQ(world->server.calls[SIM_BYTESTREAM_CREATE], 1);
    CHECK_EQ(sim_bytestream_peer(world, one)->heard, 1);
    sim_world_free(world);
}

/* A table without entries: bytestreams come and go, and nobody is told. */
static void drop_the_callbacks(bool is_server, xqc_h3_callbacks_t *callbacks)
{
    if (is_server) {
        memset(&callbacks->h3_ext_bs_cbs, 0, sizeof(callbacks->h3_ext_bs_cbs));
        memset(&callbacks->h3_ext_dgram_cbs, 0, sizeof(callbacks->h3_ext_dgram_cbs));
    }
}

static void no_callbacks(sim_options *options)
{
    take_datagrams(options);
    options->change_h3_callbacks = drop_the_callbacks;
}

static void every_callback_may_be_missing(void)
{
    sim_world *world = world_with(no_callbacks);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    uint8_t byte = 0;
    CHECK_EQ(sim_say(one, 1000, true), 1000);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, &byte, 1, NULL, XQC_DATA_QOS_HIGH), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->datagrams.acked, 1);
    CHECK(xqc_h3_ext_bytestream_get_stats(one->handle).bytes_sent == 1000);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* ---- datagrams ---- */

static xqc_int_t send_many(sim_conn *conn, struct iovec *parts, size_t count, size_t *sent)
{
    size_t bytes = 99;
    *sent = 99;
    return xqc_h3_ext_datagram_send_multiple(conn->h3, parts, NULL, count, sent, &bytes,
                                             XQC_DATA_QOS_HIGH);
}

static void datagrams_that_cannot_be_sent(void)
{
    sim_world *world = world_with(take_datagrams);
    sim_conn *conn = sim_connect(world);
    static uint8_t data[70000];
    struct iovec parts[2] = {{data, 10}, {data, 20}};
    size_t sent = 0;
    /* Before the handshake. */
    CHECK_EQ(xqc_h3_ext_datagram_get_mss(conn->h3), 0);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, data, 10, NULL, XQC_DATA_QOS_HIGH), -XQC_EAGAIN);
    CHECK_EQ(send_many(conn, parts, 2, &sent), -XQC_EAGAIN);
    CHECK_EQ(sent, 0);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    size_t most = xqc_h3_ext_datagram_get_mss(conn->h3);
    CHECK(most > 1000 && most < 1500);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, data, most, NULL, XQC_DATA_QOS_HIGH), XQC_OK);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, data, most + 1, NULL, XQC_DATA_QOS_HIGH),
             -XQC_EDGRAM_TOO_LARGE);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, NULL, 10, NULL, XQC_DATA_QOS_HIGH), -XQC_EPARAM);
    CHECK_EQ(send_many(conn, parts, 0, &sent), -XQC_EPARAM);
    CHECK_EQ(send_many(conn, NULL, 2, &sent), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_ext_datagram_send_multiple(conn->h3, parts, NULL, 2, NULL, NULL,
                                               XQC_DATA_QOS_HIGH),
             -XQC_EPARAM);
    CHECK_EQ(send_many(conn, parts, 2, &sent), XQC_OK);
    CHECK_EQ(sent, 2);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(sim_server_conn(world, conn)->datagrams.received, 3);
    CHECK_EQ(sim_server_conn(world, conn)->datagrams.received_bytes, most + 30);
    sim_world_free(world);
}

static void client_alone_takes_them(sim_options *options)
{
    take_datagrams(options);
    options->server_settings.max_datagram_frame_size = 0;
}

static void a_peer_that_takes_no_datagrams(void)
{
    sim_world *world = world_with(client_alone_takes_them);
    sim_conn *conn = sim_established(world);
    uint8_t byte = 0;
    CHECK_EQ(xqc_h3_ext_datagram_get_mss(conn->h3), 0);
    CHECK_EQ(xqc_h3_ext_datagram_send(conn->h3, &byte, 1, NULL, XQC_DATA_QOS_HIGH),
             -XQC_EDGRAM_NOT_SUPPORTED);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_h3_ext_datagram_send(server->h3, &byte, 1, NULL, XQC_DATA_QOS_HIGH), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->datagrams.received, 1);
    CHECK_EQ(conn->datagrams.mss, 0);
    CHECK_EQ(conn->datagrams.mss_updates, 1);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_bytestream_that_the_host_closed", a_bytestream_that_the_host_closed, 0},
    {"a_bytestream_that_the_peer_closed", a_bytestream_that_the_peer_closed, 0},
    {"a_bytestream_whose_end_was_sent", a_bytestream_whose_end_was_sent, 0},
    {"a_bytestream_with_a_message_that_waits", a_bytestream_with_a_message_that_waits, 0},
    {"a_connection_that_is_closing", a_connection_that_is_closing, 0},
    {"a_bytestream_in_its_last_notice", a_bytestream_in_its_last_notice, CHECK_OURS_ONLY},
    {"a_server_opens_none", a_server_opens_none, CHECK_OURS_ONLY},
    {"requests_and_bytestreams_are_told_apart", requests_and_bytestreams_are_told_apart, 0},
    {"every_callback_may_be_missing", every_callback_may_be_missing, 0},
    {"datagrams_that_cannot_be_sent", datagrams_that_cannot_be_sent, 0},
    {"a_peer_that_takes_no_datagrams", a_peer_that_takes_no_datagrams, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
