/* Making engines and setting them up: what is accepted, what is refused, what is remembered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* An engine that no world owns; it reports to an endpoint of its own. */
static xqc_engine_t *make(bool is_server, const sim_options *options, sim_endpoint *endpoint)
{
    static sim_world nowhere;
    memset(endpoint, 0, sizeof(*endpoint));
    endpoint->tag = SIM_TAG_ENDPOINT;
    endpoint->is_server = is_server;
    endpoint->world = &nowhere;
    return sim_engine_new(endpoint, options);
}

static void make_and_destroy(bool is_server, const sim_options *options, bool expected)
{
    sim_endpoint endpoint;
    xqc_engine_t *engine = make(is_server, options, &endpoint);
    CHECK_EQ(engine != NULL, expected);
    if (engine != NULL) {
        xqc_engine_destroy(engine);
    }
    /* HOST side: the timer object is not ready while an engine is being made. */
    CHECK_EQ(endpoint.calls[SIM_SET_TIMER], 0);
}

static void a_server_needs_its_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    make_and_destroy(true, &options, true);
    char *certificate = options.server_tls.cert_file;
    char *key = options.server_tls.private_key_file;
    options.server_tls.cert_file = "/nonexistent/certificate";
    make_and_destroy(true, &options, false);
    options.server_tls.cert_file = certificate;
    options.server_tls.private_key_file = "/nonexistent/key";
    make_and_destroy(true, &options, false);
    /* Files that are there but hold something else. */
    options.server_tls.private_key_file = "/etc/passwd";
    make_and_destroy(true, &options, false);
    options.server_tls.private_key_file = key;
    options.server_tls.cert_file = "/etc/passwd";
    make_and_destroy(true, &options, false);
}

static void a_refused_certificate_is_logged(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_tls.cert_file = "/nonexistent/certificate";
    sim_endpoint endpoint;
    CHECK(make(true, &options, &endpoint) == NULL);
    CHECK(endpoint.log_lines[XQC_LOG_ERROR] > 0);
}

static void a_key_must_fit_its_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    char key[512];
    size_t stem = strlen(options.server_tls.private_key_file) - strlen("rsa.key");
    memcpy(key, options.server_tls.private_key_file, stem);
    memcpy(key + stem, "ec.key", sizeof("ec.key"));
    options.server_tls.private_key_file = key;
    make_and_destroy(true, &options, false);
}

static void a_client_needs_no_certificate(void)
{
    sim_options options;
    sim_options_init(&options);
    make_and_destroy(false, &options, true);
    options.client_tls.ciphers = NULL;
    options.client_tls.groups = NULL;
    make_and_destroy(false, &options, true);
}

static void the_tls_configuration_is_required(void)
{
    sim_options options;
    sim_options_init(&options);
    const xqc_transport_callbacks_t transport = sim_transport_callbacks(&options);
    xqc_engine_callback_t callbacks;
    memset(&callbacks, 0, sizeof(callbacks));
    CHECK(xqc_engine_create(XQC_ENGINE_CLIENT, &options.client_config, NULL, &callbacks,
                            &transport, NULL)
          == NULL);
}

static void defaults_are_used_without_a_configuration(void)
{
    sim_options options;
    sim_options_init(&options);
    const xqc_transport_callbacks_t transport = sim_transport_callbacks(&options);
    xqc_engine_callback_t callbacks;
    memset(&callbacks, 0, sizeof(callbacks));
    xqc_engine_t *engine = xqc_engine_create(XQC_ENGINE_CLIENT, NULL, &options.client_tls,
                                             &callbacks, &transport, NULL);
    CHECK(engine != NULL);
    CHECK_EQ(xqc_engine_config_get_cid_len(engine), options.client_config.cid_len);
    xqc_engine_destroy(engine);
}

static void mmsg_needs_its_callback(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_config.sendmmsg_on = 1;
    make_and_destroy(false, &options, false);
    options.use_mmsg = true;
    make_and_destroy(false, &options, true);
    options.use_ex = true;
    make_and_destroy(false, &options, true);
}

