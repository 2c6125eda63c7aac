/*
 * The application protocol of the simulated world. The opener of a stream sends a header that says
 * how many bytes follow and how many it wants back, then those bytes; the responder sends its
 * bytes as soon as it has read the header. All bytes come from a pattern that each side computes
 * for itself, so every byte is compared.
 *
 * Header: "SIM1", four bytes of flags (1 = one way), then upload, download and seed, 64 bits each
 * in the byte order of the machine.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define CHUNK 16384

static const char MAGIC[4] = {'S', 'I', 'M', '1'};

void sim_pattern(uint64_t seed, uint64_t offset, uint8_t *bytes, size_t length)
{
    uint64_t word = offset / 8;
    size_t skip = (size_t)(offset % 8);
    while (length > 0) {
        uint64_t value = sim_mix(seed + word++);
        size_t part = sizeof(value) - skip < length ? sizeof(value) - skip : length;
        memcpy(bytes, (const uint8_t *)&value + skip, part);
        bytes += part;
        length -= part;
        skip = 0;
    }
}

size_t sim_pattern_right(uint64_t seed, uint64_t offset, const uint8_t *bytes, size_t length)
{
    uint8_t expected[CHUNK];
    size_t right = 0;
    while (right < length) {
        size_t part = length - right < CHUNK ? length - right : CHUNK;
        sim_pattern(seed, offset + right, expected, part);
        if (memcmp(expected, bytes + right, part) != 0) {
            size_t at = 0;
            while (expected[at] == bytes[right + at]) {
                at++;
            }
            return right + at;
        }
        right += part;
    }
    return right;
}

static void header_write(sim_stream *stream, uint64_t upload, uint64_t download, uint64_t seed)
{
    uint32_t flags = stream->is_one_way ? 1 : 0;
    memcpy(stream->header, MAGIC, sizeof(MAGIC));
    memcpy(stream->header + 4, &flags, sizeof(flags));
    memcpy(stream->header + 8, &upload, sizeof(upload));
    memcpy(stream->header + 16, &download, sizeof(download));
    memcpy(stream->header + 24, &seed, sizeof(seed));
}

/* A responder learns from the whole header what is to come and what to send. */
static void header_read(sim_stream *stream)
{
    uint64_t seed;
    CHECK(memcmp(stream->header, MAGIC, sizeof(MAGIC)) == 0);
    memcpy(&stream->receive_total, stream->header + 8, sizeof(uint64_t));
    memcpy(&stream->send_total, stream->header + 16, sizeof(uint64_t));
    memcpy(&seed, stream->header + 24, sizeof(seed));
    stream->receive_seed = seed;
    stream->send_seed = ~seed;
    stream->send_ready = true;
}

static sim_stream *stream_new(sim_conn *conn)
{
    sim_stream *stream = calloc(1, sizeof(*stream));
    CHECK(stream != NULL);
    stream->tag = SIM_TAG_STREAM;
    stream->conn = conn;
    stream->next = conn->streams;
    conn->streams = stream;
    conn->open_streams++;
    return stream;
}

static void stream_forget(sim_conn *conn, sim_stream *stream)
{
    CHECK(conn->streams == stream);
    conn->streams = stream->next;
    conn->open_streams--;
    free(stream);
}

static sim_stream *open_stream(sim_conn *conn, bool one_way, uint64_t upload, uint64_t download)
{
    if (conn->handle == NULL) {
        return NULL;
    }
    sim_stream *stream = stream_new(conn);
    stream->is_opener = true;
    stream->is_one_way = one_way;
    uint64_t seed = sim_random_next(&conn->endpoint->world->random);
    header_write(stream, upload, download, seed);
    stream->send_seed = seed;
    stream->send_total = upload;
    stream->receive_seed = ~seed;
    stream->receive_total = download;
    stream->send_ready = true;
    xqc_stream_t *handle;
    if (!one_way && !conn->endpoint->is_server) {
        handle = xqc_stream_create(conn->endpoint->engine, &conn->cid, conn->stream_settings,
                                   stream);
    } else {
        handle = xqc_stream_create_with_direction(
            conn->handle, one_way ? XQC_STREAM_UNI : XQC_STREAM_BIDI, stream);
    }
    if (stream->closed) {
        return NULL; /* it came and went inside the call */
    }
    stream->handle = handle;
    if (handle == NULL) {
        stream_forget(conn, stream);
        return NULL;
    }
    stream->id = xqc_stream_id(stream->handle);
    sim_stream_send(stream);
    return stream;
}

