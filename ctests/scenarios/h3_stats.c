/* The figures of a request agree with what happened, and with those of the other end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h3.h"

#define DELAY (10 * SIM_MILLISECOND) /* of the path, one way */

typedef struct pair {
    sim_world *world;
    sim_conn *conn;
    sim_exchange *asked;
    sim_exchange *served;
} pair;

/* Runs a request to the end of both its ends. */
static pair whole_life(sim_world *world, const sim_ask *ask)
{
    pair pair = {.world = world};
    pair.conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    pair.asked = sim_fetch(pair.conn, ask);
    CHECK(pair.asked != NULL);
    CHECK(sim_run(world, sim_is_served, pair.conn, 60 * SIM_SECOND));
    pair.served = sim_exchange_peer(world, pair.asked);
    CHECK(sim_run(world, sim_is_over, pair.asked, 10 * SIM_SECOND));
    CHECK(sim_run(world, sim_is_over, pair.served, 10 * SIM_SECOND));
    return pair;
}

static const sim_ask BUSY = {
    .upload = 50000,
    .download = 70000,
    .trailers = true,
    .wants_trailers = true,
    .ending = SIM_END_FINISH,
    .wants_ending = SIM_END_FINISH,
};

static void check_sent_to(const sim_exchange *from, const sim_exchange *to, uint64_t content)
{
    CHECK_EQ(from->stats.send_body_size, content);
    CHECK_EQ(to->stats.recv_body_size, content);
    CHECK_EQ(from->stats.send_header_size, from->header_bytes);
    CHECK_EQ(to->stats.recv_header_size, from->header_bytes);
    CHECK_EQ(to->header.size + to->trailer.size, from->header_bytes);
    CHECK_EQ(from->stats.send_hdr_compressed, from->header_result);
    CHECK_EQ(to->stats.recv_hdr_compressed, from->header_result);
    CHECK(from->stats.send_hdr_compressed > 0);
    CHECK(from->stats.send_hdr_compressed < from->stats.send_header_size);
}

static void sizes_agree_at_both_ends(void)
{
    pair pair = whole_life(sim_h3_world(), &BUSY);
    check_sent_to(pair.asked, pair.served, BUSY.upload);
    check_sent_to(pair.served, pair.asked, BUSY.download);
    sim_world_free(pair.world);
}

/* Not before one another: none is 0, and each is at most the next. */
static void check_times(const xqc_usec_t *times, size_t count, const char *what)
{
    CHECK(times[0] > 0);
    for (size_t i = 1; i < count; i++) {
        check_context("%s, time %zu: %llu after %llu", what, i, (unsigned long long)times[i],
                      (unsigned long long)times[i - 1]);
        CHECK(times[i] >= times[i - 1]);
    }
    CHECK(times[count - 1] <= sim_now());
    check_context("%s", "");
}

static void check_times_of(const sim_exchange *exchange, const char *who)
{
    const xqc_request_stats_t *stats = &exchange->stats;
    const xqc_usec_t sending[] = {
        stats->h3r_begin_time,          stats->h3r_header_send_time, stats->h3r_body_send_time,
        stats->stream_fst_fin_snd_time, stats->stream_fin_send_time, stats->stream_fin_ack_time,
    };
    const xqc_usec_t receiving[] = {
        stats->h3r_begin_time,      stats->h3r_header_begin_time, stats->h3r_header_end_time,
        stats->h3r_body_begin_time, stats->stream_fin_time,       stats->h3r_end_time,
    };
    const xqc_usec_t packets_sent[] = {
        stats->h3r_begin_time,
        stats->stream_fst_pkt_snd_time,
        stats->stream_fin_send_time,
    };
    const xqc_usec_t packets_received[] = {
        stats->stream_fst_pkt_rcv_time,
        stats->stream_fin_time,
    };
    check_times(sending, CHECK_COUNT(sending), who);
    check_times(receiving, CHECK_COUNT(receiving), who);
    check_times(packets_sent, CHECK_COUNT(packets_sent), who);
    check_times(packets_received, CHECK_COUNT(packets_received), who);
    CHECK(stats->final_packet_time >= stats->stream_fst_pkt_rcv_time);
    CHECK(stats->final_packet_time <= sim_now());
}

