/* Callbacks of HTTP/3 connections and requests come in the order that hosts know. (That each carries
 * the user data that belongs to it is checked by the simulator in every callback of every test.) */
#include <stdlib.h>
#include <string.h>

#include "h3.h"

/* Where the first callback of that kind stands in the trace; fails if there is none. */
static long place(const sim_world *world, sim_event event, bool is_server)
{
    long found = sim_trace_find(world, 0, event, is_server);
    if (found < 0) {
        check_context("no %s", sim_event_name(event));
        CHECK(found >= 0);
    }
    return found;
}

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.trace = true;
    if (change != NULL) {
        change(&options);
    }
    return sim_world_new(&options);
}

static void watch_everything(sim_options *options)
{
    options->use_cid_generator = true;
    options->server_config.cid_negotiate = 1;
    options->use_cert_callback = true;
    options->use_retry_check = true;
}

/* The generated ID, the question for a Retry, consent, the messages of TLS, then the connection. */
static void a_server_connection_comes_up_in_order(void)
{
    sim_world *world = world_with(watch_everything);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_get(conn, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    char *text = sim_trace_text(world, 0);
    check_note("%s", text);
    free(text);
    long consent = place(world, SIM_SERVER_ACCEPT, true);
    long created = place(world, SIM_CONN_CREATE, true);
    CHECK(place(world, SIM_CID_GENERATE, true) < place(world, SIM_RETRY_CHECK, true));
    CHECK(place(world, SIM_RETRY_CHECK, true) < consent);
    CHECK(consent < place(world, SIM_TLS_MESSAGE, true));
    CHECK(consent < place(world, SIM_CERT_WANTED, true));
    CHECK(consent < place(world, SIM_INIT_SETTINGS, true));
    CHECK(place(world, SIM_INIT_SETTINGS, true) < created);
    CHECK(created < place(world, SIM_HANDSHAKE_FINISHED, true));
    CHECK(created < place(world, SIM_REQUEST_CREATE, true));
    CHECK(place(world, SIM_REQUEST_CREATE, true) < place(world, SIM_REQUEST_READ, true));
    CHECK_EQ(world->server.calls[SIM_HANDSHAKE_FINISHED], 1);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 1);
    sim_world_free(world);
}

/* Upstream asks before it has selected the protocol. */
static void the_certificate_is_asked_for_after_the_connection_exists(void)
{
    sim_world *world = world_with(watch_everything);
    (void)sim_established(world);
    CHECK(place(world, SIM_CONN_CREATE, true) < place(world, SIM_CERT_WANTED, true));
    sim_world_free(world);
}

static void a_client_connection_comes_up_in_order(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    /* Both came inside xqc_h3_connect. */
    CHECK_EQ(conn->calls[SIM_INIT_SETTINGS], 1);
    CHECK_EQ(conn->calls[SIM_CONN_CREATE], 1);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    CHECK(place(world, SIM_INIT_SETTINGS, false) < place(world, SIM_CONN_CREATE, false));
    CHECK(place(world, SIM_CONN_CREATE, false) < place(world, SIM_HANDSHAKE_FINISHED, false));
    CHECK(place(world, SIM_HANDSHAKE_FINISHED, false) < place(world, SIM_SAVE_SESSION, false));
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    sim_world_free(world);
}

/* What a request tells, in order, up to `capacity` letters: c for creation, H, B, T and E for what
 * is to be read, ! for a reset, x for the end. */
static void life_of(const sim_world *world, bool is_server, xqc_stream_id_t id, char *letters,
                    size_t capacity)
{
    static const char READ[] = "HBTE";
    size_t length = 0;
    for (size_t i = 0; i < world->trace_count && length + 8 < capacity; i++) {
        const sim_trace_entry *entry = &world->trace[i];
        if (entry->is_server != is_server || !entry->has_stream || entry->stream != id) {
            continue;
        }
        for (unsigned bit = 0; bit < 4; bit++) {
            if (entry->event == SIM_REQUEST_READ && (entry->flags & (1u << bit))) {
                letters[length++] = READ[bit];
            }
        }
        if (entry->event == SIM_REQUEST_CREATE) {
            letters[length++] = 'c';
        } else if (entry->event == SIM_REQUEST_CLOSING) {
            letters[length++] = '!';
        } else if (entry->event == SIM_REQUEST_CLOSE) {
            letters[length++] = 'x';
        }
    }
    letters[length] = '\0';
}

