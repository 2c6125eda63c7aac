/* Settings of HTTP/3: engine-wide, of one connection, and what they do to the wire. */
#include <stdio.h>
#include <string.h>

#include "h3.h"

static const xqc_h3_conn_settings_t DEFAULTS = {
    .max_field_section_size = 32768,
    .max_pushes = 0,
    .qpack_enc_max_table_capacity = 16384,
    .qpack_dec_max_table_capacity = 16384,
    .qpack_blocked_streams = 64,
};

static xqc_h3_conn_settings_t shown[2]; /* to the callback of the client, of the server */

static void look(bool is_server, xqc_h3_conn_settings_t *settings)
{
    shown[is_server] = *settings;
}

static void check_settings(const xqc_h3_conn_settings_t *got, const xqc_h3_conn_settings_t *want)
{
    CHECK_EQ(got->max_field_section_size, want->max_field_section_size);
    CHECK_EQ(got->max_pushes, want->max_pushes);
    CHECK_EQ(got->qpack_enc_max_table_capacity, want->qpack_enc_max_table_capacity);
    CHECK_EQ(got->qpack_dec_max_table_capacity, want->qpack_dec_max_table_capacity);
    CHECK_EQ(got->qpack_blocked_streams, want->qpack_blocked_streams);
}

static void options_init(sim_options *options)
{
    sim_options_init(options);
    sim_speak_h3(options);
    options->change_h3 = look;
}

static void the_callback_sees_the_defaults(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    (void)sim_established(world);
    check_settings(&shown[0], &DEFAULTS);
    check_settings(&shown[1], &DEFAULTS);
    sim_world_free(world);
}

static void each_setter_sets_its_own_for_later_connections(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *engine = world->server.engine;
    xqc_h3_conn_settings_t want = DEFAULTS;
    sim_conn *before = sim_established(world);
    xqc_h3_engine_set_max_dtable_capacity(engine, 8000);
    want.qpack_enc_max_table_capacity = 8000;
    want.qpack_dec_max_table_capacity = 8000;
    (void)sim_established(world);
    check_settings(&shown[1], &want);
    xqc_h3_engine_set_dec_max_dtable_capacity(engine, 7000);
    xqc_h3_engine_set_enc_max_dtable_capacity(engine, 6000);
    want.qpack_enc_max_table_capacity = 6000;
    want.qpack_dec_max_table_capacity = 7000;
    (void)sim_established(world);
    check_settings(&shown[1], &want);
    xqc_h3_engine_set_max_field_section_size(engine, 5000);
    xqc_h3_engine_set_qpack_blocked_streams(engine, 7);
    want.max_field_section_size = 5000;
    want.qpack_blocked_streams = 7;
    (void)sim_established(world);
    check_settings(&shown[1], &want);
    check_settings(&shown[0], &DEFAULTS);
    xqc_h3_conn_settings_t all = {
        .max_field_section_size = 10000,
        .max_pushes = 3,
        .qpack_enc_max_table_capacity = 1000,
        .qpack_dec_max_table_capacity = 2000,
        .qpack_blocked_streams = 5,
    };
    xqc_h3_engine_set_local_settings(engine, &all);
    want = all;
    memset(&all, 0, sizeof(all)); /* It was copied. */
    sim_conn *after = sim_established(world);
    check_settings(&shown[1], &want);
    CHECK(sim_get(before, 1000) != NULL && sim_get(after, 1000) != NULL);
    CHECK(sim_run(world, sim_is_served, before, SIM_SECOND));
    CHECK(sim_run(world, sim_is_served, after, SIM_SECOND));
    sim_world_free(world);
}

/* A second ctx_init begins anew. */
static void setting_up_again_brings_the_defaults_back(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_h3_engine_set_qpack_blocked_streams(world->server.engine, 7);
    CHECK_EQ(xqc_h3_ctx_destroy(world->server.engine), XQC_OK);
    xqc_h3_engine_set_qpack_blocked_streams(world->server.engine, 8); /* to nobody */
    CHECK_EQ(options.application->add(&world->server), XQC_OK);
    (void)sim_established(world);
    check_settings(&shown[1], &DEFAULTS);
    sim_world_free(world);
}

/* A section counts its names and values and 32 bytes for each field (RFC 9114, section 4.2.2). */
static size_t section_size(const sim_exchange *exchange)
{
    return exchange->header.size + 32 * exchange->header.count;
}

static sim_exchange *with_padding(sim_conn *conn, size_t padding)
{
    static char value[100000];
    CHECK(padding < sizeof(value));
    memset(value, 'p', padding);
    value[padding] = '\0';
    xqc_http_header_t extra[] = {sim_header("x-padding", value)};
    const sim_ask ask = {.extra = extra, .extra_count = 1, .download = 100};
    sim_exchange *asked = sim_fetch(conn, &ask);
    CHECK(asked != NULL);
    return asked;
}

