/* A client that comes back sends its request with its first packets. */
#include "h3.h"

static void options_init(sim_options *options)
{
    sim_options_init(options);
    sim_speak_h3(options);
    options->trace = true;
}

static void first_visit(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    CHECK(!xqc_h3_conn_is_ready_to_send_early_data(conn->h3));
    CHECK(sim_get(conn, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 30 * SIM_SECOND);
    CHECK(conn->closed);
    sim_reap(world);
    world->trace_count = 0;
    sim_return(world);
}

static sim_world *returning_world(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    first_visit(world);
    return world;
}

static int early_data_flag(const sim_conn *conn)
{
    return (int)xqc_conn_get_stats(conn->endpoint->engine, &conn->cid).early_data_flag;
}

/* The server reads the request before its handshake is finished, one delay after it was sent. */
static void a_request_travels_with_the_first_packets(void)
{
    sim_world *world = returning_world();
    sim_conn *conn = sim_connect(world);
    CHECK(xqc_h3_conn_is_ready_to_send_early_data(conn->h3));
    sim_exchange *asked = sim_get(conn, 500);
    uint64_t begin = sim_now();
    CHECK(asked != NULL && asked->fin_sent);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    CHECK_EQ(sim_now() - begin, 20 * SIM_MILLISECOND);
    long created = sim_trace_find(world, 0, SIM_REQUEST_CREATE, true);
    long finished = sim_trace_find(world, 0, SIM_HANDSHAKE_FINISHED, true);
    CHECK(created >= 0 && (finished < 0 || created < finished));
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_ACCEPT);
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(asked->stats.early_data_state, XQC_0RTT_ACCEPT);
    CHECK_EQ(world->server.calls[SIM_HANDSHAKE_FINISHED], 2);
    sim_world_free(world);
}

static void uploads_travel_early_too(void)
{
    sim_world *world = returning_world();
    sim_conn *conn = sim_connect(world);
    for (unsigned i = 0; i < 10; i++) {
        const sim_ask ask = {.upload = 5000, .download = 5000, .trailers = true};
        CHECK(sim_fetch(conn, &ask) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_ACCEPT);
    sim_world_free(world);
}

/* Refused, the same requests go out again by themselves, once each. */
static void refused_early_requests_are_sent_again(void)
{
    sim_world *world = returning_world();
    /* It has forgotten all sessions then. */
    sim_restart(&world->server);
    sim_conn *conn = sim_connect(world);
    CHECK(xqc_h3_conn_is_ready_to_send_early_data(conn->h3));
    sim_exchange *asked = NULL;
    for (unsigned i = 0; i < 5; i++) {
        asked = sim_post(conn, 3000, 3000);
        CHECK(asked != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_REJECT);
    CHECK_EQ(sim_server_conn(world, conn)->calls[SIM_REQUEST_CREATE], 5);
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(asked->stats.early_data_state, XQC_0RTT_REJECT);
    sim_world_free(world);
}

/* With the session alone the handshake is short, and nothing goes early. Upstream sends and
 * takes it all the same. */
static void without_parameters_nothing_goes_early(void)
{
    sim_world *world = returning_world();
    sim_return_without_parameters(world);
    sim_conn *conn = sim_connect(world);
    CHECK(!xqc_h3_conn_is_ready_to_send_early_data(conn->h3));
    sim_exchange *asked = sim_get(conn, 3000);
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK_EQ(early_data_flag(conn), XQC_0RTT_NONE);
    CHECK_EQ(asked->stats.early_data_state, XQC_0RTT_NONE);
    sim_world_free(world);
}

/* Early requests over a link that loses a fifth. */
static void early_requests_survive_losses(void)
{
    for (unsigned seed = 0; seed < check_rounds(20, 3); seed++) {
        sim_options options;
        options_init(&options);
        options.seed += seed;
        check_context("seed %u more", seed);
        sim_world *world = sim_world_new(&options);
        first_visit(world);
        world->up.config.loss = 0.2;
        world->down.config.loss = 0.2;
        sim_conn *conn = sim_connect(world);
        for (unsigned i = 0; i < 5; i++) {
            CHECK(sim_post(conn, 10000, 10000) != NULL);
        }
        CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
        CHECK(!conn->closed);
        sim_world_free(world);
    }
}

static const check_case CASES[] = {
    {"a_request_travels_with_the_first_packets", a_request_travels_with_the_first_packets, 0},
    {"uploads_travel_early_too", uploads_travel_early_too, 0},
    {"refused_early_requests_are_sent_again", refused_early_requests_are_sent_again,
     0},
    {"without_parameters_nothing_goes_early", without_parameters_nothing_goes_early,
     CHECK_UPSTREAM_FAILS},
    {"early_requests_survive_losses", early_requests_survive_losses, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
