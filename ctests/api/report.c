/* What scripts read: the report lines in the log, where each record goes, and the statistics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "sim.h"

static const xqc_log_callbacks_t NEITHER = {NULL, NULL, NULL};

static sim_world *world_with(const xqc_log_callbacks_t *callbacks, xqc_log_level_t level)
{
    sim_options options;
    sim_options_init(&options);
    options.log_callbacks = callbacks;
    options.client_config.cfg_log_level = level;
    options.server_config.cfg_log_level = level;
    lines_forget();
    return sim_world_new(&options);
}

static void transfer(sim_world *world, sim_conn *conn, uint64_t up, uint64_t down)
{
    CHECK(sim_request(conn, up, down) != NULL);
    CHECK(sim_run(world, sim_is_drained, conn, 60 * SIM_SECOND));
}

static void close_and_wait(sim_world *world, sim_conn *conn)
{
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
}

static const char *const CONNECTION_FIELDS[] = {
    "has_0rtt",      "0rtt_accept",       "token_ok",       "handshake_time", "first_send_delay",
    "conn_persist",  "keyupdate_cnt",     "err",            "close_msg",      "hsk_recv",
    "close_recv",    "close_send",        "last_recv",      "last_send",      "mp_enable",
    "create",        "validated",         "active",         "path_info",      "alpn",
    "rebind_count",  "rebind_valid",      "rtx_pkt",        "tlp_pkt",        "snd_pkt",
    "spurious_loss", "detected_loss",     "max_pto",        "finished_streams", "cli_bidi_s",
    "svr_bidi_s",    "fec_exist",         "fec_ensch",      "fec_desch",      "fec_neg_fail",
    "fec_mp_mode",   "send_fec_pkts",     "recovered_fec_num", "max_po_size", "max_probing_size",
    "ppo_size",      "ext_conn_info",     "max_acked_po_size", "enable_pmtud", "avg_closed_time",
    "passive_bidi_s_max",
};

static void the_end_of_a_connection_is_reported_with_every_field(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_WARN);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 100000, 200000);
    transfer(world, conn, 10, 10);
    close_and_wait(world, conn);
    for (int is_server = 0; is_server < 2; is_server++) {
        check_context("%s", is_server ? "server" : "client");
        const kept_line *line = line_find(is_server, "xqc_conn_destroy");
        CHECK(line != NULL);
        CHECK_EQ(line->level, XQC_LOG_REPORT);
        CHECK(line->by_stat);
        const char *text = line->text;
        CHECK(strstr(text, "[report] |scid:") != NULL);
        line_check_fields(text, CONNECTION_FIELDS, CHECK_COUNT(CONNECTION_FIELDS));
        CHECK_EQ(line_number(text, "has_0rtt"), 0);
        CHECK_EQ(line_number(text, "token_ok"), is_server ? 0 : -1);
        CHECK(line_number(text, "handshake_time") > 0);
        CHECK(line_number(text, "conn_persist") >= line_number(text, "handshake_time"));
        CHECK(strncmp(line_field(text, "err"), "0x0", 3) == 0);
        const char *ending = is_server ? "remote close" : "local close";
        CHECK(strcmp(line_field(text, "close_msg"), ending) == 0);
        CHECK(strstr(text, "|l-") != NULL && strstr(text, " p-") != NULL);
        CHECK(line_number(text, "hsk_recv") > 0);
        CHECK(line_number(text, "close_recv") > 0 || !is_server);
        CHECK(line_number(text, "close_send") > 0 || is_server);
        CHECK(line_number(text, "last_recv") > 0);
        CHECK(line_number(text, "last_send") > 0);
        CHECK_EQ(line_number(text, "mp_enable"), 0);
        CHECK_EQ(line_number(text, "create"), 1);
        CHECK(strcmp(line_field(text, "alpn"), SIM_ALPN) == 0);
        CHECK_EQ(line_number(text, "rtx_pkt"), 0);
        CHECK(line_number(text, "snd_pkt") > 50);
        CHECK(line_number(text, "finished_streams") >= 1);
        CHECK(line_number(text, "finished_streams") <= 2);
        CHECK_EQ(line_number(text, "cli_bidi_s"), 2);
        CHECK_EQ(line_number(text, "svr_bidi_s"), 0);
        CHECK_EQ(line_number(text, "passive_bidi_s_max") > 0, is_server);
        CHECK(strncmp(line_field(text, "ext_conn_info"), "{\"fec\": \"", 9) == 0);
        CHECK(strcmp(line_field(text, "fec_ensch"), "NO_FEC") == 0);
        CHECK(line_number(text, "max_acked_po_size") >= 1200);
    }
    sim_world_free(world);
}

/* The report stands before the last callbacks: what they say belongs to a connection known to be
 * over. */
