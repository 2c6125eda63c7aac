/* HTTP/3's functions with nothing, or nonsense, in place of their arguments. */
#include <string.h>

#include "h3.h"

static xqc_http_headers_t sections[1];

/* Upstream follows most of these into a crash. */
static void null_handles(void)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    uint8_t byte = 0;
    uint8_t fin = 0;
    xqc_stream_settings_t settings = {0};
    xqc_h3_priority_t priority = {0};
    xqc_cid_t cid = {0};
    char line[64] = "";
    CHECK(xqc_h3_conn_get_xqc_conn(NULL) == NULL);
    CHECK(xqc_h3_conn_get_ssl(NULL) == NULL);
    CHECK(xqc_h3_conn_get_user_data(NULL) == NULL);
    xqc_h3_conn_set_user_data(NULL, line);
    CHECK_EQ(xqc_h3_conn_get_errno(NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_conn_get_peer_addr(NULL, (struct sockaddr *)&address, sizeof(address), &length),
             -XQC_EPARAM);
    CHECK_EQ(
        xqc_h3_conn_get_local_addr(NULL, (struct sockaddr *)&address, sizeof(address), &length),
        -XQC_EPARAM);
    CHECK(!xqc_h3_conn_is_ready_to_send_early_data(NULL));
    CHECK_EQ(xqc_h3_conn_set_qpack_dtable_cap(NULL, 1000), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_conn_close(NULL, &cid), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_conn_send_ping(NULL, &cid, NULL), -XQC_EPARAM);
    CHECK(xqc_h3_request_create(NULL, &cid, NULL, NULL) == NULL);
    CHECK_EQ(xqc_h3_request_get_stats(NULL).h3r_begin_time, 0);
    CHECK_EQ(xqc_h3_request_stats_print(NULL, line, sizeof(line)), -XQC_H3_EPARAM);
    xqc_h3_request_set_user_data(NULL, line);
    CHECK_EQ(xqc_h3_request_close(NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_update_settings(NULL, &settings), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_request_send_headers(NULL, sections, 0), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_send_body(NULL, &byte, 1, 0), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_finish(NULL), -XQC_H3_EPARAM);
    CHECK(xqc_h3_request_recv_headers(NULL, &fin) == NULL);
    CHECK_EQ(xqc_h3_request_recv_body(NULL, &byte, 1, &fin), -XQC_H3_EPARAM);
    CHECK(xqc_h3_get_conn_user_data_by_request(NULL) == NULL);
    CHECK(xqc_h3_stream_id(NULL) == UINT64_MAX);
    CHECK_EQ(xqc_h3_request_set_priority(NULL, &priority), -XQC_H3_EPARAM);
}

static void null_engines(void)
{
    const xqc_h3_conn_settings_t settings = {0};
    xqc_h3_callbacks_t callbacks;
    memset(&callbacks, 0, sizeof(callbacks));
    CHECK_EQ(xqc_h3_ctx_init(NULL, &callbacks), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_ctx_destroy(NULL), XQC_OK);
    xqc_h3_engine_set_max_dtable_capacity(NULL, 1);
    xqc_h3_engine_set_dec_max_dtable_capacity(NULL, 1);
    xqc_h3_engine_set_enc_max_dtable_capacity(NULL, 1);
    xqc_h3_engine_set_max_field_section_size(NULL, 1);
    xqc_h3_engine_set_qpack_blocked_streams(NULL, 1);
    xqc_h3_engine_set_local_settings(NULL, &settings);
}

static void null_callbacks(void)
{
    sim_world *world = sim_h3_world();
    CHECK_EQ(xqc_h3_ctx_init(world->server.engine, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_ctx_init(NULL, NULL), -XQC_EPARAM);
    xqc_h3_engine_set_local_settings(world->server.engine, NULL);
    sim_conn *conn = sim_established(world);
    CHECK(sim_get(conn, 100) != NULL);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

static void drop_the_optional(bool is_server, xqc_h3_callbacks_t *callbacks)
{
    (void)is_server;
    callbacks->h3c_cbs.h3_conn_ping_acked = NULL;
    callbacks->h3c_cbs.h3_conn_init_settings = NULL;
    callbacks->h3r_cbs.h3_request_closing_notify = NULL;
}

static void optional_callbacks_may_be_missing(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.change_h3_callbacks = drop_the_optional;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 1000, 100000);
    CHECK_EQ(xqc_h3_conn_send_ping(world->client.engine, &conn->cid, conn), XQC_OK);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_exchange *closed = sim_post(conn, 100000, 100000);
    sim_run_for(world, 12 * SIM_MILLISECOND);
    sim_exchange_close(closed);
    sim_run_for(world, 5 * SIM_SECOND);
    CHECK(asked->closed && closed->closed);
    sim_world_free(world);
}

/* A server that hears of nothing still speaks HTTP/3, and forgets all it is sent. */
static void all_callbacks_may_be_missing(void)
{
    sim_world *world = sim_h3_world();
    xqc_h3_callbacks_t none;
    memset(&none, 0, sizeof(none));
    CHECK_EQ(xqc_h3_ctx_init(world->server.engine, &none), XQC_OK);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_exchange *asked = sim_post(conn, 1000, 1000);
    CHECK(asked != NULL);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 1);
    CHECK(!conn->closed);
    /* The server's end of it will never be told to the harness. */
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    for (sim_conn *server = world->server.conns; server != NULL; server = server->next) {
        server->refused = true;
    }
    sim_world_free(world);
}

static void null_sections_and_content(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 100, .ending = SIM_END_FINISH, .holds_end = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, NULL, 0), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, NULL, 10, 0), -XQC_H3_EPARAM);
    asked->ask.holds_end = false;
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* Upstream follows them into a crash. */
static void null_parts_of_sections(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    xqc_http_headers_t no_array = {NULL, 3, 3, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &no_array, 0), -XQC_H3_EPARAM);
    xqc_http_header_t hollow = {.name = {NULL, 5}, .value = {NULL, 5}};
    xqc_http_headers_t hollow_section = {&hollow, 1, 1, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &hollow_section, 0), -XQC_H3_EPARAM);
    uint8_t byte = 0;
    uint8_t fin = 9;
    CHECK(xqc_h3_request_recv_headers(asked->handle, NULL) == NULL);
    CHECK_EQ(xqc_h3_request_recv_body(asked->handle, &byte, 1, NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_recv_body(asked->handle, NULL, 1, &fin), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, NULL), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_stats_print(asked->handle, NULL, 1), -XQC_H3_EPARAM);
    xqc_engine_t *engine = world->client.engine;
    CHECK_EQ(xqc_h3_conn_close(engine, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_h3_conn_send_ping(engine, NULL, NULL), -XQC_EPARAM);
    CHECK(xqc_h3_request_create(engine, NULL, NULL, NULL) == NULL);
    CHECK(xqc_h3_ext_bytestream_create(engine, NULL, NULL) == NULL);
    CHECK_EQ(xqc_h3_conn_get_peer_addr(conn->h3, NULL, 0, NULL), -XQC_EPARAM);
    CHECK(!conn->closed);
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* Upstream follows them into a crash. */
static void null_in_place_of_what_a_connection_needs(void)
{
    sim_world *world = sim_h3_world();
    const sim_options *options = &world->options;
    const struct sockaddr *server = (const struct sockaddr *)&world->server.address;
    const xqc_conn_settings_t *settings = &options->client_settings;
    const xqc_conn_ssl_config_t *tls = &options->conn_tls;
    socklen_t length = sizeof(world->server.address);
    xqc_engine_t *engine = world->client.engine;
    CHECK(xqc_h3_connect(NULL, settings, NULL, 0, "localhost", 0, tls, server, length, world)
          == NULL);
    CHECK(xqc_h3_connect(engine, NULL, NULL, 0, "localhost", 0, tls, server, length, world)
          == NULL);
    CHECK(xqc_h3_connect(engine, settings, NULL, 0, "localhost", 0, NULL, server, length, world)
          == NULL);
    CHECK(xqc_h3_connect(engine, settings, NULL, 0, "localhost", 0, tls, NULL, 0, world) == NULL);
    CHECK(xqc_h3_connect(engine, settings, NULL, 0, NULL, 0, tls, server, length, world) == NULL);
    CHECK_EQ(world->client.calls[SIM_CONN_CREATE], 0);
    CHECK_EQ(world->client.calls[SIM_WRITE_SOCKET], 0);
    sim_world_free(world);
}

/* A host passes on the -1 of a read that failed. No memory is that large. */
static void negative_lengths(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 100, .ending = SIM_END_FINISH, .holds_end = true};
    sim_exchange *asked = sim_fetch(conn, &ask);
    uint8_t byte = 7;
    uint8_t fin = 7;
    const size_t negative = (size_t)-1;
    CHECK_EQ(xqc_h3_request_send_body(asked->handle, &byte, negative, 0), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_h3_request_recv_body(asked->handle, &byte, negative, &fin), -XQC_H3_EPARAM);
    xqc_http_header_t long_value = {.name = {&byte, 1}, .value = {&byte, negative}};
    xqc_http_headers_t section = {&long_value, 1, 1, 0};
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &section, 0), -XQC_H3_EPARAM);
    section.count = negative / sizeof(long_value);
    CHECK_EQ(xqc_h3_request_send_headers(asked->handle, &section, 0), -XQC_H3_EPARAM);
    xqc_h3_priority_t priority;
    CHECK_EQ(xqc_parse_http_priority(&priority, &byte, negative), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_engine_packet_process(world->client.engine, &byte, negative, NULL, 0, NULL, 0,
                                       sim_now(), NULL),
             -XQC_EPARAM);
    asked->ask.holds_end = false;
    sim_exchange_send(asked);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    sim_world_free(world);
}

