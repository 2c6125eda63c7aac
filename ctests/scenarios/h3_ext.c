/* Extended HTTP/3: messages on bytestreams. (Every byte of every message is compared by the simulator,
 * and so is the user data of every callback.) */
#include <stdlib.h>
#include <string.h>

#include "bytestream.h"

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    options.trace = true;
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

static sim_bytestream *peer_of(sim_world *world, const sim_bytestream *one)
{
    sim_bytestream *peer = sim_bytestream_peer(world, one);
    CHECK(peer != NULL);
    return peer;
}

/* ---- hooks: what the server does ---- */

static int finish_when_asked(void *argument, const sim_call *call)
{
    (void)argument;
    sim_bytestream *one = call->bytestream;
    if (call->event == SIM_BYTESTREAM_READ && !one->is_opener && one->fin_heard) {
        CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
    }
    return 0;
}

/* Sends each message back, but for those that find no room. */
static int echo(void *argument, const sim_call *call)
{
    (void)argument;
    sim_bytestream *one = call->bytestream;
    if (call->event == SIM_BYTESTREAM_READ && !one->is_opener && !one->fin_came_alone) {
        size_t length = one->lengths[(one->heard - 1) % SIM_LENGTHS];
        CHECK_EQ(sim_say(one, length, one->fin_heard), length);
    }
    return 0;
}

/* ---- order ---- */

/* The letters of what one end was told about a bytestream: c created, r read, w writable, x closed. */
static void life_of(const sim_world *world, const sim_bytestream *one, char *letters, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < world->trace_count && length + 1 < room; i++) {
        const sim_trace_entry *entry = &world->trace[i];
        if (entry->is_server == !one->is_opener && entry->has_stream && entry->stream == one->id) {
            switch (entry->event) {
            case SIM_BYTESTREAM_CREATE:
                letters[length++] = 'c';
                break;
            case SIM_BYTESTREAM_READ:
                letters[length++] = 'r';
                break;
            case SIM_BYTESTREAM_WRITE:
                letters[length++] = 'w';
                break;
            case SIM_BYTESTREAM_CLOSE:
                letters[length++] = 'x';
                break;
            default:
                break;
            }
        }
    }
    letters[length] = '\0';
}

static void callbacks_come_in_order(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 1000, false), 1000);
    CHECK_EQ(sim_say(one, 2000, true), 2000);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    sim_bytestream *peer = peer_of(world, one);
    CHECK(sim_run(world, sim_is_closed_down, peer, 10 * SIM_SECOND));
    char letters[64];
    life_of(world, one, letters, sizeof(letters));
    check_context("client: %s", letters);
    CHECK(strcmp(letters, "crx") == 0);
    life_of(world, peer, letters, sizeof(letters));
    check_context("server: %s", letters);
    CHECK(strcmp(letters, "crrx") == 0);
    CHECK_EQ(peer->lengths[0], 1000);
    CHECK_EQ(peer->lengths[1], 2000);
    CHECK(peer->fin_heard && !peer->fin_came_alone && one->fin_heard);
    sim_world_free(world);
}

static int say_in_create(void *argument, const sim_call *call)
{
    (void)argument;
    sim_bytestream *one = call->bytestream;
    if (call->event == SIM_BYTESTREAM_CREATE) {
        if (!one->is_opener) {
            CHECK_EQ(sim_say(one, 500, false), 500);
            CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
        }
        /* Whatever is returned. */
        return -1;
    }
    return 0;
}

static void a_server_can_speak_and_finish_in_the_create_callback(void)
{
    sim_world *world = world_with(NULL);
    world->hook = say_in_create;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, true), 10);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(one->lengths[0], 500);
    CHECK(one->fin_heard);
    CHECK_EQ(peer_of(world, one)->heard, 1);
    sim_world_free(world);
}

static void bytestreams_end_before_their_connection(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    sim_bytestream *two = opened(conn);
    CHECK(sim_get(conn, 100) != NULL);
    CHECK_EQ(sim_say(one, 10, false), 10);
    CHECK_EQ(sim_say(two, 10, false), 10);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 10 * SIM_SECOND));
    /* That no bytestream is open in the close notice is checked there. */
    CHECK(one->closed && two->closed);
    CHECK_EQ(strcmp(one->stats.stream_close_msg, "conn closed"), 0);
    CHECK(sim_run(world, sim_is_closed_down, peer_of(world, one), 10 * SIM_SECOND));
    sim_world_free(world);
}