static int look_for_report(void *argument, const sim_call *call)
{
    unsigned *found = argument;
    if (call->event == SIM_CONN_CLOSE) {
        *found += line_find(call->endpoint->is_server, "xqc_conn_destroy") != NULL;
    }
    return 0;
}

static void the_report_comes_before_the_close_callback(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_WARN);
    unsigned found = 0;
    world->hook = look_for_report;
    world->hook_argument = &found;
    sim_conn *conn = sim_established(world);
    close_and_wait(world, conn);
    CHECK_EQ(found, 2);
    sim_world_free(world);
}

static void the_way_a_connection_ended_is_in_the_report(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_WARN);
    sim_conn *conn = sim_established(world);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x1234), XQC_OK);
    CHECK(sim_run(world, sim_is_closed, conn, 60 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    const kept_line *server = line_find(true, "xqc_conn_destroy");
    CHECK(server != NULL);
    CHECK(strcmp(line_field(server->text, "close_msg"), "remote error") == 0);
    CHECK_EQ(line_number(server->text, "err"), 0x1234);
    const kept_line *client = line_find(false, "xqc_conn_destroy");
    CHECK(client != NULL);
    CHECK_EQ(line_number(client->text, "err"), 0x1234);

    lines_forget();
    conn = sim_established(world);
    sim_server_conn(world, conn);
    world->server.ignore_arrivals = true;
    CHECK(sim_run(world, sim_is_closed, conn, 300 * SIM_SECOND));
    client = line_find(false, "xqc_conn_destroy");
    CHECK(client != NULL);
    CHECK(strcmp(line_field(client->text, "close_msg"), "idle timeout") == 0);
    sim_world_free(world);
}

static const char *const STREAM_FIELDS[] = {
    "err",           "close_msg",     "enable_multipath", "send_state",      "recv_state",
    "stream_id",     "stream_type",   "send_bytes",       "read_bytes",      "recv_bytes",
    "stream_len",    "create_time",   "wrt_delay",        "snd_delay",       "finwrt_delay",
    "finsnd_delay",  "finrcv_delay",  "finread_delay",    "all_acked_delay", "firstfinack_dely",
    "close_delay",   "apprst_delay",  "rstsnd_delay",     "rstrcv_delay",    "path_info",
    "fec_recv_delay", "fec_send_rpr_cnt", "retrans",
};

static void the_end_of_a_stream_is_reported_at_level_stats(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_STATS);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    transfer(world, conn, 50000, 70000);
    sim_run_for(world, 5 * SIM_SECOND);
    for (int is_server = 0; is_server < 2; is_server++) {
        check_context("%s", is_server ? "server" : "client");
        const kept_line *line = line_find(is_server, "|xqc_destroy_stream|err:");
        CHECK(line != NULL);
        CHECK_EQ(line->level, XQC_LOG_STATS);
        CHECK(line->by_stat);
        const char *text = line->text;
        line_check_fields(text, STREAM_FIELDS, CHECK_COUNT(STREAM_FIELDS));
        CHECK_EQ(line_number(text, "err"), 0);
        CHECK(strcmp(line_field(text, "close_msg"), "finished") == 0);
        CHECK_EQ(line_number(text, "send_state"), 3);
        CHECK_EQ(line_number(text, "recv_state"), 3);
        CHECK_EQ(line_number(text, "stream_id"), 0);
        /* The harness sends a header of its own before the data. */
        long long there = is_server ? 70000 : 50000 + 32;
        long long back = is_server ? 50000 + 32 : 70000;
        CHECK(line_number(text, "send_bytes") >= there - 32);
        CHECK(line_number(text, "send_bytes") <= there);
        CHECK(line_number(text, "read_bytes") >= back - 32);
        CHECK(line_number(text, "read_bytes") <= back);
        CHECK_EQ(line_number(text, "recv_bytes"), line_number(text, "read_bytes"));
        CHECK_EQ(line_number(text, "stream_len"), line_number(text, "read_bytes"));
        CHECK(line_number(text, "create_time") > 0);
        CHECK(line_number(text, "finrcv_delay") > 0);
        CHECK(line_number(text, "finread_delay") >= line_number(text, "finrcv_delay"));
        CHECK(line_number(text, "all_acked_delay") >= line_number(text, "finsnd_delay"));
        CHECK(line_number(text, "close_delay") >= line_number(text, "all_acked_delay"));
        CHECK_EQ(line_number(text, "apprst_delay"), 0);
        CHECK(strncmp(line_field(text, "path_info"), "mp is not supported in connection scid", 38) == 0);
    }
    sim_world_free(world);
}

