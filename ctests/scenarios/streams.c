/* Many streams, in all directions, within the limits that the peer sets. */
#include "sim.h"

#define MEGABYTE ((uint64_t)1 << 20)

static sim_world *connected(const sim_options *options, sim_conn **conn)
{
    sim_world *world = sim_world_new(options);
    *conn = sim_established(world);
    return world;
}

static void finish(sim_world *world, sim_conn *conn, uint64_t limit)
{
    CHECK(sim_run(world, sim_is_drained, conn, limit));
    CHECK(!conn->closed);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK(server != NULL && !server->closed);
    sim_world_free(world);
}

static void empty_and_tiny_streams(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    static const uint64_t sizes[] = {0, 1, 2, 63, 64, 1100, 1200, 1300, 16383, 16384, 16385};
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        for (size_t j = 0; j < CHECK_COUNT(sizes); j++) {
            check_context("%llu up, %llu down", (unsigned long long)sizes[i],
                          (unsigned long long)sizes[j]);
            CHECK(sim_request(conn, sizes[i], sizes[j]) != NULL);
            CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
        }
    }
    finish(world, conn, SIM_SECOND);
}

static void a_thousand_at_once(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.max_streams_bidi = 1000;
    options.up.loss = 0.01;
    options.down.loss = 0.01;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    for (unsigned i = 0; i < 1000; i++) {
        CHECK(sim_request(conn, 2000, 4000 + i) != NULL);
    }
    CHECK(sim_request(conn, 1, 1) == NULL);
    finish(world, conn, 120 * SIM_SECOND);
}

/* The limit of 100 comes in the way; streams that end make room for others. */
static void a_thousand_past_a_limit_of_a_hundred(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.max_streams_bidi = 100;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned opened = 0;
    unsigned most = 0;
    unsigned refused = 0;
    uint64_t end = sim_now() + 300 * SIM_SECOND;
    while (opened < 1000) {
        if (sim_request(conn, 1000, 1000) != NULL) {
            opened++;
            continue;
        }
        refused++;
        CHECK(sim_step(world));
        CHECK(sim_now() < end);
        most = server->open_streams > most ? server->open_streams : most;
    }
    CHECK(refused > 0);
    CHECK(most > 0 && most <= 100);
    finish(world, conn, 60 * SIM_SECOND);
}

static void one_way_streams_of_both_ends(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.max_streams_uni = 200;
    options.server_settings.max_streams_uni = 200;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    for (unsigned i = 0; i < 200; i++) {
        sim_stream *up = sim_push(conn, 10000 + i);
        sim_stream *down = sim_push(server, 20000 + i);
        CHECK(up != NULL && down != NULL);
        CHECK_EQ(up->id, 4 * i + 2);
        CHECK_EQ(down->id, 4 * i + 3);
        CHECK_EQ(xqc_stream_get_direction(up->handle), XQC_STREAM_UNI);
    }
    finish(world, conn, 60 * SIM_SECOND);
}

static void the_server_may_open_streams(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    for (unsigned i = 0; i < 20; i++) {
        sim_stream *stream = sim_request(server, 30000, 50000);
        CHECK(stream != NULL);
        CHECK_EQ(stream->id, 4 * i + 1);
        CHECK(sim_request(conn, 50000, 30000) != NULL);
    }
    finish(world, conn, 60 * SIM_SECOND);
}

static void both_sides_send_at_once(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 5000000;
    options.down.rate = 5000000;
    options.up.queue_bytes = 200000;
    options.down.queue_bytes = 200000;
    options.up.loss = 0.005;
    options.down.loss = 0.005;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    uint64_t size = check_is_slow() ? MEGABYTE / 8 : 2 * MEGABYTE;
    for (unsigned i = 0; i < 4; i++) {
        CHECK(sim_request(conn, size, size) != NULL);
        CHECK(sim_request(server, size, size) != NULL);
    }
    finish(world, conn, 300 * SIM_SECOND);
}

static int pause_server_streams(void *argument, const sim_call *call)
{
    unsigned *left = argument;
    if (call->event == SIM_STREAM_CREATE && call->endpoint->is_server && *left > 0) {
        call->stream->paused = true;
        (*left)--;
    }
    return 0;
}

typedef struct slow_reader {
    sim_world *world;
    sim_conn *conn;
    uint64_t step;
    uint64_t interval;
    bool is_silent; /* does not run the engine after reading */
} slow_reader;

static void read_a_little(void *argument)
{
    slow_reader *reader = argument;
    bool any = false;
    for (sim_stream *stream = reader->conn->streams; stream != NULL; stream = stream->next) {
        if (stream->paused && !stream->fin_received && stream->receive_error == 0
            && stream->handle != NULL) {
            bool was_ready = stream->send_ready;
            sim_stream_receive(stream, reader->step);
            if (stream->send_ready && !was_ready) {
                sim_stream_send(stream);
            }
            any = any || !stream->fin_received;
        }
    }
    if (!reader->is_silent) {
        xqc_engine_main_logic(reader->conn->endpoint->engine);
    }
    if (any) {
        sim_at(reader->world, sim_now() + reader->interval, read_a_little, reader);
    }
}