/* ---- messages ---- */

static void messages_of_all_sizes_come_back_as_they_were(void)
{
    static const size_t SIZES[] = {1, 2, 63, 64, 1200, 16383, 16384, 100000, 1000000, 16000000};
    sim_world *world = world_with(NULL);
    world->hook = echo;
    sim_conn *conn = sim_established(world);
    size_t count = check_is_slow() ? CHECK_COUNT(SIZES) - 1 : CHECK_COUNT(SIZES);
    for (size_t i = 0; i < count; i++) {
        check_context("%zu bytes", SIZES[i]);
        sim_bytestream *one = opened(conn);
        CHECK_EQ(sim_say(one, SIZES[i], true), SIZES[i]);
        CHECK(sim_run(world, sim_is_closed_down, one, 60 * SIM_SECOND));
        CHECK_EQ(one->heard, 1);
        CHECK_EQ(one->lengths[0], SIZES[i]);
        CHECK(one->fin_heard && !one->fin_came_alone);
        CHECK_EQ(one->stats.bytes_sent, SIZES[i]);
        CHECK_EQ(one->stats.bytes_rcvd, SIZES[i]);
    }
    sim_world_free(world);
}

/* Larger than every window, in a single call at either end. */
static void thirty_two_megabytes_are_one_message(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 32000000, false), 32000000);
    CHECK_EQ(sim_say(one, 1000, true), -XQC_EAGAIN);
    CHECK(sim_run(world, sim_is_established, conn, SIM_SECOND));
    while (one->calls[SIM_BYTESTREAM_WRITE] == 0) {
        CHECK(sim_step(world));
    }
    ssize_t sent;
    while ((sent = sim_say(one, 1000, true)) == -XQC_EAGAIN) {
        CHECK(sim_step(world));
    }
    CHECK_EQ(sent, 1000);
    CHECK(sim_run(world, sim_is_closed_down, one, 60 * SIM_SECOND));
    sim_bytestream *peer = peer_of(world, one);
    CHECK_EQ(peer->heard, 2);
    CHECK_EQ(peer->lengths[0], 32000000);
    CHECK_EQ(peer->lengths[1], 1000);
    CHECK(peer->last_took <= SIM_SECOND);
    sim_world_free(world);
}

static void many_messages_stay_apart(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    unsigned count = check_rounds(20000, 500);
    uint64_t total = 0;
    for (unsigned i = 0; i < count;) {
        size_t length = 1 + (i * 37) % 300;
        ssize_t sent = sim_say(one, length, i + 1 == count);
        if (sent == -XQC_EAGAIN) {
            CHECK(sim_step(world));
            continue;
        }
        CHECK_EQ(sent, length);
        total += length;
        i++;
    }
    sim_run_for(world, SIM_SECOND);
    sim_bytestream *peer = peer_of(world, one);
    CHECK(sim_run(world, sim_is_heard_out, peer, 60 * SIM_SECOND));
    CHECK_EQ(peer->heard, count);
    CHECK_EQ(peer->bytes_heard, total);
    sim_world_free(world);
}

/* One send is one message, also if it is empty. What upstream does with it is not defined. */
static void an_empty_message_is_a_message(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 0, false), 0);
    CHECK_EQ(sim_say(one, 5, false), 5);
    sim_run_for(world, SIM_SECOND);
    sim_bytestream *peer = peer_of(world, one);
    CHECK_EQ(peer->heard, 2);
    CHECK_EQ(peer->lengths[0], 0);
    CHECK_EQ(peer->lengths[1], 5);
    sim_world_free(world);
}

static void lose_much(sim_options *options)
{
    options->up.loss = 0.05;
    options->down.loss = 0.05;
    options->up.reorder = 0.05;
    options->up.reorder_us = 5 * SIM_MILLISECOND;
}

