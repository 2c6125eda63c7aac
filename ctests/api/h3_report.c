/* What scripts read of HTTP/3: the report line of each request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h3.h"
#include "lines.h"

static const char *const FIELDS[] = {
    "stream_id",      "close_msg",           "err",          "rcvd_bdy_sz",     "snd_bdy_sz",
    "rcvd_hdr_sz",    "snd_hdr_sz",          "create",       "blkd",            "nblkd",
    "hdr_b",          "hdr_e",               "bdy_b",        "fin",             "recv_end",
    "hrd_send",       "bdy_send",            "fin_send",     "fin_ack",         "last_send",
    "last_recv",      "mp_state",            "path_info",    "comp_hdr_s",      "comp_hdr_r",
    "fst_fin_snd",    "sched_blk",           "sched_blk_time", "cwnd_blk",      "cwnd_blk_time",
    "pacing_blk",     "pacing_blk_time",     "begin_state",  "end_state",       "is_fec_protected",
    "fec_reco_pkt_cnt", "fec_block_size_mode", "fst_rpr_ts", "last_rpr_ts",     "fec_fin_delay",
    "external_stream_info", "fastpath",
};

static sim_options reporting(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.log_callbacks = &LINES_BOTH_WAYS;
    options.client_config.cfg_log_level = XQC_LOG_REPORT;
    options.server_config.cfg_log_level = XQC_LOG_REPORT;
    lines_forget();
    return options;
}

/* The line of one end of a request. */
static const char *line_of(const sim_exchange *exchange)
{
    char piece[64];
    snprintf(piece, sizeof(piece), "|xqc_h3_request_destroy|stream_id:%llu|",
             (unsigned long long)exchange->id);
    const kept_line *line = line_find(!exchange->is_client, piece);
    CHECK(line != NULL);
    CHECK_EQ(line->level, XQC_LOG_REPORT);
    CHECK(line->by_stat);
    return line->text;
}

static void finish(sim_world *world, sim_exchange *exchange)
{
    CHECK(sim_run(world, sim_is_fetched, exchange, 120 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, exchange, 60 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, sim_exchange_peer(world, exchange), 60 * SIM_SECOND));
}

static void check_time(const char *text, const char *name, const sim_exchange *end,
                       xqc_usec_t time)
{
    xqc_usec_t begin = end->stats.h3r_begin_time;
    CHECK_EQ(line_number(text, name), (long long)(time == 0 ? 0 : time - begin));
}

/* The figures of the line are those of the statistics. */
static void check_line(const sim_exchange *end)
{
    const char *text = line_of(end);
    const xqc_request_stats_t *stats = &end->stats;
    line_check_fields(text, FIELDS, CHECK_COUNT(FIELDS));
    CHECK(strcmp(line_field(text, "close_msg"), stats->stream_close_msg) == 0);
    CHECK_EQ(line_number(text, "err"), stats->stream_err);
    CHECK_EQ(line_number(text, "rcvd_bdy_sz"), (long long)stats->recv_body_size);
    CHECK_EQ(line_number(text, "snd_bdy_sz"), (long long)stats->send_body_size);
    CHECK_EQ(line_number(text, "rcvd_hdr_sz"), (long long)stats->recv_header_size);
    CHECK_EQ(line_number(text, "snd_hdr_sz"), (long long)stats->send_header_size);
    CHECK_EQ(line_number(text, "comp_hdr_s"), (long long)stats->send_hdr_compressed);
    CHECK_EQ(line_number(text, "comp_hdr_r"), (long long)stats->recv_hdr_compressed);
    CHECK_EQ(line_number(text, "create"), (long long)stats->h3r_begin_time);
    check_time(text, "hdr_b", end, stats->h3r_header_begin_time);
    check_time(text, "hdr_e", end, stats->h3r_header_end_time);
    check_time(text, "bdy_b", end, stats->h3r_body_begin_time);
    check_time(text, "fin", end, stats->stream_fin_time);
    check_time(text, "recv_end", end, stats->h3r_end_time);
    check_time(text, "hrd_send", end, stats->h3r_header_send_time);
    check_time(text, "bdy_send", end, stats->h3r_body_send_time);
    check_time(text, "fin_send", end, stats->stream_fin_send_time);
    check_time(text, "fst_fin_snd", end, stats->stream_fst_fin_snd_time);
    check_time(text, "fin_ack", end, stats->stream_fin_ack_time);
    CHECK(strcmp(line_field(text, "path_info"), stats->stream_info) == 0);
    CHECK(strcmp(line_field(text, "external_stream_info"), stats->extern_stream_info) == 0);
    CHECK_EQ(line_number(text, "is_fec_protected"), 0);
    CHECK_EQ(line_number(text, "mp_state"), 0);
    CHECK_EQ(line_number(text, "fastpath"), 0);
    check_context("%s", "");
}

