#define _GNU_SOURCE
#include "client_transfers.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define READ_CHUNK 65536

static void
end_transfer(struct transfer *transfer)
{
    struct client *client = transfer->connection->client;

    if (!transfer->ended) {
        transfer->ended = true;
        client->ended++;
        client->last_byte = clock_monotonic_us();
    }
}

static void
fail_transfer(struct transfer *transfer, const char *reason)
{
    download_fail(transfer->download, "%s", reason);
    end_transfer(transfer);
}

/* Sends what is left of the request line. The FIN tells the server that nothing follows. */
static int
send_request(xqc_stream_t *stream, struct transfer *transfer)
{
    char    line[2048];
    int     length = snprintf(line, sizeof(line), "GET %s\r\n", transfer->download->path);
    size_t  left = (size_t) length - transfer->request_sent;
    ssize_t sent;

    if (length >= (int) sizeof(line)) {
        return -1;
    }
    if (left == 0) {
        return 0;
    }
    sent = xqc_stream_send(stream, (unsigned char *) line + transfer->request_sent, left, 1);
    if (sent < 0) {
        return sent == -XQC_EAGAIN ? 0 : -1;
    }
    transfer->request_sent += (size_t) sent;
    return 0;
}

void
begin_downloads(struct connection *connection)
{
    struct client *client = connection->client;

    while (!connection->starved && !connection->closing && client->next < client->options.path_count
           && connection->open_streams < client->options.parallel)
    {
        struct transfer *transfer = &client->transfers[client->next];
        xqc_stream_t    *stream;

        transfer->connection = connection;
        stream = xqc_stream_create(client->engine, &connection->cid, NULL, transfer);
        if (stream == NULL) {
            /* The server's limit: go on when a stream has ended. */
            connection->starved = true;
            return;
        }
        client->next++;
        connection->open_streams++;
        if (!download_begin(transfer->download)) {
            end_transfer(transfer);
            xqc_stream_close(stream);
        } else if (send_request(stream, transfer) != 0) {
            fail_transfer(transfer, "the request could not be sent");
            xqc_stream_close(stream);
        }
    }
}

/* Takes everything that has arrived; returns false once the transfer has ended. */
static bool
receive_file(xqc_stream_t *stream, struct transfer *transfer)
{
    static unsigned char chunk[READ_CHUNK];
    struct client       *client = transfer->connection->client;
    char                 reason[64];
    uint8_t              fin = 0;

    while (!fin) {
        ssize_t size = xqc_stream_recv(stream, chunk, sizeof(chunk), &fin);

        if (size == -XQC_EAGAIN) {
            return true;
        }
        if (size < 0) {
            snprintf(reason, sizeof(reason), "the stream broke off (%zd)", size);
            fail_transfer(transfer, reason);
            return false;
        }
        client->bytes += (uint64_t) size;
        if (!download_append(transfer->download, chunk, (size_t) size)) {
            end_transfer(transfer);
            xqc_stream_close(stream);
            return false;
        }
    }
    download_complete(transfer->download);
    end_transfer(transfer);
    return false;
}

static xqc_int_t
on_stream_readable(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    if (!transfer->ended) {
        receive_file(stream, transfer);
    }
    return 0;
}

static xqc_int_t
on_stream_writable(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    if (!transfer->ended && send_request(stream, transfer) != 0) {
        fail_transfer(transfer, "the request could not be sent");
        xqc_stream_close(stream);
    }
    return 0;
}

static void
on_stream_reset(xqc_stream_t *stream, xqc_int_t code, void *user_data)
{
    struct transfer *transfer = user_data;
    char             reason[96];

    (void) stream;
    snprintf(reason, sizeof(reason), "the server does not deliver it (stream reset, code 0x%x)",
             (unsigned) code);
    fail_transfer(transfer, reason);
}

static xqc_int_t
on_stream_closed(xqc_stream_t *stream, void *user_data)
{
    struct transfer *transfer = user_data;

    (void) stream;
    fail_transfer(transfer, "the stream ended early");
    transfer->connection->open_streams--;
    transfer->connection->starved = false;
    return 0;
}

const xqc_stream_callbacks_t client_stream_callbacks = {
    .stream_read_notify = on_stream_readable,
    .stream_write_notify = on_stream_writable,
    .stream_close_notify = on_stream_closed,
    .stream_closing_notify = on_stream_reset,
};