static void losses_and_requests_beside_do_no_harm(void)
{
    sim_world *world = world_with(lose_much);
    world->hook = echo;
    sim_conn *conn = sim_established(world);
    sim_bytestream *all[8];
    for (size_t i = 0; i < CHECK_COUNT(all); i++) {
        all[i] = opened(conn);
        CHECK(sim_post(conn, 50000, 50000) != NULL);
        for (unsigned n = 0; n < 20; n++) {
            size_t length = 1 + i * 1000 + n * 97;
            while (sim_say(all[i], length, n == 19) == -XQC_EAGAIN) {
                CHECK(sim_step(world));
            }
        }
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    for (size_t i = 0; i < CHECK_COUNT(all); i++) {
        CHECK(sim_run(world, sim_is_closed_down, all[i], 60 * SIM_SECOND));
        CHECK_EQ(all[i]->heard, 20);
    }
    sim_world_free(world);
}

/* ---- the end ---- */

static void an_end_without_a_message_goes_both_ways(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), 0);
    CHECK_EQ(sim_say(one, 0, true), -XQC_H3_BYTESTREAM_FIN_SENT);
    CHECK_EQ(sim_say(one, 5, false), -XQC_H3_BYTESTREAM_FIN_SENT);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    sim_bytestream *peer = peer_of(world, one);
    CHECK(peer->fin_heard && one->fin_heard);
    CHECK_EQ(one->bytes_heard + peer->bytes_heard, 0);
    CHECK_EQ(one->calls[SIM_BYTESTREAM_READ], 1);
    CHECK_EQ(peer->calls[SIM_BYTESTREAM_READ], 1);
    CHECK_EQ(strcmp(one->stats.stream_close_msg, "finished"), 0);
    sim_world_free(world);
}

static void statistics_tell_sizes_and_times(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    uint64_t before = sim_now();
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 777, true), 777);
    xqc_h3_ext_bytestream_stats_t early = xqc_h3_ext_bytestream_get_stats(one->handle);
    CHECK_EQ(early.bytes_sent, 777);
    CHECK_EQ(early.create_time, before);
    CHECK_EQ(early.first_byte_sent_time, before);
    CHECK_EQ(early.fin_sent_time, before);
    CHECK_EQ(early.fin_acked_time + early.fin_rcvd_time + early.fin_read_time, 0);
    CHECK(early.stream_close_msg == NULL);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    const xqc_h3_ext_bytestream_stats_t *mine = &one->stats;
    const xqc_h3_ext_bytestream_stats_t *theirs = &peer_of(world, one)->stats;
    CHECK(sim_run(world, sim_is_closed_down, peer_of(world, one), 10 * SIM_SECOND));
    CHECK_EQ(mine->stream_err, 0);
    CHECK(mine->fin_acked_time > before && mine->fin_acked_time <= sim_now());
    CHECK(mine->fin_rcvd_time > before && mine->fin_read_time >= mine->fin_rcvd_time);
    CHECK_EQ(theirs->bytes_rcvd, 777);
    CHECK_EQ(theirs->bytes_sent, 0);
    CHECK(theirs->create_time >= before + 10 * SIM_MILLISECOND);
    CHECK(theirs->first_byte_rcvd_time >= theirs->create_time);
    CHECK(theirs->fin_sent_time >= theirs->fin_read_time && theirs->fin_read_time > 0);
    CHECK(theirs->fin_acked_time > theirs->fin_sent_time);
    sim_world_free(world);
}

static void what_one_side_closes_ends_at_both(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 10, false), 10);
    sim_run_for(world, SIM_SECOND);
    sim_bytestream *peer = peer_of(world, one);
    CHECK_EQ(peer->heard, 1);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(!one->closed);
    CHECK_EQ(sim_say(one, 10, false), -XQC_ESTREAM_RESET);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_closed_down, peer, 10 * SIM_SECOND));
    CHECK_EQ(one->stats.stream_err, 0x10c);
    CHECK_EQ(peer->stats.stream_err, 0x10c);
    CHECK_EQ(strcmp(one->stats.stream_close_msg, "local reset"), 0);
    CHECK_EQ(strcmp(peer->stats.stream_close_msg, "remote reset"), 0);
    CHECK_EQ(peer->calls[SIM_BYTESTREAM_READ], 1);
    CHECK_EQ(one->calls[SIM_BYTESTREAM_READ], 0);
    CHECK_EQ(one->calls[SIM_BYTESTREAM_CLOSE] + peer->calls[SIM_BYTESTREAM_CLOSE], 2);
    sim_world_free(world);
}

