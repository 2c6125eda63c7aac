#define _GNU_SOURCE
#include "h3.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xquic/xqc_http3.h>

#include "common/clock.h"
#include "common/fields.h"
#include "date.h"
#include "echo.h"
#include "endpoint.h"
#include "response.h"

#define WRITE_CHUNK 65536
#define DISCARD_CHUNK 16384

struct request {
    struct connection *connection;
    xqc_h3_request_t  *handle;
    struct response    response;
    struct echo       *echo; /* for a POST */
    uint64_t           sent;
    uint64_t           begun; /* when it came, in microseconds of the monotonic clock */
    bool               answering; /* the header section of the response is out */
    bool               ended;     /* nothing more to send */
};

/* ---- the response ----------------------------------------------------------------------- */

/*
 * Functions that may end a request return false when they did: then it may be freed already, as the
 * library is free to report its end from within.
 */
static bool
give_up(struct request *request, const char *reason)
{
    fprintf(stderr, PROGRAM ": request %" PRIu64 " given up: %s\n",
            (uint64_t) xqc_h3_stream_id(request->handle), reason);
    request->ended = true;
    xqc_h3_request_close(request->handle);
    return false;
}

/* How long it took, which nobody knows before the end (RFC 9110 section 6.5). */
static bool
send_trailers(struct request *request)
{
    double             taken_ms = (double) (clock_monotonic_us() - request->begun) / 1e3;
    struct fields      fields = { .count = 0 };
    xqc_http_headers_t section;

    fields_format(&fields, "server-timing", "total;dur=%.3f", taken_ms);
    section = fields_section(&fields);
    request->ended = true;
    if (xqc_h3_request_send_headers(request->handle, &section, true) < 0) {
        return give_up(request, "its trailers cannot be sent");
    }
    return true;
}

/* Hands the library as much of the body as it takes; the write callback comes for the rest. */
static bool
send_content(struct request *request)
{
    static unsigned char   chunk[WRITE_CHUNK];
    const struct response *response = &request->response;
    bool                   trailers = request->connection->server->options.trailers;

    while (!request->ended) {
        uint64_t left = response->part.length - request->sent;
        ssize_t  size = response_read(response, request->sent, chunk, sizeof(chunk));
        ssize_t  taken;

        if (size < 0 || (size == 0 && left > 0)) {
            return give_up(request, "the file shrank or cannot be read");
        }
        taken = xqc_h3_request_send_body(request->handle, chunk, (size_t) size,
                                         (uint64_t) size == left && !trailers);
        if (taken == -XQC_EAGAIN) {
            return true;
        }
        if (taken < 0) {
            return give_up(request, "its stream is broken");
        }
        request->sent += (uint64_t) taken;
        if (request->sent == response->part.length && trailers) {
            return send_trailers(request);
        }
        request->ended = request->sent == response->part.length;
        if (taken < size) {
            return true;
        }
    }
    return true;
}

static bool
send_echo(struct request *request)
{
    enum echo_result result = echo_pump(request->echo, request->handle);

    if (result == ECHO_BROKEN) {
        return give_up(request, "its stream is broken");
    }
    request->ended = result == ECHO_DONE;
    return true;
}

static bool
go_on_sending(struct request *request)
{
    if (!request->answering || request->ended) {
        return true;
    }
    return request->echo != NULL ? send_echo(request) : send_content(request);
}

static void
add_general_fields(struct fields *fields, int status)
{
    fields_format(fields, ":status", "%d", status);
    fields_add(fields, "server", "xquic");
    fields_add(fields, "date", date_now());
}

static void
add_response_fields(struct fields *fields, const struct response *response)
{
    char range[80];

    add_general_fields(fields, response->status);
    fields_add(fields, "content-type", response->content.media_type);
    fields_format(fields, "content-length", "%" PRIu64, response->part.length);
    if (response->status == 405) {
        fields_add(fields, "allow", "GET, HEAD, POST");
    } else if (response->status == 301) {
        fields_add(fields, "location", response->location);
    } else if (response->partial || response->status == 416) {
        response_content_range(response, range, sizeof(range));
        fields_format(fields, "content-range", "%s", range);
    } else if (response->status == 200) {
        fields_add(fields, "accept-ranges", "bytes");
    }
}

static bool
send_fields(struct request *request, struct fields *fields, bool fin)
{
    xqc_http_headers_t section = fields_section(fields);

    if (xqc_h3_request_send_headers(request->handle, &section, fin) < 0) {
        return give_up(request, "its header section cannot be sent");
    }
    request->answering = true;
    request->ended = fin;
    return true;
}

static bool
begin_response(struct request *request, const struct request_head *head)
{
    struct response *response = &request->response;
    struct fields    fields = { .count = 0 };

    response_make(response, request->connection->server->root_fd, head);
    add_response_fields(&fields, response);
    return send_fields(request, &fields, !response->has_body || response->part.length == 0);
}

