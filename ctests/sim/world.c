/* The clock, the engines and the event loop of the simulated world; see sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#ifndef CTESTS_CERT_DIR
#define CTESTS_CERT_DIR "certs"
#endif

static const uint64_t START_OF_TIME = 1700000000000000u;

/* The library's timestamp callbacks take no argument, so there is one clock per process. */
static uint64_t current_time = START_OF_TIME;

uint64_t sim_now(void)
{
    return current_time;
}

void sim_set_now(uint64_t now)
{
    CHECK(now >= current_time);
    current_time = now;
}

static char *certificate_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    const char *directory = getenv("CTESTS_CERT_DIR");
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s",
                   directory != NULL ? directory : CTESTS_CERT_DIR, name);
    return path;
}

static void settings_init(xqc_conn_settings_t *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->proto_version = XQC_VERSION_V1;
    settings->cong_ctrl_callback = xqc_cubic_cb;
}

void sim_options_init(sim_options *options)
{
    memset(options, 0, sizeof(*options));
    options->seed = check_seed();
    options->up.delay_us = 10000;
    options->down.delay_us = 10000;
    settings_init(&options->client_settings);
    settings_init(&options->server_settings);
    CHECK_EQ(xqc_engine_get_default_config(&options->client_config, XQC_ENGINE_CLIENT), XQC_OK);
    CHECK_EQ(xqc_engine_get_default_config(&options->server_config, XQC_ENGINE_SERVER), XQC_OK);
    options->client_config.cfg_log_level = XQC_LOG_ERROR;
    options->server_config.cfg_log_level = XQC_LOG_ERROR;
    options->client_config.cfg_log_event = 0;
    options->server_config.cfg_log_event = 0;
    options->client_tls.ciphers = XQC_TLS_CIPHERS;
    options->client_tls.groups = XQC_TLS_GROUPS;
    options->server_tls = options->client_tls;
    options->server_tls.cert_file = certificate_path("rsa.crt");
    options->server_tls.private_key_file = certificate_path("rsa.key");
    options->server_name = "localhost";
}

static void endpoint_init(sim_world *world, sim_endpoint *endpoint, bool is_server)
{
    endpoint->tag = SIM_TAG_ENDPOINT;
    endpoint->is_server = is_server;
    endpoint->world = world;
    endpoint->listener.tag = SIM_TAG_LISTENER;
    endpoint->listener.endpoint = endpoint;
    endpoint->timer_at = SIM_NEVER;
    endpoint->out = is_server ? &world->down : &world->up;
    endpoint->address.sin_family = AF_INET;
    endpoint->address.sin_addr.s_addr = htonl(is_server ? 0x0a000001 : 0x0a000002);
    endpoint->address.sin_port = htons(4433);
}

static xqc_int_t add_streams(sim_endpoint *endpoint)
{
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    if (endpoint->world->options.use_datagrams) {
        protocol.dgram_cbs = sim_datagram_callbacks();
    }
    return xqc_engine_register_alpn(endpoint->engine, SIM_ALPN, SIM_ALPN_LEN, &protocol, NULL);
}

static void endpoint_start(sim_endpoint *endpoint, const sim_options *options)
{
    endpoint->engine = sim_engine_new(endpoint, options);
    CHECK(endpoint->engine != NULL);
    if (options->use_ecn) {
        sim_use_ecn(endpoint);
    }
    const sim_application *application = options->application;
    CHECK_EQ(application != NULL ? application->add(endpoint) : add_streams(endpoint), XQC_OK);
    if (endpoint->is_server) {
        xqc_server_set_conn_settings(endpoint->engine, &options->server_settings);
    }
}

sim_world *sim_world_new(const sim_options *options)
{
    sim_world *world = calloc(1, sizeof(*world));
    CHECK(world != NULL);
    world->options = *options;
    world->next_client_port = 10000;
    sim_random_seed(&world->random, options->seed ^ 0x776f726c64);
    sim_link_init(&world->up, &options->up, options->seed ^ 0x7570);
    sim_link_init(&world->down, &options->down, options->seed ^ 0x646f776e);
    endpoint_init(world, &world->server, true);
    endpoint_init(world, &world->client, false);
    endpoint_start(&world->server, &world->options);
    endpoint_start(&world->client, &world->options);
    return world;
}

/* As hosts do: the protocol goes first, though connections of it are still alive. */
static void endpoint_stop(sim_endpoint *endpoint)
{
    const sim_application *application = endpoint->world->options.application;
    if (application != NULL) {
        application->remove(endpoint);
    }
    xqc_engine_destroy(endpoint->engine);
}

void sim_restart(sim_endpoint *endpoint)
{
    endpoint_stop(endpoint);
    endpoint->timer_at = SIM_NEVER;
    endpoint_start(endpoint, &endpoint->world->options);
}

static void endpoint_free(sim_endpoint *endpoint)
{
    if (endpoint->engine != NULL) {
        endpoint_stop(endpoint);
        endpoint->engine = NULL;
    }
    free(endpoint->kept.session);
    free(endpoint->kept.parameters);
    while (endpoint->conns != NULL) {
        sim_conn *conn = endpoint->conns;
        endpoint->conns = conn->next;
        CHECK(conn->closed || conn->refused);
        sim_conn_free(conn);
    }
}

