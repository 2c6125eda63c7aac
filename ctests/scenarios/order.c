/* Callbacks come in the order that hosts know, each with the user data that belongs to it. (That
 * the user data is right is checked by the simulator in every callback of every test.) */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static sim_world *traced_world(void)
{
    sim_options options;
    sim_options_init(&options);
    options.trace = true;
    return sim_world_new(&options);
}

/* The trace entries of one side, as text with single spaces. */
static void side_text(const sim_world *world, bool is_server, char *text, size_t capacity)
{
    text[0] = '\0';
    for (size_t i = 0; i < world->trace_count; i++) {
        if (world->trace[i].is_server != is_server) {
            continue;
        }
        const char *name = sim_event_name(world->trace[i].event);
        if (strlen(text) + strlen(name) + 2 > capacity) {
            return;
        }
        strcat(text, name);
        strcat(text, " ");
    }
}

static void check_order(const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        check_context("got: %s", got);
        CHECK_EQ(strcmp(got, want), 0);
    }
}

static void server_handshake_order(void)
{
    sim_world *world = traced_world();
    (void)sim_established(world);
    char text[1024];
    side_text(world, true, text, sizeof(text));
    /* The two messages are ClientHello and ServerHello; save_tp_cb runs on servers too. */
    check_order(text, "server_accept tls_message conn_create tls_message save_parameters "
                      "handshake_finished ");
    sim_world_free(world);
}

static void client_handshake_order(void)
{
    sim_world *world = traced_world();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    /* xqc_connect has already told that the connection exists. */
    CHECK_EQ(conn->calls[SIM_CONN_CREATE], 1);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    char text[1024];
    side_text(world, false, text, sizeof(text));
    check_order(text, "conn_create save_parameters handshake_finished save_token save_session "
                      "save_session ");
    sim_world_free(world);
}

/* The callbacks of the connection itself, among which others may stand. */
static void check_connection_order(const sim_world *world, bool is_server, const char *const *want)
{
    size_t next = 0;
    for (size_t i = 0; i < world->trace_count; i++) {
        const char *name = sim_event_name(world->trace[i].event);
        bool is_wanted = world->trace[i].is_server == is_server && want[next] != NULL &&
                         strcmp(name, want[next]) == 0;
        next += is_wanted ? 1 : 0;
    }
    check_context("after %zu callbacks", next);
    CHECK(want[next] == NULL);
}

static void a_connection_is_made_before_its_handshake_ends(void)
{
    static const char *const SERVER[] = {"server_accept", "conn_create", "handshake_finished",
                                         NULL};
    static const char *const CLIENT[] = {"conn_create", "handshake_finished", "save_session",
                                         "save_session", NULL};
    sim_world *world = traced_world();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK_EQ(conn->calls[SIM_CONN_CREATE], 1);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    check_connection_order(world, true, SERVER);
    check_connection_order(world, false, CLIENT);
    sim_world_free(world);
}

static void certificate_is_asked_for_after_the_connection_exists(void)
{
    sim_options options;
    sim_options_init(&options);
    options.trace = true;
    options.use_cert_callback = true;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    char text[1024];
    side_text(world, true, text, sizeof(text));
    long accept = sim_trace_find(world, 0, SIM_SERVER_ACCEPT, true);
    long wanted = sim_trace_find(world, 0, SIM_CERT_WANTED, true);
    long create = sim_trace_find(world, 0, SIM_CONN_CREATE, true);
    check_note("%s", text);
    CHECK(accept >= 0 && wanted > accept && create > accept);
    /* Upstream asks before it has selected the protocol. */
    CHECK(check_upstream() || wanted > create);
    CHECK_EQ(strcmp(sim_server_conn(world, conn)->wanted_name, "localhost"), 0);
    sim_world_free(world);
}

static void stream_order(void)
{
    sim_world *world = traced_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    world->trace_count = 0;
    sim_stream *stream = sim_request(conn, 100, 100);
    CHECK(stream != NULL);
    sim_run_for(world, 5 * SIM_SECOND);
    char text[1024];
    side_text(world, true, text, sizeof(text));
    check_order(text, "stream_create stream_read stream_close ");
    side_text(world, false, text, sizeof(text));
    /* A stream of one's own is announced too, inside xqc_stream_create. */
    check_order(text, "stream_create stream_read stream_close ");
    CHECK(stream->closed);
    sim_world_free(world);
}