/* The header section goes out at once, and the body as it comes. */
static bool
begin_echo(struct request *request, const xqc_http_headers_t *received)
{
    static const char *const copied[] = { "content-type", "content-length" };
    struct fields            fields = { .count = 0 };

    request->echo = malloc(sizeof(*request->echo));
    if (request->echo == NULL) {
        return give_up(request, "out of memory");
    }
    request->echo->begin = request->echo->end = 0;
    request->echo->last = request->echo->complete = false;
    request->echo->trailers = NULL;
    add_general_fields(&fields, 200);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        const struct iovec *value = fields_find(received, copied[i]);

        if (value != NULL) {
            fields_add_bytes(&fields, copied[i], strlen(copied[i]), value->iov_base,
                             value->iov_len);
        }
    }
    return send_fields(request, &fields, false);
}

/* ---- the request ------------------------------------------------------------------------ */

static struct request_head
request_head(const xqc_http_headers_t *section)
{
    const struct iovec  nothing = { NULL, 0 };
    const struct iovec *method = fields_find(section, ":method");
    const struct iovec *target = fields_find(section, ":path");
    const struct iovec *range = fields_find(section, "range");

    return (struct request_head) {
        .method = method != NULL ? *method : nothing,
        .target = target != NULL ? *target : nothing,
        .range = range != NULL ? *range : nothing,
        .conditional_range = fields_find(section, "if-range") != NULL,
    };
}

/* What the client says about the order in which it wants its responses (RFC 9218). */
static void
obey_priority(struct request *request, const xqc_http_headers_t *section)
{
    const struct iovec *value = fields_find(section, "priority");
    xqc_h3_priority_t   priority;

    if (value != NULL
        && xqc_parse_http_priority(&priority, value->iov_base, value->iov_len) == XQC_OK)
    {
        xqc_h3_request_set_priority(request->handle, &priority);
    }
}

static bool
on_header(struct request *request)
{
    uint8_t             fin = 0;
    xqc_http_headers_t *section = xqc_h3_request_recv_headers(request->handle, &fin);
    struct request_head head;

    if (section == NULL || request->answering) {
        return true;
    }
    head = request_head(section);
    obey_priority(request, section);
    if (!request_is(&head, "POST")) {
        return begin_response(request, &head);
    }
    if (!begin_echo(request, section)) {
        return false;
    }
    request->echo->last = fin;
    return true;
}

/* The library keeps the section for as long as the request lives. */
static void
on_trailers(struct request *request, uint8_t *fin)
{
    xqc_http_headers_t *section = xqc_h3_request_recv_headers(request->handle, fin);

    if (request->echo != NULL) {
        request->echo->trailers = section;
    }
}

/* What nobody asked for must still be taken, so that its end is seen. */
static void
discard_body(struct request *request)
{
    static unsigned char surplus[DISCARD_CHUNK];
    uint8_t              fin = 0;

    while (!fin && xqc_h3_request_recv_body(request->handle, surplus, sizeof(surplus), &fin) >= 0) {
    }
}

static int
on_readable(xqc_h3_request_t *handle, xqc_request_notify_flag_t flag, void *user_data)
{
    struct request *request = user_data;
    uint8_t         fin = 0;

    (void) handle;
    if (request == NULL) {
        return -1;
    }
    if ((flag & XQC_REQ_NOTIFY_READ_HEADER) && !on_header(request)) {
        return 0;
    }
    if (flag & XQC_REQ_NOTIFY_READ_TRAILER) {
        on_trailers(request, &fin);
    }
    if (request->echo == NULL) {
        discard_body(request);
    } else if (fin || flag == XQC_REQ_NOTIFY_READ_EMPTY_FIN) {
        request->echo->last = true;
    }
    go_on_sending(request);
    return 0;
}

static int
on_writable(xqc_h3_request_t *handle, void *user_data)
{
    (void) handle;
    if (user_data == NULL) {
        return -1;
    }
    go_on_sending(user_data);
    return 0;
}

static int
on_request_created(xqc_h3_request_t *handle, void *user_data)
{
    struct request *request = calloc(1, sizeof(*request));

    (void) user_data;
    if (request == NULL) {
        return -1;
    }
    request->handle = handle;
    request->begun = clock_monotonic_us();
    request->connection = xqc_h3_get_conn_user_data_by_request(handle);
    request->connection->requests++;
    request->response.content.fd = -1;
    xqc_h3_request_set_user_data(handle, request);
    return 0;
}

static int
on_request_closed(xqc_h3_request_t *handle, void *user_data)
{
    struct request *request = user_data;

    (void) handle;
    if (request != NULL) {
        response_close(&request->response);
        request->connection->requests--;
        free(request->echo);
        free(request);
    }
    return 0;
}

/* ---- the connection --------------------------------------------------------------------- */

static int
on_connection_created(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    struct connection *connection = user_data;

    (void) cid;
    connection->h3 = handle;
    xqc_h3_conn_set_user_data(handle, connection);
    return 0;
}

static int
on_connection_closed(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    (void) handle;
    endpoint_forget(user_data, cid);
    return 0;
}

bool
h3_register(xqc_engine_t *engine)
{
    xqc_h3_callbacks_t callbacks = {
        .h3c_cbs = {
            .h3_conn_create_notify = on_connection_created,
            .h3_conn_close_notify = on_connection_closed,
        },
        .h3r_cbs = {
            .h3_request_create_notify = on_request_created,
            .h3_request_close_notify = on_request_closed,
            .h3_request_read_notify = on_readable,
            .h3_request_write_notify = on_writable,
        },
    };

    return xqc_h3_ctx_init(engine, &callbacks) == XQC_OK;
}
