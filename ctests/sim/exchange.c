/* What the two ends of an HTTP/3 request say to each other; see h3.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h3.h"

#define CHUNK 16384
#define MOST_FIELDS 64

sim_exchange *sim_exchange_new(sim_conn *conn, bool is_client)
{
    sim_exchange *exchange = calloc(1, sizeof(*exchange));
    CHECK(exchange != NULL);
    exchange->tag = SIM_TAG_EXCHANGE;
    exchange->conn = conn;
    exchange->is_client = is_client;
    exchange->next = conn->exchanges;
    conn->exchanges = exchange;
    conn->open_exchanges++;
    return exchange;
}

void sim_exchange_free(sim_exchange *exchange)
{
    sim_section_free(&exchange->header);
    sim_section_free(&exchange->interim);
    sim_section_free(&exchange->trailer);
    exchange->tag = 0;
    free(exchange);
}

/* ---- sending fields ---- */

typedef struct outgoing {
    xqc_http_header_t fields[MOST_FIELDS];
    size_t count;
    char numbers[12][24]; /* values that are numbers */
    size_t numbers_used;
} outgoing;

static void add(outgoing *section, const char *name, const char *value)
{
    CHECK(section->count < MOST_FIELDS);
    section->fields[section->count++] = sim_header(name, value);
}

static void add_number(outgoing *section, const char *name, uint64_t number)
{
    CHECK(section->numbers_used < 12);
    char *text = section->numbers[section->numbers_used++];
    (void)snprintf(text, sizeof(section->numbers[0]), "%llu", (unsigned long long)number);
    add(section, name, text);
}

/* False if the library refuses the section. */
static bool send_section(sim_exchange *exchange, outgoing *section, bool fin)
{
    size_t size = 0;
    for (size_t i = 0; i < section->count; i++) {
        size += section->fields[i].name.iov_len + section->fields[i].value.iov_len;
    }
    xqc_http_headers_t headers = {section->fields, section->count, section->count, 0};
    ssize_t result = xqc_h3_request_send_headers(exchange->handle, &headers, fin);
    if (result <= 0) {
        exchange->send_error = result;
        return false;
    }
    exchange->header_result += result;
    exchange->header_bytes += size;
    exchange->fin_sent = fin;
    return true;
}

static const char *method_of(const sim_ask *ask)
{
    if (ask->method != NULL) {
        return ask->method;
    }
    return ask->upload > 0 ? "POST" : "GET";
}

static void write_request(const sim_exchange *exchange, outgoing *section)
{
    const sim_ask *ask = &exchange->ask;
    add(section, ":method", method_of(ask));
    add(section, ":scheme", "https");
    add(section, ":authority", "localhost");
    add(section, ":path", "/pattern?of=the+simulator");
    add(section, "user-agent", "sim/1.0");
    add(section, "accept", "*/*");
    if (ask->upload > 0 && !ask->no_length) {
        add_number(section, "content-length", ask->upload);
    }
    add_number(section, "x-seed", exchange->seed);
    add_number(section, "x-upload", ask->upload);
    add_number(section, "x-download", ask->download);
    add_number(section, "x-trailers", ask->trailers);
    add_number(section, "x-wants-trailers", ask->wants_trailers);
    add_number(section, "x-wants-interim", ask->wants_interim);
    add_number(section, "x-wants-ending", ask->wants_ending);
    add_number(section, "x-wants-late", ask->wants_late);
    add_number(section, "x-no-length", ask->no_length);
    for (size_t i = 0; i < ask->extra_count; i++) {
        CHECK(section->count < MOST_FIELDS);
        section->fields[section->count++] = ask->extra[i];
    }
}

static void write_response(const sim_exchange *exchange, outgoing *section)
{
    add(section, ":status", "200");
    add(section, "content-type", "application/octet-stream");
    if (!exchange->ask.no_length) {
        add_number(section, "content-length", exchange->ask.download);
    }
    add(section, "server", "sim/1.0");
}

static bool wants_trailers(const sim_exchange *exchange)
{
    return exchange->is_client ? exchange->ask.trailers : exchange->ask.wants_trailers;
}

