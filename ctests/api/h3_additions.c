/* What this library adds to the API of HTTP/3: the end in good order, and what hosts may allow. */
#include <string.h>

#include <xquic/xqc_ext.h>

#include "h3.h"

/* Whoever tells it: what is under way finishes, nothing new begins, and then both ends close. */
static void a_connection_goes_away_when_its_requests_are_done(void)
{
    for (unsigned by_server = 0; by_server < 2; by_server++) {
        check_context("by the %s", by_server ? "server" : "client");
        sim_world *world = sim_h3_world();
        world->down.config.rate = 1000000;
        sim_conn *conn = sim_established(world);
        sim_run_for(world, SIM_SECOND);
        sim_exchange *asked[3];
        for (unsigned i = 0; i < 3; i++) {
            asked[i] = sim_post(conn, 30000, 300000);
        }
        sim_conn *server = sim_server_conn(world, conn);
        while (server->calls[SIM_REQUEST_CREATE] < 3) {
            CHECK(sim_step(world)); /* those that it has not seen are refused */
        }
        sim_conn *leaving = by_server ? server : conn;
        CHECK_EQ(xqc_ext_h3_conn_go_away(leaving->h3), XQC_OK);
        CHECK_EQ(xqc_ext_h3_conn_go_away(leaving->h3), XQC_OK);
        sim_run_for(world, 100 * SIM_MILLISECOND);
        CHECK(!conn->closed && !sim_exchange_is_complete(asked[0]));
        CHECK(sim_get(conn, 100) == NULL);
        sim_run_for(world, 10 * SIM_SECOND);
        for (unsigned i = 0; i < 3; i++) {
            CHECK(sim_exchange_is_complete(asked[i]) && asked[i]->closed);
            CHECK_EQ(asked[i]->stats.stream_err, 0);
        }
        CHECK(conn->closed && server->closed);
        CHECK_EQ(conn->h3_errno, 0x100);
        CHECK_EQ(server->h3_errno, 0x100);
        sim_world_free(world);
    }
}

static void an_idle_connection_goes_away_at_once(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    CHECK(sim_get(conn, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_run_for(world, 2 * SIM_SECOND);
    sim_conn *server = sim_server_conn(world, conn);
    CHECK_EQ(xqc_ext_h3_conn_go_away(server->h3), XQC_OK);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(conn->closed && server->closed);
    CHECK_EQ(conn->h3_errno, 0x100);
    sim_world_free(world);
}

static int leave_inside(void *argument, const sim_call *call)
{
    unsigned *left = argument;
    if (call->event == SIM_REQUEST_READ && call->endpoint->is_server && *left == 0) {
        (*left)++;
        CHECK_EQ(xqc_ext_h3_conn_go_away(call->conn->h3), XQC_OK);
    }
    return 0;
}

static void going_away_inside_a_notice(void)
{
    unsigned left = 0;
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    world->hook = leave_inside;
    world->hook_argument = &left;
    sim_exchange *asked = sim_post(conn, 1000, 100000);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(left, 1);
    CHECK(sim_exchange_is_complete(asked));
    CHECK(conn->closed);
    sim_world_free(world);
}

static void mistakes_are_told(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    CHECK_EQ(xqc_ext_h3_conn_go_away(NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_ext_h3_set_extended_connect(NULL, 1), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_h3_allow_upgrade_fields(NULL, 1), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK_EQ(xqc_ext_h3_conn_go_away(conn->h3), -XQC_CLOSING);
    sim_run_for(world, 5 * SIM_SECOND);
    sim_world_free(world);
}

static ssize_t send_upgrade(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    xqc_http_header_t extra[] = {sim_header("connection", "upgrade"),
                                 sim_header("upgrade", "websocket")};
    const sim_ask ask = {.extra = extra, .extra_count = 2, .download = 100};
    sim_exchange *asked = sim_fetch(conn, &ask);
    if (asked->send_error == 0) {
        CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    }
    return asked->send_error;
}

/* RFC 9114 section 4.2: malformed, unless the host wants it so. */
static void upgrade_fields_pass_where_they_are_allowed(void)
{
    sim_world *world = sim_h3_world();
    CHECK_EQ(send_upgrade(world), -XQC_H3_INVALID_HEADER);
    CHECK_EQ(xqc_ext_h3_allow_upgrade_fields(world->client.engine, 1), XQC_OK);
    CHECK_EQ(xqc_ext_h3_allow_upgrade_fields(world->server.engine, 1), XQC_OK);
    CHECK_EQ(send_upgrade(world), 0);
    sim_world_free(world);
}

/* :protocol with CONNECT (RFC 9220), sent as a request of one's own. */
static sim_exchange *extended_connect(sim_conn *conn)
{
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    xqc_http_header_t fields[] = {
        sim_header(":method", "CONNECT"),
        sim_header(":protocol", "websocket"),
        sim_header(":scheme", "https"),
        sim_header(":authority", "localhost"),
        sim_header(":path", "/pattern?of=the+simulator"),
        sim_header("x-seed", "1"),
        sim_header("x-upload", "0"),
        sim_header("x-download", "0"),
        sim_header("x-trailers", "0"),
        sim_header("x-wants-trailers", "0"),
        sim_header("x-wants-interim", "0"),
        sim_header("x-wants-ending", "0"),
        sim_header("x-wants-late", "0"),
        sim_header("x-no-length", "1"),
    };
    xqc_http_headers_t headers = {fields, CHECK_COUNT(fields), CHECK_COUNT(fields), 0};
    ssize_t result = xqc_h3_request_send_headers(asked->handle, &headers, 1);
    asked->send_error = result < 0 ? result : 0;
    asked->ask.no_length = true;
    asked->fin_sent = true;
    return asked;
}

static void extended_connect_needs_the_servers_consent(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(extended_connect(conn)->send_error, -XQC_H3_INVALID_HEADER);
    CHECK_EQ(xqc_ext_h3_set_extended_connect(world->server.engine, 1), XQC_OK);
    sim_conn *other = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *asked = extended_connect(other);
    CHECK_EQ(asked->send_error, 0);
    CHECK(sim_run(world, sim_is_fetched, asked, SIM_SECOND));
    const sim_section *header = &sim_exchange_peer(world, asked)->header;
    CHECK_EQ(strcmp(sim_value(header, ":protocol"), "websocket"), 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_connection_goes_away_when_its_requests_are_done",
     a_connection_goes_away_when_its_requests_are_done, 0},
    {"an_idle_connection_goes_away_at_once", an_idle_connection_goes_away_at_once, 0},
    {"going_away_inside_a_notice", going_away_inside_a_notice, 0},
    {"mistakes_are_told", mistakes_are_told, 0},
    {"upgrade_fields_pass_where_they_are_allowed", upgrade_fields_pass_where_they_are_allowed, 0},
    {"extended_connect_needs_the_servers_consent", extended_connect_needs_the_servers_consent, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
