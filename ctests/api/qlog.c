/* qlog events: one complete JSON text per call, a header first, and as many as the host wants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h3.h"
#include "sim.h"

#define KEPT 20000

typedef struct kept_record {
    bool is_server;
    bool by_log; /* came through xqc_log_write_err */
    int importance;
    char *text;
} kept_record;

static kept_record *records;
static size_t record_count;

static void keep(int importance, const void *bytes, size_t size, void *user_data, bool by_log)
{
    CHECK(record_count < KEPT);
    kept_record *record = &records[record_count++];
    record->is_server = ((const sim_endpoint *)user_data)->is_server;
    record->by_log = by_log;
    record->importance = importance;
    record->text = strndup(bytes, size);
    CHECK(record->text != NULL);
    CHECK_EQ(strlen(record->text), size);
}

static void on_err(xqc_log_level_t level, const void *bytes, size_t size, void *user_data)
{
    if (size > 0 && *(const char *)bytes == '{') {
        keep((int)level, bytes, size, user_data, true);
    }
}

static void on_event(qlog_event_importance_t importance, const void *bytes, size_t size,
                     void *user_data)
{
    keep((int)importance, bytes, size, user_data, false);
}

static const xqc_log_callbacks_t CALLBACKS = {on_err, NULL, on_event};

static void forget_records(void)
{
    if (records == NULL) {
        records = calloc(KEPT, sizeof(*records));
        CHECK(records != NULL);
    }
    for (; record_count > 0; record_count--) {
        free(records[record_count - 1].text);
    }
}

static sim_options options_with(xqc_flag_t on, qlog_event_importance_t importance,
                                xqc_log_level_t level)
{
    sim_options options;
    sim_options_init(&options);
    options.log_callbacks = &CALLBACKS;
    options.client_config.cfg_log_event = options.server_config.cfg_log_event = on;
    options.client_config.cfg_qlog_importance = importance;
    options.server_config.cfg_qlog_importance = importance;
    options.client_config.cfg_log_level = options.server_config.cfg_log_level = level;
    forget_records();
    return options;
}

static sim_world *world_with(xqc_flag_t on, qlog_event_importance_t importance,
                             xqc_log_level_t level)
{
    sim_options options = options_with(on, importance, level);
    return sim_world_new(&options);
}

static void live(sim_world *world)
{
    sim_conn *conn = sim_established(world);
    CHECK(sim_request(conn, 20000, 30000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
}

static unsigned count(bool is_server, const char *piece)
{
    unsigned found = 0;
    for (size_t i = 0; i < record_count; i++) {
        found += records[i].is_server == is_server && strstr(records[i].text, piece) != NULL;
    }
    return found;
}

/* Reads one JSON value; returns what follows it, or NULL. */
static const char *json_value(const char *at);

static const char *json_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at == '\\') {
            at++;
            if (strchr("\"\\/bfnrtu", *at) == NULL || *at == '\0') {
                return NULL;
            }
        }
    }
    return at + 1;
}

static const char *json_members(const char *at, char end, bool named)
{
    at++;
    if (*at == end) {
        return at + 1;
    }
    for (;;) {
        if (named) {
            at = *at == '"' ? json_string(at) : NULL;
            if (at == NULL || *at != ':') {
                return NULL;
            }
            at++;
        }
        at = json_value(at);
        if (at == NULL) {
            return NULL;
        }
        if (*at == end) {
            return at + 1;
        }
        if (*at++ != ',') {
            return NULL;
        }
    }
}

static const char *json_value(const char *at)
{
    if (*at == '{') {
        return json_members(at, '}', true);
    }
    if (*at == '[') {
        return json_members(at, ']', false);
    }
    if (*at == '"') {
        return json_string(at);
    }
    if (strncmp(at, "true", 4) == 0) {
        return at + 4;
    }
    if (strncmp(at, "false", 5) == 0) {
        return at + 5;
    }
    char *end;
    strtod(at, &end);
    return end == at ? NULL : end;
}

static void every_call_brings_one_complete_json_text(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_EXTRA, XQC_LOG_ERROR);
    live(world);
    CHECK(record_count > 100);
    for (size_t i = 0; i < record_count; i++) {
        check_context("%s", records[i].text);
        const char *end = json_value(records[i].text);
        CHECK(end != NULL && *end == '\0');
        CHECK(!records[i].by_log);
    }
    sim_world_free(world);
}