static sim_ending ending_of(const sim_exchange *exchange)
{
    return exchange->is_client ? exchange->ask.ending : exchange->ask.wants_ending;
}

/* True if the end goes with the last thing that is sent. */
static bool ends_with_last(const sim_exchange *exchange)
{
    return ending_of(exchange) == SIM_END_WITH_LAST;
}

static bool send_interim(sim_exchange *exchange)
{
    outgoing section = {.count = 0};
    add(&section, ":status", "103");
    add_number(&section, "x-number", exchange->interim_sent);
    exchange->interim_sent++;
    return send_section(exchange, &section, false);
}

/* The library writes into the fields it is given, which are copies of the test's own. */
static void return_hits(const sim_exchange *exchange, const outgoing *section)
{
    const sim_ask *ask = &exchange->ask;
    for (size_t i = 0; i < ask->extra_count && exchange->is_client; i++) {
        ask->extra[i].nv_hit_flags =
            section->fields[section->count - ask->extra_count + i].nv_hit_flags;
    }
}

static bool send_header(sim_exchange *exchange)
{
    outgoing section = {.count = 0};
    if (exchange->is_client) {
        write_request(exchange, &section);
    } else {
        write_response(exchange, &section);
    }
    exchange->headers_sent = true;
    bool is_all = exchange->send_total == 0 && !wants_trailers(exchange);
    exchange->owes_end = is_all && !ends_with_last(exchange);
    bool result = send_section(exchange, &section, is_all && ends_with_last(exchange));
    return_hits(exchange, &section);
    return result;
}

static bool send_trailer(sim_exchange *exchange)
{
    outgoing section = {.count = 0};
    add_number(&section, "x-checksum", exchange->seed);
    add(&section, "x-note", "that was all");
    exchange->trailers_sent = true;
    exchange->owes_end = !ends_with_last(exchange);
    return send_section(exchange, &section, ends_with_last(exchange));
}

/* ---- sending content ---- */

static uint64_t seed_of(const sim_exchange *exchange, bool sending)
{
    return exchange->is_client == sending ? exchange->seed : ~exchange->seed;
}

/* False if no more is taken for now, or ever. */
static bool send_chunk(sim_exchange *exchange)
{
    uint8_t chunk[CHUNK];
    uint64_t left = exchange->send_total - exchange->sent;
    size_t length = left < CHUNK ? (size_t)left : CHUNK;
    bool is_last = length == left;
    bool fin = is_last && ends_with_last(exchange) && !wants_trailers(exchange);
    sim_pattern(seed_of(exchange, true), exchange->sent, chunk, length);
    ssize_t sent = xqc_h3_request_send_body(exchange->handle, chunk, length, fin);
    /* It was copied. */
    memset(chunk, 0, length);
    if (sent == -XQC_EAGAIN) {
        exchange->send_again++;
        return false;
    }
    if (sent < 0) {
        exchange->send_error = sent;
        return false;
    }
    CHECK(sent > 0 && (size_t)sent <= length);
    exchange->sent += (uint64_t)sent;
    bool is_whole = (size_t)sent == length;
    exchange->fin_sent = fin && is_whole;
    exchange->owes_end = is_last && is_whole && !fin && !wants_trailers(exchange);
    exchange->send_again += !is_whole;
    return is_whole;
}

static bool send_end(sim_exchange *exchange)
{
    bool alone = ending_of(exchange) == SIM_END_ALONE;
    ssize_t result = alone ? xqc_h3_request_send_body(exchange->handle, NULL, 0, 1)
                           : xqc_h3_request_finish(exchange->handle);
    if (result == -XQC_EAGAIN) {
        exchange->send_again++;
        /* Upstream remembers a finish by itself. */
        exchange->fin_sent = check_upstream() && !alone;
        return false;
    }
    CHECK(result <= 0);
    exchange->send_error = result;
    exchange->fin_sent = result == 0;
    return result == 0;
}

