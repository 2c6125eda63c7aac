#define _GNU_SOURCE
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- progress ------------------------------------------------------------------------------- */

void
report_progress(struct client *client, bool final)
{
    struct progress_row rows[PROGRESS_ROWS];
    struct progress_row whole = { "", client->bytes, client->options.expected_bytes };
    uint64_t            expected = 0;
    unsigned            count = 0;
    bool                known = true;

    if (client->first_handshake == 0 || (!final && !progress_due(&client->progress))) {
        return;
    }
    for (unsigned i = 0; i < client->options.url_count; i++) {
        const struct transfer *transfer = &client->transfers[i];

        known = known && (transfer->expects || transfer->state == TRANSFER_FAILED);
        expected += transfer->expected;
        if (transfer->state == TRANSFER_ACTIVE && count < PROGRESS_ROWS) {
            rows[count++] = (struct progress_row) {
                transfer->url->path, transfer->received, transfer->expected,
            };
        }
    }
    if (whole.expected == 0 && known) {
        whole.expected = expected;
    }
    if (final) {
        progress_finish(&client->progress, &whole);
    } else {
        progress_draw(&client->progress, rows, count, &whole);
    }
}

/* ---- failures ------------------------------------------------------------------------------- */

/* True when it ended without our doing, or never came about. */
static bool
has_failed(const struct connection *connection)
{
    return connection->status != STATUS_OK;
}

static enum exit_status
failure_of(const struct connection *connection)
{
    return connection->distrusted ? STATUS_CERTIFICATE : connection->status;
}

static void
explain(const struct client *client, const struct connection *connection)
{
    const struct url *url = connection->origin->url;
    char              address[UDP_ADDRESS_TEXT];

    if (connection->handshake_us != 0) {
        fprintf(stderr, PROGRAM ": connection lost: %s\n", connection->reason);
        return;
    }
    udp_address_text(&connection->origin->address, address);
    fprintf(stderr, PROGRAM ": no connection to %s (%s): ", url->host, address);
    if (connection->distrusted) {
        fprintf(stderr, "its certificate is not the one expected\n");
    } else if (connection->status == STATUS_TIMEOUT) {
        fprintf(stderr, "no answer within %u s\n", client->options.timeout_seconds);
    } else {
        fprintf(stderr, "%s\n", connection->reason);
    }
}

/* The connection whose end is the end of a transfer that has no failure of its own; or NULL. */
static const struct connection *
culprit(const struct client *client, const struct transfer *transfer)
{
    if (transfer->state != TRANSFER_WAITING && transfer->connection != NULL) {
        return has_failed(transfer->connection) ? transfer->connection : NULL;
    }
    for (unsigned i = 0; i < client->connection_count; i++) {
        const struct connection *connection = &client->connections[i];

        if (connection->origin == transfer->origin && has_failed(connection)) {
            return connection;
        }
    }
    return NULL;
}

/* The exit status of one transfer, with a line of its own if something was transferred. */
static enum exit_status
judge(const struct client *client, const struct transfer *transfer)
{
    const struct connection *connection = culprit(client, transfer);
    bool                     broken_off = transfer->state != TRANSFER_FAILED
                                          || transfer->status == STATUS_RECEIVE;

    if (transfer->state == TRANSFER_DONE) {
        return STATUS_OK;
    }
    if (transfer->state == TRANSFER_FAILED) {
        fprintf(stderr, PROGRAM ": %s: %s\n", transfer->url->path, transfer->reason);
    } else if (client->first_handshake != 0) {
        fprintf(stderr, PROGRAM ": %s: not downloaded\n", transfer->url->path);
    }
    if (broken_off && connection != NULL) {
        return failure_of(connection);
    }
    return transfer->state == TRANSFER_FAILED ? transfer->status : STATUS_RECEIVE;
}

enum exit_status
report_failures(const struct client *client)
{
    enum exit_status status = STATUS_OK;

    for (unsigned i = 0; i < client->options.url_count; i++) {
        enum exit_status one = judge(client, &client->transfers[i]);

        status = status == STATUS_OK ? one : status;
    }
    for (unsigned i = 0; i < client->connection_count; i++) {
        const struct connection *connection = &client->connections[i];

        if (has_failed(connection) && (status != STATUS_OK || connection->handshake_us == 0)) {
            explain(client, connection);
        }
    }
    return status;
}

/* ---- figures -------------------------------------------------------------------------------- */

/* What became of the requests that went out before the handshake was done. */
static const char *
early_data_text(const struct client *client)
{
    switch (client->connections[0].stats.early_data_flag) {
    case XQC_0RTT_ACCEPT:
        return "accepted";
    case XQC_0RTT_REJECT:
        return "rejected, sent again";
    default:
        return "none";
    }
}

void
report_stats(const struct client *client)
{
    double   seconds = (double) (client->last_byte - client->first_handshake) / 1e6;
    uint64_t sent = 0, received = 0, lost = 0, rtt = 0, min_rtt = 0, handshake = 0;

    for (unsigned i = 0; i < client->connection_count; i++) {
        const struct connection *connection = &client->connections[i];

        sent += connection->stats.send_count;
        received += connection->stats.recv_count;
        lost += connection->stats.lost_count;
        if (connection->handshake_us > handshake) {
            handshake = connection->handshake_us;
            rtt = connection->stats.srtt;
            min_rtt = connection->stats.min_rtt;
        }
    }
    printf("handshake    %.2f ms\n", (double) handshake / 1e3);
    if (client->options.early_data) {
        printf("early data   %s\n", early_data_text(client));
    }
    printf("received     %" PRIu64 " bytes in %.3f s\n", client->bytes, seconds);
    printf("speed        %.1f MB/s\n", seconds > 0 ? (double) client->bytes / 1e6 / seconds : 0);
    printf("RTT          %.3f ms smoothed, %.3f ms minimum\n", (double) rtt / 1e3,
           (double) min_rtt / 1e3);
    printf("packets      %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost\n", sent,
           received, lost);
}