static void times_are_in_order(void)
{
    pair pair = whole_life(sim_h3_world(), &BUSY);
    check_times_of(pair.asked, "client");
    check_times_of(pair.served, "server");
    sim_world_free(pair.world);
}

/* What one end sent arrives one delay later at the other, with nothing in the way. */
static void times_agree_at_both_ends(void)
{
    const sim_ask ask = {.upload = 1, .download = 1, .ending = SIM_END_FINISH};
    pair pair = whole_life(sim_h3_world(), &ask);
    const xqc_request_stats_t *asked = &pair.asked->stats;
    const xqc_request_stats_t *served = &pair.served->stats;
    CHECK_EQ(served->h3r_begin_time, asked->h3r_begin_time + DELAY);
    CHECK_EQ(served->h3r_header_begin_time, asked->h3r_header_send_time + DELAY);
    CHECK_EQ(served->stream_fst_pkt_rcv_time, asked->stream_fst_pkt_snd_time + DELAY);
    CHECK_EQ(asked->stream_fst_pkt_rcv_time, served->stream_fst_pkt_snd_time + DELAY);
    CHECK_EQ(asked->h3r_header_end_time, served->h3r_header_send_time + DELAY);
    CHECK_EQ(asked->stream_fin_time, served->stream_fin_send_time + DELAY);
    CHECK_EQ(served->stream_fst_fin_snd_time, served->stream_fin_send_time);
    sim_world_free(pair.world);
}

static void what_did_not_happen_is_zero(void)
{
    pair pair = whole_life(sim_h3_world(), &BUSY);
    const sim_exchange *both[] = {pair.asked, pair.served};
    for (unsigned i = 0; i < 2; i++) {
        const xqc_request_stats_t *stats = &both[i]->stats;
        CHECK_EQ(stats->stream_err, 0);
        CHECK_EQ(stats->mp_state, 0);
        CHECK(stats->mp_default_path_send_weight == 1.0f);
        CHECK(stats->mp_default_path_recv_weight == 1.0f);
        CHECK(stats->mp_standby_path_send_weight == 0.0f);
        CHECK(stats->mp_standby_path_recv_weight == 0.0f);
        CHECK_EQ(stats->rate_limit, 0);
        CHECK_EQ(stats->early_data_state, 0);
        CHECK_EQ(stats->retrans_cnt, 0);
        CHECK(stats->max_pto_backoff <= 1);
        CHECK_EQ(stats->fec_recov_cnt, 0);
        CHECK_EQ(stats->is_fec_protected, 0);
        CHECK_EQ(stats->fst_rpr_time, 0);
        CHECK_EQ(stats->last_rpr_time, 0);
        CHECK_EQ(stats->blocked_time == 0, stats->unblocked_time == 0);
        CHECK(stats->blocked_time <= stats->unblocked_time);
        CHECK(stats->sent_pkt_cnt > 0);
        CHECK(stats->stream_close_msg != NULL);
        CHECK_EQ(strcmp(stats->stream_close_msg, "finished"), 0);
    }
    sim_world_free(pair.world);
}

/* Known while the request lives. */
static void figures_grow_with_the_request(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.down.rate = 1000000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 1000000);
    xqc_request_stats_t stats = xqc_h3_request_get_stats(asked->handle);
    CHECK_EQ(stats.h3r_begin_time, sim_now());
    CHECK(stats.h3r_header_send_time == sim_now() && stats.h3r_header_begin_time == 0);
    CHECK(stats.recv_body_size == 0 && stats.h3r_end_time == 0);
    size_t before = 0;
    for (unsigned i = 0; i < 5; i++) {
        sim_run_for(world, 100 * SIM_MILLISECOND);
        stats = xqc_h3_request_get_stats(asked->handle);
        CHECK(stats.recv_body_size > before);
        CHECK_EQ(stats.recv_body_size, asked->received);
        CHECK_EQ(stats.h3r_end_time, 0);
        before = stats.recv_body_size;
    }
    CHECK(sim_run(world, sim_is_fetched, asked, 10 * SIM_SECOND));
    uint64_t end = sim_now();
    CHECK(sim_run(world, sim_is_over, asked, 10 * SIM_SECOND));
    CHECK(asked->stats.h3r_end_time == end && asked->stats.stream_fin_time == end);
    sim_world_free(world);
}