/* Sends the next thing; false if that is not possible. */
static bool send_next(sim_exchange *exchange)
{
    if (!exchange->is_client && exchange->interim_sent < exchange->ask.wants_interim) {
        return send_interim(exchange);
    }
    if (!exchange->headers_sent) {
        return send_header(exchange);
    }
    if (exchange->sent < exchange->send_total) {
        return send_chunk(exchange);
    }
    if (wants_trailers(exchange) && !exchange->trailers_sent) {
        return send_trailer(exchange);
    }
    return exchange->owes_end && !exchange->ask.holds_end && send_end(exchange);
}

void sim_exchange_send(sim_exchange *exchange)
{
    if (exchange->sending) {
        return;
    }
    exchange->sending = true;
    while (exchange->handle != NULL && !exchange->was_closed && exchange->send_ready
           && !exchange->fin_sent && exchange->send_error == 0 && send_next(exchange)) {
    }
    exchange->sending = false;
}

/* ---- receiving ---- */

static uint64_t number_in(const sim_section *section, const char *name)
{
    const char *value = sim_value(section, name);
    if (value == NULL) {
        check_context("no field %s", name);
        CHECK(value != NULL);
    }
    return strtoull(value, NULL, 10);
}

/* A server learns from the request what is to come and what to send. */
static void obey(sim_exchange *exchange)
{
    const sim_section *header = &exchange->header;
    sim_ask *ask = &exchange->ask;
    const char *method = sim_value(header, ":method");
    CHECK(method != NULL);
    exchange->seed = number_in(header, "x-seed");
    ask->method = method;
    ask->upload = number_in(header, "x-upload");
    ask->download = number_in(header, "x-download");
    ask->trailers = number_in(header, "x-trailers") != 0;
    ask->wants_trailers = number_in(header, "x-wants-trailers") != 0;
    ask->wants_interim = (unsigned)number_in(header, "x-wants-interim");
    ask->wants_ending = (sim_ending)number_in(header, "x-wants-ending");
    ask->wants_late = number_in(header, "x-wants-late") != 0;
    ask->no_length = number_in(header, "x-no-length") != 0;
    exchange->receive_total = ask->upload;
    exchange->send_total = strcmp(method, "HEAD") == 0 ? 0 : ask->download;
    exchange->send_ready = !ask->wants_late;
    CHECK(strcmp(sim_value(header, ":scheme"), "https") == 0);
    CHECK(strcmp(sim_value(header, ":authority"), "localhost") == 0);
    CHECK(strcmp(sim_value(header, ":path"), "/pattern?of=the+simulator") == 0);
}

static void judge_response(sim_exchange *exchange)
{
    const char *status = sim_value(&exchange->header, ":status");
    CHECK(status != NULL && strcmp(status, "200") == 0);
    CHECK(exchange->ask.no_length
          || number_in(&exchange->header, "content-length") == exchange->ask.download);
}

static bool is_interim(const xqc_http_headers_t *headers)
{
    const xqc_http_header_t *first = &headers->headers[0];
    return headers->count > 0 && first->name.iov_len == 7 && first->value.iov_len == 3
           && memcmp(first->name.iov_base, ":status", 7) == 0
           && *(const char *)first->value.iov_base == '1';
}

static void note_end(sim_exchange *exchange, bool fin)
{
    exchange->fin_received |= fin;
    if (fin && exchange->ask.wants_late && !exchange->is_client) {
        exchange->send_ready = true;
    }
}

void sim_exchange_read_header(sim_exchange *exchange)
{
    uint8_t fin = 0;
    xqc_http_headers_t *headers = xqc_h3_request_recv_headers(exchange->handle, &fin);
    CHECK(headers != NULL);
    if (is_interim(headers)) {
        CHECK(exchange->is_client && !fin);
        sim_section_read(&exchange->interim, headers);
        exchange->interim_received++;
        return;
    }
    CHECK_EQ(exchange->header.count, 0);
    sim_section_read(&exchange->header, headers);
    if (exchange->is_client) {
        judge_response(exchange);
    } else {
        obey(exchange);
    }
    exchange->fin_with_headers = fin;
    note_end(exchange, fin);
}