/* Where there is no section, there is no end either. */
static void what_is_given_out_is_written(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 100);
    uint8_t fin = 7;
    CHECK(xqc_h3_request_recv_headers(asked->handle, &fin) == NULL);
    CHECK_EQ(fin, 0);
    sim_world_free(world);
}

static int connect_without(sim_world *world, xqc_proto_version_t version)
{
    xqc_conn_settings_t settings = world->options.client_settings;
    settings.proto_version = version;
    sim_conn *conn = sim_conn_new(&world->client);
    const xqc_cid_t *cid = xqc_h3_connect(
        world->client.engine, &settings, NULL, 0, "localhost", 0, &world->options.conn_tls,
        (const struct sockaddr *)&world->server.address, sizeof(world->server.address), conn);
    conn->refused = cid == NULL;
    if (cid != NULL) {
        conn->cid = *cid;
    }
    return cid != NULL;
}

/* The protocol follows from the version, which has to be said. */
static void a_version_has_to_be_chosen(void)
{
    sim_world *world = sim_h3_world();
    CHECK(!connect_without(world, XQC_IDRAFT_INIT_VER));
    CHECK(connect_without(world, XQC_VERSION_V1));
    CHECK(connect_without(world, XQC_IDRAFT_VER_29));
    CHECK(!connect_without(world, XQC_IDRAFT_VER_NEGOTIATION));
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(world->client.calls[SIM_HANDSHAKE_FINISHED], 2);
    CHECK_EQ(world->server.calls[SIM_HANDSHAKE_FINISHED], 2);
    sim_world_free(world);
}