/* A reader that rests holds the sender back: no more than the window crosses the wire. */
static void a_slow_reader_holds_the_sender_back(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned paused = 1;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    size_t heap = sim_heap_in_use();
    CHECK(sim_request(conn, 40 * MEGABYTE, 1000) != NULL);
    sim_run_for(world, 20 * SIM_SECOND);
    check_note("%llu bytes on the wire while nothing is read; heap grew by %zu",
               (unsigned long long)world->up.stats.sent_bytes, sim_heap_in_use() - heap);
    /* The default window of a stream is 16 MB. */
    CHECK(world->up.stats.sent_bytes >= MEGABYTE);
    CHECK(world->up.stats.sent_bytes <= 18 * MEGABYTE);
    CHECK(sim_heap_in_use() - heap <= 80 * MEGABYTE);
    CHECK(!conn->closed);
    slow_reader reader = {world, server, 200000, 5 * SIM_MILLISECOND, false};
    sim_at(world, sim_now(), read_a_little, &reader);
    finish(world, conn, 120 * SIM_SECOND);
}

/* A receive rate bounds the window of the connection: 60 ms worth of it to begin with. */
static void a_receive_rate_bounds_what_is_unread(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.recv_rate_bytes_per_sec = 4000000;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned paused = 1;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    uint64_t before = world->up.stats.sent_bytes;
    CHECK(sim_request(conn, 2 * MEGABYTE, 10) != NULL);
    sim_run_for(world, 20 * SIM_SECOND);
    uint64_t unread = world->up.stats.sent_bytes - before;
    check_note("%llu bytes on the wire while nothing is read", (unsigned long long)unread);
    CHECK(unread >= 200000 && unread <= 320000);
    slow_reader reader = {world, server, 20000, 5 * SIM_MILLISECOND, false};
    sim_at(world, sim_now(), read_a_little, &reader);
    finish(world, conn, 120 * SIM_SECOND);
}

/* A host may read between engine calls, and then wait: the credit goes out by itself. */
static void credit_goes_out_by_itself(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned paused = 1;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    CHECK(sim_request(conn, 20 * MEGABYTE, 10) != NULL);
    sim_run_for(world, 5 * SIM_SECOND);
    slow_reader reader = {world, server, 500000, 50 * SIM_MILLISECOND, true};
    sim_at(world, sim_now(), read_a_little, &reader);
    finish(world, conn, 60 * SIM_SECOND);
}

/* What waits unread on one stream must not keep another from flowing. */
static void a_resting_stream_does_not_block_others(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned paused = 1;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    sim_stream *resting = sim_request(conn, 300000, 10);
    CHECK(resting != NULL);
    sim_run_for(world, SIM_SECOND);
    for (unsigned i = 0; i < 10; i++) {
        sim_stream *stream = sim_request(conn, 500000, 10);
        CHECK(stream != NULL);
        for (unsigned wait = 0; wait < 600 && !sim_stream_is_complete(stream); wait++) {
            sim_run_for(world, 100 * SIM_MILLISECOND);
        }
        CHECK(sim_stream_is_complete(stream));
    }
    CHECK(!sim_stream_is_complete(resting));
    slow_reader reader = {world, server, 50000, SIM_MILLISECOND, false};
    sim_at(world, sim_now(), read_a_little, &reader);
    finish(world, conn, 60 * SIM_SECOND);
}

/* Part of what is there is read: the rest is still there, and the host can come back for it. */
static void reading_in_small_bites(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    unsigned paused = 5;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    for (unsigned i = 0; i < 5; i++) {
        CHECK(sim_request(conn, 5000, 5000) != NULL);
    }
    sim_run_for(world, SIM_SECOND);
    slow_reader reader = {world, server, 7, 100, false};
    sim_at(world, sim_now(), read_a_little, &reader);
    finish(world, conn, 60 * SIM_SECOND);
}

static int read_ten_bytes(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_STREAM_READ && call->endpoint->is_server
        && !call->stream->fin_received) {
        sim_stream_receive(call->stream, 10);
        sim_stream_send(call->stream);
    }
    return 0;
}

/* A host that reads a part in its callback is told again, as long as something is left. */
static void a_partial_read_is_told_again(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    sim_stream *stream = sim_request(conn, 500, 10);
    CHECK(stream != NULL);
    sim_run_for(world, 5 * SIM_MILLISECOND);
    unsigned paused = 1;
    world->hook = pause_server_streams;
    world->hook_argument = &paused;
    sim_run_for(world, 5 * SIM_MILLISECOND);
    CHECK(server->streams != NULL && server->streams->paused);
    world->hook = read_ten_bytes;
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(sim_stream_is_complete(stream));
    CHECK(server->streams->calls[SIM_STREAM_READ] >= 50);
    sim_world_free(world);
}

static sim_stream *stream_by_id(const sim_conn *conn, xqc_stream_id_t id)
{
    sim_stream *stream = conn->streams;
    while (stream != NULL && stream->id != id) {
        stream = stream->next;
    }
    return stream;
}