static void losses_show(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.loss = 0.1;
    options.down.loss = 0.1;
    const sim_ask ask = {.upload = 500000, .download = 500000};
    pair pair = whole_life(sim_world_new(&options), &ask);
    CHECK(pair.asked->stats.retrans_cnt > 0);
    CHECK(pair.served->stats.retrans_cnt > 0);
    /* A packet may repeat something and bring something new. */
    CHECK(pair.asked->stats.sent_pkt_cnt > 500000 / 1200);
    CHECK(pair.asked->stats.sent_pkt_cnt > 2 * pair.asked->stats.retrans_cnt);
    check_sent_to(pair.asked, pair.served, ask.upload);
    sim_world_free(pair.world);
}

static void time_without_window_shows(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.rate = 500000;
    options.up.queue_bytes = 50000;
    const sim_ask ask = {.upload = 1000000};
    pair pair = whole_life(sim_world_new(&options), &ask);
    CHECK(pair.asked->stats.cwnd_blocked_ms > 0);
    sim_world_free(pair.world);
}

/* Also while they go on, and for a request that sends nothing meanwhile. */
static void probe_timeouts_in_a_row_show(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    const sim_ask silent = {.silent = true};
    sim_exchange *quiet = sim_fetch(conn, &silent);
    sim_exchange *asked = sim_post(conn, 10000, 1000);
    CHECK_EQ(xqc_h3_request_get_stats(asked->handle).max_pto_backoff, 0);
    world->up.config.blackhole = true;
    sim_exchange *lost = sim_post(conn, 10000, 1000);
    sim_run_for(world, SIM_SECOND);
    CHECK(xqc_h3_request_get_stats(lost->handle).max_pto_backoff >= 2);
    CHECK(xqc_h3_request_get_stats(quiet->handle).max_pto_backoff >= 2);
    world->up.config.blackhole = false;
    CHECK(sim_run(world, sim_is_over, lost, 60 * SIM_SECOND));
    CHECK(lost->stats.max_pto_backoff >= 2);
    CHECK(lost->stats.sent_pkt_cnt > lost->stats.retrans_cnt);
    CHECK(lost->stats.retrans_cnt >= 2);
    sim_world_free(world);
}

static void a_receive_rate_shows(void)
{
    xqc_stream_settings_t rate = {.recv_rate_bytes_per_sec = 500000};
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.client_settings.enable_stream_rate_limit = 1;
    const sim_ask ask = {.download = 10000, .settings = &rate};
    pair pair = whole_life(sim_world_new(&options), &ask);
    CHECK_EQ(pair.asked->stats.rate_limit, 500000);
    sim_exchange *other = sim_get(pair.conn, 1000);
    rate.recv_rate_bytes_per_sec = 700000;
    CHECK_EQ(xqc_h3_request_update_settings(other->handle, &rate), XQC_OK);
    CHECK_EQ(xqc_h3_request_get_stats(other->handle).rate_limit, 700000);
    CHECK_EQ(xqc_h3_request_update_settings(other->handle, NULL), -XQC_EPARAM);
    sim_world_free(pair.world);
}