static void addresses_need_room(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    struct sockaddr_in address;
    socklen_t length = 0;
    CHECK_EQ(xqc_h3_conn_get_peer_addr(conn->h3, (struct sockaddr *)&address, 1, &length),
             -XQC_ENOBUF);
    CHECK_EQ(xqc_h3_conn_get_local_addr(conn->h3, (struct sockaddr *)&address, 1, &length),
             -XQC_ENOBUF);
    CHECK_EQ(length, 0);
    CHECK_EQ(xqc_h3_conn_get_peer_addr(conn->h3, (struct sockaddr *)&address, sizeof(address),
                                       &length),
             XQC_OK);
    CHECK_EQ(length, sizeof(address));
    CHECK_EQ(address.sin_port, world->server.address.sin_port);
    CHECK_EQ(xqc_h3_conn_get_local_addr(conn->h3, (struct sockaddr *)&address, sizeof(address),
                                        &length),
             XQC_OK);
    CHECK_EQ(address.sin_port, conn->local.sin_port);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"null_handles", null_handles, CHECK_OURS_ONLY},
    {"null_engines", null_engines, CHECK_OURS_ONLY},
    {"null_callbacks", null_callbacks, CHECK_OURS_ONLY},
    {"optional_callbacks_may_be_missing", optional_callbacks_may_be_missing, 0},
    {"all_callbacks_may_be_missing", all_callbacks_may_be_missing, 0},
    {"null_sections_and_content", null_sections_and_content, 0},
    {"null_parts_of_sections", null_parts_of_sections, CHECK_OURS_ONLY},
    {"null_in_place_of_what_a_connection_needs", null_in_place_of_what_a_connection_needs,
     CHECK_OURS_ONLY},
    {"negative_lengths", negative_lengths, CHECK_OURS_ONLY},
    {"what_is_given_out_is_written", what_is_given_out_is_written, CHECK_OURS_ONLY},
    {"a_version_has_to_be_chosen", a_version_has_to_be_chosen, 0},
    {"addresses_need_room", addresses_need_room, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
