/* What a slow reader and a long life cost: no more than the window, and nothing in the end. */
#include <stdio.h>

#include "h3.h"

#define MEGABYTE ((size_t)1 << 20)
/* What a server lets a peer send on one stream before it is read, unless told otherwise. */
#define STREAM_WINDOW (16 * MEGABYTE)
/* Packets in flight, the link, the books. */
#define SLACK (8 * MEGABYTE)
/* What one measurement of a heap at rest differs from another by. */
#define NOISE ((size_t)8192)

/* Tools that replace malloc keep books of their own, which are no memory of the library. */
static bool is_within(size_t resident, size_t limit)
{
    return resident < limit || !sim_heap_is_visible();
}

static sim_world *quick_world(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.delay_us = 1000;
    options.down.delay_us = 1000;
    /* What the client holds back is not what is measured. */
    options.client_settings.sndq_packets_used_max = 1000;
    return sim_world_new(&options);
}

static int never_read(void *argument, const sim_call *call)
{
    (void)argument;
    if (call->event == SIM_REQUEST_CREATE && !call->exchange->is_client) {
        call->exchange->paused = true;
    }
    return 0;
}

static uint64_t sent_on_all(const sim_conn *conn)
{
    uint64_t sent = 0;
    for (const sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        sent += one->sent;
    }
    return sent;
}

/* A gigabyte is offered to a server whose host has stopped reading. Upstream takes it all, and keeps
 * it. */
static void a_gigabyte_for_a_reader_that_stopped(void)
{
    sim_world *world = quick_world();
    sim_conn *conn = sim_established(world);
    world->hook = never_read;
    size_t resident = sim_resident();
    size_t heap = sim_heap_in_use();
    sim_exchange *asked = sim_post(conn, (uint64_t)1000000000, 0);
    CHECK(asked != NULL);
    for (unsigned i = 0; i < 20; i++) {
        sim_run_for(world, SIM_SECOND);
        size_t grown = sim_resident() - resident;
        check_context("%llu bytes taken, resident memory grown by %zu",
                      (unsigned long long)asked->sent, grown);
        CHECK(is_within(grown, STREAM_WINDOW + SLACK));
        CHECK(asked->sent < STREAM_WINDOW + SLACK);
    }
    check_note("%llu bytes taken, heap grown by %zu, resident memory by %zu",
               (unsigned long long)asked->sent, sim_heap_in_use() - heap,
               sim_resident() - resident);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* The same where the whole is spread over many requests: the connection has a bound too. */
static void many_uploads_for_readers_that_stopped(void)
{
    sim_world *world = quick_world();
    sim_conn *conn = sim_established(world);
    world->hook = never_read;
    size_t resident = sim_resident();
    for (unsigned i = 0; i < 50; i++) {
        CHECK(sim_post(conn, (uint64_t)20000000, 0) != NULL);
    }
    sim_run_for(world, 20 * SIM_SECOND);
    size_t grown = sim_resident() - resident;
    check_note("%llu bytes taken, resident memory grown by %zu",
               (unsigned long long)sent_on_all(conn), grown);
    /* The server's credit for a connection, or what it keeps as a bound of its own. */
    CHECK(is_within(grown, 96 * MEGABYTE));
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Credit comes back as the host reads, and all arrives. */
static void a_slow_reader_gets_everything(void)
{
    sim_world *world = quick_world();
    sim_conn *conn = sim_established(world);
    world->hook = never_read;
    uint64_t total = check_is_slow() ? 20000000 : 50000000;
    sim_exchange *asked = sim_post(conn, total, 100);
    CHECK(asked != NULL);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK(asked->sent < total);
    sim_exchange_read_header(served);
    size_t most = 0;
    while (!served->fin_received) {
        sim_exchange_receive(served, 500000);
        sim_run_for(world, 20 * SIM_MILLISECOND);
        uint64_t waits = asked->sent - served->received;
        most = waits > most ? (size_t)waits : most;
        CHECK(sim_now() > 0 && !conn->closed);
    }
    check_note("%zu bytes between the ends at most", most);
    CHECK(most < STREAM_WINDOW + SLACK);
    sim_exchange_send(served);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* The other way round: a client that stops reading what it downloads. */
static void a_download_for_a_reader_that_stopped(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.server_settings.sndq_packets_used_max = 1000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    size_t resident = sim_resident();
    sim_exchange *asked = sim_get(conn, (uint64_t)1000000000);
    asked->paused = true;
    sim_run_for(world, 20 * SIM_SECOND);
    size_t grown = sim_resident() - resident;
    sim_exchange *served = sim_exchange_peer(world, asked);
    check_note("%llu bytes sent, resident memory grown by %zu", (unsigned long long)served->sent,
               grown);
    CHECK(is_within(grown, STREAM_WINDOW + SLACK));
    CHECK(served->sent < STREAM_WINDOW + SLACK);
    sim_world_free(world);
}

static void one_short_life(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(sim_post(conn, 3000, 30000) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 20 * SIM_SECOND));
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(conn->closed);
    sim_reap(world);
}

static void connections_leave_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    sim_world *world = sim_world_new(&options);
    unsigned rounds = check_rounds(500, 20);
    /* The first ones make what later ones use again. */
    for (unsigned i = 0; i < 10; i++) {
        one_short_life(world);
    }
    size_t heap = sim_heap_in_use();
    for (unsigned i = 0; i < rounds; i++) {
        one_short_life(world);
    }
    size_t after = sim_heap_in_use();
    check_note("%u connections: heap %zu -> %zu", rounds, heap, after);
    if (sim_heap_is_visible() && !check_is_slow()) {
        CHECK(after <= heap + NOISE);
    }
    sim_world_free(world);
}

/* On one connection, with ever new header fields. Upstream keeps a hundred bytes of each. */
static void requests_leave_nothing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    unsigned rounds = check_rounds(3000, 60);
    size_t heap = 0;
    for (unsigned i = 0; i < rounds * 2; i++) {
        char value[64];
        (void)snprintf(value, sizeof(value), "something new, number %u", i);
        xqc_http_header_t extra[] = {sim_header("x-new", value)};
        const sim_ask ask = {.extra = extra, .extra_count = 1, .upload = 100, .download = 1000};
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK(asked != NULL);
        if (i % 7 == 6) {
            sim_exchange_close(asked);
        }
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(conn->open_exchanges, 0);
        CHECK_EQ(sim_server_conn(world, conn)->open_exchanges, 0);
        world->options.application->forget(conn);
        world->options.application->forget(sim_server_conn(world, conn));
        heap = i == rounds ? sim_heap_in_use() : heap;
    }
    size_t after = sim_heap_in_use();
    check_note("%u requests: heap %zu -> %zu", rounds, heap, after);
    if (sim_heap_is_visible() && !check_is_slow()) {
        CHECK(after <= heap + NOISE);
    }
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_gigabyte_for_a_reader_that_stopped", a_gigabyte_for_a_reader_that_stopped,
     CHECK_UPSTREAM_FAILS},
    {"many_uploads_for_readers_that_stopped", many_uploads_for_readers_that_stopped,
     CHECK_UPSTREAM_FAILS},
    {"a_slow_reader_gets_everything", a_slow_reader_gets_everything, CHECK_UPSTREAM_FAILS},
    {"a_download_for_a_reader_that_stopped", a_download_for_a_reader_that_stopped,
     CHECK_UPSTREAM_FAILS},
    {"connections_leave_nothing", connections_leave_nothing, 0},
    {"requests_leave_nothing", requests_leave_nothing, CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