static void read_trailer(sim_exchange *exchange)
{
    uint8_t fin = 0;
    const xqc_http_headers_t *headers = xqc_h3_request_recv_headers(exchange->handle, &fin);
    CHECK(headers != NULL);
    CHECK_EQ(exchange->trailer.count, 0);
    sim_section_read(&exchange->trailer, headers);
    CHECK_EQ(number_in(&exchange->trailer, "x-checksum"), exchange->seed);
    CHECK_EQ(exchange->trailer.count, 2);
    note_end(exchange, fin);
}

static void compare(sim_exchange *exchange, const uint8_t *bytes, size_t length)
{
    CHECK(exchange->received + length <= exchange->receive_total);
    size_t right =
        sim_pattern_right(seed_of(exchange, false), exchange->received, bytes, length);
    if (right < length) {
        check_context("request %llu at the %s: %zu bytes from %llu on, of which %zu are right",
                      (unsigned long long)exchange->id, exchange->is_client ? "client" : "server",
                      length, (unsigned long long)exchange->received, right);
        CHECK(!"the content is wrong");
    }
    exchange->received += length;
}

/* Reads up to `room` bytes; false if there is nothing more to read now. */
static bool receive_chunk(sim_exchange *exchange, size_t room, uint64_t *most)
{
    uint8_t chunk[CHUNK];
    uint8_t fin = 7;
    ssize_t got = xqc_h3_request_recv_body(exchange->handle, chunk, room, &fin);
    CHECK(fin <= 1);
    if (got < 0) {
        exchange->receive_error = got == -XQC_EAGAIN ? 0 : got;
        return false;
    }
    CHECK((size_t)got <= room && (got > 0 || fin));
    compare(exchange, chunk, (size_t)got);
    *most -= (uint64_t)got;
    note_end(exchange, fin);
    return !fin;
}

void sim_exchange_receive(sim_exchange *exchange, uint64_t most)
{
    if (exchange->receiving) {
        return;
    }
    exchange->receiving = true;
    size_t chunk = exchange->chunk == 0 ? CHUNK : exchange->chunk;
    while (exchange->handle != NULL && !exchange->was_closed && most > 0) {
        if (!receive_chunk(exchange, most < chunk ? (size_t)most : chunk, &most)) {
            break;
        }
    }
    exchange->receiving = false;
}

bool sim_exchange_is_complete(const sim_exchange *exchange)
{
    bool awaits_trailers =
        exchange->is_client ? exchange->ask.wants_trailers : exchange->ask.trailers;
    return exchange->fin_sent && exchange->fin_received && exchange->header.count > 0
           && exchange->received == exchange->receive_total
           && (!awaits_trailers || exchange->trailer.count > 0);
}

void sim_exchange_close(sim_exchange *exchange)
{
    CHECK(exchange->handle != NULL && !exchange->was_closed);
    exchange->was_closed = true;
    CHECK_EQ(xqc_h3_request_close(exchange->handle), XQC_OK);
}

/* ---- callbacks ---- */

int sim_note_exchange(sim_event event, sim_exchange *exchange, unsigned flags)
{
    sim_conn *conn = exchange->conn;
    const sim_call call = {.event = event,
                           .endpoint = conn->endpoint,
                           .conn = conn,
                           .exchange = exchange,
                           .flags = flags};
    exchange->calls[event]++;
    return sim_note_call(&call, exchange->id);
}

static sim_exchange *exchange_of(void *user_data, xqc_h3_request_t *handle)
{
    CHECK(user_data != NULL && *(uint32_t *)user_data == SIM_TAG_EXCHANGE);
    sim_exchange *exchange = user_data;
    CHECK(!exchange->closed);
    CHECK(exchange->handle == handle);
    CHECK(!exchange->conn->closed);
    return exchange;
}