static void the_end_of_a_request_is_reported_with_every_field(void)
{
    sim_options options = reporting();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    const sim_ask ask = {.upload = 20000, .download = 300000, .ending = SIM_END_FINISH};
    sim_exchange *asked = sim_fetch(conn, &ask);
    finish(world, asked);
    check_line(asked);
    check_line(sim_exchange_peer(world, asked));
    sim_world_free(world);
}

typedef struct path_state {
    unsigned long long window, in_flight, scheduled, bandwidth, pacing, rtt;
} path_state;

/* (path, KiB of the window, in flight, scheduled, KiB/s known, wanted, milliseconds) */
static path_state state(const char *text, const char *name)
{
    path_state state;
    int used = 0;
    const char *value = line_field(text, name);
    check_context("%s is %s", name, value);
    CHECK_EQ(sscanf(value, "(0,%llu,%llu,%llu,%llu,%llu,%llu)%n", &state.window, &state.in_flight,
                    &state.scheduled, &state.bandwidth, &state.pacing, &state.rtt, &used), 6);
    CHECK_EQ((size_t)used, strlen(value));
    return state;
}

/* In a slow start without losses: the window has grown, and nothing is in flight any more. */
static void the_path_is_reported_as_it_was_at_both_ends(void)
{
    sim_options options = reporting();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *asked = sim_post(conn, 1000000, 100);
    finish(world, asked);
    path_state begin = state(line_of(asked), "begin_state");
    path_state end = state(line_of(asked), "end_state");
    CHECK(begin.window >= 10 && begin.window <= 40);
    CHECK(begin.in_flight <= 2 && begin.scheduled == 0);
    CHECK(end.window > 10 * begin.window);
    CHECK(end.in_flight == 0 && end.scheduled == 0);
    CHECK(end.rtt >= 20 && end.rtt < 40);
    /* The window in a round trip. */
    CHECK(end.bandwidth >= end.window * 1000 / 40 && end.bandwidth <= (end.window + 1) * 1000 / 20);
    CHECK(end.pacing >= end.bandwidth);
    /* All of that end's sending was over while the window was the first one. */
    path_state server = state(line_of(sim_exchange_peer(world, asked)), "end_state");
    CHECK(server.window >= 10 && server.window <= 40);
    sim_world_free(world);
}

static void a_request_on_which_nothing_was_sent_began_on_no_path(void)
{
    sim_options options = reporting();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    sim_run_for(world, SIM_SECOND);
    sim_exchange_close(asked);
    CHECK(sim_run(world, sim_is_over, asked, 60 * SIM_SECOND));
    const char *text = line_of(asked);
    CHECK(strcmp(line_field(text, "begin_state"), "") == 0);
    CHECK(state(text, "end_state").window >= 10);
    CHECK(strcmp(line_field(text, "close_msg"), "local reset") == 0);
    CHECK_EQ(line_number(text, "err"), 0x10c);
    sim_world_free(world);
}

static long long window_waits(const char *text)
{
    return line_number(text, "sched_blk") + line_number(text, "cwnd_blk");
}

static void check_waits(const sim_exchange *end)
{
    const char *text = line_of(end);
    long long waited = line_number(text, "sched_blk_time") + line_number(text, "cwnd_blk_time");
    long long told = (long long)end->stats.cwnd_blocked_ms;
    CHECK(told - waited >= 0 && told - waited <= 1);
}

static void waits_for_the_window_are_counted_with_their_time(void)
{
    sim_options options = reporting();
    options.up.rate = 500000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 1000000, 1000);
    finish(world, asked);
    const char *text = line_of(asked);
    CHECK(window_waits(text) > 10 && window_waits(text) < 1000);
    /* Two seconds, most of it behind the window. */
    CHECK(line_number(text, "sched_blk_time") > 100);
    CHECK(line_number(text, "sched_blk_time") < 10000);
    check_waits(asked);
    const sim_exchange *served = sim_exchange_peer(world, asked);
    CHECK_EQ(window_waits(line_of(served)), 0);
    check_waits(served);
    sim_world_free(world);
}

/* What fits into the window does not wait for it, whatever others do. */
static void a_wait_is_that_of_the_packets_that_waited(void)
{
    sim_options options = reporting();
    options.up.rate = 500000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *long_one = sim_post(conn, 500000, 1000);
    sim_exchange *short_one = sim_get(conn, 1000);
    finish(world, long_one);
    finish(world, short_one);
    CHECK(window_waits(line_of(long_one)) > 10);
    CHECK(window_waits(line_of(short_one)) <= 1);
    sim_world_free(world);
}

