/*
 * The calls that hosts make from inside the callbacks of extended HTTP/3: on bytestreams and with
 * datagrams. See h3_reentry.c.
 */
#include "bytestream.h"
#include "inside.h"

enum { MESSAGE = 3000, MESSAGES = 20 };

/* The connection of the callback, or any that is alive. */
static sim_conn *some_conn(const sim_call *call)
{
    if (call->conn != NULL) {
        return call->conn->h3 != NULL ? call->conn : NULL;
    }
    for (sim_conn *conn = call->endpoint->conns; conn != NULL; conn = conn->next) {
        if (conn->h3 != NULL && !conn->closed) {
            return conn;
        }
    }
    return NULL;
}

static sim_bytestream *some_bytestream(const sim_call *call)
{
    if (call->bytestream != NULL) {
        return call->bytestream->handle != NULL ? call->bytestream : NULL;
    }
    sim_conn *conn = some_conn(call);
    for (sim_bytestream *one = conn == NULL ? NULL : conn->bytestreams; one != NULL;
         one = one->next) {
        if (one->handle != NULL && !one->closed) {
            return one;
        }
    }
    return NULL;
}

/* ---- calls that change nothing ---- */

static void main_logic(const sim_call *call)
{
    xqc_engine_main_logic(call->endpoint->engine);
}

static void finish_recv(const sim_call *call)
{
    xqc_engine_finish_recv(call->endpoint->engine);
}

static void bytestream_getters(const sim_call *call)
{
    sim_bytestream *one = some_bytestream(call);
    if (one != NULL) {
        CHECK_EQ(xqc_h3_ext_bytestream_id(one->handle), one->id);
        CHECK(xqc_h3_ext_bytestream_get_h3_conn(one->handle) == one->conn->h3);
        CHECK(xqc_h3_ext_bytestream_get_user_data(one->handle) == one);
        xqc_h3_ext_bytestream_set_user_data(one->handle, one);
        (void)xqc_h3_ext_bytestream_get_stats(one->handle);
    }
}

static void bytestream_say(const sim_call *call)
{
    sim_bytestream *one = some_bytestream(call);
    if (one != NULL && !one->fin_said) {
        (void)sim_say(one, MESSAGE, false);
    }
}

static void bytestream_create(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && !call->endpoint->is_server) {
        sim_bytestream *one = sim_open_bytestream(conn);
        if (one != NULL) {
            (void)sim_say(one, MESSAGE, false);
        }
    }
}

static void bytestream_create_and_close(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL && !call->endpoint->is_server) {
        sim_bytestream *one = sim_open_bytestream(conn);
        if (one != NULL && one->handle != NULL) {
            CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
        }
    }
}

static void datagrams(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        char bytes[100] = "datagram";
        uint64_t number;
        CHECK(xqc_h3_ext_datagram_get_user_data(conn->h3) == conn);
        (void)xqc_h3_ext_datagram_get_mss(conn->h3);
        (void)xqc_h3_ext_datagram_send(conn->h3, bytes, sizeof(bytes), &number,
                                       XQC_DATA_QOS_HIGH);
    }
}

static void datagram_user_data(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        xqc_h3_ext_datagram_set_user_data(conn->h3, conn);
    }
}

/* ---- calls that end something ---- */

static void bytestream_finish(const sim_call *call)
{
    sim_bytestream *one = some_bytestream(call);
    if (one != NULL) {
        one->fin_said = true;
        (void)xqc_h3_ext_bytestream_finish(one->handle);
    }
}

static void bytestream_close(const sim_call *call)
{
    sim_bytestream *one = some_bytestream(call);
    if (one != NULL) {
        one->fin_said = true;
        CHECK_EQ(xqc_h3_ext_bytestream_close(one->handle), XQC_OK);
    }
}

static void conn_close(const sim_call *call)
{
    sim_conn *conn = some_conn(call);
    if (conn != NULL) {
        (void)xqc_h3_conn_close(call->endpoint->engine, &conn->cid);
    }
}

static void conn_close_and_run(const sim_call *call)
{
    conn_close(call);
    xqc_engine_main_logic(call->endpoint->engine);
}

/* ---- the run ---- */

/* Messages both ways on two bytestreams, the end of one, and requests beside. */
static void use_connection(sim_world *world, sim_conn *conn)
{
    for (unsigned round = 0; round < 2 && !conn->closed; round++) {
        sim_bytestream *one = sim_open_bytestream(conn);
        for (unsigned i = 0; i < MESSAGES && one != NULL && !one->closed; i++) {
            if (!one->fin_said) {
                (void)sim_say(one, MESSAGE, round == 1 && i + 1 == MESSAGES);
            }
            sim_run_for(world, 20 * SIM_MILLISECOND);
        }
        if (!conn->closed) {
            (void)sim_post(conn, 30000, 30000);
        }
        sim_run_for(world, SIM_SECOND);
    }
    sim_run_for(world, 5 * SIM_SECOND);
}

static void check_whole(sim_world *world, sim_conn *conn)
{
    CHECK(conn != NULL && !conn->closed);
    unsigned heard = 0;
    for (const sim_bytestream *one = conn->bytestreams; one != NULL; one = one->next) {
        const sim_bytestream *peer = sim_bytestream_peer(world, one);
        if (peer != NULL && one->said >= MESSAGES) {
            CHECK_EQ(peer->heard, one->said);
            heard += peer->heard;
        }
    }
    CHECK(heard >= 2 * MESSAGES);
    for (const sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        CHECK(sim_exchange_is_complete(one));
    }
}

static void run(const sim_act *act)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3_ext(&options);
    options.client_settings.idle_time_out = 30000;
    options.server_settings.idle_time_out = 30000;
    options.client_settings.max_datagram_frame_size = 65535;
    options.server_settings.max_datagram_frame_size = 65535;
    options.use_datagrams = true;
    options.up.loss = 0.01;
    options.down.loss = 0.01;
    sim_world *world = sim_world_new(&options);
    sim_reentry reentry = {.act = act};
    world->hook = sim_act_inside;
    world->hook_argument = &reentry;
    sim_conn *conn = sim_connect(world);
    sim_run_for(world, 500 * SIM_MILLISECOND);
    if (conn != NULL && !conn->closed) {
        use_connection(world, conn);
    }
    if (act->is_harmless) {
        check_whole(world, conn);
    }
    sim_end_all(world);
    sim_world_free(world);
}

#define ACTIONS(X)                                                                                 \
    X(main_logic, HARMLESS, CHECK_OURS_ONLY)                                                       \
    X(finish_recv, HARMLESS, CHECK_OURS_ONLY)                                                      \
    X(bytestream_getters, HARMLESS, CHECK_OURS_ONLY)                                               \
    X(bytestream_say, HARMLESS, CHECK_OURS_ONLY)                                                   \
    X(bytestream_create, HARMLESS, CHECK_OURS_ONLY)                                                \
    X(bytestream_create_and_close, HARMLESS, CHECK_OURS_ONLY)                                      \
    X(datagrams, HARMLESS, CHECK_OURS_ONLY)                                                        \
    X(datagram_user_data, HARMLESS, CHECK_OURS_ONLY)                                               \
    X(bytestream_finish, ENDING, CHECK_OURS_ONLY)                                                  \
    X(bytestream_close, ENDING, CHECK_OURS_ONLY)                                                   \
    X(conn_close, ENDING, CHECK_OURS_ONLY)                                                         \
    X(conn_close_and_run, ENDING, CHECK_OURS_ONLY)

ACTIONS(SIM_ACT_FUNCTION)

static const check_case CASES[] = {ACTIONS(SIM_ACT_ENTRY)};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