static void below_level_stats_no_stream_is_reported(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_WARN);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 1000, 1000);
    close_and_wait(world, conn);
    CHECK(line_find(true, "xqc_destroy_stream") == NULL);
    CHECK(line_find(true, "xqc_conn_destroy") != NULL);
    sim_world_free(world);
}

static void crowded_buckets_are_warned_of_with_their_index(void)
{
    sim_options options;
    sim_options_init(&options);
    options.log_callbacks = &LINES_BOTH_WAYS;
    options.server_config.cfg_log_level = XQC_LOG_WARN;
    options.server_config.conns_hash_bucket_size = 2;
    options.server_config.hash_conflict_threshold = 5;
    lines_forget();
    sim_world *world = sim_world_new(&options);
    for (int i = 0; i < 20; i++) {
        CHECK(sim_established(world) != NULL);
    }
    const kept_line *line = line_find(true, "|xqc_str_hash_add|xqc conn hash conflict exceed|index:");
    CHECK(line != NULL);
    CHECK_EQ(line->level, XQC_LOG_WARN);
    unsigned bucket = 9, count = 0;
    CHECK_EQ(sscanf(strstr(line->text, "index:"), "index:%u, number of elements:%u|", &bucket,
                    &count), 2);
    CHECK(bucket < 2 && count > 5);
    /* Once in ten seconds. */
    unsigned said = 0;
    for (size_t i = 0; i < line_count; i++) {
        said += strstr(lines[i].text, "hash conflict") != NULL;
    }
    CHECK(said >= 1 && said <= 3);
    sim_world_free(world);
}

#ifdef CTESTS_EXT
#include <xquic/xqc_ext.h>

/* A peer that breaks the rules: with unprotected packets anybody can write one. */
static void a_peer_that_opens_too_many_streams_is_named(void)
{
    for (int one_way = 0; one_way < 2; one_way++) {
        sim_options options;
        sim_options_init(&options);
        options.log_callbacks = &LINES_BOTH_WAYS;
        options.no_crypto = 1;
        lines_forget();
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        transfer(world, conn, 100, 100);
        sim_conn *server = sim_server_conn(world, conn);
        CHECK(server != NULL);
        /* Stream 5000 of its kind, with one byte. */
        uint8_t packet[64] = {0x43};
        size_t length = 1;
        memcpy(packet + length, server->cid.cid_buf, server->cid.cid_len);
        length += server->cid.cid_len;
        static const uint8_t number_and_frame[] = {0, 0, 1, 0, 0x0a, 0x80, 0, 0x4e, 0x20, 1, 'x'};
        memcpy(packet + length, number_and_frame, sizeof(number_and_frame));
        packet[length + 8] |= one_way ? 2 : 0;
        length += sizeof(number_and_frame) + 16;
        sim_inject(&world->server, packet, length, &conn->local, &world->server.address);
        xqc_engine_finish_recv(world->server.engine);
        const kept_line *line =
            line_find(true, one_way ? "|xqc_stream_do_create_flow_ctl|exceed max_streams_uni_can_recv|"
                               : "|xqc_stream_do_create_flow_ctl|exceed max_streams_bidi_can_recv|");
        CHECK(line != NULL);
        CHECK_EQ(line->level, XQC_LOG_ERROR);
        CHECK_EQ(line_number(line->text, "stream_id"), 5000);
        CHECK_EQ(line_number(line->text, "can_recv"), 1024);
        sim_world_free(world);
    }
}
#endif

static void records_go_where_their_level_belongs(void)
{
    for (int separate = 0; separate < 2; separate++) {
        sim_world *world = world_with(separate ? &LINES_BOTH_WAYS : &LINES_ONE_WAY, XQC_LOG_DEBUG);
        sim_conn *conn = sim_established(world);
        transfer(world, conn, 100, 100);
        close_and_wait(world, conn);
        CHECK(line_count > 0);
        for (size_t i = 0; i < line_count; i++) {
            const kept_line *line = &lines[i];
            bool summary = line->level == XQC_LOG_REPORT || line->level == XQC_LOG_STATS;
            CHECK_EQ(line->by_stat, summary && separate);
        }
        sim_world_free(world);
    }
}

