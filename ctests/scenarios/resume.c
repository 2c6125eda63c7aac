/* A client that comes back: sessions, remembered parameters, 0-RTT taken and refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const char KEY[80] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char OTHER_KEY[80] = "fedcba9876543210fedcba9876543210";

static void verify_certificates(sim_options *options)
{
    options->conn_tls.cert_verify_flag =
        XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
}

static void set_ticket_key(sim_options *options, const char *key, size_t length)
{
    options->server_tls.session_ticket_key_data = (char *)key;
    options->server_tls.session_ticket_key_len = length;
}

/* Connects, exchanges something, keeps what comes, and closes. */
static void first_visit(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 30 * SIM_SECOND);
    CHECK(conn->closed);
    sim_reap(world);
    world->trace_count = 0;
}

static sim_world *returning_world(const sim_options *options)
{
    sim_world *world = sim_world_new(options);
    first_visit(world);
    sim_return(world);
    return world;
}

static sim_world *plain_returning_world(void)
{
    sim_options options;
    sim_options_init(&options);
    options.trace = true;
    return returning_world(&options);
}

static int early_data_flag(const sim_conn *conn)
{
    return (int)xqc_conn_get_stats(conn->endpoint->engine, &conn->cid).early_data_flag;
}

/* A new connection sends a request before the handshake; both ends have to say `flag` of it. */
static sim_conn *visit_early(sim_world *world, int flag)
{
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_stream *stream = sim_request(conn, 3000, 30000);
    CHECK(stream != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, 20 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    CHECK(sim_stream_is_complete(stream));
    CHECK_EQ(early_data_flag(conn), flag);
    if (!check_upstream()) {
        CHECK_EQ(early_data_flag(sim_server_conn(world, conn)), flag);
    }
    return conn;
}

static bool server_has_read(void *conn)
{
    sim_conn *server = sim_server_conn(((sim_conn *)conn)->endpoint->world, conn);
    return server != NULL && server->calls[SIM_STREAM_READ] > 0;
}

static void a_session_is_resumed_without_a_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    verify_certificates(&options);
    sim_world *world = sim_world_new(&options);
    first_visit(world);
    CHECK_EQ(world->client.calls[SIM_CERT_VERIFY], 1);
    sim_return_without_parameters(world);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(world->client.calls[SIM_CERT_VERIFY], 1);
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_NONE);
    /* Without knowing the server's limits nothing can be sent early; upstream says it can. */
    CHECK(check_upstream() || !xqc_conn_is_ready_to_send_early_data(conn->handle));
    CHECK(sim_request(conn, 100, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

/* The text begins with these lines and may end with what datagrams need. */
#define PARAMETERS(max_data) \
    "initial_max_streams_bidi=1024\ninitial_max_streams_uni=1024\n" \
    "initial_max_stream_data_bidi_local=16777216\n" \
    "initial_max_stream_data_bidi_remote=16777216\n" \
    "initial_max_stream_data_uni=16777216\n" \
    "initial_max_data=" max_data "\nmax_ack_delay=25\nactive_connection_id_limit=8\n"

static void saved_parameters_have_the_known_form(void)
{
    /* Upstream grants on the connection what all streams may have together. */
    const char *want = check_upstream() ? PARAMETERS("34359738368") : PARAMETERS("67108864");
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    first_visit(world);
    const sim_kept *kept = &world->client.kept;
    CHECK_EQ(kept->parameters_length, strlen(want));
    CHECK(memcmp(kept->parameters, want, strlen(want)) == 0);
    static const char PEM[] = "-----BEGIN SSL SESSION PARAMETERS-----";
    CHECK(kept->session_length > sizeof(PEM) - 1);
    CHECK(memcmp(kept->session, PEM, sizeof(PEM) - 1) == 0);
    sim_world_free(world);
}

static void early_data_is_accepted(void)
{
    sim_world *world = plain_returning_world();
    sim_conn *conn = visit_early(world, XQC_0RTT_ACCEPT);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    CHECK_EQ(xqc_conn_get_stats(world->client.engine, &conn->cid).lost_count, 0);
    sim_world_free(world);
}

/* The server's host reads before its handshake is finished, on a connection that it knows. */
static void early_data_is_read_before_the_handshake_is_finished(void)
{
    sim_world *world = plain_returning_world();
    uint64_t start = sim_now();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_request(conn, 3000, 30000) != NULL);
    CHECK(sim_run(world, server_has_read, conn, SIM_SECOND));
    /* Half a round trip. */
    CHECK_EQ(sim_now() - start, 10 * SIM_MILLISECOND);
    long create = sim_trace_find(world, 0, SIM_CONN_CREATE, true);
    long stream = sim_trace_find(world, 0, SIM_STREAM_CREATE, true);
    long read = sim_trace_find(world, 0, SIM_STREAM_READ, true);
    CHECK(create >= 0 && stream > create && read > stream);
    CHECK(sim_trace_find(world, 0, SIM_HANDSHAKE_FINISHED, true) < 0);
    CHECK(sim_run(world, sim_is_drained, conn, SIM_SECOND));
    /* Answered within the round trip that the handshake takes. */
    CHECK(sim_now() - start < 45 * SIM_MILLISECOND);
    sim_world_free(world);
}

static int request_at_creation(void *argument, const sim_call *call)
{
    unsigned *requests = argument;
    if (call->event == SIM_CONN_CREATE && !call->endpoint->is_server) {
        CHECK(xqc_conn_is_ready_to_send_early_data(call->conn->handle));
        CHECK(sim_request(call->conn, 500, 500) != NULL);
        (*requests)++;
    }
    return 0;
}

/* What is written in conn_create_notify goes out in the first datagram. */
static void a_request_made_at_creation_shares_the_first_datagram(void)
{
    sim_world *world = plain_returning_world();
    unsigned requests = 0;
    world->hook = request_at_creation;
    world->hook_argument = &requests;
    unsigned before = world->client.calls[SIM_WRITE_SOCKET];
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK_EQ(requests, 1);
    if (!check_upstream()) {
        CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET] - before, 1);
    }
    CHECK(sim_run(world, server_has_read, conn, SIM_SECOND));
    CHECK(sim_run(world, sim_is_drained, conn, SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_ACCEPT);
    sim_world_free(world);
}