/* Every other stream is reset half way; one that had arrived whole by then may ignore it. */
static void a_reset_leaves_other_streams_alone(void)
{
    enum { COUNT = 20 };
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 500000;
    options.up.queue_bytes = 50000;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    sim_conn *server = sim_server_conn(world, conn);
    sim_stream *streams[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        streams[i] = sim_request(conn, 100000, 1000);
        CHECK(streams[i] != NULL);
    }
    sim_run_for(world, SIM_SECOND);
    for (unsigned i = 0; i < COUNT; i += 2) {
        if (streams[i]->handle != NULL) {
            CHECK_EQ(xqc_stream_close(streams[i]->handle), XQC_OK);
        }
    }
    sim_run_for(world, 120 * SIM_SECOND);
    CHECK(!conn->closed && !server->closed);
    unsigned cut_off = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        sim_stream *there = stream_by_id(server, streams[i]->id);
        CHECK_EQ(streams[i]->calls[SIM_STREAM_CLOSE], 1);
        CHECK(i % 2 == 0 || (there != NULL && there->fin_received));
        if (there != NULL && !there->fin_received) {
            cut_off++;
            CHECK_EQ(there->calls[SIM_STREAM_CLOSING], 1);
            CHECK_EQ(there->calls[SIM_STREAM_CLOSE], 1);
            /* Upstream lets the host read the error as well. */
            CHECK(there->receive_error == -XQC_ESTREAM_RESET || there->receive_error == 0);
        }
    }
    CHECK(cut_off >= 3);
    CHECK_EQ(server->open_streams, 0);
    sim_world_free(world);
}

/* Streams that end by reset give their credit back as any others. */
static void resets_do_not_use_up_the_windows(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.max_streams_bidi = 10;
    sim_conn *conn;
    sim_world *world = connected(&options, &conn);
    for (unsigned i = 0; i < check_rounds(200, 20); i++) {
        check_context("round %u", i);
        sim_stream *stream = NULL;
        for (unsigned wait = 0; wait < 200 && stream == NULL; wait++) {
            stream = sim_request(conn, 400000, 0);
            if (stream == NULL) {
                sim_run_for(world, 20 * SIM_MILLISECOND);
            }
        }
        CHECK(stream != NULL);
        sim_run_for(world, 15 * SIM_MILLISECOND);
        CHECK_EQ(xqc_stream_close(stream->handle), XQC_OK);
        sim_run_for(world, 100 * SIM_MILLISECOND);
    }
    sim_run_for(world, 5 * SIM_SECOND);
    sim_stream *last = sim_request(conn, 2 * MEGABYTE, 2 * MEGABYTE);
    CHECK(last != NULL);
    for (unsigned wait = 0; wait < 300 && !sim_stream_is_complete(last); wait++) {
        sim_run_for(world, 100 * SIM_MILLISECOND);
    }
    CHECK(sim_stream_is_complete(last));
    sim_world_free(world);
}

/* Data handed over before the handshake ends is not lost. */
static void streams_may_be_opened_before_the_handshake_ends(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_stream *stream = sim_request(conn, 50000, 50000);
    CHECK(stream != NULL);
    CHECK_EQ(stream->send_error, 0);
    CHECK(sim_run(world, sim_is_confirmed, conn, 20 * SIM_SECOND));
    finish(world, conn, 20 * SIM_SECOND);
}

static const check_case CASES[] = {
    {"empty_and_tiny_streams", empty_and_tiny_streams, 0},
    {"a_thousand_at_once", a_thousand_at_once, 0},
    {"a_thousand_past_a_limit_of_a_hundred", a_thousand_past_a_limit_of_a_hundred, 0},
    {"one_way_streams_of_both_ends", one_way_streams_of_both_ends, 0},
    {"the_server_may_open_streams", the_server_may_open_streams, 0},
    {"both_sides_send_at_once", both_sides_send_at_once, 0},
    /* Upstream closes the connection when more than 8192 frames wait, within its own window. */
    {"a_slow_reader_holds_the_sender_back", a_slow_reader_holds_the_sender_back,
     CHECK_UPSTREAM_FAILS},
    /* Upstream waits for the host to run the engine (and closes before that, see above). */
    {"credit_goes_out_by_itself", credit_goes_out_by_itself, CHECK_UPSTREAM_FAILS},
    /* Waits for recv_rate_bytes_per_sec. */
    {"a_receive_rate_bounds_what_is_unread", a_receive_rate_bounds_what_is_unread, 0},
    {"a_resting_stream_does_not_block_others", a_resting_stream_does_not_block_others, 0},
    {"reading_in_small_bites", reading_in_small_bites, 0},
    /* Upstream tells again only when more arrives, or when nothing was read. */
    {"a_partial_read_is_told_again", a_partial_read_is_told_again, CHECK_UPSTREAM_FAILS},
    {"a_reset_leaves_other_streams_alone", a_reset_leaves_other_streams_alone, 0},
    {"resets_do_not_use_up_the_windows", resets_do_not_use_up_the_windows, 0},
    {"streams_may_be_opened_before_the_handshake_ends",
     streams_may_be_opened_before_the_handshake_ends, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
