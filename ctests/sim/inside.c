/* Calls from inside callbacks; see inside.h. */
#include "inside.h"

#include "bytestream.h"

enum { MOST_CALLS = 8, MOST_DEPTH = 3 };

int sim_act_inside(void *argument, const sim_call *call)
{
    sim_reentry *reentry = argument;
    unsigned *made = &reentry->made[call->event][call->endpoint->is_server];
    if (*made >= MOST_CALLS || reentry->depth >= MOST_DEPTH || call->endpoint->engine == NULL) {
        return 0;
    }
    (*made)++;
    reentry->depth++;
    reentry->act->run(call);
    reentry->depth--;
    return 0;
}

static void check_ends(const sim_endpoint *endpoint)
{
    for (const sim_conn *conn = endpoint->conns; conn != NULL; conn = conn->next) {
        unsigned ends = conn->calls[SIM_CONN_CLOSE] + conn->calls[SIM_SERVER_REFUSE];
        CHECK_EQ(ends, conn->refused && conn->calls[SIM_SERVER_REFUSE] == 0 ? 0 : 1);
        CHECK_EQ(conn->open_streams + conn->open_exchanges + conn->open_bytestreams, 0);
    }
}

void sim_end_all(sim_world *world)
{
    for (sim_conn *each = world->client.conns; each != NULL; each = each->next) {
        if (!each->closed && !each->refused) {
            (void)xqc_conn_close(world->client.engine, &each->cid);
        }
    }
    sim_run_for(world, 200 * SIM_SECOND);
    check_ends(&world->client);
    check_ends(&world->server);
}

int sim_destroy_inside(void *argument, const sim_call *call)
{
    sim_destroyer *destroyer = argument;
    if (call->endpoint->is_server != destroyer->on_server) {
        return 0;
    }
    if (destroyer->is_over && call->event != SIM_LOG) {
        check_context("%s after the end, which came in %s", sim_event_name(call->event),
                      sim_event_name(destroyer->event));
        CHECK(!destroyer->is_over);
    }
    if (call->event == destroyer->event && !destroyer->is_waiting && !destroyer->done
        && call->endpoint->engine != NULL) {
        destroyer->done = true;
        xqc_engine_t *engine = call->endpoint->engine;
        call->endpoint->engine = NULL;
        call->endpoint->timer_at = SIM_NEVER;
        xqc_engine_destroy(engine);
        destroyer->is_over = true;
    }
    return 0;
}

static void check_streams_told_once(const sim_conn *conn)
{
    for (const sim_stream *one = conn->streams; one != NULL; one = one->next) {
        CHECK_EQ(one->calls[SIM_STREAM_CLOSE], 1);
    }
    for (const sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        CHECK_EQ(one->calls[SIM_REQUEST_CREATE], 1);
        CHECK_EQ(one->calls[SIM_REQUEST_CLOSE], 1);
    }
    for (const sim_bytestream *one = conn->bytestreams; one != NULL; one = one->next) {
        CHECK_EQ(one->calls[SIM_BYTESTREAM_CREATE], 1);
        CHECK_EQ(one->calls[SIM_BYTESTREAM_CLOSE], 1);
    }
}

void sim_check_told_once(const sim_endpoint *endpoint)
{
    for (const sim_conn *conn = endpoint->conns; conn != NULL; conn = conn->next) {
        /* A client knows a connection from its first callback on. */
        bool is_known = endpoint->is_server || conn->calls[SIM_CONN_CREATE] > 0;
        CHECK_EQ(conn->calls[SIM_CONN_CLOSE] + conn->calls[SIM_SERVER_REFUSE], is_known ? 1 : 0);
        CHECK(conn->closed || !is_known);
        CHECK_EQ(conn->open_streams + conn->open_exchanges + conn->open_bytestreams, 0);
        check_streams_told_once(conn);
    }
}

void sim_live_with_destroyer(sim_world *world, void (*use)(sim_world *world, sim_conn *conn))
{
    sim_conn *conn = sim_connect(world);
    if (conn != NULL) {
        sim_run_for(world, 200 * SIM_MILLISECOND);
    }
    if (conn != NULL && world->client.engine != NULL && !conn->closed) {
        use(world, conn);
    }
    if (conn != NULL && world->client.engine != NULL && !conn->closed) {
        (void)xqc_conn_close(world->client.engine, &conn->cid);
    }
    sim_run_for(world, 60 * SIM_SECOND);
    sim_check_told_once(&world->client);
    sim_check_told_once(&world->server);
}