/* The peer's limit on a section holds to the byte, and concerns that section alone. */
static void a_section_over_the_peers_limit_is_refused(void)
{
    xqc_h3_conn_settings_t settings = DEFAULTS;
    settings.max_field_section_size = 3000;
    sim_options options;
    options_init(&options);
    options.server_h3 = &settings;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *small = with_padding(conn, 10);
    CHECK(sim_run(world, sim_is_served, conn, SIM_SECOND));
    size_t room = 3000 - section_size(sim_exchange_peer(world, small)) + 10;
    /* The seed is a number of its own length in each. */
    sim_exchange *fits = with_padding(conn, room - 20);
    CHECK(fits->send_error == 0 && fits->fin_sent);
    sim_exchange *over = with_padding(conn, room + 20);
    CHECK_EQ(over->send_error, -XQC_H3_INVALID_HEADER);
    sim_exchange_close(over);
    CHECK(sim_run(world, sim_is_fetched, fits, SIM_SECOND));
    sim_run_for(world, SIM_SECOND);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Before the peer has said what it takes, a section goes out, and the peer resets that request. */
static void a_section_over_ones_own_limit_resets_its_request(void)
{
    xqc_h3_conn_settings_t settings = DEFAULTS;
    settings.max_field_section_size = 3000;
    sim_options options;
    options_init(&options);
    options.server_h3 = &settings;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    sim_exchange *over = with_padding(conn, 5000);
    sim_exchange *fits = with_padding(conn, 1000);
    CHECK(over->send_error == 0);
    CHECK(sim_run(world, sim_is_fetched, fits, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, over, 10 * SIM_SECOND));
    CHECK_EQ(over->header.count, 0);
    CHECK(over->stats.stream_err != 0);
    CHECK(!conn->closed);
    sim_world_free(world);
}

/* Requests with a repeating and a changing field. */
static void repeat_requests(sim_world *world, sim_conn *conn, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char value[48];
        (void)snprintf(value, sizeof(value), "changes from time to time %u", i / 5);
        xqc_http_header_t extra[] = {
            sim_header("x-changes", value),
            sim_header("x-stays", "a value that is the same in every request and has a length")};
        const sim_ask ask = {.extra = extra, .extra_count = 2, .download = 100};
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK(asked != NULL);
        CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
        CHECK(sim_run(world, sim_is_over, sim_exchange_peer(world, asked), 10 * SIM_SECOND));
    }
}

/* The size on the wire of the last request's header section. */
static size_t last_section(const xqc_h3_conn_settings_t *client,
                           const xqc_h3_conn_settings_t *server)
{
    sim_options options;
    options_init(&options);
    options.client_h3 = client;
    options.server_h3 = server;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    repeat_requests(world, conn, 40);
    size_t size = conn->exchanges->stats.send_hdr_compressed;
    CHECK_EQ(size, sim_exchange_peer(world, conn->exchanges)->stats.recv_hdr_compressed);
    CHECK(!conn->closed);
    sim_world_free(world);
    return size;
}

/* With no table on either side, or no permission to wait for it, sections are longer but right. */
static void the_dynamic_table_can_be_turned_off(void)
{
    xqc_h3_conn_settings_t none = DEFAULTS;
    none.qpack_enc_max_table_capacity = 0;
    none.qpack_dec_max_table_capacity = 0;
    xqc_h3_conn_settings_t no_waiting = DEFAULTS;
    no_waiting.qpack_blocked_streams = 0;
    size_t with = last_section(NULL, NULL);
    size_t client_none = last_section(&none, NULL);
    size_t server_none = last_section(NULL, &none);
    size_t both_none = last_section(&none, &none);
    size_t patient = last_section(NULL, &no_waiting);
    check_note("%zu bytes with a table, %zu, %zu and %zu without, %zu without waiting", with,
               client_none, server_none, both_none, patient);
    CHECK(with < client_none);
    CHECK_EQ(client_none, both_none);
    CHECK_EQ(server_none, both_none);
    CHECK(patient <= both_none);
}

/* Upstream's decoder acknowledges no section, so its encoder cannot let go of an entry. */
static void the_table_of_one_connection_can_be_changed(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    repeat_requests(world, conn, 10);
    static const size_t CAPACITIES[] = {1000, 0, 200, 16384, 1000000, 0, 0, 4096};
    for (size_t i = 0; i < CHECK_COUNT(CAPACITIES); i++) {
        check_context("capacity %zu", CAPACITIES[i]);
        CHECK_EQ(xqc_h3_conn_set_qpack_dtable_cap(conn->h3, CAPACITIES[i]), XQC_OK);
        xqc_engine_finish_send(world->client.engine);
        sim_conn *server = sim_server_conn(world, conn);
        CHECK_EQ(xqc_h3_conn_set_qpack_dtable_cap(server->h3, CAPACITIES[i]), XQC_OK);
        repeat_requests(world, conn, 10);
        CHECK(!conn->closed);
    }
    sim_world_free(world);
}