static void unknown_ciphers_and_groups_are_refused(void)
{
    sim_options options;
    sim_options_init(&options);
    char *groups = options.server_tls.groups;
    options.server_tls.groups = "no-such-group";
    make_and_destroy(true, &options, false);
    options.server_tls.groups = groups;
    make_and_destroy(true, &options, true);
}

/* A session ticket key has 48 or 80 bytes. */
static void a_ticket_key_of_the_wrong_length_is_refused(void)
{
    static char key[128];
    static const size_t lengths[] = {48, 80, 1, 47, 49, 79, 81, 128};
    for (size_t i = 0; i < CHECK_COUNT(lengths); i++) {
        check_context("%zu bytes", lengths[i]);
        sim_options options;
        sim_options_init(&options);
        options.server_tls.session_ticket_key_data = key;
        options.server_tls.session_ticket_key_len = lengths[i];
        make_and_destroy(true, &options, i < 2);
    }
}

static void engines_come_and_go(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_config.conns_hash_bucket_size = 1024;
    size_t heap = 0;
    unsigned rounds = check_rounds(200, 10);
    for (unsigned i = 0; i < rounds; i++) {
        if (i == rounds / 2) {
            heap = sim_heap_in_use();
        }
        make_and_destroy(i % 2 == 0, &options, true);
    }
    CHECK(sim_heap_in_use() <= heap + 65536);
    xqc_engine_destroy(NULL);
}

static void the_private_context_is_set_once(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_endpoint endpoint;
    xqc_engine_t *engine = make(false, &options, &endpoint);
    CHECK(engine != NULL);
    int first = 0;
    int second = 0;
    CHECK(xqc_engine_get_priv_ctx(engine) == NULL);
    CHECK_EQ(xqc_engine_set_priv_ctx(engine, &first), XQC_OK);
    CHECK(xqc_engine_get_priv_ctx(engine) == &first);
    CHECK_EQ(xqc_engine_set_priv_ctx(engine, &second), -XQC_ESTATE);
    CHECK(xqc_engine_get_priv_ctx(engine) == &first);
    xqc_engine_destroy(engine);
}

/* A context that is still registered when the engine goes is freed by the engine, with free(). One
 * that was replaced or unregistered is the host's again. */