static void nothing_above_the_level_is_written(void)
{
    for (xqc_log_level_t level = XQC_LOG_REPORT; level <= XQC_LOG_DEBUG; level++) {
        sim_world *world = world_with(&LINES_BOTH_WAYS, level);
        sim_conn *conn = sim_established(world);
        transfer(world, conn, 100, 100);
        close_and_wait(world, conn);
        for (size_t i = 0; i < line_count; i++) {
            check_context("at level %d: %s", (int)level, lines[i].text);
            CHECK(lines[i].level <= level);
        }
        CHECK(line_find(true, "xqc_conn_destroy") != NULL);
        sim_world_free(world);
    }
}

static void the_level_can_change_at_run_time(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_ERROR);
    CHECK(sim_established(world) != NULL);
    size_t before = line_count;
    xqc_engine_set_log_level(world->server.engine, XQC_LOG_DEBUG);
    CHECK(sim_established(world) != NULL);
    CHECK(line_count > before);
    sim_world_free(world);
}

/* `[2026/01/31 23:59:59 000001] [warn] |...`, both parts optional. */
static void the_host_chooses_what_a_record_begins_with(void)
{
    for (int parts = 0; parts < 4; parts++) {
        sim_options options;
        sim_options_init(&options);
        options.log_callbacks = &LINES_BOTH_WAYS;
        options.client_config.cfg_log_timestamp = (parts & 1) != 0;
        options.client_config.cfg_log_level_name = (parts & 2) != 0;
        lines_forget();
        sim_world *world = sim_world_new(&options);
        xqc_cid_t nobody = {.cid_len = 8, .cid_buf = {1, 2, 3, 4, 5, 6, 7, 8}};
        xqc_conn_close(world->client.engine, &nobody);
        const kept_line *line = line_find(false, "|xqc_conn_close|");
        CHECK(line != NULL);
        const char *text = line->text;
        check_context("%s", text);
        if (parts & 1) {
            int year, month, day, hour, minute, second, micros, used = 0;
            CHECK_EQ(sscanf(text, "[%4d/%2d/%2d %2d:%2d:%2d %6d] %n", &year, &month, &day, &hour,
                            &minute, &second, &micros, &used), 7);
            CHECK_EQ(used, (int)strlen("[2026/01/31 23:59:59 000001] "));
            text += used;
        }
        if (parts & 2) {
            CHECK(strncmp(text, "[error] ", 8) == 0);
            text += 8;
        }
        CHECK(strncmp(text, "|xqc_conn_close|can not find connection|cid:0102030405060708", 58) == 0);
        sim_world_free(world);
    }
}

static void a_record_is_cut_at_2048_bytes(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_DEBUG);
    for (int i = 0; i < 3; i++) {
        sim_conn *conn = sim_established(world);
        transfer(world, conn, 100000, 100000);
        close_and_wait(world, conn);
    }
    for (size_t i = 0; i < line_count; i++) {
        CHECK(lines[i].length <= 2048);
    }
    sim_world_free(world);
}

static void a_host_without_log_functions_hears_nothing(void)
{
    sim_world *world = world_with(&NEITHER, XQC_LOG_DEBUG);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 1000, 1000);
    close_and_wait(world, conn);
    CHECK_EQ(line_count, 0);
    sim_world_free(world);
}

static void logs_can_be_switched_off_altogether(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_DEBUG);
    xqc_log_disable(XQC_TRUE);
    size_t before = line_count;
    sim_conn *conn = sim_established(world);
    CHECK_EQ(line_count, before);
    xqc_log_disable(XQC_FALSE);
    close_and_wait(world, conn);
    CHECK(line_find(true, "xqc_conn_destroy") != NULL);
    sim_world_free(world);
}

static void statistics_of_nobody_are_zero(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_ERROR);
    xqc_cid_t nobody = {.cid_len = 8};
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &nobody);
    CHECK_EQ(stats.send_count, 0);
    CHECK_EQ(stats.alpn[0], 0);
    for (int i = 0; i < XQC_MAX_PATHS_COUNT; i++) {
        CHECK(stats.paths_info[i].path_id == UINT64_MAX);
    }
    xqc_conn_qos_stats_t quality = xqc_conn_get_qos_stats(world->client.engine, &nobody);
    CHECK(quality.srtt == 0 && quality.min_rtt == 0 && quality.inflight_bytes == 0);
    sim_world_free(world);
}

