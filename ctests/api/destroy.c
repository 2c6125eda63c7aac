/* An engine that goes while connections live: each is told, once, and nothing more is sent. */
#include "inside.h"

static void destroy_now(sim_world *world, sim_endpoint *endpoint)
{
    uint64_t up = world->up.stats.sent;
    uint64_t down = world->down.stats.sent;
    xqc_engine_destroy(endpoint->engine);
    endpoint->engine = NULL;
    endpoint->timer_at = SIM_NEVER;
    /* No CONNECTION_CLOSE goes out: a new process may carry on with the peer's packets. */
    CHECK_EQ(world->up.stats.sent, up);
    CHECK_EQ(world->down.stats.sent, down);
    sim_check_told_once(endpoint);
}

static void both_in_turn(sim_world *world, bool server_first)
{
    destroy_now(world, server_first ? &world->server : &world->client);
    sim_run_for(world, SIM_SECOND);
    destroy_now(world, server_first ? &world->client : &world->server);
    sim_world_free(world);
}

static void in_every_moment_of_a_handshake(void)
{
    for (unsigned steps = 0; steps < 12; steps++) {
        check_context("after %u steps", steps / 2);
        sim_options options;
        sim_options_init(&options);
        sim_world *world = sim_world_new(&options);
        CHECK(sim_connect(world) != NULL);
        for (unsigned i = 0; i < steps / 2; i++) {
            (void)sim_step(world);
        }
        both_in_turn(world, steps % 2 == 0);
    }
}

static void in_the_middle_of_a_transfer(void)
{
    for (unsigned order = 0; order < 2; order++) {
        sim_options options;
        sim_options_init(&options);
        options.down.rate = 1000000;
        sim_world *world = sim_world_new(&options);
        for (unsigned i = 0; i < 5; i++) {
            sim_conn *conn = sim_established(world);
            sim_conn *server = sim_server_conn(world, conn);
            for (unsigned j = 0; j < 5; j++) {
                CHECK(sim_request(conn, 500000, 500000) != NULL);
                CHECK(sim_push(conn, 100000) != NULL);
                CHECK(sim_push(server, 100000) != NULL);
            }
        }
        sim_run_for(world, 100 * SIM_MILLISECOND);
        both_in_turn(world, order == 0);
    }
}

static void while_connections_are_closing(void)
{
    for (unsigned order = 0; order < 2; order++) {
        for (unsigned wait = 0; wait < 40; wait += 10) {
            check_context("%u ms after the close", wait);
            sim_options options;
            sim_options_init(&options);
            sim_world *world = sim_world_new(&options);
            sim_conn *conn = sim_established(world);
            CHECK(sim_request(conn, 100000, 100000) != NULL);
            sim_run_for(world, 15 * SIM_MILLISECOND);
            CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
            sim_run_for(world, wait * SIM_MILLISECOND);
            both_in_turn(world, order == 0);
        }
    }
}

static void with_a_blocked_socket(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    world->client.write_mode = SIM_WRITE_WOULD_BLOCK;
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    both_in_turn(world, false);
}

static void with_unread_data(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_stream *stream = sim_request(conn, 100, 1000000);
    CHECK(stream != NULL);
    stream->paused = true;
    sim_run_for(world, 2 * SIM_SECOND);
    both_in_turn(world, false);
}

/* Everything a close callback may still ask. */
static int ask_while_closing(void *argument, const sim_call *call)
{
    unsigned *asked = argument;
    if (call->event == SIM_CONN_CLOSE) {
        struct sockaddr_in address;
        socklen_t length = 0;
        xqc_connection_t *handle = call->conn->handle;
        CHECK_EQ(xqc_conn_get_errno(handle), 0);
        CHECK(xqc_conn_get_ssl(handle) != NULL);
        CHECK_EQ(xqc_conn_get_peer_addr(handle, (struct sockaddr *)&address, sizeof(address),
                                        &length),
                 XQC_OK);
        xqc_conn_stats_t stats = xqc_conn_get_stats(call->endpoint->engine, &call->conn->cid);
        CHECK(stats.send_count > 0);
        CHECK(xqc_scid_str(call->endpoint->engine, &call->conn->cid) != NULL);
        (*asked)++;
    }
    if (call->event == SIM_STREAM_CLOSE) {
        CHECK(xqc_stream_id(call->stream->handle) == call->stream->id);
        CHECK(xqc_get_conn_user_data_by_stream(call->stream->handle) == call->conn);
        (*asked)++;
    }
    return 0;
}

static void close_callbacks_may_ask_questions(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 1000000, 1000000) != NULL);
    sim_run_for(world, 15 * SIM_MILLISECOND);
    unsigned asked = 0;
    world->hook = ask_while_closing;
    world->hook_argument = &asked;
    both_in_turn(world, true);
    CHECK_EQ(asked, 4);
}

/* Asks every client to come again with a token besides. */
static int retry_and_destroy(void *argument, const sim_call *call)
{
    (void)sim_destroy_inside(argument, call);
    return call->event == SIM_RETRY_CHECK ? 1 : 0;
}

static sim_world *world_to_end(sim_destroyer *destroyer)
{
    sim_options options;
    sim_options_init(&options);
    options.client_settings.idle_time_out = 20000;
    options.server_settings.idle_time_out = 20000;
    options.client_settings.max_datagram_frame_size = 65535;
    options.server_settings.max_datagram_frame_size = 65535;
    options.use_datagrams = true;
    options.use_cert_callback = true;
    options.use_cid_generator = true;
    options.use_retry_check = true;
    options.server_config.cid_negotiate = 1;
    options.conn_tls.cert_verify_flag =
        XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
    sim_world *world = sim_world_new(&options);
    world->hook = retry_and_destroy;
    world->hook_argument = destroyer;
    return world;
}