/* True if the letters are those wanted, where B stands for any number of them. */
static bool matches(const char *letters, const char *want)
{
    for (; *want != '\0'; want++) {
        if (*letters++ != *want) {
            return false;
        }
        while (*want == 'B' && *letters == 'B') {
            letters++;
        }
    }
    return *letters == '\0';
}

static void check_life(const sim_world *world, const sim_exchange *exchange, const char *client,
                       const char *server)
{
    char letters[256];
    life_of(world, false, exchange->id, letters, sizeof(letters));
    check_context("client: %s, not %s", letters, client);
    CHECK(matches(letters, client));
    life_of(world, true, exchange->id, letters, sizeof(letters));
    check_context("server: %s, not %s", letters, server);
    CHECK(matches(letters, server));
    check_context("%s", "");
}

static void a_request_is_created_read_and_closed(void)
{
    static const struct {
        sim_ask ask;
        const char *client;
        const char *server;
    } LIVES[] = {
        {{.download = 3000}, "cHBx", "cHx"},
        {{.download = 300000}, "cHBx", "cHx"},
        {{.upload = 300000, .download = 300000}, "cHBx", "cHBx"},
        {{.upload = 30000, .trailers = true}, "cHx", "cHBTx"},
        {{.download = 30000, .wants_trailers = true}, "cHBTx", "cHx"},
        {{.method = "HEAD", .download = 30000}, "cHx", "cHx"},
    };
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    for (size_t i = 0; i < CHECK_COUNT(LIVES); i++) {
        sim_exchange *asked = sim_fetch(conn, &LIVES[i].ask);
        CHECK(asked != NULL);
        CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
        sim_run_for(world, SIM_SECOND);
        check_life(world, asked, LIVES[i].client, LIVES[i].server);
    }
    sim_world_free(world);
}

/* The last notice does not wait for the connection to have something else to do. */
static void the_end_of_a_request_is_told_soon(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    for (unsigned kind = 0; kind < 3; kind++) {
        check_context("kind %u", kind);
        sim_run_for(world, 20 * SIM_SECOND);
        sim_exchange *asked = sim_post(conn, 100, 1000);
        if (kind == 1) {
            sim_exchange_close(asked);
        }
        sim_run_for(world, kind == 2 ? 15 * SIM_MILLISECOND : 500 * SIM_MILLISECOND);
        if (kind == 2) {
            sim_exchange_close(sim_exchange_peer(world, asked));
            sim_run_for(world, 500 * SIM_MILLISECOND);
        }
        CHECK(asked->closed);
        const sim_exchange *served = sim_exchange_peer(world, asked);
        CHECK(served == NULL || served->closed);
    }
    sim_world_free(world);
}

/* Of one side: conn_closing if `announced`, the ends of all three requests, that of the connection,
 * and nothing more. */
static void check_end(const sim_world *world, size_t from, bool is_server, bool announced)
{
    long closing = sim_trace_find(world, from, SIM_CONN_CLOSING, is_server);
    long last = (long)from - 1;
    CHECK_EQ(closing >= 0, announced);
    last = announced ? closing : last;
    for (unsigned i = 0; i < 3; i++) {
        last = sim_trace_find(world, (size_t)(last + 1), SIM_REQUEST_CLOSE, is_server);
        CHECK(last >= 0);
    }
    CHECK(sim_trace_find(world, (size_t)last + 1, SIM_REQUEST_CLOSE, is_server) < 0);
    long end = sim_trace_find(world, from, SIM_CONN_CLOSE, is_server);
    CHECK(end > last);
    for (size_t i = (size_t)end + 1; i < world->trace_count; i++) {
        CHECK(world->trace[i].is_server != is_server);
    }
    CHECK(sim_trace_find(world, from, SIM_SERVER_REFUSE, is_server) < 0);
}

static sim_conn *busy_connection(sim_world *world)
{
    world->down.config.rate = 1000000;
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(sim_get(conn, 5000000) != NULL);
    }
    sim_run_for(world, 100 * SIM_MILLISECOND);
    return conn;
}

static void live_requests_end_before_their_connection(void)
{
    for (unsigned by_server = 0; by_server < 2; by_server++) {
        check_context("closed by the %s", by_server ? "server" : "client");
        sim_world *world = world_with(NULL);
        sim_conn *conn = busy_connection(world);
        sim_conn *closer = by_server ? sim_server_conn(world, conn) : conn;
        size_t from = world->trace_count;
        CHECK_EQ(xqc_h3_conn_close(closer->endpoint->engine, &closer->cid), XQC_OK);
        CHECK(!closer->closed);
        sim_run_for(world, 10 * SIM_SECOND);
        check_end(world, from, false, true);
        check_end(world, from, true, true);
        sim_world_free(world);
    }
}