/* The nth item of a comma-separated list. */
static const char *item(const char *list, unsigned n)
{
    for (; n > 0; n--) {
        list = strchr(list, ',');
        CHECK(list != NULL);
        list++;
    }
    return list;
}

static void statistics_follow_a_transfer(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_ERROR);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    CHECK_EQ(stats.srtt, 0);
    CHECK_EQ(stats.min_rtt, 0);
    CHECK(strcmp(stats.alpn, "-1") == 0 || strcmp(stats.alpn, SIM_ALPN) == 0);
    CHECK_EQ(stats.max_acked_mtu, 0);
    CHECK(strncmp(stats.ack_info, "#0-0#0-0#0-0#v0429", 18) == 0);
    CHECK(stats.inflight_bytes > 1000 && stats.inflight_bytes <= 1200);

    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    transfer(world, conn, 500000, 300000);
    sim_conn *server = sim_server_conn(world, conn);
    for (int is_server = 0; is_server < 2; is_server++) {
        check_context("%s", is_server ? "server" : "client");
        sim_endpoint *endpoint = is_server ? &world->server : &world->client;
        stats = xqc_conn_get_stats(endpoint->engine, is_server ? &server->cid : &conn->cid);
        uint64_t out = is_server ? 300000 : 500000, in = is_server ? 500000 : 300000;
        CHECK(stats.send_count >= out / 1200 && stats.send_count < out / 1200 * 3);
        CHECK(stats.recv_count >= in / 1200);
        CHECK_EQ(stats.lost_count, 0);
        CHECK_EQ(stats.tlp_count, 0);
        CHECK_EQ(stats.lost_dgram_count, 0);
        CHECK(stats.srtt >= 20 * SIM_MILLISECOND && stats.srtt < 60 * SIM_MILLISECOND);
        CHECK(stats.min_rtt >= 20 * SIM_MILLISECOND && stats.min_rtt <= stats.srtt);
        CHECK_EQ(stats.early_data_flag, XQC_0RTT_NONE);
        CHECK_EQ(stats.conn_err, 0);
        CHECK_EQ(stats.enable_multipath, 0);
        CHECK_EQ(stats.mp_state, 0);
        CHECK_EQ(stats.total_rebind_count, 0);
        CHECK(strcmp(stats.alpn, SIM_ALPN) == 0);
        CHECK(strcmp(stats.extern_conn_info, "{\"fec\": \"\",\"common\": \"0,0,0,0,0\",}") == 0);
        CHECK(stats.max_acked_mtu >= 1200 && stats.max_acked_mtu < 1300);
        const xqc_path_metrics_t *path = &stats.paths_info[0];
        CHECK_EQ(path->path_id, 0);
        CHECK_EQ(path->path_app_status, 2);
        CHECK_EQ(path->path_srtt, 0);
        CHECK(path->path_send_bytes > out && path->path_send_bytes < out * 11 / 10);
        CHECK(path->path_recv_bytes > in && path->path_recv_bytes < in * 11 / 10);
        CHECK_EQ(stats.total_app_bytes, path->path_send_bytes + path->path_recv_bytes);
        CHECK_EQ(stats.standby_path_app_bytes, 0);
        CHECK(stats.paths_info[1].path_id == UINT64_MAX);
        unsigned high, low;
        CHECK_EQ(sscanf(stats.ack_info, "#%u-%u#", &high, &low), 2);
        CHECK(high > low);
        CHECK(strcmp(stats.ack_info + strlen(stats.ack_info) - 6, "#v0429") == 0);
    }
    sim_world_free(world);
}