static void shrink(bool is_server, xqc_h3_conn_settings_t *settings)
{
    settings->max_field_section_size = is_server ? 2500 : 100000;
    settings->qpack_dec_max_table_capacity = is_server ? 0 : 100;
}

/* What the callback writes counts for that connection. */
static void the_callback_changes_one_connection(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.change_h3 = shrink;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(with_padding(conn, 3000)->send_error, -XQC_H3_INVALID_HEADER);
    sim_exchange *fits = with_padding(conn, 1500);
    CHECK(sim_run(world, sim_is_fetched, fits, SIM_SECOND));
    world->options.change_h3 = NULL;
    sim_conn *other = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *large = with_padding(other, 3000);
    CHECK(sim_run(world, sim_is_fetched, large, SIM_SECOND));
    sim_world_free(world);
}

/* What QPACK found for each field, told to a host that asks (save_nv_hit_flags). */
static void hits_in_the_table_are_told(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    xqc_http_header_t extra[] = {
        sim_header("x-repeated", "the same again and again"),
        sim_header("x-secret", "never in a table"),
        sim_header("accept", "*/*"),
        sim_header("X-Unasked", "1"),
    };
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            extra[j].save_nv_hit_flags = 1;
            extra[j].nv_hit_flags = 77;
        }
        extra[1].flags = XQC_HTTP_HEADER_FLAG_NEVER_INDEX;
        extra[3].nv_hit_flags = 77;
        const sim_ask ask = {.extra = extra, .extra_count = CHECK_COUNT(extra), .download = 10};
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK_EQ(extra[1].nv_hit_flags, XQC_NV_HIT_NONE);
        CHECK_EQ(extra[2].nv_hit_flags, XQC_NV_HIT_BOTH); /* of the static table */
        CHECK_EQ(extra[3].nv_hit_flags, 77);
        CHECK(i == 0 || extra[0].nv_hit_flags == XQC_NV_HIT_BOTH);
        CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
        const sim_section *header = &sim_exchange_peer(world, asked)->header;
        CHECK_EQ(strcmp(sim_value(header, "x-secret"), "never in a table"), 0);
        /* RFC 9204 section 7.1.3: it stays so behind an intermediary. Upstream forgets to say it. */
        for (size_t j = 0; j < header->count && !check_upstream(); j++) {
            bool is_secret = strcmp(header->fields[j].name, "x-secret") == 0;
            CHECK(!is_secret || header->fields[j].flags == XQC_HTTP_HEADER_FLAG_NEVER_INDEX);
        }
    }
    sim_world_free(world);
}

#if defined(XQC_COMPAT_DUPLICATE)
/* For peers with the first versions of the decoder; only builds of their own have it. */
static void duplicates_can_be_kept_simple(void)
{
    sim_options options;
    options_init(&options);
    sim_world *world = sim_world_new(&options);
    (void)sim_established(world);
    CHECK(!shown[0].qpack_compat_duplicate && !shown[1].qpack_compat_duplicate);
    xqc_h3_engine_set_qpack_compat_duplicate(world->client.engine, XQC_TRUE);
    xqc_h3_engine_set_qpack_compat_duplicate(NULL, XQC_TRUE);
    sim_conn *conn = sim_established(world);
    CHECK(shown[0].qpack_compat_duplicate && !shown[1].qpack_compat_duplicate);
    sim_run_for(world, SIM_SECOND);
    repeat_requests(world, conn, 40);
    xqc_h3_conn_settings_t all = DEFAULTS;
    all.qpack_compat_duplicate = XQC_FALSE;
    xqc_h3_engine_set_local_settings(world->client.engine, &all);
    (void)sim_established(world);
    CHECK(!shown[0].qpack_compat_duplicate);
    sim_world_free(world);
}
#endif

static const check_case CASES[] = {
    {"the_callback_sees_the_defaults", the_callback_sees_the_defaults, 0},
    {"each_setter_sets_its_own_for_later_connections",
     each_setter_sets_its_own_for_later_connections, 0},
    {"setting_up_again_brings_the_defaults_back", setting_up_again_brings_the_defaults_back, 0},
    {"a_section_over_the_peers_limit_is_refused", a_section_over_the_peers_limit_is_refused, 0},
    {"a_section_over_ones_own_limit_resets_its_request",
     a_section_over_ones_own_limit_resets_its_request, 0},
    {"the_dynamic_table_can_be_turned_off", the_dynamic_table_can_be_turned_off, 0},
    {"the_table_of_one_connection_can_be_changed", the_table_of_one_connection_can_be_changed,
     CHECK_UPSTREAM_FAILS},
    {"the_callback_changes_one_connection", the_callback_changes_one_connection, 0},
    {"hits_in_the_table_are_told", hits_in_the_table_are_told, 0},
#if defined(XQC_COMPAT_DUPLICATE)
    {"duplicates_can_be_kept_simple", duplicates_can_be_kept_simple, 0},
#endif
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