/* The server's host makes no connection of one whose streams are there already. */
static int request_and_refuse(void *argument, const sim_call *call)
{
    (void)request_at_creation(argument, call);
    return call->event == SIM_CONN_CREATE && call->endpoint->is_server ? -1 : 0;
}

static void early_streams_of_a_refused_connection_are_not_shown(void)
{
    sim_world *world = plain_returning_world();
    unsigned streams = world->server.calls[SIM_STREAM_CREATE];
    unsigned requests = 0;
    world->hook = request_and_refuse;
    world->hook_argument = &requests;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 200 * SIM_SECOND));
    sim_run_for(world, 60 * SIM_SECOND);
    CHECK_EQ(world->server.calls[SIM_SERVER_REFUSE], 1);
    CHECK_EQ(world->server.calls[SIM_STREAM_CREATE], streams);
    CHECK_EQ(world->server.calls[SIM_STREAM_CLOSE], world->server.calls[SIM_STREAM_CREATE]);
    sim_world_free(world);
}

static void a_client_knows_whether_it_sends_early(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(!xqc_conn_is_ready_to_send_early_data(conn->handle));
    CHECK(sim_run(world, sim_is_confirmed, conn, SIM_SECOND));
    CHECK(!xqc_conn_is_ready_to_send_early_data(sim_server_conn(world, conn)->handle));
    sim_run_for(world, SIM_SECOND);
    sim_return(world);
    conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(xqc_conn_is_ready_to_send_early_data(conn->handle));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_NONE);
    CHECK(sim_run(world, sim_is_confirmed, conn, SIM_SECOND));
    sim_world_free(world);
}

/* A server that was restarted with other keys takes the client for a new one. */
static void another_ticket_key_means_a_full_handshake(void)
{
    sim_options options;
    sim_options_init(&options);
    verify_certificates(&options);
    set_ticket_key(&options, KEY, 48);
    sim_world *world = returning_world(&options);
    set_ticket_key(&world->options, OTHER_KEY, 48);
    sim_restart(&world->server);
    visit_early(world, XQC_0RTT_REJECT);
    CHECK_EQ(world->client.calls[SIM_CERT_VERIFY], 2);
    sim_world_free(world);
}

static void without_a_ticket_key_a_restart_forgets_all_sessions(void)
{
    sim_world *world = plain_returning_world();
    sim_restart(&world->server);
    visit_early(world, XQC_0RTT_REJECT);
    sim_world_free(world);
}

/* Processes that share the key resume each other's sessions, early data included. */
static void a_shared_ticket_key_resumes_at_another_process(void)
{
    static const size_t LENGTHS[] = {48, 80};
    for (size_t i = 0; i < 2; i++) {
        check_context("key of %zu bytes", LENGTHS[i]);
        sim_options options;
        sim_options_init(&options);
        verify_certificates(&options);
        set_ticket_key(&options, KEY, LENGTHS[i]);
        sim_world *world = returning_world(&options);
        sim_restart(&world->server);
        visit_early(world, XQC_0RTT_ACCEPT);
        CHECK_EQ(world->client.calls[SIM_CERT_VERIFY], 1);
        sim_world_free(world);
    }
}