static void use(sim_world *world, sim_conn *conn)
{
    char datagram[] = "datagram";
    uint64_t number;
    (void)xqc_datagram_send(conn->handle, datagram, sizeof(datagram), &number,
                            XQC_DATA_QOS_HIGH);
    (void)sim_request(conn, 100000, 100000);
    if (world->client.engine != NULL) {
        (void)xqc_conn_send_ping(world->client.engine, &conn->cid, conn);
    }
    sim_run_for(world, SIM_SECOND);
}

static void from_inside_a_callback(void)
{
    static const sim_event events[] = {
        SIM_SERVER_ACCEPT,   SIM_CONN_CREATE,    SIM_HANDSHAKE_FINISHED, SIM_STREAM_CREATE,
        SIM_STREAM_READ,     SIM_STREAM_WRITE,   SIM_STREAM_CLOSE,       SIM_CONN_CLOSE,
        SIM_WRITE_SOCKET,    SIM_SET_TIMER,      SIM_CONN_CLOSING,       SIM_RETRY_CHECK,
        SIM_BEFORE_ACCEPT,   SIM_CID_GENERATE,   SIM_CERT_WANTED,        SIM_CERT_VERIFY,
        SIM_TLS_MESSAGE,     SIM_SAVE_TOKEN,     SIM_SAVE_SESSION,       SIM_SAVE_PARAMETERS,
        SIM_PING_ACKED,      SIM_DATAGRAM_READ,  SIM_DATAGRAM_ACKED,     SIM_DATAGRAM_MSS,
        SIM_KEYLOG,
    };
    for (size_t i = 0; i < 2 * CHECK_COUNT(events); i++) {
        sim_destroyer destroyer = {.event = events[i / 2], .on_server = i % 2 == 0};
        check_context("%s at the %s", sim_event_name(destroyer.event),
                      destroyer.on_server ? "server" : "client");
        sim_world *world = world_to_end(&destroyer);
        sim_live_with_destroyer(world, use);
        sim_world_free(world);
    }
}

/* More waits for the socket than the one datagram that the host is being asked to send. */
static void while_a_blocked_train_leaves(void)
{
    sim_destroyer destroyer = {.event = SIM_WRITE_SOCKET, .is_waiting = true};
    sim_options options;
    sim_options_init(&options);
    options.use_mmsg = true;
    options.client_config.sendmmsg_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    world->client.write_mode = SIM_WRITE_WOULD_BLOCK;
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    world->client.write_mode = SIM_WRITE_OK;
    world->hook = sim_destroy_inside;
    world->hook_argument = &destroyer;
    destroyer.is_waiting = false;
    (void)xqc_conn_continue_send(world->client.engine, &conn->cid);
    CHECK(destroyer.done);
    sim_run_for(world, 200 * SIM_SECOND);
    sim_world_free(world);
}

typedef struct last_filter {
    sim_endpoint *endpoint;
    unsigned calls;
} last_filter;

static ssize_t destroy_in_filter(const unsigned char *bytes, size_t size,
                                 const struct sockaddr *peer, socklen_t length, void *user_data)
{
    last_filter *self = user_data;
    (void)bytes, (void)peer, (void)length;
    self->calls++;
    xqc_engine_t *engine = self->endpoint->engine;
    self->endpoint->engine = NULL;
    self->endpoint->timer_at = SIM_NEVER;
    xqc_engine_destroy(engine);
    return (ssize_t)size;
}

static void from_inside_a_filter(void)
{
    for (int mmsg = 0; mmsg < 2; mmsg++) {
        check_context("trains: %d", mmsg);
        sim_options options;
        sim_options_init(&options);
        options.use_mmsg = mmsg != 0;
        options.client_config.sendmmsg_on = mmsg;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        last_filter filter = {&world->client, 0};
        xqc_conn_set_pkt_filter_callback(conn->handle, destroy_in_filter, &filter);
        (void)sim_request(conn, 100000, 100000);
        CHECK_EQ(filter.calls, 1);
        sim_run_for(world, 200 * SIM_SECOND);
        sim_world_free(world);
    }
}

/* What came before the peer's CONNECTION_CLOSE is read after it; then no end is announced. */
static void while_the_last_data_are_read(void)
{
    sim_destroyer destroyer = {.event = SIM_STREAM_READ, .is_waiting = true};
    sim_world *world = world_to_end(&destroyer);
    sim_conn *conn = sim_established(world);
    sim_stream *stream = sim_request(conn, 100, 10000);
    CHECK(stream != NULL);
    stream->paused = true;
    sim_run_for(world, SIM_SECOND);
    destroyer.is_waiting = false;
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_conn_close_with_error(server->handle, 0x1234), XQC_OK);
    sim_run_for(world, 30 * SIM_SECOND);
    CHECK(destroyer.done);
    sim_check_told_once(&world->client);
    sim_check_told_once(&world->server);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"in_every_moment_of_a_handshake", in_every_moment_of_a_handshake, 0},
    {"in_the_middle_of_a_transfer", in_the_middle_of_a_transfer, 0},
    {"while_connections_are_closing", while_connections_are_closing, 0},
    {"with_a_blocked_socket", with_a_blocked_socket, 0},
    {"with_unread_data", with_unread_data, 0},
    {"close_callbacks_may_ask_questions", close_callbacks_may_ask_questions, 0},
    {"from_inside_a_callback", from_inside_a_callback, CHECK_OURS_ONLY},
    {"while_a_blocked_train_leaves", while_a_blocked_train_leaves, CHECK_OURS_ONLY},
    {"from_inside_a_filter", from_inside_a_filter, CHECK_OURS_ONLY},
    {"while_the_last_data_are_read", while_the_last_data_are_read, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