void sim_world_free(sim_world *world)
{
    endpoint_free(&world->client);
    endpoint_free(&world->server);
    sim_link_free(&world->up);
    sim_link_free(&world->down);
    free(world->offered.session);
    free(world->offered.parameters);
    free(world->actions);
    free(world->trace);
    free(world);
}

static const xqc_cid_t *connect_streams(sim_world *world, sim_conn *conn)
{
    const sim_options *options = &world->options;
    return xqc_connect(world->client.engine, &options->client_settings, options->token,
                       (unsigned)options->token_length, options->server_name, options->no_crypto,
                       &options->conn_tls, (const struct sockaddr *)&world->server.address,
                       sizeof(world->server.address), SIM_ALPN, conn);
}

sim_conn *sim_connect(sim_world *world)
{
    const sim_options *options = &world->options;
    sim_endpoint *client = &world->client;
    sim_conn *conn = sim_conn_new(client);
    conn->local = client->address;
    conn->local.sin_port = htons((uint16_t)world->next_client_port);
    world->next_client_port++;
    if (world->next_client_port > 65535) {
        world->next_client_port = 10000;
    }
    const sim_application *application = options->application;
    const xqc_cid_t *cid =
        application != NULL ? application->connect(world, conn) : connect_streams(world, conn);
    if (cid == NULL) {
        conn->refused = true;
        return NULL;
    }
    conn->cid = *cid;
    return conn;
}

/* What the host has now stays, whatever it stores later. */
static void offer(char **place, size_t *place_length, const char *data, size_t length)
{
    free(*place);
    *place = NULL;
    *place_length = length;
    if (data != NULL) {
        *place = malloc(length);
        CHECK(*place != NULL);
        memcpy(*place, data, length);
    }
}

void sim_return(sim_world *world)
{
    sim_return_without_parameters(world);
    const sim_kept *offered = &world->offered;
    CHECK(offered->parameters != NULL);
    world->options.conn_tls.transport_parameter_data = offered->parameters;
    world->options.conn_tls.transport_parameter_data_len = offered->parameters_length;
}

void sim_return_without_parameters(sim_world *world)
{
    const sim_kept *kept = &world->client.kept;
    sim_kept *offered = &world->offered;
    offer(&offered->session, &offered->session_length, kept->session, kept->session_length);
    offer(&offered->parameters, &offered->parameters_length, kept->parameters,
          kept->parameters_length);
    CHECK(offered->session != NULL);
    xqc_conn_ssl_config_t *tls = &world->options.conn_tls;
    tls->session_ticket_data = offered->session;
    tls->session_ticket_len = offered->session_length;
    tls->transport_parameter_data = NULL;
    tls->transport_parameter_data_len = 0;
}

sim_conn *sim_server_conn(sim_world *world, sim_conn *client)
{
    if (client->peer != NULL) {
        return client->peer;
    }
    for (sim_conn *conn = world->server.conns; conn != NULL; conn = conn->next) {
        struct sockaddr_in peer;
        socklen_t length = 0;
        if (conn->handle == NULL
            || xqc_conn_get_peer_addr(conn->handle, (struct sockaddr *)&peer, sizeof(peer),
                                      &length) != XQC_OK) {
            continue;
        }
        if (peer.sin_port == client->local.sin_port) {
            client->peer = conn;
            conn->peer = client;
            return conn;
        }
    }
    return NULL;
}

sim_conn *sim_established(sim_world *world)
{
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    return conn;
}

static void reap_endpoint(sim_endpoint *endpoint)
{
    sim_conn **place = &endpoint->conns;
    while (*place != NULL) {
        sim_conn *conn = *place;
        if (conn->closed || conn->refused) {
            *place = conn->next;
            sim_conn_free(conn);
        } else {
            place = &conn->next;
        }
    }
}

void sim_reap(sim_world *world)
{
    reap_endpoint(&world->client);
    reap_endpoint(&world->server);
}

void sim_at(sim_world *world, uint64_t when, void (*run)(void *argument), void *argument)
{
    if (world->action_count == world->action_capacity) {
        world->action_capacity = world->action_capacity == 0 ? 16 : world->action_capacity * 2;
        sim_action *grown =
            realloc(world->actions, world->action_capacity * sizeof(*world->actions));
        CHECK(grown != NULL);
        world->actions = grown;
    }
    sim_action action = {when < sim_now() ? sim_now() : when, world->action_order++, run, argument};
    size_t place = world->action_count++;
    /* Kept in falling order, so that the next action is the last entry. */
    while (place > 0 && (world->actions[place - 1].when < action.when
                         || (world->actions[place - 1].when == action.when
                             && world->actions[place - 1].order < action.order))) {
        world->actions[place] = world->actions[place - 1];
        place--;
    }
    world->actions[place] = action;
}

xqc_int_t sim_inject(sim_endpoint *endpoint, const void *bytes, size_t length,
                     const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    return xqc_engine_packet_process(endpoint->engine, bytes, length, (const struct sockaddr *)to,
                                     sizeof(*to), (const struct sockaddr *)from, sizeof(*from),
                                     sim_now(), &endpoint->listener);
}