sim_stream *sim_request(sim_conn *conn, uint64_t upload, uint64_t download)
{
    return open_stream(conn, false, upload, download);
}

sim_stream *sim_push(sim_conn *conn, uint64_t upload)
{
    return open_stream(conn, true, upload, 0);
}

/* Fills a chunk with the next bytes to send: the rest of the header, then pattern. */
static size_t next_chunk(const sim_stream *stream, uint8_t *chunk, bool *is_last)
{
    size_t length = 0;
    if (stream->is_opener && stream->header_length < sizeof(stream->header)) {
        length = sizeof(stream->header) - stream->header_length;
        memcpy(chunk, stream->header + stream->header_length, length);
    }
    uint64_t left = stream->send_total - stream->sent;
    size_t part = left < CHUNK - length ? (size_t)left : CHUNK - length;
    sim_pattern(stream->send_seed, stream->sent, chunk + length, part);
    *is_last = part == left;
    return length + part;
}

static void count_sent(sim_stream *stream, size_t length)
{
    if (stream->is_opener) {
        size_t header_left = sizeof(stream->header) - stream->header_length;
        size_t part = length < header_left ? length : header_left;
        stream->header_length += part;
        length -= part;
    }
    stream->sent += length;
}

/* Offers one chunk; false if the stream takes no more for now. */
static bool send_chunk(sim_stream *stream)
{
    uint8_t chunk[CHUNK];
    bool is_last = false;
    size_t length = next_chunk(stream, chunk, &is_last);
    ssize_t sent = xqc_stream_send(stream->handle, chunk, length, is_last);
    if (sent == -XQC_EAGAIN) {
        return false;
    }
    if (sent < 0) {
        stream->send_error = sent;
        return false;
    }
    CHECK((size_t)sent <= length);
    count_sent(stream, (size_t)sent);
    stream->fin_sent = is_last && (size_t)sent == length;
    return (size_t)sent == length;
}

void sim_stream_send(sim_stream *stream)
{
    bool may_send = stream->is_opener || !stream->is_one_way;
    /* The library may call back while it takes a chunk; the next one must wait for this. */
    if (!may_send || stream->sending) {
        return;
    }
    stream->sending = true;
    while (stream->handle != NULL && stream->send_ready && !stream->fin_sent) {
        if (!send_chunk(stream)) {
            break;
        }
    }
    stream->sending = false;
}

static void take(sim_stream *stream, const uint8_t *bytes, size_t length)
{
    if (!stream->is_opener && stream->header_length < sizeof(stream->header)) {
        size_t missing = sizeof(stream->header) - stream->header_length;
        size_t part = length < missing ? length : missing;
        memcpy(stream->header + stream->header_length, bytes, part);
        stream->header_length += part;
        bytes += part;
        length -= part;
        if (stream->header_length == sizeof(stream->header)) {
            header_read(stream);
        }
    }
    CHECK(stream->received + length <= stream->receive_total);
    CHECK_EQ(sim_pattern_right(stream->receive_seed, stream->received, bytes, length), length);
    stream->received += length;
}

/* Reads up to `room` bytes; false if there is nothing more to read now. */
static bool receive_chunk(sim_stream *stream, size_t room, uint64_t *most)
{
    uint8_t chunk[CHUNK];
    uint8_t fin = 0;
    ssize_t got = xqc_stream_recv(stream->handle, chunk, room, &fin);
    if (got == -XQC_EAGAIN) {
        return false;
    }
    if (got < 0) {
        stream->receive_error = got;
        return false;
    }
    CHECK((size_t)got <= room);
    take(stream, chunk, (size_t)got);
    *most -= (uint64_t)got;
    if (fin) {
        stream->fin_received = true;
        CHECK_EQ(stream->received, stream->receive_total);
    } else {
        CHECK(got > 0);
    }
    return true;
}

void sim_stream_receive(sim_stream *stream, uint64_t most)
{
    if (stream->receiving) {
        return;
    }
    stream->receiving = true;
    while (stream->handle != NULL && most > 0 && !stream->fin_received) {
        size_t room = most < CHUNK ? (size_t)most : CHUNK;
        if (!receive_chunk(stream, room, &most)) {
            break;
        }
    }
    stream->receiving = false;
}

