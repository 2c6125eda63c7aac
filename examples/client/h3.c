/* HTTP/3: one request per transfer. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xquic/xqc_http3.h>
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/fields.h"
#include "connection.h"
#include "headers.h"
#include "transfer.h"

#define CHUNK 65536

/* ---- the request ---------------------------------------------------------------------------- */

/* "Name: value" of the command line. */
static void
add_own_field(struct fields *fields, const char *text)
{
    const char *colon = strchr(text, ':');
    const char *value = colon + 1 + strspn(colon + 1, " \t");

    fields_add_bytes(fields, text, (size_t) (colon - text), value, strlen(value));
}

static bool
has_own_field(const struct client_options *options, const char *name)
{
    size_t length = strlen(name);

    for (unsigned i = 0; i < options->header_count; i++) {
        if (strncasecmp(options->headers[i], name, length) == 0
            && options->headers[i][length] == ':')
        {
            return true;
        }
    }
    return false;
}

static void
add_default_field(struct fields *fields, const struct client_options *options, const char *name,
    const char *value)
{
    if (!has_own_field(options, name)) {
        fields_add(fields, name, value);
    }
}

static void
make_request(struct fields *fields, const struct transfer *transfer)
{
    const struct client         *client = transfer->client;
    const struct client_options *options = &client->options;

    fields_add(fields, ":method", options->method);
    fields_add(fields, ":scheme", "https");
    fields_add(fields, ":authority", transfer->origin->authority);
    fields_add(fields, ":path", transfer->url->path);
    add_default_field(fields, options, "user-agent", PROGRAM);
    add_default_field(fields, options, "accept", "*/*");
    if (client->upload.wanted) {
        add_default_field(fields, options, "content-type",
                          options->data != NULL ? "application/x-www-form-urlencoded"
                                                : "application/octet-stream");
        fields_format(fields, "content-length", "%" PRIu64, client->upload.size);
    }
    for (unsigned i = 0; i < options->header_count; i++) {
        add_own_field(fields, options->headers[i]);
    }
}

/* Ends the transfer here and at the server. */
static bool
fail(struct transfer *transfer, enum exit_status status, const char *reason)
{
    transfer_fail(transfer, status, "%s", reason);
    if (transfer->stream != NULL) {
        xqc_h3_request_close(transfer->stream);
    }
    return false;
}

/* Sends the fields that end the request, once. */
static bool
send_trailers(struct transfer *transfer)
{
    const struct client_options *options = &transfer->client->options;
    struct fields                fields = { .count = 0 };
    xqc_http_headers_t           section;

    if (transfer->trailed) {
        return true;
    }
    for (unsigned i = 0; i < options->trailer_count; i++) {
        add_own_field(&fields, options->trailers[i]);
    }
    section = fields_section(&fields);
    if (options->verbose) {
        headers_show("> ", &section);
    }
    transfer->trailed = true;
    return xqc_h3_request_send_headers(transfer->stream, &section, true) >= 0
           || fail(transfer, STATUS_RECEIVE, "the trailers cannot be sent");
}

/* Sends as much of the content as the library takes; the write callback comes for the rest. */
static bool
send_content(struct transfer *transfer)
{
    static unsigned char chunk[CHUNK];
    const struct upload *upload = &transfer->client->upload;
    bool                 trailers = transfer->client->options.trailer_count > 0;

    while (transfer->sent < upload->size) {
        uint64_t left = upload->size - transfer->sent;
        ssize_t  size = upload_read(upload, transfer->sent, chunk, sizeof(chunk));
        ssize_t  taken;

        if (size <= 0) {
            return fail(transfer, STATUS_READ, "the file to send shrank or cannot be read");
        }
        taken = xqc_h3_request_send_body(transfer->stream, chunk, (size_t) size,
                                         (uint64_t) size == left && !trailers);
        if (taken == -XQC_EAGAIN) {
            return true;
        }
        if (taken < 0) {
            return fail(transfer, STATUS_RECEIVE, "the content cannot be sent");
        }
        transfer->sent += (uint64_t) taken;
        if (taken < size) {
            return true;
        }
    }
    return !trailers || send_trailers(transfer);
}