/* Header sections that come before what they refer to wait; how long is told, at that end alone. */
static void waiting_for_the_table_shows(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.up.loss = 0.2;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    unsigned waited = 0;
    for (unsigned i = 0; i < 60; i++) {
        char value[40];
        (void)snprintf(value, sizeof(value), "a value that comes three times %u", i / 3);
        xqc_http_header_t extra[] = {sim_header("x-changes", value)};
        const sim_ask ask = {.extra = extra, .extra_count = 1, .download = 10};
        CHECK(sim_fetch(conn, &ask) != NULL);
        sim_run_for(world, 3 * SIM_MILLISECOND);
    }
    CHECK(sim_run(world, sim_is_served, conn, 60 * SIM_SECOND));
    sim_run_for(world, 5 * SIM_SECOND);
    for (sim_exchange *one = conn->exchanges; one != NULL; one = one->next) {
        const xqc_request_stats_t *stats = &sim_exchange_peer(world, one)->stats;
        CHECK_EQ(one->stats.blocked_time, 0);
        CHECK_EQ(one->stats.unblocked_time, 0);
        if (stats->blocked_time != 0) {
            waited++;
            CHECK(stats->blocked_time >= stats->h3r_header_begin_time);
            CHECK(stats->unblocked_time > stats->blocked_time);
            CHECK(stats->h3r_header_end_time >= stats->unblocked_time);
        }
    }
    check_note("%u of 60 requests waited", waited);
    CHECK(waited > 0);
    sim_world_free(world);
}

/* From the stream's creation to its end in both directions, in microseconds; not the last notice. */
static void the_life_of_a_stream_shows(void)
{
    const sim_ask ask = {.upload = 1000, .download = 1000};
    pair pair = whole_life(sim_h3_world(), &ask);
    const sim_exchange *both[] = {pair.asked, pair.served};
    for (unsigned i = 0; i < 2; i++) {
        check_context("%s: %llu us", i == 0 ? "client" : "server",
                      (unsigned long long)both[i]->stats.stream_close_delay);
        CHECK(both[i]->stats.stream_close_delay >= 2 * DELAY);
        CHECK(both[i]->stats.stream_close_delay <= 2 * DELAY + 50 * SIM_MILLISECOND);
    }
    sim_exchange *live = sim_get(pair.conn, 1000);
    CHECK_EQ(xqc_h3_request_get_stats(live->handle).stream_close_delay, 0);
    sim_world_free(pair.world);
}

/* A path that is dead for a while shows in the probes that went out with data of the request. */
static void probes_in_a_row_show(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    world->up.config.blackhole = true;
    sim_exchange *asked = sim_post(conn, 1000, 1000);
    sim_run_for(world, SIM_SECOND);
    world->up.config.blackhole = false;
    CHECK(sim_run(world, sim_is_over, asked, 20 * SIM_SECOND));
    check_note("%u probe timeouts, %u packets again", asked->stats.max_pto_backoff,
               asked->stats.retrans_cnt);
    CHECK(asked->stats.max_pto_backoff >= 2);
    CHECK(asked->stats.retrans_cnt > 0);
    CHECK_EQ(asked->stats.early_data_state, XQC_0RTT_NONE);
    sim_world_free(world);
}

/* The connection's error comes before the stream's own. */
static void an_error_of_the_connection_is_one_of_its_requests(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.down.rate = 500000;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_exchange *live = sim_get(conn, 5000000);
    sim_exchange *closed = sim_get(conn, 5000000);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    sim_exchange_close(closed);
    CHECK_EQ(xqc_conn_close_with_error(conn->handle, 0x10b), XQC_OK);
    (void)xqc_conn_continue_send(world->client.engine, &conn->cid);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed);
    CHECK_EQ(live->stats.stream_err, 0x10b);
    CHECK_EQ(closed->stats.stream_err, 0x10b);
    CHECK_EQ(strcmp(live->stats.stream_close_msg, "conn closed"), 0);
    CHECK_EQ(strcmp(closed->stats.stream_close_msg, "local reset"), 0);
    sim_world_free(world);
}

/* A request that was closed says so, also if its connection goes before the peer has answered. */
static void a_close_shows_whatever_ends_first(void)
{
    for (unsigned upload = 0; upload <= 500000; upload += 500000) {
        sim_options options;
        sim_options_init(&options);
        sim_speak_h3(&options);
        options.up.rate = options.down.rate = 500000;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        sim_exchange *closed = sim_post(conn, upload, 5000000);
        sim_run_for(world, 200 * SIM_MILLISECOND);
        sim_exchange_close(closed);
        CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
        sim_run_for(world, 10 * SIM_SECOND);
        CHECK_EQ(closed->stats.stream_err, 0x10c);
        CHECK_EQ(strcmp(closed->stats.stream_close_msg, "local reset"), 0);
        sim_world_free(world);
    }
}

