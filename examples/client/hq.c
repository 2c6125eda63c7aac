/* HTTP/0.9: a stream carries "GET /path\r\n" there, and the file's bytes back. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "transfer.h"

#define READ_CHUNK 65536

/* ---- transfers ------------------------------------------------------------------------------ */

/* Sends what is left of the request line. The FIN tells the server that nothing follows. */
static bool
send_request(xqc_stream_t *stream, struct transfer *transfer)
{
    char    line[2048];
    int     length = snprintf(line, sizeof(line), "GET %s\r\n", transfer->url->path);
    size_t  left = (size_t) length - transfer->sent;
    ssize_t sent;

    if (length >= (int) sizeof(line)) {
        return false;
    }
    if (left == 0) {
        return true;
    }
    sent = xqc_stream_send(stream, (unsigned char *) line + transfer->sent, left, 1);
    if (sent < 0) {
        return sent == -XQC_EAGAIN;
    }
    transfer->sent += (size_t) sent;
    return true;
}

static bool
begin(struct transfer *transfer)
{
    struct connection *connection = transfer->connection;
    xqc_stream_t      *stream = xqc_stream_create(connection->client->engine, &connection->cid,
                                                  NULL, transfer);

    if (stream == NULL) {
        return false;
    }
    transfer->stream = stream;
    if (!transfer_open_output(transfer)) {
        xqc_stream_close(stream);
    } else if (!send_request(stream, transfer)) {
        transfer_fail(transfer, STATUS_RECEIVE, "the request cannot be sent");
        xqc_stream_close(stream);
    }
    return true;
}

static void
abandon(struct transfer *transfer)
{
    xqc_stream_close(transfer->stream);
}

static xqc_int_t
on_stream_readable(xqc_stream_t *stream, void *user_data)
{
    static unsigned char chunk[READ_CHUNK];
    struct transfer     *transfer = user_data;
    uint8_t              fin = 0;

    while (!fin && !transfer_ended(transfer)) {
        ssize_t size = xqc_stream_recv(stream, chunk, sizeof(chunk), &fin);

        if (size == -XQC_EAGAIN) {
            return 0;
        }
        if (size < 0) {
            transfer_fail(transfer, STATUS_RECEIVE, "the stream broke off (%zd)", size);
        } else if (!transfer_receive(transfer, chunk, (size_t) size)) {
            xqc_stream_close(stream);
            return 0;
        }
    }
    transfer_complete(transfer);
    return 0;
}

static xqc_int_t
on_stream_writable(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    if (!transfer_ended(transfer) && !send_request(stream, transfer)) {
        transfer_fail(transfer, STATUS_RECEIVE, "the request cannot be sent");
        xqc_stream_close(stream);
    }
    return 0;
}

static void
on_stream_reset(xqc_stream_t *stream, xqc_int_t code, void *user_data)
{
    (void) stream;
    transfer_fail(user_data, STATUS_RECEIVE,
                  "the server does not deliver it (stream reset, code 0x%x)", (unsigned) code);
}

static xqc_int_t
on_stream_closed(xqc_stream_t *stream, void *user_data)
{
    (void) stream;
    transfer_stream_closed(user_data);
    return 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static int
on_connection_created(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) cid;
    (void) protocol_data;
    connection_created(user_data, xqc_conn_is_ready_to_send_early_data(handle));
    return 0;
}

static void
on_handshake_finished(xqc_connection_t *handle, void *user_data, void *protocol_data)
{
    (void) handle;
    (void) protocol_data;
    connection_ready(user_data);
}

static int
on_connection_closed(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) protocol_data;
    connection_ended(user_data, cid, xqc_conn_get_errno(handle), xqc_conn_get_err_type(handle));
    return 0;
}

static bool
add(xqc_engine_t *engine)
{
    xqc_app_proto_callbacks_t callbacks = {
        .conn_cbs = {
            .conn_create_notify = on_connection_created,
            .conn_close_notify = on_connection_closed,
            .conn_handshake_finished = on_handshake_finished,
        },
        .stream_cbs = {
            .stream_read_notify = on_stream_readable,
            .stream_write_notify = on_stream_writable,
            .stream_close_notify = on_stream_closed,
            .stream_closing_notify = on_stream_reset,
        },
    };

    return xqc_engine_register_alpn(engine, ALPN_HQ, strlen(ALPN_HQ), &callbacks, NULL) == XQC_OK;
}

static const xqc_cid_t *
connect_to(struct connection *connection, const xqc_conn_settings_t *settings,
    const xqc_conn_ssl_config_t *tls)
{
    struct client       *client = connection->client;
    const struct origin *origin = connection->origin;

    return xqc_connect(client->engine, settings,
                       (const unsigned char *) client->session.token.data,
                       (unsigned) client->session.token.size, origin->name, 0, tls,
                       (const struct sockaddr *) &origin->address.storage, origin->address.length,
                       ALPN_HQ, connection);
}

static void
close_it(struct connection *connection)
{
    xqc_conn_close(connection->client->engine, &connection->cid);
}

const struct protocol hq_protocol = { add, connect_to, begin, abandon, close_it };