static void protocols_are_registered_and_forgotten(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_endpoint endpoint;
    xqc_engine_t *engine = make(true, &options, &endpoint);
    CHECK(engine != NULL);
    xqc_app_proto_callbacks_t protocol = sim_protocol();
    void *first = malloc(1);
    void *second = malloc(1);
    void *third = malloc(1);
    char longest[256];
    memset(longest, 'a', sizeof(longest));
    CHECK_EQ(xqc_engine_register_alpn(engine, NULL, 3, &protocol, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_register_alpn(engine, "one", 0, &protocol, NULL), -XQC_EPARAM);
    CHECK_EQ(xqc_engine_register_alpn(engine, longest, 256, &protocol, NULL), -XQC_EPARAM);
    CHECK(xqc_engine_get_alpn_ctx(engine, "one", 3) == NULL);
    CHECK_EQ(xqc_engine_register_alpn(engine, "one", 3, &protocol, first), XQC_OK);
    CHECK(xqc_engine_get_alpn_ctx(engine, "one", 3) == first);
    CHECK(xqc_engine_get_alpn_ctx(engine, "on", 2) == NULL);
    /* A second time replaces the first. */
    CHECK_EQ(xqc_engine_register_alpn(engine, "one", 3, &protocol, second), XQC_OK);
    CHECK(xqc_engine_get_alpn_ctx(engine, "one", 3) == second);
    CHECK_EQ(xqc_engine_register_alpn(engine, "two", 3, &protocol, third), XQC_OK);
    CHECK_EQ(xqc_engine_unregister_alpn(engine, "one", 3), XQC_OK);
    CHECK(xqc_engine_get_alpn_ctx(engine, "one", 3) == NULL);
    CHECK(xqc_engine_get_alpn_ctx(engine, "two", 3) == third);
    CHECK_EQ(xqc_engine_unregister_alpn(engine, "one", 3), -XQC_EALPN_NOT_REGISTERED);
    xqc_engine_destroy(engine);
    free(first);
    free(second);
}

static void a_client_cannot_speak_what_it_did_not_register(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    CHECK(xqc_connect(world->client.engine, &options.client_settings, NULL, 0, "localhost", 0,
                      &options.conn_tls, (const struct sockaddr *)&world->server.address,
                      sizeof(world->server.address), "other", NULL)
          == NULL);
    sim_world_free(world);
}

static void settings_come_from_templates(void)
{
    xqc_conn_settings_t plain = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);
    xqc_conn_settings_t quick = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_LOW_DELAY);
    CHECK_EQ(plain.proto_version, XQC_VERSION_V1);
    CHECK_EQ(plain.idle_time_out, 120000);
    CHECK_EQ(plain.init_idle_time_out, 10000);
    CHECK_EQ(plain.ack_frequency, 2);
    CHECK_EQ(plain.loss_detection_pkt_thresh, 3);
    CHECK_EQ(plain.anti_amplification_limit, 3);
    CHECK_EQ(plain.max_pkt_out_size, 1200);
    /* The controller is left open; that means CUBIC. */
    CHECK(plain.cong_ctrl_callback.xqc_cong_ctl_size == NULL);
    CHECK_EQ(quick.proto_version, XQC_VERSION_V1);
    CHECK_EQ(quick.ack_frequency, 1);
    CHECK_EQ(quick.loss_detection_pkt_thresh, 2);
    CHECK(quick.pto_backoff_factor > 1.49 && quick.pto_backoff_factor < 1.51);
    sim_options options;
    sim_options_init(&options);
    options.client_settings = plain;
    options.server_settings = quick;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    sim_world_free(world);
}

/* HOST side: a structure full of zeros means the defaults, and off for every switch. */
static void zeroed_settings_mean_defaults(void)
{
    sim_options options;
    sim_options_init(&options);
    memset(&options.server_settings, 0, sizeof(options.server_settings));
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 100000, 100000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 20 * SIM_SECOND));
    sim_world_free(world);
}

/* Live connections keep the settings they began with. */
static void a_new_configuration_is_for_new_connections(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *engine = world->client.engine;
    CHECK_EQ(xqc_engine_config_get_cid_len(engine), 8);
    xqc_config_t config = options.client_config;
    config.cid_len = 12;
    CHECK_EQ(xqc_engine_set_config(engine, &config), XQC_OK);
    CHECK_EQ(xqc_engine_config_get_cid_len(engine), 12);
    /* Zero keeps what is there. */
    memset(&config, 0, sizeof(config));
    CHECK_EQ(xqc_engine_set_config(engine, &config), XQC_OK);
    CHECK_EQ(xqc_engine_config_get_cid_len(engine), 12);
    /* What is out of range is refused; what comes before it was taken. */
    config.cid_len = 14;
    config.cur_tk_index = 4;
    CHECK_EQ(xqc_engine_set_config(engine, &config), -1);
    CHECK_EQ(xqc_engine_config_get_cid_len(engine), 14);
    config.cid_len = 21;
    CHECK_EQ(xqc_engine_set_config(engine, &config), -1);
    config.cid_len = 12;
    config.cur_tk_index = 0;
    CHECK_EQ(xqc_engine_set_config(engine, &config), XQC_OK);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(conn->cid.cid_len, 12);
    CHECK(sim_request(conn, 1000, 1000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 5 * SIM_SECOND));
    sim_world_free(world);
}