/* ---- the texts ---- */

static uint64_t next_number(const char **text, const char *name, char end)
{
    size_t length = strlen(name);
    CHECK_EQ(strncmp(*text, name, length), 0);
    const char *digits = *text + length;
    size_t count = strspn(digits, "0123456789");
    CHECK(count > 0 && digits[count] == end);
    *text = digits + count + (end == '\0' ? 0 : 1);
    return strtoull(digits, NULL, 10);
}

/* Log tooling parses this: ID, nine times in milliseconds since the beginning, named figures. */
static void check_line(const sim_exchange *exchange)
{
    const xqc_request_stats_t *stats = &exchange->stats;
    const xqc_usec_t times[] = {
        stats->h3r_header_begin_time, stats->h3r_header_end_time,  stats->h3r_body_begin_time,
        stats->stream_fin_time,       stats->h3r_end_time,         stats->h3r_header_send_time,
        stats->h3r_body_send_time,    stats->stream_fin_send_time, stats->stream_fin_ack_time,
    };
    const char *text = exchange->line;
    check_context("%s", text);
    CHECK_EQ(next_number(&text, "", ','), exchange->id);
    for (size_t i = 0; i < CHECK_COUNT(times); i++) {
        uint64_t want = times[i] == 0 ? 0 : (times[i] - stats->h3r_begin_time) / 1000;
        CHECK_EQ(next_number(&text, "", ','), want);
    }
    CHECK_EQ(next_number(&text, "cc:", ','), stats->cwnd_blocked_ms);
    CHECK_EQ(next_number(&text, "rtx:", ','), stats->retrans_cnt);
    CHECK_EQ(strncmp(text, "rtt:", 4), 0);
    CHECK(strtoull(text + 4, NULL, 10) >= 20);
    check_context("%s", "");
}

static void the_line_has_its_figures_in_order(void)
{
    pair pair = whole_life(sim_h3_world(), &BUSY);
    check_line(pair.asked);
    check_line(pair.served);
    const sim_ask plain = {.method = "GET"};
    sim_exchange *asked = sim_fetch(pair.conn, &plain);
    CHECK(sim_run(pair.world, sim_is_over, asked, 10 * SIM_SECOND));
    check_line(asked);
    sim_world_free(pair.world);
}

static void the_line_is_cut_where_the_room_ends(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_exchange *asked = sim_get(conn, 5000000);
    sim_run_for(world, 50 * SIM_MILLISECOND);
    char whole[512];
    int length = xqc_h3_request_stats_print(asked->handle, whole, sizeof(whole));
    CHECK(length > 20 && (size_t)length == strlen(whole));
    for (size_t room = 1; room <= (size_t)length + 1; room++) {
        char part[512];
        memset(part, 'x', sizeof(part));
        CHECK_EQ(xqc_h3_request_stats_print(asked->handle, part, room), length);
        CHECK_EQ(strlen(part), room - 1);
        CHECK_EQ(strncmp(part, whole, room - 1), 0);
        CHECK_EQ(part[room], 'x');
    }
    CHECK_EQ(xqc_h3_request_stats_print(asked->handle, NULL, 0), length);
    sim_world_free(world);
}

/* {"fec": "..."} with eleven figures of which the last is how long the stream lived, or {} from a
 * library that was built without error correction. */
static void check_extern_info(const xqc_request_stats_t *stats)
{
    char expected[XQC_STREAM_INFO_LEN];
    snprintf(expected, sizeof(expected), "{\"fec\": \"0,15,0,0,0,0,0,NO_FEC,NO_FEC,0,%llu\",}",
             (unsigned long long)stats->stream_close_delay);
    const char *text = stats->extern_stream_info;
    CHECK(strcmp(text, expected) == 0 || strcmp(text, "{}") == 0);
}