static bool
begin(struct transfer *transfer)
{
    struct connection *connection = transfer->connection;
    struct client     *client = connection->client;
    struct fields      fields = { .count = 0 };
    xqc_http_headers_t section;
    bool               is_last;
    xqc_h3_request_t  *request = xqc_h3_request_create(client->engine, &connection->cid, NULL,
                                                       transfer);

    if (request == NULL) {
        return false;
    }
    is_last = client->upload.size == 0 && client->options.trailer_count == 0;
    transfer->stream = request;
    make_request(&fields, transfer);
    section = fields_section(&fields);
    if (client->options.verbose) {
        headers_show("> ", &section);
    }
    if (xqc_h3_request_send_headers(request, &section, is_last) < 0) {
        fail(transfer, STATUS_RECEIVE, "the request cannot be sent");
    } else {
        send_content(transfer);
    }
    return true;
}

static void
abandon(struct transfer *transfer)
{
    xqc_h3_request_close(transfer->stream);
}

/* ---- the response --------------------------------------------------------------------------- */

static void
note_length(struct transfer *transfer, const xqc_http_headers_t *section)
{
    const struct iovec *value = fields_find(section, "content-length");
    char                digits[24];

    if (value == NULL || value->iov_len == 0 || value->iov_len >= sizeof(digits)
        || strcmp(transfer->client->options.method, "HEAD") == 0 || transfer->http_status == 304)
    {
        return;
    }
    memcpy(digits, value->iov_base, value->iov_len);
    digits[value->iov_len] = '\0';
    transfer->expected = strtoull(digits, NULL, 10);
    transfer->expects = true;
}

/* With -i what is written begins with the header section; it counts as no content. */
static bool
include_header(struct transfer *transfer, const xqc_http_headers_t *section)
{
    size_t length = 0;
    char  *text = headers_text(section, &length);
    bool   written = text != NULL && output_write(&transfer->output, text, length);

    free(text);
    return written || fail(transfer, STATUS_WRITE, "cannot write the header section");
}

/* Acts on a header section. False: the transfer has failed. */
static bool
on_header(struct transfer *transfer, const xqc_http_headers_t *section)
{
    const struct client_options *options = &transfer->client->options;
    int                          status = fields_status(section);

    if (options->verbose) {
        headers_show("< ", section);
    }
    if (status < 200 || transfer->http_status != 0) {
        /* An interim response (RFC 9110 section 15.2); the final one follows. */
        return true;
    }
    transfer->http_status = status;
    if (options->fail && status >= 400) {
        transfer_fail(transfer, STATUS_HTTP_ERROR, "the server answers with status %d", status);
        xqc_h3_request_close(transfer->stream);
        return false;
    }
    note_length(transfer, section);
    if (!transfer_open_output(transfer)) {
        xqc_h3_request_close(transfer->stream);
        return false;
    }
    return !options->include || include_header(transfer, section);
}

/* Takes what has arrived. False: the transfer has failed. */
static bool
receive_content(xqc_h3_request_t *request, struct transfer *transfer, uint8_t *fin)
{
    static unsigned char chunk[CHUNK];

    while (!*fin) {
        ssize_t size = xqc_h3_request_recv_body(request, chunk, sizeof(chunk), fin);

        if (size == -XQC_EAGAIN) {
            return true;
        }
        if (size < 0) {
            return fail(transfer, STATUS_RECEIVE, "the response broke off");
        }
        if (!transfer_receive(transfer, chunk, (size_t) size)) {
            xqc_h3_request_close(request);
            return false;
        }
    }
    return true;
}