/* The part of a message that came before a reset is never told. (Upstream tells the writer of a
 * bytestream that it has closed itself that it can write.) */
static void a_message_cut_off_by_a_reset_is_not_delivered(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 30000000, true), 30000000);
    sim_run_for(world, 40 * SIM_MILLISECOND);
    sim_bytestream *peer = peer_of(world, one);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(sim_run(world, sim_is_closed_down, peer, 10 * SIM_SECOND));
    CHECK_EQ(peer->calls[SIM_BYTESTREAM_READ], 0);
    CHECK_EQ(peer->stats.bytes_rcvd, 0);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(one->calls[SIM_BYTESTREAM_WRITE], 0);
    sim_world_free(world);
}

/* Upstream delivers what it has read already. */
static int close_in_read(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_BYTESTREAM_READ) {
        CHECK_EQ(xqc_h3_ext_bytestream_close(call->bytestream->handle), XQC_OK);
    }
    return 0;
}

static void a_bytestream_closed_while_it_is_read_is_not_read_on(void)
{
    sim_world *world = world_with(NULL);
    world->hook = close_in_read;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(sim_say(one, 10, false), 10);
    }
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(peer_of(world, one)->heard, 1);
    sim_world_free(world);
}

static void a_bytestream_that_says_nothing_ends_with_its_reset(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    sim_bytestream *peer = sim_bytestream_peer(world, one);
    CHECK(peer == NULL || peer->closed);
    CHECK(peer == NULL || peer->calls[SIM_BYTESTREAM_READ] == 0);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* ---- blocked sends ---- */

static void slow_down(sim_options *options)
{
    options->up.rate = 1000000;
}

static void the_first_blocked_message_is_taken_and_the_next_is_not(void)
{
    sim_world *world = world_with(slow_down);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 20000000, false), 20000000);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(sim_say(one, 10, false), -XQC_EAGAIN);
        CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_EAGAIN);
    }
    CHECK(xqc_h3_ext_bytestream_get_stats(one->handle).bytes_sent < 20000000);
    CHECK_EQ(one->calls[SIM_BYTESTREAM_WRITE], 0);
    uint64_t end = sim_now() + 120 * SIM_SECOND;
    while (sim_say(one, 10, false) == -XQC_EAGAIN) {
        CHECK(sim_step(world) && sim_now() < end);
    }
    CHECK(one->calls[SIM_BYTESTREAM_WRITE] >= 1);
    CHECK(xqc_h3_ext_bytestream_get_stats(one->handle).bytes_sent >= 20000000);
    while (xqc_h3_ext_bytestream_finish(one->handle) == -XQC_EAGAIN) {
        CHECK(sim_step(world) && sim_now() < end);
    }
    CHECK(sim_run(world, sim_is_closed_down, one, 120 * SIM_SECOND));
    sim_bytestream *peer = peer_of(world, one);
    CHECK_EQ(peer->lengths[0], 20000000);
    CHECK_EQ(peer->lengths[1], 10);
    CHECK(peer->fin_heard);
    CHECK_EQ(peer->calls[SIM_BYTESTREAM_WRITE], 0);
    sim_world_free(world);
}

/* Told when the message is out, and not before. Upstream tells of each part of it. */
static void the_write_callback_comes_once_for_a_blocked_message(void)
{
    sim_world *world = world_with(slow_down);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 20000000, false), 20000000);
    sim_run_for(world, 60 * SIM_SECOND);
    CHECK_EQ(peer_of(world, one)->heard, 1);
    CHECK_EQ(one->calls[SIM_BYTESTREAM_WRITE], 1);
    sim_world_free(world);
}

static void the_end_of_a_blocked_message_is_not_lost(void)
{
    sim_world *world = world_with(slow_down);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 20000000, true), 20000000);
    CHECK_EQ(xqc_h3_ext_bytestream_get_stats(one->handle).fin_sent_time, 0);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(one->handle), -XQC_EAGAIN);
    CHECK(sim_run(world, sim_is_closed_down, one, 120 * SIM_SECOND));
    CHECK_EQ(peer_of(world, one)->heard, 1);
    CHECK(one->stats.fin_sent_time > one->stats.create_time);
    sim_world_free(world);
}