/* The server was restarted with lower limits: what was sent early does not count. */
static void a_server_with_lower_limits_rejects_early_data(void)
{
    sim_options options;
    sim_options_init(&options);
    set_ticket_key(&options, KEY, 48);
    sim_world *world = returning_world(&options);
    world->options.server_settings.is_interop_mode = 1;
    sim_restart(&world->server);
    visit_early(world, XQC_0RTT_REJECT);
    sim_world_free(world);
}

/* Makes the client remember more of one parameter than the server ever said. */
static void remember_more(sim_world *world, const char *line)
{
    sim_kept *kept = &world->client.kept;
    size_t length = kept->parameters_length + strlen(line);
    char *grown = malloc(length + 1);
    CHECK(grown != NULL);
    memcpy(grown, kept->parameters, kept->parameters_length);
    memcpy(grown + kept->parameters_length, line, strlen(line) + 1);
    free(kept->parameters);
    kept->parameters = grown;
    kept->parameters_length = length;
    sim_return(world);
}

/* A server that accepts early data under lower limits than remembered breaks its promise. The
 * host learns that what it kept is of no use. */
static void reduced_limits_end_the_connection_with_an_error_of_their_own(void)
{
    static const struct {
        const char *line;
        int error;
    } CASES[] = {
        {"initial_max_data=99999999999999\n", 0x54},
        {"initial_max_streams_uni=9999\n", 0x54},
        {"active_connection_id_limit=9\n", 0x54},
        {"max_datagram_frame_size=1200\n", 0x55},
    };
    for (size_t i = 0; i < CHECK_COUNT(CASES); i++) {
        check_context("%s", CASES[i].line);
        sim_world *world = plain_returning_world();
        remember_more(world, CASES[i].line);
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        CHECK(sim_request(conn, 100, 100) != NULL);
        CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
        CHECK_EQ(conn->closing_error, CASES[i].error);
        CHECK_EQ(conn->close_errno, CASES[i].error);
        CHECK(xqc_conn_should_clear_0rtt_ticket == NULL
              || xqc_conn_should_clear_0rtt_ticket(conn->close_errno));
        sim_world_free(world);
    }
}

static void only_errors_of_early_data_clear_the_ticket(void)
{
    static const int OTHERS[] = {0, 1, 0x8, 0xa, 0x53, 0x56, 0x154, -1};
    CHECK(xqc_conn_should_clear_0rtt_ticket(0x54) && xqc_conn_should_clear_0rtt_ticket(0x55));
    for (size_t i = 0; i < CHECK_COUNT(OTHERS); i++) {
        CHECK(!xqc_conn_should_clear_0rtt_ticket(OTHERS[i]));
    }
}

