#define _GNU_SOURCE
#include "hq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/text.h"
#include "content.h"
#include "endpoint.h"
#include "response.h"

/* The longest request line that is read; what is longer is refused. */
#define REQUEST_LIMIT 2048
#define WRITE_CHUNK 65536

struct request {
    struct connection *connection;
    struct content     content;
    char               line[REQUEST_LIMIT];
    size_t             length; /* of what has come of the line */
    uint64_t           sent;
    bool               answering;
    bool               ended; /* FIN sent, or given up */
};

static void
give_up(xqc_stream_t *stream, struct request *request, const char *reason)
{
    fputs(PROGRAM ": refused '", stderr);
    text_print(stderr, request->line, strcspn(request->line, "\r\n"));
    fprintf(stderr, "': %s\n", reason);
    request->ended = true;
    xqc_stream_close(stream);
}

/* Hands the library as much of the answer as it takes; the write callback comes for the rest. */
static void
send_answer(xqc_stream_t *stream, struct request *request)
{
    static unsigned char chunk[WRITE_CHUNK];

    while (!request->ended) {
        uint64_t left = request->content.size - request->sent;
        ssize_t  size = content_read(&request->content, request->sent, chunk,
                                     left < WRITE_CHUNK ? (size_t) left : WRITE_CHUNK);
        ssize_t  taken;

        if (size < 0 || (size == 0 && left > 0)) {
            give_up(stream, request, "the file shrank or cannot be read");
            return;
        }
        taken = xqc_stream_send(stream, chunk, (size_t) size, (uint64_t) size == left);
        if (taken == -XQC_EAGAIN) {
            return;
        }
        if (taken < 0) {
            give_up(stream, request, "the stream is broken");
            return;
        }
        request->sent += (uint64_t) taken;
        request->ended = request->sent == request->content.size;
        if (taken < size) {
            return;
        }
    }
}

/* Acts on a complete request line. */
static void
answer(xqc_stream_t *stream, struct request *request)
{
    const char *target = request->line + 4;
    int         status;

    request->line[strcspn(request->line, "\r\n")] = '\0';
    request->answering = true;
    if (strncmp(request->line, "GET ", 4) != 0) {
        give_up(stream, request, "not a GET request");
        return;
    }
    status = content_open(&request->content, request->connection->server->root_fd, target,
                          strlen(target));
    if (status == 200) {
        send_answer(stream, request);
    } else {
        give_up(stream, request, response_reason(status));
    }
}

/* ---- callbacks of the application protocol -------------------------------------------- */

static xqc_int_t
on_stream_created(xqc_stream_t *stream, void *user_data)
{
    struct request *request = calloc(1, sizeof(*request));

    (void) user_data;
    if (request == NULL) {
        return -1;
    }
    request->connection = xqc_get_conn_user_data_by_stream(stream);
    request->connection->requests++;
    request->content.fd = -1;
    xqc_stream_set_user_data(stream, request);
    return 0;
}

static xqc_int_t
on_stream_readable(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;
    unsigned char   surplus[256];
    uint8_t         fin = 0;

    if (request == NULL) {
        return 0;
    }
    while (!fin) {
        /* After the line nothing is expected, but what comes must be taken off the stream. */
        size_t  room = REQUEST_LIMIT - 1 - request->length;
        bool    reading = !request->answering;
        ssize_t size = xqc_stream_recv(
            stream, reading ? (unsigned char *) request->line + request->length : surplus,
            reading ? room : sizeof(surplus), &fin);

        if (size < 0) {
            return 0;
        }
        if (!reading) {
            continue;
        }
        request->length += (size_t) size;
        if (fin || memchr(request->line, '\n', request->length) != NULL) {
            answer(stream, request);
            return 0;
        }
        if (request->length == REQUEST_LIMIT - 1) {
            give_up(stream, request, "the request line is too long");
            return 0;
        }
    }
    return 0;
}

static xqc_int_t
on_stream_writable(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;

    if (request != NULL && request->answering && !request->ended) {
        send_answer(stream, request);
    }
    return 0;
}

static xqc_int_t
on_stream_closed(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;

    (void) stream;
    if (request != NULL) {
        content_close(&request->content);
        request->connection->requests--;
        free(request);
    }
    return 0;
}

static int
on_connection_created(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) handle;
    (void) cid;
    (void) user_data;
    (void) protocol_data;
    return 0;
}

static int
on_connection_closed(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) handle;
    (void) protocol_data;
    endpoint_forget(user_data, cid);
    return 0;
}

bool
hq_register(xqc_engine_t *engine)
{
    xqc_app_proto_callbacks_t callbacks = {
        .conn_cbs = {
            .conn_create_notify = on_connection_created,
            .conn_close_notify = on_connection_closed,
        },
        .stream_cbs = {
            .stream_create_notify = on_stream_created,
            .stream_read_notify = on_stream_readable,
            .stream_write_notify = on_stream_writable,
            .stream_close_notify = on_stream_closed,
        },
    };

    return xqc_engine_register_alpn(engine, ALPN_HQ, strlen(ALPN_HQ), &callbacks, NULL) == XQC_OK;
}
