/*
 * NULL where a handle or an argument belongs: the function says -XQC_EPARAM, or gives its null
 * value, and nothing else happens. Upstream crashes in most of these, so they are left out there.
 */
#include <string.h>

#include "sim.h"

/* Functions that a library may not have yet are looked up weakly. */
#pragma weak xqc_conn_create_path
#pragma weak xqc_conn_close_path
#pragma weak xqc_conn_mark_path_standby
#pragma weak xqc_conn_mark_path_available
#pragma weak xqc_conn_mark_path_frozen
#pragma weak xqc_conn_available_paths
#pragma weak xqc_path_get_peer_addr
#pragma weak xqc_path_get_local_addr
#pragma weak xqc_lb_cid_encryption

/* Exported, and declared in no header. */
void xqc_conn_set_init_idle_timeout(xqc_connection_t *conn, xqc_msec_t init_idle_time_out);
xqc_connection_t *xqc_engine_conns_hash_find(xqc_engine_t *engine, const xqc_cid_t *cid, char type);

#define IF_PRESENT(function)                                                                       \
    if ((function) == NULL) {                                                                      \
        check_note(#function " is not there");                                                     \
    } else

static void engine_functions(void)
{
    static const xqc_cid_t cid = {.cid_len = 8};
    xqc_engine_destroy(NULL);
    xqc_engine_main_logic(NULL);
    xqc_engine_finish_recv(NULL);
    IF_PRESENT(xqc_engine_finish_send) xqc_engine_finish_send(NULL);
    xqc_engine_set_log_level(NULL, XQC_LOG_ERROR);
    xqc_server_set_conn_settings(NULL, NULL);
    xqc_config_t config;
    CHECK_EQ(xqc_engine_get_default_config(NULL, XQC_ENGINE_CLIENT), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT), XQC_OK);
    CHECK_EQ(xqc_engine_set_config(NULL, &config), -XQC_EPARAM);
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    CHECK_EQ(xqc_engine_register_alpn(NULL, "x", 1, &protocol, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_unregister_alpn(NULL, "x", 1), -XQC_EPARAM);
    CHECK(xqc_engine_get_alpn_ctx(NULL, "x", 1) == NULL);
    CHECK(xqc_engine_get_priv_ctx(NULL) == NULL);
    CHECK_EQ(xqc_engine_set_priv_ctx(NULL, &config), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_config_get_cid_len(NULL), 0);
    CHECK(xqc_engine_get_conn_by_scid(NULL, &cid) == NULL);
    const struct sockaddr_in address = {.sin_family = AF_INET};
    const struct sockaddr *any = (const struct sockaddr *)&address;
    CHECK_EQ(xqc_engine_packet_process(NULL, (const unsigned char *)"x", 1, any, sizeof(address),
                                       any, sizeof(address), 0, NULL),
             -XQC_EPARAM);
}

static void engine_arguments(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *engine = world->server.engine;
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    const struct sockaddr *any = (const struct sockaddr *)&world->client.address;
    const socklen_t length = sizeof(world->client.address);
    CHECK_EQ(xqc_engine_set_config(engine, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_register_alpn(engine, NULL, 1, &protocol, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_register_alpn(engine, "x", 0, &protocol, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_register_alpn(engine, "x", 1, NULL, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_unregister_alpn(engine, NULL, 1), -XQC_EPARAM);
    CHECK(xqc_engine_get_alpn_ctx(engine, NULL, 1) == NULL);
    CHECK(xqc_engine_get_conn_by_scid(engine, NULL) == NULL);
    xqc_server_set_conn_settings(engine, NULL);
    CHECK_EQ(xqc_engine_packet_process(engine, NULL, 1, any, length, any, length, 0, NULL),
             -XQC_EPARAM);
    CHECK(xqc_engine_packet_process(engine, (const unsigned char *)"", 0, any, length, any, length,
                                    0, NULL)
          < 0);
    /* A missing address cannot start a connection, but it must not hurt either. */
    unsigned char initial[1200] = {0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x44, 0x9e};
    CHECK(xqc_engine_packet_process(engine, initial, sizeof(initial), NULL, 0, NULL, 0, sim_now(),
                                    &world->server.listener)
          < 0);
    xqc_engine_finish_recv(engine);
    sim_world_free(world);
}

static void engine_creation(void)
{
    sim_options options;
    sim_options_init(&options);
    const xqc_transport_callbacks_t transport = sim_transport_callbacks(&options);
    static const xqc_engine_callback_t callbacks;
    CHECK(xqc_engine_create(XQC_ENGINE_CLIENT, &options.client_config, &options.client_tls, NULL,
                            &transport, NULL)
          == NULL);
    CHECK(xqc_engine_create(XQC_ENGINE_CLIENT, &options.client_config, &options.client_tls,
                            &callbacks, NULL, NULL)
          == NULL);
    CHECK(xqc_engine_create(XQC_ENGINE_CLIENT, NULL, NULL, NULL, NULL, NULL) == NULL);
}

static void connection_functions(void)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    struct sockaddr *out = (struct sockaddr *)&address;
    CHECK_EQ(xqc_conn_close_with_error(NULL, 1), -XQC_EPARAM);
    CHECK_EQ(xqc_conn_get_errno(NULL), -XQC_EPARAM);
    (void)xqc_conn_get_err_type(NULL);
    CHECK(xqc_conn_get_ssl(NULL) == NULL);
    xqc_conn_set_transport_user_data(NULL, &length);
    xqc_conn_set_alp_user_data(NULL, &length);
    CHECK_EQ(xqc_conn_get_peer_addr(NULL, out, sizeof(address), &length), -XQC_EPARAM);
    CHECK_EQ(xqc_conn_get_local_addr(NULL, out, sizeof(address), &length), -XQC_EPARAM);
    IF_PRESENT(xqc_conn_is_ready_to_send_early_data)
        CHECK_EQ(xqc_conn_is_ready_to_send_early_data(NULL), XQC_FALSE);
    xqc_conn_continue_send_by_conn(NULL);
    (void)xqc_conn_get_type(NULL);
    CHECK(xqc_stream_create_with_direction(NULL, XQC_STREAM_BIDI, NULL) == NULL);
}

/* Each takes an engine and a CID. */
static void check_by_cid(xqc_engine_t *engine, const xqc_cid_t *cid, int error)
{
    CHECK_EQ(xqc_conn_close(engine, cid), error);
    IF_PRESENT(xqc_conn_send_ping) CHECK_EQ(xqc_conn_send_ping(engine, cid, NULL), error);
    CHECK_EQ(xqc_conn_continue_send(engine, cid), error);
    CHECK_EQ(xqc_conn_get_lastest_rtt(engine, cid), 0);
    CHECK(xqc_stream_create(engine, cid, NULL, NULL) == NULL);
    CHECK(xqc_dcid_str_by_scid(engine, cid) == NULL);
    xqc_conn_stats_t stats = xqc_conn_get_stats(engine, cid);
    CHECK_EQ(stats.send_count, 0);
    CHECK_EQ(stats.recv_count, 0);
    CHECK_EQ(stats.conn_err, 0);
    xqc_conn_qos_stats_t qos = xqc_conn_get_qos_stats(engine, cid);
    CHECK_EQ(qos.srtt + qos.min_rtt + qos.inflight_bytes, 0);
}

static void functions_by_cid(void)
{
    static const xqc_cid_t unknown = {.cid_len = 8, .cid_buf = {9, 9, 9, 9, 9, 9, 9, 9}};
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    check_by_cid(NULL, &unknown, -XQC_EPARAM);
    check_by_cid(world->client.engine, NULL, -XQC_EPARAM);
    check_by_cid(NULL, NULL, -XQC_EPARAM);
    CHECK(xqc_scid_str(NULL, &unknown) == NULL);
    CHECK(xqc_scid_str(world->client.engine, NULL) == NULL);
    CHECK(xqc_dcid_str(NULL, &unknown) == NULL);
    CHECK(xqc_dcid_str(world->client.engine, NULL) == NULL);
    sim_world_free(world);
}

/* This one upstream knows: a CID that belongs to nobody. */
static void an_unknown_cid(void)
{
    static const xqc_cid_t unknown = {.cid_len = 8, .cid_buf = {9, 9, 9, 9, 9, 9, 9, 9}};
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    check_by_cid(world->client.engine, &unknown, -XQC_ECONN_NFOUND);
    check_by_cid(world->server.engine, &unknown, -XQC_ECONN_NFOUND);
    CHECK(xqc_engine_get_conn_by_scid(world->client.engine, &unknown) == NULL);
    sim_world_free(world);
}

static void connection_arguments(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    struct sockaddr_in address;
    socklen_t length = 0;
    struct sockaddr *out = (struct sockaddr *)&address;
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, NULL, sizeof(address), &length), -XQC_EPARAM);
    CHECK_EQ(xqc_conn_get_peer_addr(conn->handle, out, sizeof(address), NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, NULL, sizeof(address), &length), -XQC_EPARAM);
    CHECK_EQ(xqc_conn_get_local_addr(conn->handle, out, sizeof(address), NULL), -XQC_EPARAM);
    sim_world_free(world);
}

static void connect_arguments(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *engine = world->client.engine;
    const xqc_conn_settings_t *settings = &options.client_settings;
    const struct sockaddr *peer = (const struct sockaddr *)&world->server.address;
    const socklen_t length = sizeof(world->server.address);
    CHECK(xqc_connect(NULL, settings, NULL, 0, "h", 0, &options.conn_tls, peer, length, SIM_ALPN,
                      NULL)
          == NULL);
    CHECK(xqc_connect(engine, NULL, NULL, 0, "h", 0, &options.conn_tls, peer, length, SIM_ALPN,
                      NULL)
          == NULL);
    CHECK(xqc_connect(engine, settings, NULL, 8, "h", 0, NULL, peer, length, SIM_ALPN, NULL)
          == NULL);
    CHECK(xqc_connect(engine, settings, NULL, 0, "h", 0, &options.conn_tls, peer, length, NULL,
                      NULL)
          == NULL);
    CHECK(xqc_connect(engine, settings, NULL, 0, "h", 0, &options.conn_tls, NULL, 0, SIM_ALPN,
                      NULL)
          == NULL);
    sim_world_free(world);
}

static void stream_functions(void)
{
    uint8_t byte = 0;
    uint8_t fin = 0;
    xqc_stream_settings_t settings = {0};
    CHECK_EQ(xqc_stream_close(NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_recv(NULL, &byte, 1, &fin), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_send(NULL, &byte, 1, 0), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_update_settings(NULL, &settings), -XQC_EPARAM);
    xqc_stream_set_user_data(NULL, &settings);
    CHECK(xqc_get_conn_user_data_by_stream(NULL) == NULL);
    CHECK(xqc_get_conn_alp_user_data_by_stream(NULL) == NULL);
    (void)xqc_stream_id(NULL);
    (void)xqc_stream_get_direction(NULL);
}

static void stream_arguments(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_stream *stream = sim_request(conn, 100, 100);
    CHECK(stream != NULL);
    uint8_t byte = 0;
    uint8_t fin = 0;
    CHECK_EQ(xqc_stream_recv(stream->handle, NULL, 1, &fin), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_recv(stream->handle, &byte, 1, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_send(stream->handle, NULL, 1, 0), -XQC_EPARAM);
    CHECK_EQ(xqc_stream_update_settings(stream->handle, NULL), -XQC_EPARAM);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    sim_world_free(world);
}

static void cid_functions(void)
{
    static const xqc_cid_t cid = {.cid_len = 8};
    static const unsigned char packet[] = {0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    xqc_cid_t dcid;
    xqc_cid_t scid;
    CHECK(xqc_cid_is_equal(NULL, &cid) != XQC_OK);
    CHECK(xqc_cid_is_equal(&cid, NULL) != XQC_OK);
    CHECK(xqc_cid_is_equal(NULL, NULL) != XQC_OK);
    CHECK_EQ(xqc_packet_parse_cid(NULL, &scid, 8, packet, sizeof(packet)), -XQC_EPARAM);
    CHECK_EQ(xqc_packet_parse_cid(&dcid, NULL, 8, packet, sizeof(packet)), -XQC_EPARAM);
    CHECK_EQ(xqc_packet_parse_cid(&dcid, &scid, 8, NULL, sizeof(packet)), -XQC_EPARAM);
}

static void path_functions(void)
{
    static const xqc_cid_t cid = {.cid_len = 8};
    struct sockaddr_in address;
    socklen_t length = 0;
    uint64_t path = 0;
    struct sockaddr *out = (struct sockaddr *)&address;
    IF_PRESENT(xqc_conn_create_path) CHECK(xqc_conn_create_path(NULL, &cid, &path, 0) < 0);
    IF_PRESENT(xqc_conn_close_path) CHECK(xqc_conn_close_path(NULL, &cid, 0) < 0);
    IF_PRESENT(xqc_conn_mark_path_standby) CHECK(xqc_conn_mark_path_standby(NULL, &cid, 0) < 0);
    IF_PRESENT(xqc_conn_mark_path_available) CHECK(xqc_conn_mark_path_available(NULL, &cid, 0) < 0);
    IF_PRESENT(xqc_conn_mark_path_frozen) CHECK(xqc_conn_mark_path_frozen(NULL, &cid, 0) < 0);
    IF_PRESENT(xqc_conn_available_paths) CHECK(xqc_conn_available_paths(NULL, &cid) < 0);
    IF_PRESENT(xqc_path_get_peer_addr)
        CHECK(xqc_path_get_peer_addr(NULL, 0, out, sizeof(address), &length) < 0);
    IF_PRESENT(xqc_path_get_local_addr)
        CHECK(xqc_path_get_local_addr(NULL, 0, out, sizeof(address), &length) < 0);
    IF_PRESENT(xqc_lb_cid_encryption)
        CHECK(xqc_lb_cid_encryption(NULL, 8, NULL, 8, NULL, 16, NULL) < 0);
}

static void datagram_functions(void)
{
    char byte = 0;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    uint64_t id = 7;
    size_t count = 9, bytes = 9;
    CHECK_EQ(xqc_datagram_get_mss(NULL), 0);
    xqc_datagram_set_user_data(NULL, &id);
    CHECK(xqc_datagram_get_user_data(NULL) == NULL);
    CHECK_EQ(xqc_datagram_send(NULL, &byte, 1, &id, XQC_DATA_QOS_NORMAL), -XQC_EPARAM);
    CHECK_EQ(xqc_datagram_send_multiple(NULL, &vector, &id, 1, &count, &bytes,
                                        XQC_DATA_QOS_NORMAL),
             -XQC_EPARAM);
    CHECK_EQ(count + bytes, 0);
    CHECK_EQ(id, 7);
}

static void datagram_arguments(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.max_datagram_frame_size = 1000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(conn != NULL);
    xqc_connection_t *handle = conn->handle;
    const xqc_data_qos_level_t normal = XQC_DATA_QOS_NORMAL;
    char byte = 0;
    struct iovec vector[2] = {{.iov_base = &byte, .iov_len = 1}, {.iov_len = 1}};
    size_t count = 9, bytes = 9;
    CHECK_EQ(xqc_datagram_send(handle, NULL, 1, NULL, normal), -XQC_EPARAM);
    CHECK_EQ(xqc_datagram_send(handle, NULL, 0, NULL, normal), XQC_OK);
    CHECK_EQ(xqc_datagram_send(handle, &byte, 1, NULL, normal), XQC_OK);
    CHECK_EQ(xqc_datagram_send_multiple(handle, NULL, NULL, 1, &count, &bytes, normal),
             -XQC_EPARAM);
    CHECK_EQ(xqc_datagram_send_multiple(handle, vector, NULL, 0, &count, &bytes, normal),
             -XQC_EPARAM);
    CHECK_EQ(xqc_datagram_send_multiple(handle, vector, NULL, 1, NULL, &bytes, normal),
             -XQC_EPARAM);
    CHECK_EQ(xqc_datagram_send_multiple(handle, vector, NULL, 1, &count, NULL, normal),
             -XQC_EPARAM);
    CHECK_EQ(count + bytes, 0);
    /* The second entry has a length and no bytes. */
    CHECK_EQ(xqc_datagram_send_multiple(handle, vector, NULL, 2, &count, &bytes, normal),
             -XQC_EPARAM);
    CHECK_EQ(count, 1);
    CHECK_EQ(bytes, 1);
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static void filters_and_public_settings(void)
{
    xqc_conn_set_pkt_filter_callback(NULL, NULL, NULL);
    xqc_conn_unset_pkt_filter_callback(NULL);
    xqc_conn_public_local_trans_settings_t local = xqc_conn_get_public_local_trans_settings(NULL);
    xqc_conn_public_remote_trans_settings_t remote =
        xqc_conn_get_public_remote_trans_settings(NULL);
    CHECK_EQ(local.max_datagram_frame_size + remote.max_datagram_frame_size, 0);
    xqc_conn_set_public_local_trans_settings(NULL, &local);
    xqc_conn_set_public_remote_trans_settings(NULL, &remote);
    xqc_conn_set_init_idle_timeout(NULL, 1);
    static const xqc_cid_t cid = {.cid_len = 8};
    CHECK(xqc_engine_conns_hash_find(NULL, &cid, 's') == NULL);
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(conn != NULL);
    xqc_conn_set_public_local_trans_settings(conn->handle, NULL);
    xqc_conn_set_public_remote_trans_settings(conn->handle, NULL);
    xqc_conn_set_pkt_filter_callback(conn->handle, NULL, NULL);
    CHECK(xqc_engine_conns_hash_find(world->client.engine, NULL, 'd') == NULL);
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"engine_functions", engine_functions, CHECK_OURS_ONLY},
    {"engine_arguments", engine_arguments, CHECK_OURS_ONLY},
    {"engine_creation", engine_creation, CHECK_OURS_ONLY},
    {"connection_functions", connection_functions, CHECK_OURS_ONLY},
    {"functions_by_cid", functions_by_cid, CHECK_OURS_ONLY},
    {"an_unknown_cid", an_unknown_cid, 0},
    {"connection_arguments", connection_arguments, CHECK_OURS_ONLY},
    {"connect_arguments", connect_arguments, CHECK_OURS_ONLY},
    {"stream_functions", stream_functions, CHECK_OURS_ONLY},
    {"stream_arguments", stream_arguments, CHECK_OURS_ONLY},
    {"cid_functions", cid_functions, CHECK_OURS_ONLY},
    {"path_functions", path_functions, CHECK_OURS_ONLY},
    {"datagram_functions", datagram_functions, CHECK_OURS_ONLY},
    {"datagram_arguments", datagram_arguments, CHECK_OURS_ONLY},
    {"filters_and_public_settings", filters_and_public_settings, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