/* 18 items, three packets in with seven each, three packets out with five, 18 of the path. */
static void conn_info_lists_counters_packets_and_the_path(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_ERROR);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 1000, 2000);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    const char *text = stats.conn_info;
    check_context("%s", text);
    unsigned commas = 0;
    for (const char *at = text; *at != '\0'; at++) {
        commas += *at == ',';
    }
    CHECK_EQ(commas + 1, 18 + 21 + 15 + 18);
    CHECK(strncmp(text, "0/0/0/a/0,1,1,1,0,0,0,0,0,0,0,", 30) == 0);
    unsigned sent = 0, received = 0, datagrams = 0;
    CHECK_EQ(sscanf(item(text, 11), "%u,%u,%u,", &sent, &received, &datagrams), 3);
    CHECK(sent > 3 && received > 3 && datagrams > 2 && datagrams <= received);
    unsigned long long out = 0, again = 0, in = 0;
    CHECK_EQ(sscanf(item(text, 14), "%llu,%llu,%llu,i0,", &out, &again, &in), 3);
    CHECK(out >= 1000 && out <= 1032 && again == 0 && in == 2000);
    for (unsigned i = 0; i < 3; i++) {
        unsigned type, length, udp, ms;
        unsigned long long frames, packet;
        int error;
        CHECK_EQ(sscanf(item(text, 18 + 7 * i), "%u,%u,%u,%llx,%llu,%u,%d,", &type, &length, &udp,
                        &frames, &packet, &ms, &error), 7);
        CHECK(type == 4 && length > 20 && udp >= length && frames != 0 && error == 0);
        CHECK_EQ(sscanf(item(text, 39 + 5 * i), "%u,%u,%llx,%llu,%u,", &type, &length, &frames,
                        &packet, &ms), 5);
        CHECK(type == 4 && length > 10 && frames != 0);
    }
    CHECK(strncmp(item(text, 54), "0-2,0-2,0-0,0-0,0-0,0-2", 23) == 0);
    sim_world_free(world);
}

static void the_qos_figures_are_those_of_the_statistics(void)
{
    sim_world *world = world_with(&LINES_BOTH_WAYS, XQC_LOG_ERROR);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 1000, 1000);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    xqc_conn_qos_stats_t quality = xqc_conn_get_qos_stats(world->client.engine, &conn->cid);
    CHECK_EQ(quality.srtt, stats.srtt);
    CHECK_EQ(quality.min_rtt, stats.min_rtt);
    CHECK_EQ(quality.inflight_bytes, stats.inflight_bytes);
    sim_world_free(world);
}

static void losses_and_probes_are_counted(void)
{
    sim_options options;
    sim_options_init(&options);
    options.up.loss = 0.05;
    options.down.loss = 0.05;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    transfer(world, conn, 2000000, 100000);
    xqc_conn_stats_t stats = xqc_conn_get_stats(world->client.engine, &conn->cid);
    CHECK(stats.lost_count > 20);
    CHECK(stats.lost_count < stats.send_count / 5);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"the_end_of_a_connection_is_reported_with_every_field",
     the_end_of_a_connection_is_reported_with_every_field, 0},
    {"the_report_comes_before_the_close_callback", the_report_comes_before_the_close_callback, 0},
    {"the_way_a_connection_ended_is_in_the_report", the_way_a_connection_ended_is_in_the_report, 0},
    {"the_end_of_a_stream_is_reported_at_level_stats",
     the_end_of_a_stream_is_reported_at_level_stats, 0},
    {"below_level_stats_no_stream_is_reported", below_level_stats_no_stream_is_reported, 0},
    {"crowded_buckets_are_warned_of_with_their_index",
     crowded_buckets_are_warned_of_with_their_index, 0},
#ifdef CTESTS_EXT
    {"a_peer_that_opens_too_many_streams_is_named", a_peer_that_opens_too_many_streams_is_named, 0},
#endif
    {"records_go_where_their_level_belongs", records_go_where_their_level_belongs, 0},
    {"nothing_above_the_level_is_written", nothing_above_the_level_is_written, 0},
    {"the_level_can_change_at_run_time", the_level_can_change_at_run_time, 0},
    {"the_host_chooses_what_a_record_begins_with", the_host_chooses_what_a_record_begins_with, 0},
    {"a_record_is_cut_at_2048_bytes", a_record_is_cut_at_2048_bytes, 0},
    {"a_host_without_log_functions_hears_nothing", a_host_without_log_functions_hears_nothing, 0},
    {"logs_can_be_switched_off_altogether", logs_can_be_switched_off_altogether, 0},
    {"statistics_of_nobody_are_zero", statistics_of_nobody_are_zero, 0},
    {"statistics_follow_a_transfer", statistics_follow_a_transfer, 0},
    {"conn_info_lists_counters_packets_and_the_path",
     conn_info_lists_counters_packets_and_the_path, 0},
    {"the_qos_figures_are_those_of_the_statistics", the_qos_figures_are_those_of_the_statistics, 0},
    {"losses_and_probes_are_counted", losses_and_probes_are_counted, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