static void an_engine_begins_with_the_header_of_a_file(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_CORE, XQC_LOG_ERROR);
    live(world);
    live(world);
    for (int is_server = 0; is_server < 2; is_server++) {
        const kept_record *first = NULL;
        for (size_t i = 0; i < record_count && first == NULL; i++) {
            first = records[i].is_server == is_server ? &records[i] : NULL;
        }
        CHECK(first != NULL);
        CHECK(strncmp(first->text, "{\"qlog_version\":\"0.3\",\"qlog_format\":\"JSON-SEQ\"", 46) == 0);
        CHECK(strstr(first->text, is_server ? "\"type\":\"server\"" : "\"type\":\"client\"") != NULL);
        CHECK_EQ(count(is_server, "qlog_version"), 1);
    }
    sim_world_free(world);
}

static void events_tell_their_connections_apart(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_CORE, XQC_LOG_ERROR);
    live(world);
    live(world);
    char groups[2][64];
    unsigned known = 0;
    for (size_t i = 0; i < record_count; i++) {
        const char *text = records[i].text;
        if (strstr(text, "qlog_version") != NULL) {
            continue;
        }
        const char *group = strstr(text, "\"group_id\":\"");
        CHECK(group != NULL);
        char value[64];
        CHECK_EQ(sscanf(group, "\"group_id\":\"%63[0-9a-f]\"", value), 1);
        unsigned at = 0;
        while (at < known && strcmp(groups[at], value) != 0) {
            at++;
        }
        if (at == known) {
            CHECK(known < 2);
            strcpy(groups[known++], value);
        }
    }
    /* Both ends name a connection alike. */
    CHECK_EQ(known, 2);
    sim_world_free(world);
}

static void a_life_is_told_at_both_ends(void)
{
    static const char *const names[] = {
        "connectivity:connection_started", "connectivity:connection_state_updated",
        "connectivity:connection_closed",  "security:key_updated",
        "security:key_retired",            "transport:version_information",
        "transport:alpn_information",      "transport:parameters_set",
        "transport:packet_sent",           "transport:packet_received",
        "transport:stream_state_updated",  "transport:datagrams_sent",
        "transport:datagrams_received",    "recovery:parameters_set",
        "recovery:metrics_updated",        "recovery:congestion_state_updated",
        "recovery:loss_timer_updated",
    };
    sim_world *world = world_with(1, EVENT_IMPORTANCE_EXTRA, XQC_LOG_ERROR);
    live(world);
    for (int is_server = 0; is_server < 2; is_server++) {
        for (size_t i = 0; i < CHECK_COUNT(names); i++) {
            check_context("%s at the %s", names[i], is_server ? "server" : "client");
            CHECK(count(is_server, names[i]) > 0);
        }
    }
    sim_world_free(world);
}

static void importance_bounds_what_is_written(void)
{
    unsigned before = 0;
    for (int most = EVENT_IMPORTANCE_CORE; most <= EVENT_IMPORTANCE_EXTRA; most++) {
        sim_world *world = world_with(1, (qlog_event_importance_t)most, XQC_LOG_ERROR);
        live(world);
        bool reached = false;
        for (size_t i = 0; i < record_count; i++) {
            CHECK(records[i].importance >= EVENT_IMPORTANCE_CORE && records[i].importance <= most);
            reached |= records[i].importance == most;
        }
        CHECK(reached && record_count > before);
        before = (unsigned)record_count;
        sim_world_free(world);
    }
}

static void nothing_is_written_unless_asked_for(void)
{
    sim_world *world = world_with(0, EVENT_IMPORTANCE_EXTRA, XQC_LOG_DEBUG);
    live(world);
    CHECK_EQ(record_count, 0);
    sim_world_free(world);
}