static void waits_for_the_pacer_are_counted_with_their_time(void)
{
    sim_options options = reporting();
    options.up.delay_us = 100 * SIM_MILLISECOND;
    options.down.delay_us = 100 * SIM_MILLISECOND;
    options.client_settings.pacing_on = 1;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 1000000, 1000);
    finish(world, asked);
    CHECK(line_number(line_of(asked), "pacing_blk") > 20);
    CHECK(line_number(line_of(asked), "pacing_blk_time") > 100);
    const char *served = line_of(sim_exchange_peer(world, asked));
    CHECK_EQ(line_number(served, "pacing_blk"), 0);
    CHECK_EQ(line_number(served, "pacing_blk_time"), 0);
    sim_world_free(world);
}

/* The last packets that are named are those of the connection. */
static void the_last_packets_are_those_of_the_connection(void)
{
    sim_options options = reporting();
    options.down.rate = 500000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 100);
    CHECK(sim_run(world, sim_is_fetched, asked, 60 * SIM_SECOND));
    sim_exchange *other = sim_get(conn, 1000000);
    CHECK(sim_run(world, sim_is_over, asked, 60 * SIM_SECOND));
    const char *text = line_of(asked);
    check_time(text, "fin_send", asked, asked->stats.stream_fin_send_time);
    CHECK(line_number(text, "last_send") > line_number(text, "fin_send"));
    CHECK(line_number(text, "last_recv") >= line_number(text, "fin"));
    CHECK(line_number(text, "last_recv") <= (long long)(sim_now() - asked->stats.h3r_begin_time));
    finish(world, other);
    sim_world_free(world);
}

/* "(...,sent,received,...)#path-packets-packets-bytes-bytes-...": the first count what the stream
 * is long, the others what packets carried. */
static void copies_show_in_the_figures_of_the_path(void)
{
    sim_options options = reporting();
    options.up.loss = 0.05;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_post(conn, 500000, 100);
    finish(world, asked);
    const char *info = line_field(line_of(asked), "path_info");
    unsigned long long written = 0, packets_out = 0, packets_in = 0, out = 0, in = 0;
    const char *sizes = strstr(info, "a/0,");
    const char *path = strstr(info, "#0-");
    CHECK(sizes != NULL && path != NULL);
    CHECK_EQ(sscanf(sizes, "a/0,%llu,", &written), 1);
    CHECK_EQ(sscanf(path, "#0-%llu-%llu-%llu-%llu-", &packets_out, &packets_in, &out, &in), 4);
    CHECK(written > 500000 && written < 502000);
    CHECK(out > written + 1000 && out < written * 3 / 2);
    CHECK(packets_out > 500000 / 1200 && packets_in > 0 && in > 100);
    sim_world_free(world);
}

static void the_fast_path_is_reported(void)
{
    sim_options options = reporting();
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    const sim_ask silent = {.silent = true};
    sim_exchange *asked = sim_fetch(conn, &silent);
    xqc_h3_priority_t priority;
    xqc_h3_priority_init(&priority);
    priority.fastpath = 1;
    CHECK_EQ(xqc_h3_request_set_priority(asked->handle, &priority), XQC_OK);
    sim_exchange_send(asked);
    finish(world, asked);
    CHECK_EQ(line_number(line_of(asked), "fastpath"), 1);
    CHECK_EQ(line_number(line_of(sim_exchange_peer(world, asked)), "fastpath"), 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"the_end_of_a_request_is_reported_with_every_field",
     the_end_of_a_request_is_reported_with_every_field, 0},
    {"the_path_is_reported_as_it_was_at_both_ends", the_path_is_reported_as_it_was_at_both_ends, 0},
    {"a_request_on_which_nothing_was_sent_began_on_no_path",
     a_request_on_which_nothing_was_sent_began_on_no_path, 0},
    {"waits_for_the_window_are_counted_with_their_time",
     waits_for_the_window_are_counted_with_their_time, 0},
    {"a_wait_is_that_of_the_packets_that_waited", a_wait_is_that_of_the_packets_that_waited, 0},
    {"waits_for_the_pacer_are_counted_with_their_time",
     waits_for_the_pacer_are_counted_with_their_time, 0},
    {"the_last_packets_are_those_of_the_connection", the_last_packets_are_those_of_the_connection,
     0},
    {"copies_show_in_the_figures_of_the_path", copies_show_in_the_figures_of_the_path, 0},
    {"the_fast_path_is_reported", the_fast_path_is_reported, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