static void an_idle_end_is_not_announced(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = busy_connection(world);
    size_t from = world->trace_count;
    world->client.ignore_arrivals = true;
    world->server.ignore_arrivals = true;
    sim_run_for(world, 400 * SIM_SECOND);
    CHECK(conn->closed);
    check_end(world, from, false, false);
    check_end(world, from, true, false);
    sim_world_free(world);
}

static int refuse(void *argument, const sim_call *call)
{
    return call->event == *(sim_event *)argument && call->endpoint->is_server ? -1 : 0;
}

/* The host said no before there was anything to end. */
static void a_refused_connection_has_no_end(void)
{
    sim_event event = SIM_SERVER_ACCEPT;
    sim_world *world = world_with(NULL);
    world->hook = refuse;
    world->hook_argument = &event;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK(world->server.calls[SIM_SERVER_ACCEPT] > 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 0);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 0);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 0);
    sim_world_free(world);
}

/* Accepted, but the HTTP/3 connection was never made: the end is server_refuse, once. */
static void a_connection_that_could_not_be_made_is_refused(void)
{
    sim_event event = SIM_CONN_CREATE;
    sim_world *world = world_with(NULL);
    world->hook = refuse;
    world->hook_argument = &event;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 1);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 1);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 1);
    CHECK_EQ(world->server.calls[SIM_CONN_CLOSE], 0);
    CHECK_EQ(world->server.calls[SIM_HANDSHAKE_FINISHED], 0);
    sim_world_free(world);
}

static int refuse_at_client(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_CONN_CREATE && !call->endpoint->is_server ? -1 : 0;
}

static void a_client_that_refuses_gets_no_connection(void)
{
    sim_world *world = world_with(NULL);
    world->hook = refuse_at_client;
    CHECK(sim_connect(world) == NULL);
    CHECK_EQ(world->client.calls[SIM_CONN_CLOSE], 0);
    world->hook = NULL;
    (void)sim_established(world);
    sim_world_free(world);
}

/* A server host moves its connection to another object in the middle of its life. */
static void new_user_data_takes_effect_at_once(void)
{
    sim_world *world = world_with(NULL);
    sim_conn *conn = sim_established(world);
    sim_conn *other = sim_conn_new(&world->client);
    other->handle = conn->handle;
    other->h3 = conn->h3;
    other->cid = conn->cid;
    other->local = conn->local;
    xqc_h3_conn_set_user_data(conn->h3, other);
    xqc_conn_set_transport_user_data(conn->handle, other);
    CHECK(xqc_h3_conn_get_user_data(conn->h3) == other);
    conn->handle = NULL;
    conn->refused = true; /* nothing more is expected of it */
    sim_exchange *asked = sim_get(other, 1000);
    CHECK(asked != NULL);
    CHECK(xqc_h3_get_conn_user_data_by_request(asked->handle) == other);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    int data = 0;
    CHECK_EQ(xqc_h3_conn_send_ping(world->client.engine, &other->cid, &data), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    CHECK(other->ping_data == &data);
    CHECK_EQ(other->calls[SIM_PING_ACKED], 1);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &other->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(other->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_server_connection_comes_up_in_order", a_server_connection_comes_up_in_order, 0},
    {"the_certificate_is_asked_for_after_the_connection_exists",
     the_certificate_is_asked_for_after_the_connection_exists, CHECK_UPSTREAM_FAILS},
    {"a_client_connection_comes_up_in_order", a_client_connection_comes_up_in_order, 0},
    {"a_request_is_created_read_and_closed", a_request_is_created_read_and_closed, 0},
    {"the_end_of_a_request_is_told_soon", the_end_of_a_request_is_told_soon, 0},
    {"live_requests_end_before_their_connection", live_requests_end_before_their_connection, 0},
    {"an_idle_end_is_not_announced", an_idle_end_is_not_announced, 0},
    {"a_refused_connection_has_no_end", a_refused_connection_has_no_end, 0},
    {"a_connection_that_could_not_be_made_is_refused",
     a_connection_that_could_not_be_made_is_refused, 0},
    {"a_client_that_refuses_gets_no_connection", a_client_that_refuses_gets_no_connection, 0},
    {"new_user_data_takes_effect_at_once", new_user_data_takes_effect_at_once, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