static void events_are_switched_at_run_time(void)
{
    sim_world *world = world_with(0, EVENT_IMPORTANCE_EXTRA, XQC_LOG_ERROR);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(record_count, 0);
    xqc_config_t config = world->options.client_config;
    config.cfg_log_event = 1;
    CHECK_EQ(xqc_engine_set_config(world->client.engine, &config), XQC_OK);
    CHECK(sim_request(conn, 5000, 5000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK(count(false, "transport:packet_sent") > 0);
    CHECK_EQ(count(true, "{"), 0);
    config.cfg_qlog_importance = EVENT_IMPORTANCE_CORE;
    CHECK_EQ(xqc_engine_set_config(world->client.engine, &config), XQC_OK);
    sim_run_for(world, SIM_SECOND);
    size_t before = record_count;
    CHECK(sim_request(conn, 5000, 5000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    for (size_t i = before; i < record_count; i++) {
        CHECK_EQ(records[i].importance, EVENT_IMPORTANCE_CORE);
    }
    CHECK(record_count > before);
    config.cfg_log_event = 0;
    CHECK_EQ(xqc_engine_set_config(world->client.engine, &config), XQC_OK);
    before = record_count;
    CHECK(sim_request(conn, 5000, 5000) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
    CHECK_EQ(record_count, before);
    sim_world_free(world);
}

static void the_switch_of_all_logs_holds_for_events_too(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_EXTRA, XQC_LOG_ERROR);
    xqc_log_disable(XQC_TRUE);
    live(world);
    xqc_log_disable(XQC_FALSE);
    CHECK_EQ(record_count, 0);
    sim_world_free(world);
}

/* Selected events go where log records go, and by their level. */
static void selected_events_follow_the_log_level(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_SELECTED, XQC_LOG_WARN);
    live(world);
    CHECK_EQ(record_count, 0);
    sim_world_free(world);
    world = world_with(1, EVENT_IMPORTANCE_SELECTED, XQC_LOG_INFO);
    live(world);
    CHECK(count(false, "connection_closed") > 0);
    CHECK_EQ(count(false, "packet_sent"), 0);
    sim_world_free(world);
    world = world_with(1, EVENT_IMPORTANCE_SELECTED, XQC_LOG_DEBUG);
    live(world);
    CHECK(count(false, "packet_sent") > 0);
    for (size_t i = 0; i < record_count; i++) {
        CHECK(records[i].by_log);
    }
    sim_world_free(world);
}

/* The last events come before conn_close_notify: a host may close its file there. */
static int note_close(void *argument, const sim_call *call)
{
    size_t *at_close = argument;
    if (call->event == SIM_CONN_CLOSE && !call->endpoint->is_server) {
        *at_close = record_count;
    }
    return 0;
}

static void the_last_event_comes_before_the_close_callback(void)
{
    sim_world *world = world_with(1, EVENT_IMPORTANCE_EXTRA, XQC_LOG_ERROR);
    size_t at_close = 0;
    world->hook = note_close;
    world->hook_argument = &at_close;
    live(world);
    CHECK(at_close > 0);
    for (size_t i = at_close; i < record_count; i++) {
        CHECK(records[i].is_server);
    }
    CHECK_EQ(count(false, "connection_closed"), 1);
    sim_world_free(world);
}

/* A few requests, with fields that come again, and the end. */
static sim_world *live_of_http3(qlog_event_importance_t importance)
{
    sim_options options = options_with(1, importance, XQC_LOG_ERROR);
    sim_speak_h3(&options);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    xqc_http_header_t extra[] = {sim_header("x-again", "and again"),
                                 sim_header("authorization", "Basic xyzzy")};
    for (unsigned i = 0; i < 4; i++) {
        const sim_ask ask = {.upload = 5000, .download = 5000, .extra = extra, .extra_count = 2};
        sim_exchange *asked = sim_fetch(conn, &ask);
        CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    }
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    return world;
}

static void http3_is_told_at_both_ends(void)
{
    static const char *const pieces[] = {
        "http:parameters_set\"",
        "\"owner\":\"remote\",\"max_field_section_size\":",
        "\"stream_type\":\"control\"",
        "\"stream_type\":\"qpack_encode\"",
        "\"stream_type\":\"qpack_decode\"",
        "\"stream_type\":\"request\"",
        "http:frame_created\"",
        "http:frame_parsed\"",
        "\"frame\":{\"frame_type\":\"settings\",\"settings\":[{\"name\":\"settings_",
        "\"frame\":{\"frame_type\":\"headers\",\"headers\":[{\"name\":\":",
        "\"frame\":{\"frame_type\":\"data\"}",
        "{\"name\":\"x-again\",\"value\":\"and again\"}",
    };
    sim_world *world = live_of_http3(EVENT_IMPORTANCE_EXTRA);
    for (int is_server = 0; is_server < 2; is_server++) {
        for (size_t i = 0; i < CHECK_COUNT(pieces); i++) {
            check_context("%s at the %s", pieces[i], is_server ? "server" : "client");
            CHECK(count(is_server, pieces[i]) > 0);
        }
        CHECK_EQ(count(is_server, "qpack:"), 0);
    }
    sim_world_free(world);
}

static void field_compression_is_told_to_whoever_wants_all(void)
{
    static const char *const names[] = {
        "qpack:state_updated",       "qpack:dynamic_table_updated", "qpack:headers_encoded",
        "qpack:headers_decoded",     "qpack:instruction_created",   "qpack:instruction_parsed",
    };
    sim_world *world = live_of_http3(EVENT_IMPORTANCE_REMOVED);
    for (int is_server = 0; is_server < 2; is_server++) {
        for (size_t i = 0; i < CHECK_COUNT(names); i++) {
            check_context("%s at the %s", names[i], is_server ? "server" : "client");
            CHECK(count(is_server, names[i]) > 0);
        }
        CHECK_EQ(count(is_server, "xyzzy"), 0);
    }
    for (size_t i = 0; i < record_count; i++) {
        check_context("%s", records[i].text);
        const char *end = json_value(records[i].text);
        CHECK(end != NULL && *end == '\0');
        if (strstr(records[i].text, "\"name\":\"qpack:") != NULL) {
            CHECK_EQ(records[i].importance, EVENT_IMPORTANCE_REMOVED);
        }
    }
    sim_world_free(world);
}

static double time_of(const char *text)
{
    const char *time = strstr(text, "{\"time\":");
    return time == NULL ? 0 : strtod(time + 8, NULL);
}

/* Frames stand among the packets that carry them, in the order of time. */
static void events_of_both_layers_are_in_order(void)
{
    sim_world *world = live_of_http3(EVENT_IMPORTANCE_CORE);
    for (int is_server = 0; is_server < 2; is_server++) {
        double before = 0;
        for (size_t i = 0; i < record_count; i++) {
            if (records[i].is_server == is_server) {
                check_context("%s", records[i].text);
                CHECK(time_of(records[i].text) >= before);
                before = time_of(records[i].text);
            }
        }
    }
    /* The request is written before the packet with it leaves. */
    size_t frame = 0, packet = 0;
    for (size_t i = 0; i < record_count && packet == 0; i++) {
        const char *text = records[i].text;
        if (!records[i].is_server && strstr(text, ":method") != NULL) {
            frame = i;
        }
        if (frame > 0 && !records[i].is_server && strstr(text, "packet_sent") != NULL
            && strstr(text, "\"stream_id\":0,") != NULL) {
            packet = i;
        }
    }
    CHECK(frame > 0 && packet > frame);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"every_call_brings_one_complete_json_text", every_call_brings_one_complete_json_text, 0},
    {"an_engine_begins_with_the_header_of_a_file", an_engine_begins_with_the_header_of_a_file, 0},
    {"events_tell_their_connections_apart", events_tell_their_connections_apart, 0},
    {"a_life_is_told_at_both_ends", a_life_is_told_at_both_ends, 0},
    {"importance_bounds_what_is_written", importance_bounds_what_is_written, 0},
    {"nothing_is_written_unless_asked_for", nothing_is_written_unless_asked_for, 0},
    {"events_are_switched_at_run_time", events_are_switched_at_run_time, 0},
    {"the_switch_of_all_logs_holds_for_events_too", the_switch_of_all_logs_holds_for_events_too, 0},
    {"selected_events_follow_the_log_level", selected_events_follow_the_log_level, 0},
    {"the_last_event_comes_before_the_close_callback",
     the_last_event_comes_before_the_close_callback, 0},
    {"http3_is_told_at_both_ends", http3_is_told_at_both_ends, 0},
    {"field_compression_is_told_to_whoever_wants_all",
     field_compression_is_told_to_whoever_wants_all, 0},
    {"events_of_both_layers_are_in_order", events_of_both_layers_are_in_order, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