/* What cannot be read leads to a full handshake. */
static void damaged_data_is_passed_over(void)
{
    static const char RUBBISH[] = "no session";
    sim_world *world = plain_returning_world();
    xqc_conn_ssl_config_t *tls = &world->options.conn_tls;
    xqc_conn_ssl_config_t whole = *tls;
    for (unsigned i = 0; i < 5; i++) {
        check_context("case %u", i);
        *tls = whole;
        switch (i) {
        case 0:
            tls->session_ticket_len /= 2;
            break;
        case 1:
            tls->session_ticket_data = (char *)RUBBISH;
            tls->session_ticket_len = sizeof(RUBBISH);
            break;
        case 2:
            tls->transport_parameter_data = (char *)RUBBISH;
            tls->transport_parameter_data_len = sizeof(RUBBISH);
            break;
        case 3:
            tls->session_ticket_len = 0;
            break;
        default:
            tls->transport_parameter_data_len = 3;
            break;
        }
        sim_conn *conn = sim_established(world);
        CHECK(sim_request(conn, 1000, 1000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
        CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
        sim_run_for(world, 30 * SIM_SECOND);
    }
    sim_world_free(world);
}

/* Many streams at once, more data than a first flight may hold. */
static void much_early_data_arrives_whole(void)
{
    for (unsigned reject = 0; reject < 2; reject++) {
        check_context(reject ? "rejected" : "accepted");
        sim_world *world = plain_returning_world();
        if (reject) {
            sim_restart(&world->server);
        }
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        for (unsigned i = 0; i < 20; i++) {
            CHECK(sim_request(conn, 20000, 2000) != NULL);
        }
        CHECK(sim_run(world, sim_is_confirmed, conn, 20 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
        CHECK_EQ(early_data_flag(conn), reject ? XQC_0RTT_REJECT : XQC_0RTT_ACCEPT);
        sim_world_free(world);
    }
}

static void early_data_survives_a_bad_path(void)
{
    for (unsigned i = 0; i < check_rounds(30, 3); i++) {
        check_context("round %u", i);
        sim_options options;
        sim_options_init(&options);
        options.seed += i;
        sim_world *world = returning_world(&options);
        world->up.config.loss = 0.2;
        world->down.config.loss = 0.2;
        if (i % 3 == 2) {
            sim_restart(&world->server);
        }
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        CHECK(sim_request(conn, 10000, 10000) != NULL);
        CHECK(sim_run(world, sim_is_confirmed, conn, 60 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
        sim_world_free(world);
    }
}

static int retry_always(void *argument, const sim_call *call)
{
    (void)argument;
    return call->event == SIM_RETRY_CHECK;
}

/* The first flight is sent again, early data included, with the token of the Retry. */
static void early_data_survives_a_retry(void)
{
    sim_options options;
    sim_options_init(&options);
    options.trace = true;
    options.use_retry_check = true;
    sim_world *world = returning_world(&options);
    world->hook = retry_always;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_request(conn, 3000, 3000) != NULL);
    CHECK(sim_run(world, server_has_read, conn, SIM_SECOND));
    CHECK(world->server.calls[SIM_RETRY_CHECK] >= 2);
    CHECK_EQ(world->server.calls[SIM_BEFORE_ACCEPT], 1);
    CHECK(check_upstream() || sim_trace_find(world, 0, SIM_HANDSHAKE_FINISHED, true) < 0);
    CHECK(sim_run(world, sim_is_confirmed, conn, SIM_SECOND));
    CHECK(sim_run(world, sim_is_drained, conn, SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_ACCEPT);
    sim_world_free(world);
}

/* Many datagrams come late: among them Initials that 0-RTT overtakes. */
static void early_data_survives_reordering(void)
{
    for (unsigned i = 0; i < check_rounds(30, 3); i++) {
        check_context("round %u", i);
        sim_options options;
        sim_options_init(&options);
        options.seed += i;
        sim_world *world = returning_world(&options);
        world->up.config.reorder = 0.4;
        world->up.config.reorder_us = 30000;
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        CHECK(sim_request(conn, 10000, 10000) != NULL);
        CHECK(sim_run(world, sim_is_confirmed, conn, 60 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
        CHECK_EQ(early_data_flag(conn), XQC_0RTT_ACCEPT);
        sim_world_free(world);
    }
}

/* A connection closed while its early data are on their way. */
static void closing_before_the_handshake_is_clean(void)
{
    sim_world *world = plain_returning_world();
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_request(conn, 3000, 3000) != NULL);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    sim_run_for(world, 60 * SIM_SECOND);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_session_is_resumed_without_a_certificate", a_session_is_resumed_without_a_certificate, 0},
    {"saved_parameters_have_the_known_form", saved_parameters_have_the_known_form, 0},
    {"early_data_is_accepted", early_data_is_accepted, 0},
    {"early_data_is_read_before_the_handshake_is_finished",
     early_data_is_read_before_the_handshake_is_finished, 0},
    {"a_request_made_at_creation_shares_the_first_datagram",
     a_request_made_at_creation_shares_the_first_datagram, 0},
    {"early_streams_of_a_refused_connection_are_not_shown",
     early_streams_of_a_refused_connection_are_not_shown, 0},
    {"a_client_knows_whether_it_sends_early", a_client_knows_whether_it_sends_early, 0},
    /* Upstream ends the handshake over a ticket whose key it does not know. */
    {"another_ticket_key_means_a_full_handshake", another_ticket_key_means_a_full_handshake,
     CHECK_UPSTREAM_FAILS},
    {"without_a_ticket_key_a_restart_forgets_all_sessions",
     without_a_ticket_key_a_restart_forgets_all_sessions, 0},
    {"a_shared_ticket_key_resumes_at_another_process",
     a_shared_ticket_key_resumes_at_another_process, 0},
    /* Upstream accepts and lowers, which its own client then calls an error. */
    {"a_server_with_lower_limits_rejects_early_data",
     a_server_with_lower_limits_rejects_early_data, CHECK_UPSTREAM_FAILS},
    {"reduced_limits_end_the_connection_with_an_error_of_their_own",
     reduced_limits_end_the_connection_with_an_error_of_their_own, 0},
    {"only_errors_of_early_data_clear_the_ticket", only_errors_of_early_data_clear_the_ticket,
     CHECK_OURS_ONLY},
    {"damaged_data_is_passed_over", damaged_data_is_passed_over, 0},
    {"much_early_data_arrives_whole", much_early_data_arrives_whole, 0},
    {"early_data_survives_a_bad_path", early_data_survives_a_bad_path, 0},
    {"early_data_survives_a_retry", early_data_survives_a_retry, 0},
    {"early_data_survives_reordering", early_data_survives_reordering, 0},
    {"closing_before_the_handshake_is_clean", closing_before_the_handshake_is_clean, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