/* The process that answers for a connection that was another's makes the same token. */
static void a_new_reset_key_counts_at_once(void)
{
    sim_options options;
    sim_options_init(&options);
    memset(options.server_config.reset_token_key, 'a', 16);
    options.server_config.reset_token_keylen = 16;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    CHECK(sim_run(world, sim_is_confirmed, conn, 5 * SIM_SECOND));
    /* A fresh process with another key: its resets mean nothing, until it gets the right one. */
    memset(world->options.server_config.reset_token_key, 'b', 16);
    sim_restart(&world->server);
    CHECK(sim_request(conn, 100, 0) != NULL);
    sim_run_for(world, 3 * SIM_SECOND);
    CHECK_EQ(conn->calls[SIM_CONN_CLOSING], 0);
    CHECK_EQ(xqc_engine_set_config(world->server.engine, &options.server_config), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    CHECK_EQ(conn->close_errno, XQC_ESTATELESS_RESET);
    sim_world_free(world);
}

static void new_settings_are_for_new_connections(void)
{
    sim_options options;
    sim_options_init(&options);
    options.server_settings.max_streams_bidi = 10;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    xqc_conn_settings_t settings = options.server_settings;
    settings.max_streams_bidi = 3;
    xqc_server_set_conn_settings(world->server.engine, &settings);
    memset(&settings, 0xff, sizeof(settings));
    sim_conn *later = sim_established(world);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(sim_request(conn, 10, 10) != NULL, true);
    }
    CHECK(sim_request(conn, 10, 10) == NULL);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(sim_request(later, 10, 10) != NULL, true);
    }
    CHECK(sim_request(later, 10, 10) == NULL);
    sim_world_free(world);
}

static void log_levels_are_obeyed(void)
{
    sim_options options;
    sim_options_init(&options);
    options.client_config.cfg_log_level = XQC_LOG_FATAL;
    sim_world *world = sim_world_new(&options);
    xqc_engine_set_log_level(world->server.engine, XQC_LOG_DEBUG);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(world->client.log_lines[XQC_LOG_DEBUG] + world->client.log_lines[XQC_LOG_INFO], 0);
    CHECK(world->server.log_lines[XQC_LOG_DEBUG] > 0);
    unsigned lines = world->server.calls[SIM_LOG];
    if (xqc_log_disable != NULL) {
        xqc_log_disable(XQC_TRUE);
        sim_request(conn, 10000, 10000);
        sim_run_for(world, SIM_SECOND);
        CHECK_EQ(world->server.calls[SIM_LOG], lines);
        xqc_log_disable(XQC_FALSE);
    }
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_server_needs_its_certificate", a_server_needs_its_certificate, 0},
    {"a_refused_certificate_is_logged", a_refused_certificate_is_logged, 0},
    {"a_key_must_fit_its_certificate", a_key_must_fit_its_certificate, 0},
    {"a_client_needs_no_certificate", a_client_needs_no_certificate, 0},
    {"the_tls_configuration_is_required", the_tls_configuration_is_required, 0},
    {"defaults_are_used_without_a_configuration", defaults_are_used_without_a_configuration, 0},
    {"mmsg_needs_its_callback", mmsg_needs_its_callback, 0},
    {"unknown_ciphers_and_groups_are_refused", unknown_ciphers_and_groups_are_refused, 0},
    {"a_ticket_key_of_the_wrong_length_is_refused", a_ticket_key_of_the_wrong_length_is_refused,
     0},
    {"engines_come_and_go", engines_come_and_go, 0},
    {"the_private_context_is_set_once", the_private_context_is_set_once, 0},
    {"protocols_are_registered_and_forgotten", protocols_are_registered_and_forgotten, 0},
    {"a_client_cannot_speak_what_it_did_not_register",
     a_client_cannot_speak_what_it_did_not_register, 0},
    {"settings_come_from_templates", settings_come_from_templates, 0},
    {"zeroed_settings_mean_defaults", zeroed_settings_mean_defaults, 0},
    {"new_settings_are_for_new_connections", new_settings_are_for_new_connections, 0},
    {"a_new_configuration_is_for_new_connections", a_new_configuration_is_for_new_connections, 0},
    {"a_new_reset_key_counts_at_once", a_new_reset_key_counts_at_once, 0},
    {"log_levels_are_obeyed", log_levels_are_obeyed, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