bool sim_stream_is_complete(const sim_stream *stream)
{
    bool sends = stream->is_opener || !stream->is_one_way;
    bool receives = !stream->is_opener || !stream->is_one_way;
    return (!sends || stream->fin_sent)
           && (!receives || (stream->fin_received && stream->received == stream->receive_total));
}

/* ---- callbacks ---- */

static sim_stream *stream_of(void *user_data, xqc_stream_t *handle)
{
    CHECK(user_data != NULL && *(uint32_t *)user_data == SIM_TAG_STREAM);
    sim_stream *stream = user_data;
    CHECK(!stream->closed);
    /* While xqc_stream_create runs, the opener does not know its handle yet. */
    CHECK(stream->handle == NULL || stream->handle == handle);
    return stream;
}

/* A stream whose creation fails is thrown away by the library without another word. */
static int tell_created(sim_stream *stream)
{
    int answer = sim_note(SIM_STREAM_CREATE, stream->conn->endpoint, stream->conn, stream);
    if (answer != 0) {
        stream->closed = true;
        stream->conn->open_streams--;
    }
    return answer;
}

static xqc_int_t on_stream_create(xqc_stream_t *handle, void *user_data)
{
    sim_conn *conn = sim_conn_of(xqc_get_conn_user_data_by_stream(handle));
    CHECK(sim_conn_of_alp(xqc_get_conn_alp_user_data_by_stream(handle)) == conn);
    if (user_data != NULL) {
        /* One of our own. */
        sim_stream *own = stream_of(user_data, handle);
        return tell_created(own);
    }
    sim_stream *stream = stream_new(conn);
    stream->handle = handle;
    stream->id = xqc_stream_id(handle);
    stream->is_one_way = xqc_stream_get_direction(handle) == XQC_STREAM_UNI;
    xqc_stream_set_user_data(handle, stream);
    return tell_created(stream);
}

/* The peer may reset a stream that was read to its end; upstream waits for that to be read. */
static void hear_of_a_late_reset(sim_stream *stream)
{
    uint8_t byte;
    uint8_t fin = 0;
    ssize_t got = xqc_stream_recv(stream->handle, &byte, sizeof(byte), &fin);
    CHECK(got <= 0);
}

static xqc_int_t on_stream_read(xqc_stream_t *handle, void *user_data)
{
    sim_stream *stream = stream_of(user_data, handle);
    int answer = sim_note(SIM_STREAM_READ, stream->conn->endpoint, stream->conn, stream);
    if (answer != 0 || stream->paused) {
        return answer;
    }
    bool was_ready = stream->send_ready;
    if (stream->fin_received) {
        hear_of_a_late_reset(stream);
    }
    sim_stream_receive(stream, UINT64_MAX);
    if (!was_ready && stream->send_ready) {
        sim_stream_send(stream);
    }
    return 0;
}

static xqc_int_t on_stream_write(xqc_stream_t *handle, void *user_data)
{
    sim_stream *stream = stream_of(user_data, handle);
    int answer = sim_note(SIM_STREAM_WRITE, stream->conn->endpoint, stream->conn, stream);
    if (answer == 0) {
        sim_stream_send(stream);
    }
    return answer;
}

static void on_stream_closing(xqc_stream_t *handle, xqc_int_t error, void *user_data)
{
    sim_stream *stream = stream_of(user_data, handle);
    stream->closing_error = error;
    sim_note(SIM_STREAM_CLOSING, stream->conn->endpoint, stream->conn, stream);
}

static xqc_int_t on_stream_close(xqc_stream_t *handle, void *user_data)
{
    sim_stream *stream = stream_of(user_data, handle);
    CHECK(!stream->conn->closed);
    CHECK_EQ(stream->calls[SIM_STREAM_CLOSE], 0);
    stream->conn->open_streams--;
    sim_note(SIM_STREAM_CLOSE, stream->conn->endpoint, stream->conn, stream);
    stream->closed = true;
    stream->handle = NULL;
    return 0;
}

xqc_conn_callbacks_t sim_conn_callbacks(void);

xqc_app_proto_callbacks_t sim_protocol(void)
{
    xqc_app_proto_callbacks_t protocol = {
        .conn_cbs = sim_conn_callbacks(),
        .stream_cbs =
            {
                .stream_read_notify = on_stream_read,
                .stream_write_notify = on_stream_write,
                .stream_create_notify = on_stream_create,
                .stream_close_notify = on_stream_close,
                .stream_closing_notify = on_stream_closing,
            },
    };
    return protocol;
}