static int
on_readable(xqc_h3_request_t *request, xqc_request_notify_flag_t flag, void *user_data)
{
    struct transfer    *transfer = user_data;
    xqc_http_headers_t *section;
    uint8_t             fin = flag == XQC_REQ_NOTIFY_READ_EMPTY_FIN;

    if (transfer_ended(transfer)) {
        return 0;
    }
    if (flag & XQC_REQ_NOTIFY_READ_HEADER) {
        section = xqc_h3_request_recv_headers(request, &fin);
        if (section != NULL && !on_header(transfer, section)) {
            return 0;
        }
    }
    if ((flag & XQC_REQ_NOTIFY_READ_BODY) && !receive_content(request, transfer, &fin)) {
        return 0;
    }
    if (flag & XQC_REQ_NOTIFY_READ_TRAILER) {
        section = xqc_h3_request_recv_headers(request, &fin);
        if (section != NULL && transfer->client->options.verbose) {
            headers_show("< ", section);
        }
    }
    if (fin && transfer->http_status == 0) {
        fail(transfer, STATUS_RECEIVE, "no response came");
    } else if (fin) {
        transfer_complete(transfer);
    }
    return 0;
}

static int
on_writable(xqc_h3_request_t *request, void *user_data)
{
    struct transfer *transfer = user_data;

    (void) request;
    if (!transfer_ended(transfer)) {
        send_content(transfer);
    }
    return 0;
}

static void
on_reset(xqc_h3_request_t *request, xqc_int_t code, void *user_data)
{
    (void) request;
    transfer_fail(user_data, STATUS_RECEIVE,
                  "the server does not deliver it (stream reset, code 0x%x)", (unsigned) code);
}

static int
on_closed(xqc_h3_request_t *request, void *user_data)
{
    (void) request;
    transfer_stream_closed(user_data);
    return 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static int
on_connection_created(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    (void) cid;
    xqc_h3_conn_set_user_data(handle, user_data);
    connection_created(user_data, xqc_h3_conn_is_ready_to_send_early_data(handle));
    return 0;
}

static void
on_handshake_finished(xqc_h3_conn_t *handle, void *user_data)
{
    (void) handle;
    connection_ready(user_data);
}

/* 0x100 stands for no error at all (RFC 9114 section 8.1). */
static int
on_connection_closed(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    int code = xqc_h3_conn_get_errno(handle);
    int why = XQC_CONN_ERR_TYPE_UNKNOWN;

#ifdef XQC_EXT_VERSION
    why = xqc_conn_get_err_type(xqc_h3_conn_get_xqc_conn(handle));
#endif
    connection_ended(user_data, cid, code == H3_NO_ERROR ? 0 : code, why);
    return 0;
}

static bool
add(xqc_engine_t *engine)
{
    xqc_h3_callbacks_t callbacks = {
        .h3c_cbs = {
            .h3_conn_create_notify = on_connection_created,
            .h3_conn_close_notify = on_connection_closed,
            .h3_conn_handshake_finished = on_handshake_finished,
        },
        .h3r_cbs = {
            .h3_request_close_notify = on_closed,
            .h3_request_read_notify = on_readable,
            .h3_request_write_notify = on_writable,
            .h3_request_closing_notify = on_reset,
        },
    };

    return xqc_h3_ctx_init(engine, &callbacks) == XQC_OK;
}

static const xqc_cid_t *
connect_to(struct connection *connection, const xqc_conn_settings_t *settings,
    const xqc_conn_ssl_config_t *tls)
{
    struct client       *client = connection->client;
    const struct origin *origin = connection->origin;

    return xqc_h3_connect(client->engine, settings,
                          (const unsigned char *) client->session.token.data,
                          (unsigned) client->session.token.size, origin->name, 0, tls,
                          (const struct sockaddr *) &origin->address.storage,
                          origin->address.length, connection);
}

static void
close_it(struct connection *connection)
{
    xqc_h3_conn_close(connection->client->engine, &connection->cid);
}

const struct protocol h3_protocol = { add, connect_to, begin, abandon, close_it };