static void messages_before_the_handshake_arrive(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 3000, true), 3000);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(peer_of(world, one)->lengths[0], 3000);
    sim_world_free(world);
}

static void messages_go_out_early_on_a_resumed_connection(void)
{
    sim_world *world = world_with(NULL);
    world->hook = finish_when_asked;
    sim_conn *first = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &first->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, first, 10 * SIM_SECOND));
    sim_return(world);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    uint64_t begin = sim_now();
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 500, true), 500);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(xqc_conn_get_stats(world->client.engine, &conn->cid).early_data_flag, XQC_0RTT_ACCEPT);
    /* The server has it after half a round trip. */
    CHECK(peer_of(world, one)->stats.fin_read_time <= begin + 15 * SIM_MILLISECOND);
    sim_world_free(world);
}

/* ---- callbacks that fail ---- */

static int refuse(void *argument, const sim_call *call)
{
    return call->event == *(const sim_event *)argument ? -1 : 0;
}

static void fails_with(sim_world *world, sim_conn *conn, sim_event event)
{
    world->hook = refuse;
    world->hook_argument = &event;
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, event == SIM_BYTESTREAM_WRITE ? 20000000 : 10, false),
             event == SIM_BYTESTREAM_WRITE ? 20000000 : 10);
    CHECK(sim_run(world, sim_is_closed, conn, 120 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, 1);
    CHECK(one->closed);
}

static void a_failing_read_callback_ends_the_connection(void)
{
    sim_world *world = world_with(NULL);
    fails_with(world, sim_established(world), SIM_BYTESTREAM_READ);
    sim_world_free(world);
}

static void a_failing_write_callback_ends_the_connection(void)
{
    sim_world *world = world_with(slow_down);
    fails_with(world, sim_established(world), SIM_BYTESTREAM_WRITE);
    sim_world_free(world);
}

/* ---- plain HTTP/3 ---- */