/* conn_closing first, then the three streams, then the connection. */
static void check_end_order(const sim_world *world, bool is_server)
{
    long closing = sim_trace_find(world, 0, SIM_CONN_CLOSING, is_server);
    long place = sim_trace_find(world, 0, SIM_STREAM_CLOSE, is_server);
    CHECK(closing >= 0 && closing < place);
    for (unsigned i = 0; i < 2; i++) {
        place = sim_trace_find(world, (size_t)place + 1, SIM_STREAM_CLOSE, is_server);
        CHECK(place >= 0);
    }
    CHECK(sim_trace_find(world, (size_t)place + 1, SIM_STREAM_CLOSE, is_server) < 0);
    CHECK(sim_trace_find(world, 0, SIM_CONN_CLOSE, is_server) > place);
}

/* Streams close before their connection does, whichever side ends it. */
static void close_order(void)
{
    for (unsigned by_server = 0; by_server < 2; by_server++) {
        check_context("closed by the %s", by_server ? "server" : "client");
        sim_world *world = traced_world();
        world->down.config.rate = 1000000;
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        sim_conn *server = sim_server_conn(world, conn);
        for (unsigned i = 0; i < 3; i++) {
            CHECK(sim_request(conn, 100, 5000000) != NULL);
        }
        sim_run_for(world, 100 * SIM_MILLISECOND);
        world->trace_count = 0;
        sim_conn *closer = by_server ? server : conn;
        CHECK_EQ(xqc_conn_close(closer->endpoint->engine, &closer->cid), XQC_OK);
        CHECK(!closer->closed);
        sim_run_for(world, 10 * SIM_SECOND);
        check_end_order(world, true);
        check_end_order(world, false);
        sim_world_free(world);
    }
}

static void a_reset_is_announced_before_the_stream_closes(void)
{
    sim_world *world = traced_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_stream *stream = sim_request(conn, 5000000, 100);
    CHECK(stream != NULL);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    world->trace_count = 0;
    CHECK_EQ(xqc_stream_close(stream->handle), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    char text[1024];
    side_text(world, true, text, sizeof(text));
    check_note("server: %s", text);
    char *closing = strstr(text, "stream_closing");
    char *close = strstr(text, "stream_close ");
    CHECK(closing != NULL && close != NULL && closing < close);
    side_text(world, false, text, sizeof(text));
    check_note("client: %s", text);
    CHECK(strstr(text, "stream_close ") != NULL);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static void ping_is_acknowledged_with_its_own_data(void)
{
    sim_world *world = traced_world();
    sim_conn *conn = sim_established(world);
    if (xqc_conn_send_ping == NULL) {
        check_note("there is no ping");
    } else {
        int data = 0;
        CHECK_EQ(xqc_conn_send_ping(world->client.engine, &conn->cid, &data), XQC_OK);
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(conn->calls[SIM_PING_ACKED], 1);
        CHECK(conn->ping_data == &data);
    }
    sim_world_free(world);
}

/* From the moment another object is set, callbacks carry that one. */
static void new_user_data_takes_effect_at_once(void)
{
    sim_world *world = traced_world();
    sim_conn *conn = sim_established(world);
    sim_conn *other = sim_conn_new(&world->client);
    other->handle = conn->handle;
    other->cid = conn->cid;
    other->local = conn->local;
    xqc_conn_set_transport_user_data(conn->handle, other);
    xqc_conn_set_alp_user_data(conn->handle, &other->alp);
    conn->handle = NULL;
    conn->refused = true; /* nothing more is expected of it */
    sim_stream *stream = sim_request(other, 100, 100);
    CHECK(stream != NULL);
    CHECK(xqc_get_conn_user_data_by_stream(stream->handle) == other);
    CHECK(xqc_get_conn_alp_user_data_by_stream(stream->handle) == &other->alp);
    CHECK(sim_run(world, sim_is_drained, other, 10 * SIM_SECOND));
    CHECK_EQ(xqc_conn_close(world->client.engine, &other->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(other->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_connection_is_made_before_its_handshake_ends",
     a_connection_is_made_before_its_handshake_ends, 0},
    {"server_handshake_order", server_handshake_order, 0},
    {"client_handshake_order", client_handshake_order, 0},
    {"certificate_is_asked_for_after_the_connection_exists",
     certificate_is_asked_for_after_the_connection_exists, 0},
    {"stream_order", stream_order, 0},
    {"close_order", close_order, 0},
    {"a_reset_is_announced_before_the_stream_closes",
     a_reset_is_announced_before_the_stream_closes, 0},
    {"ping_is_acknowledged_with_its_own_data", ping_is_acknowledged_with_its_own_data, 0},
    {"new_user_data_takes_effect_at_once", new_user_data_takes_effect_at_once, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