/* Those of our own are announced inside xqc_h3_request_create. */
static int on_create(xqc_h3_request_t *handle, void *user_data)
{
    sim_conn *conn = xqc_h3_get_conn_user_data_by_request(handle);
    CHECK(conn != NULL && conn->tag == SIM_TAG_CONN && !conn->closed);
    CHECK((user_data == NULL) == conn->endpoint->is_server);
    sim_exchange *exchange = user_data;
    if (conn->endpoint->is_server) {
        exchange = sim_exchange_new(conn, false);
        xqc_h3_request_set_user_data(handle, exchange);
    }
    CHECK(exchange->tag == SIM_TAG_EXCHANGE && exchange->handle == NULL);
    exchange->handle = handle;
    exchange->id = xqc_h3_stream_id(handle);
    CHECK_EQ(exchange->id % 4, 0);
    return sim_note_exchange(SIM_REQUEST_CREATE, exchange, 0);
}

static void read_end(sim_exchange *exchange)
{
    /* Header and content were delivered before. */
    CHECK(exchange->header.count > 0);
    CHECK(!exchange->fin_received);
    note_end(exchange, true);
}

/* Reads what a notice speaks of. */
static void read_all(sim_exchange *exchange, unsigned flags)
{
    if (flags & XQC_REQ_NOTIFY_READ_HEADER) {
        sim_exchange_read_header(exchange);
    }
    if (flags & XQC_REQ_NOTIFY_READ_BODY) {
        sim_exchange_receive(exchange,
                             exchange->read_most == 0 ? UINT64_MAX : exchange->read_most);
    }
    if (flags & XQC_REQ_NOTIFY_READ_TRAILER) {
        read_trailer(exchange);
    }
    if (flags & XQC_REQ_NOTIFY_READ_EMPTY_FIN) {
        read_end(exchange);
    }
}

static int on_read(xqc_h3_request_t *handle, xqc_request_notify_flag_t flag, void *user_data)
{
    sim_exchange *exchange = exchange_of(user_data, handle);
    CHECK(flag > 0 && flag < 16);
    CHECK((flag & XQC_REQ_NOTIFY_READ_EMPTY_FIN) == 0 || flag == XQC_REQ_NOTIFY_READ_EMPTY_FIN);
    exchange->notices[flag]++;
    int answer = sim_note_exchange(SIM_REQUEST_READ, exchange, flag);
    if (answer != 0 || exchange->paused || exchange->was_closed || exchange->closed) {
        return answer;
    }
    read_all(exchange, flag);
    if (!exchange->is_client) {
        sim_exchange_send(exchange);
    }
    return 0;
}

static int on_write(xqc_h3_request_t *handle, void *user_data)
{
    sim_exchange *exchange = exchange_of(user_data, handle);
    int answer = sim_note_exchange(SIM_REQUEST_WRITE, exchange, 0);
    if (answer == 0 && !exchange->idle) {
        sim_exchange_send(exchange);
    }
    return answer;
}

static void on_closing(xqc_h3_request_t *handle, xqc_int_t error, void *user_data)
{
    sim_exchange *exchange = exchange_of(user_data, handle);
    exchange->closing_error = error;
    exchange->closings++;
    sim_note_exchange(SIM_REQUEST_CLOSING, exchange, 0);
}

static int on_close(xqc_h3_request_t *handle, void *user_data)
{
    sim_exchange *exchange = exchange_of(user_data, handle);
    CHECK_EQ(exchange->calls[SIM_REQUEST_CLOSE], 0);
    CHECK_EQ(xqc_h3_stream_id(handle), exchange->id);
    CHECK(xqc_h3_get_conn_user_data_by_request(handle) == exchange->conn);
    exchange->stats = xqc_h3_request_get_stats(handle);
    int length = xqc_h3_request_stats_print(handle, exchange->line, sizeof(exchange->line));
    CHECK_EQ(length, strlen(exchange->line));
    exchange->conn->open_exchanges--;
    sim_note_exchange(SIM_REQUEST_CLOSE, exchange, 0);
    exchange->closed = true;
    exchange->handle = NULL;
    return 0;
}

xqc_h3_request_callbacks_t sim_request_callbacks(void)
{
    const xqc_h3_request_callbacks_t callbacks = {
        .h3_request_create_notify = on_create,
        .h3_request_close_notify = on_close,
        .h3_request_read_notify = on_read,
        .h3_request_write_notify = on_write,
        .h3_request_closing_notify = on_closing,
    };
    return callbacks;
}