static xqc_int_t inject(sim_endpoint *endpoint, const sim_datagram *datagram)
{
    if (endpoint->world->options.use_ecn) {
        return sim_inject_marked(endpoint, datagram->bytes, datagram->length, datagram->ecn,
                                 &datagram->from, &datagram->to);
    }
    return sim_inject(endpoint, datagram->bytes, datagram->length, &datagram->from, &datagram->to);
}

static bool deliver_arrivals(sim_endpoint *endpoint, sim_link *link)
{
    bool any = false;
    sim_datagram *datagram;
    while ((datagram = sim_link_receive(link, sim_now())) != NULL) {
        any = true;
        /* What was sent to a spoofed address reaches nobody. */
        bool is_ours = sim_reaches(endpoint, &datagram->to);
        if (is_ours && endpoint->engine != NULL && !endpoint->ignore_arrivals
            && inject(endpoint, datagram) != XQC_OK) {
            endpoint->process_errors++;
        }
        sim_link_recycle(link, datagram);
    }
    if (any && endpoint->engine != NULL) {
        xqc_engine_finish_recv(endpoint->engine);
    }
    return any;
}

static void fire_timer(sim_endpoint *endpoint)
{
    if (endpoint->timer_at <= sim_now() && endpoint->engine != NULL) {
        endpoint->timer_at = SIM_NEVER;
        xqc_engine_main_logic(endpoint->engine);
    }
}

static void run_actions(sim_world *world)
{
    while (world->action_count > 0 && world->actions[world->action_count - 1].when <= sim_now()) {
        sim_action action = world->actions[--world->action_count];
        action.run(action.argument);
    }
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_event(const sim_world *world)
{
    uint64_t next = earliest(world->client.timer_at, world->server.timer_at);
    next = earliest(next, sim_link_next_arrival(&world->up));
    next = earliest(next, sim_link_next_arrival(&world->down));
    if (world->action_count > 0) {
        next = earliest(next, world->actions[world->action_count - 1].when);
    }
    return next;
}

/* An engine that asks for its timer again and again without need would burn a host's processor. */
static void check_for_spinning(sim_world *world, uint64_t elapsed, bool anything_came)
{
    world->idle_spins = anything_came || elapsed >= SIM_MILLISECOND ? 0 : world->idle_spins + 1;
    CHECK(world->idle_spins < 20000);
}

bool sim_step(sim_world *world)
{
    uint64_t next = next_event(world);
    if (next == SIM_NEVER) {
        return false;
    }
    uint64_t elapsed = next > current_time ? next - current_time : 0;
    current_time += elapsed;
    size_t actions = world->action_count;
    run_actions(world);
    bool anything_came = actions != world->action_count;
    anything_came |= deliver_arrivals(&world->server, &world->up);
    anything_came |= deliver_arrivals(&world->client, &world->down);
    check_for_spinning(world, elapsed, anything_came);
    fire_timer(&world->server);
    fire_timer(&world->client);
    return true;
}

bool sim_run(sim_world *world, bool (*done)(void *argument), void *argument, uint64_t limit_us)
{
    uint64_t end = sim_now() + limit_us;
    while (!done(argument)) {
        if (world->stopped || next_event(world) > end || !sim_step(world)) {
            return done(argument);
        }
    }
    return true;
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

void sim_run_for(sim_world *world, uint64_t microseconds)
{
    uint64_t end = sim_now() + microseconds;
    (void)sim_run(world, never, NULL, microseconds);
    if (sim_now() < end) {
        sim_set_now(end);
    }
}

bool sim_is_established(void *conn)
{
    return ((sim_conn *)conn)->calls[SIM_HANDSHAKE_FINISHED] > 0;
}

bool sim_is_confirmed(void *conn)
{
    sim_conn *client = conn;
    sim_conn *server = sim_server_conn(client->endpoint->world, client);
    return sim_is_established(client) && server != NULL && sim_is_established(server);
}

bool sim_is_closed(void *conn)
{
    return ((sim_conn *)conn)->closed;
}

/* How many streams of this end are whole; -1 if one is not. `opened` counts those opened here. */
static long whole_streams(const sim_conn *conn, long *opened)
{
    long count = 0;
    *opened = 0;
    for (const sim_stream *stream = conn->streams; stream != NULL; stream = stream->next) {
        if (!sim_stream_is_complete(stream)) {
            return -1;
        }
        count++;
        *opened += stream->is_opener ? 1 : 0;
    }
    return count;
}

bool sim_is_drained(void *conn)
{
    sim_conn *here = conn;
    long opened_here;
    long opened_there;
    long count_here = whole_streams(here, &opened_here);
    if (count_here < 0) {
        return false;
    }
    sim_conn *there = here->endpoint->is_server ? here->peer
                                                : sim_server_conn(here->endpoint->world, here);
    if (there == NULL) {
        return true;
    }
    long count_there = whole_streams(there, &opened_there);
    return count_there >= 0 && count_here == opened_here + opened_there
           && count_there == count_here;
}