/* "(flag,rate,paths,sent,received,blocked,again,handshake)#path..."; see the header for the rest. */
static void figures_for_the_log_are_text(void)
{
    pair pair = whole_life(sim_h3_world(), &BUSY);
    const sim_exchange *both[] = {pair.asked, pair.served};
    for (unsigned i = 0; i < 2; i++) {
        const xqc_request_stats_t *stats = &both[i]->stats;
        check_context("%s and %s", stats->stream_info, stats->extern_stream_info);
        CHECK(memchr(stats->stream_info, '\0', sizeof(stats->stream_info)) != NULL);
        CHECK(memchr(stats->extern_stream_info, '\0', sizeof(stats->extern_stream_info)) != NULL);
        check_extern_info(stats);
        const char *text = stats->stream_info;
        CHECK_EQ(next_number(&text, "(", ','), 1); /* the handshake is complete, no rate */
        CHECK_EQ(next_number(&text, "", ','), 0);
        text = strchr(text, ',');
        CHECK(text != NULL);
        text++;
        uint64_t sent = next_number(&text, "", ',');
        uint64_t received = next_number(&text, "", ',');
        CHECK(sent > stats->send_body_size + stats->send_hdr_compressed);
        CHECK(received > stats->recv_body_size + stats->recv_hdr_compressed);
        CHECK(sent < stats->send_body_size + stats->send_hdr_compressed + 2000);
        CHECK(received < stats->recv_body_size + stats->recv_hdr_compressed + 2000);
        CHECK_EQ(next_number(&text, "", ','), stats->cwnd_blocked_ms);
        CHECK_EQ(next_number(&text, "", ','), stats->retrans_cnt);
        (void)next_number(&text, "", ')');
    }
    sim_world_free(pair.world);
}

/* The last call for it is due when the engine goes. What ended before its connection says so. The
 * original says "conn closed" for three probe timeouts after the end. */
static void a_request_that_ended_is_finished_whatever_becomes_of_its_connection(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_exchange *ended = sim_get(conn, 1000);
    CHECK(sim_run(world, sim_is_fetched, ended, 10 * SIM_SECOND));
    CHECK(!ended->closed);
    sim_exchange *open = sim_get(conn, 1000);
    xqc_engine_destroy(world->client.engine);
    world->client.engine = NULL;
    world->client.timer_at = SIM_NEVER;
    CHECK(ended->closed && open->closed);
    CHECK_EQ(strcmp(ended->stats.stream_close_msg, "finished"), 0);
    CHECK_EQ(strcmp(open->stats.stream_close_msg, "conn closed"), 0);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"sizes_agree_at_both_ends", sizes_agree_at_both_ends, 0},
    {"times_are_in_order", times_are_in_order, 0},
    {"times_agree_at_both_ends", times_agree_at_both_ends, 0},
    {"what_did_not_happen_is_zero", what_did_not_happen_is_zero, 0},
    {"figures_grow_with_the_request", figures_grow_with_the_request, 0},
    {"losses_show", losses_show, 0},
    {"time_without_window_shows", time_without_window_shows,
     0},
    {"probe_timeouts_in_a_row_show", probe_timeouts_in_a_row_show, 0},
    {"a_receive_rate_shows", a_receive_rate_shows, 0},
    {"waiting_for_the_table_shows", waiting_for_the_table_shows, 0},
    {"the_life_of_a_stream_shows", the_life_of_a_stream_shows, 0},
    {"probes_in_a_row_show", probes_in_a_row_show, 0},
    {"an_error_of_the_connection_is_one_of_its_requests",
     an_error_of_the_connection_is_one_of_its_requests, 0},
    {"a_close_shows_whatever_ends_first", a_close_shows_whatever_ends_first, 0},
    {"the_line_has_its_figures_in_order", the_line_has_its_figures_in_order, 0},
    {"the_line_is_cut_where_the_room_ends", the_line_is_cut_where_the_room_ends, 0},
    {"figures_for_the_log_are_text", figures_for_the_log_are_text, 0},
    {"a_request_that_ended_is_finished_whatever_becomes_of_its_connection",
     a_request_that_ended_is_finished_whatever_becomes_of_its_connection, CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