/* Upstream asks the engine, not the connection. */
static void plain_http3_has_no_bytestreams(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.client_config.enable_h3_ext = 1;
    options.server_config.enable_h3_ext = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_open_bytestream(conn) == NULL);
    CHECK(sim_get(conn, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void functions_take_null(void)
{
    CHECK(xqc_h3_ext_bytestream_create(NULL, NULL, NULL) == NULL);
    CHECK_EQ(xqc_h3_ext_bytestream_close(NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_ext_bytestream_finish(NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_ext_bytestream_send(NULL, NULL, 0, 0, XQC_DATA_QOS_HIGHEST), -XQC_H3_EPARAM);
    xqc_h3_ext_bytestream_set_user_data(NULL, NULL);
    CHECK(xqc_h3_ext_bytestream_get_user_data(NULL) == NULL);
    CHECK(xqc_h3_ext_bytestream_get_h3_conn(NULL) == NULL);
    CHECK_EQ(xqc_h3_ext_bytestream_get_stats(NULL).create_time, 0);
    CHECK_EQ(xqc_h3_ext_datagram_get_mss(NULL), 0);
    xqc_h3_ext_datagram_set_user_data(NULL, NULL);
    CHECK(xqc_h3_ext_datagram_get_user_data(NULL) == NULL);
    CHECK_EQ(xqc_h3_ext_datagram_send(NULL, NULL, 0, NULL, XQC_DATA_QOS_HIGHEST), -XQC_EPARAM);
}

static void wrong_arguments_are_refused(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(xqc_h3_ext_bytestream_send(one->handle, NULL, 5, 0, XQC_DATA_QOS_HIGHEST),
             -XQC_H3_EPARAM);
    const xqc_cid_t unknown = {.cid_len = 8, .cid_buf = "nobody's"};
    CHECK(xqc_h3_ext_bytestream_create(world->client.engine, &unknown, NULL) == NULL);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_open_bytestream(conn) == NULL);
    CHECK_EQ(sim_say(one, 5, false), -XQC_CLOSING);
    sim_world_free(world);
}

/* ---- logs ---- */

static void log_reports(sim_options *options)
{
    options->client_config.cfg_log_level = XQC_LOG_REPORT;
    options->server_config.cfg_log_level = XQC_LOG_DEBUG;
}

static void each_end_writes_a_record(void)
{
    sim_world *world = world_with(log_reports);
    world->hook = finish_when_asked;
    world->client.log_wanted = "xqc_h3_ext_bytestream_destroy|";
    world->server.log_wanted = "xqc_h3_ext_bytestream_finish|";
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 5, true), 5);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(world->client.log_found, 1);
    CHECK_EQ(world->server.log_found, 1);
    CHECK_EQ(world->client.log_lines[XQC_LOG_ERROR] + world->server.log_lines[XQC_LOG_ERROR], 0);
    sim_world_free(world);
}

static void closing_is_logged(void)
{
    sim_world *world = world_with(log_reports);
    world->hook = close_in_read;
    world->server.log_wanted = "xqc_h3_ext_bytestream_close|success|";
    sim_conn *conn = sim_established(world);
    sim_bytestream *one = opened(conn);
    CHECK_EQ(sim_say(one, 5, true), 5);
    CHECK(sim_run(world, sim_is_closed_down, one, 10 * SIM_SECOND));
    CHECK_EQ(world->server.log_found, 1);
    sim_world_free(world);
}

int main(int argc, char **argv)
{
    static const check_case CASES[] = {
        {"callbacks_come_in_order", callbacks_come_in_order, 0},
        {"a_server_can_speak_and_finish_in_the_create_callback",
         a_server_can_speak_and_finish_in_the_create_callback, 0},
        {"bytestreams_end_before_their_connection", bytestreams_end_before_their_connection, 0},
        {"messages_of_all_sizes_come_back_as_they_were",
         messages_of_all_sizes_come_back_as_they_were, 0},
        {"thirty_two_megabytes_are_one_message", thirty_two_megabytes_are_one_message, 0},
        {"many_messages_stay_apart", many_messages_stay_apart, 0},
        {"an_empty_message_is_a_message", an_empty_message_is_a_message, CHECK_OURS_ONLY},
        {"losses_and_requests_beside_do_no_harm", losses_and_requests_beside_do_no_harm, 0},
        {"an_end_without_a_message_goes_both_ways", an_end_without_a_message_goes_both_ways, 0},
        {"statistics_tell_sizes_and_times", statistics_tell_sizes_and_times, 0},
        {"what_one_side_closes_ends_at_both", what_one_side_closes_ends_at_both, 0},
        {"a_message_cut_off_by_a_reset_is_not_delivered",
         a_message_cut_off_by_a_reset_is_not_delivered, CHECK_UPSTREAM_FAILS},
        {"a_bytestream_closed_while_it_is_read_is_not_read_on",
         a_bytestream_closed_while_it_is_read_is_not_read_on, CHECK_UPSTREAM_FAILS},
        {"a_bytestream_that_says_nothing_ends_with_its_reset",
         a_bytestream_that_says_nothing_ends_with_its_reset, 0},
        {"the_first_blocked_message_is_taken_and_the_next_is_not",
         the_first_blocked_message_is_taken_and_the_next_is_not, 0},
        {"the_write_callback_comes_once_for_a_blocked_message",
         the_write_callback_comes_once_for_a_blocked_message, CHECK_UPSTREAM_FAILS},
        {"the_end_of_a_blocked_message_is_not_lost", the_end_of_a_blocked_message_is_not_lost, 0},
        {"messages_before_the_handshake_arrive", messages_before_the_handshake_arrive, 0},
        {"messages_go_out_early_on_a_resumed_connection",
         messages_go_out_early_on_a_resumed_connection, 0},
        {"a_failing_read_callback_ends_the_connection", a_failing_read_callback_ends_the_connection,
         0},
        {"a_failing_write_callback_ends_the_connection",
         a_failing_write_callback_ends_the_connection, 0},
        {"plain_http3_has_no_bytestreams", plain_http3_has_no_bytestreams, CHECK_UPSTREAM_FAILS},
        {"functions_take_null", functions_take_null, CHECK_OURS_ONLY},
        {"wrong_arguments_are_refused", wrong_arguments_are_refused, 0},
        {"each_end_writes_a_record", each_end_writes_a_record, 0},
        {"closing_is_logged", closing_is_logged, 0},
    };
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
