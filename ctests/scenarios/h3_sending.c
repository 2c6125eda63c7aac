/* When and how HTTP/3 traffic leaves: inside calls or by hand, one by one or many at once, and when
 * the socket takes no more. */
#include "h3.h"

static sim_world *world_with(void (*change)(sim_options *options))
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    change(&options);
    return sim_world_new(&options);
}

static void plain(sim_options *options)
{
    (void)options;
}

static void by_hand(sim_options *options)
{
    options->client_config.manually_triggered_send = 1;
}

static void many_at_once(sim_options *options)
{
    options->use_mmsg = true;
    options->client_config.sendmmsg_on = 1;
    options->server_config.sendmmsg_on = 1;
}

static void with_path_ids(sim_options *options)
{
    many_at_once(options);
    options->use_ex = true;
}

/* A request leaves inside the call that makes it. */
static void calls_send_at_once(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    unsigned writes = world->client.calls[SIM_WRITE_SOCKET];
    sim_exchange *asked = sim_get(conn, 1000);
    CHECK(asked != NULL);
    CHECK(world->client.calls[SIM_WRITE_SOCKET] > writes);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* Or when the host says so, and then all together. Upstream sends in the call all the same. */
static void by_hand_nothing_leaves_before_finish_send(void)
{
    sim_world *world = world_with(by_hand);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    unsigned writes = world->client.calls[SIM_WRITE_SOCKET];
    for (unsigned i = 0; i < 10; i++) {
        CHECK(sim_get(conn, 1000) != NULL);
    }
    CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET], writes);
    xqc_engine_finish_send(world->client.engine);
    unsigned sent = world->client.calls[SIM_WRITE_SOCKET] - writes;
    CHECK(sent > 0);
    check_note("ten requests in %u datagrams", sent);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* A host that forgets finish_send is served by its timer. */
static void by_hand_the_timer_sends_too(void)
{
    sim_world *world = world_with(by_hand);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK(sim_post(conn, 100000, 100000) != NULL);
    xqc_engine_main_logic(world->client.engine);
    CHECK(sim_run(world, sim_is_served, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void transfer(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(sim_post(conn, 500000, 500000) != NULL);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_world_free(world);
}

static void many_datagrams_in_one_call(void)
{
    sim_world *world = world_with(many_at_once);
    sim_conn *conn = sim_established(world);
    CHECK(sim_post(conn, 500000, 500000) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    CHECK(world->client.mmsg_longest > 1 && world->server.mmsg_longest > 1);
    CHECK(world->client.mmsg_longest <= XQC_MAX_SEND_MSG_ONCE);
    sim_world_free(world);
    transfer(world_with(with_path_ids));
}

/* The socket takes only some of each train. */
static void trains_taken_in_part(void)
{
    sim_world *world = world_with(many_at_once);
    world->client.mmsg_most = 3;
    world->server.mmsg_most = 5;
    sim_conn *conn = sim_established(world);
    CHECK(sim_post(conn, 300000, 300000) != NULL);
    for (unsigned i = 0; i < 3000 && !sim_is_served(conn); i++) {
        sim_run_for(world, 10 * SIM_MILLISECOND);
        (void)xqc_conn_continue_send(world->client.engine, &conn->cid);
        sim_conn *server = sim_server_conn(world, conn);
        (void)xqc_conn_continue_send(world->server.engine, &server->cid);
    }
    CHECK(sim_is_served(conn));
    CHECK_EQ(xqc_conn_get_stats(world->client.engine, &conn->cid).lost_count, 0);
    sim_world_free(world);
}

/* Sockets that block again and again; what was blocked is not lost. */
static void blocked_sockets_are_resumed(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    sim_run_for(world, SIM_SECOND);
    CHECK(sim_post(conn, 300000, 300000) != NULL);
    for (unsigned i = 0; i < 3000 && !sim_is_served(conn); i++) {
        world->client.write_budget = 20;
        world->server.write_budget = 30;
        world->client.write_mode = SIM_WRITE_OK;
        world->server.write_mode = SIM_WRITE_OK;
        CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
        CHECK_EQ(xqc_conn_continue_send(world->server.engine, &server->cid), XQC_OK);
        sim_run_for(world, 15 * SIM_MILLISECOND);
    }
    CHECK(sim_is_served(conn));
    CHECK(conn->write_blocked && server->write_blocked);
    sim_world_free(world);
}

/* Nothing is blocked: no harm. */
static void resuming_what_is_not_blocked_is_nothing(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(xqc_conn_continue_send(world->client.engine, &conn->cid), XQC_OK);
        if (i % 10 == 0) {
            CHECK(sim_get(conn, 1000) != NULL);
        }
        sim_run_for(world, SIM_MILLISECOND);
    }
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* The one path there is fails for good: the connection ends, and tells once. */
static void a_broken_socket_ends_the_connection(void)
{
    sim_world *world = world_with(plain);
    sim_conn *conn = sim_established(world);
    CHECK(sim_get(conn, 1000000) != NULL);
    sim_run_for(world, 20 * SIM_MILLISECOND);
    world->client.write_mode = SIM_WRITE_ERROR;
    CHECK(sim_post(conn, 1000, 1000) != NULL);
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSE], 1);
    CHECK_EQ(conn->calls[SIM_REQUEST_CREATE], conn->calls[SIM_REQUEST_CLOSE]);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"calls_send_at_once", calls_send_at_once, 0},
    {"by_hand_nothing_leaves_before_finish_send", by_hand_nothing_leaves_before_finish_send,
     CHECK_UPSTREAM_FAILS},
    {"by_hand_the_timer_sends_too", by_hand_the_timer_sends_too, 0},
    {"many_datagrams_in_one_call", many_datagrams_in_one_call, 0},
    {"trains_taken_in_part", trains_taken_in_part, 0},
    {"blocked_sockets_are_resumed", blocked_sockets_are_resumed, 0},
    {"resuming_what_is_not_blocked_is_nothing", resuming_what_is_not_blocked_is_nothing, 0},
    {"a_broken_socket_ends_the_connection", a_broken_socket_ends_the_connection, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
