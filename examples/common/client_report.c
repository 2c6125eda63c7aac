#define _GNU_SOURCE
#include "client_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"

static void
explain_unreachable(const struct client *client, const struct connection *connection)
{
    char address[UDP_ADDRESS_TEXT];

    udp_address_text(&client->server, address);
    fprintf(stderr, "xqc_client: no connection to %s (%s): ", client->options.host, address);
    if (connection->refused) {
        fprintf(stderr, "nothing listens there\n");
    } else if (connection->distrusted) {
        fprintf(stderr, "its certificate is not the one expected\n");
    } else if (connection->reason[0] != '\0'
               && clock_monotonic_us() - connection->started
                      < (uint64_t) client->options.timeout_seconds * 1000000u)
    {
        fprintf(stderr, "%s\n", connection->reason);
    } else {
        fprintf(stderr, "no answer within %u s\n", client->options.timeout_seconds);
    }
}

enum exit_status
report_failures(const struct client *client)
{
    enum exit_status status = STATUS_OK;

    for (unsigned i = 0; i < client->options.path_count; i++) {
        const struct download *download = &client->downloads[i];

        if (download->state == DOWNLOAD_FAILED) {
            fprintf(stderr, "xqc_client: %s: %s\n", download->path, download->reason);
            if (status != STATUS_LOCAL) {
                status = download->local_failure ? STATUS_LOCAL : STATUS_INCOMPLETE;
            }
        } else if (download->state != DOWNLOAD_DONE) {
            if (client->first_handshake != 0) {
                fprintf(stderr, "xqc_client: %s: not downloaded\n", download->path);
            }
            status = status == STATUS_OK ? STATUS_INCOMPLETE : status;
        }
    }
    for (unsigned i = 0; i < client->options.connections; i++) {
        const struct connection *connection = &client->connections[i];

        if (connection->handshake_us == 0) {
            explain_unreachable(client, connection);
            status = client->first_handshake == 0 ? STATUS_UNREACHABLE : status;
        } else if (status != STATUS_OK && !connection->closing) {
            fprintf(stderr, "xqc_client: connection lost: %s\n", connection->reason);
            status = STATUS_LOST;
        }
    }
    return status;
}

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
print_stats(const struct client *client)
{
    double   seconds = (double) (client->last_byte - client->first_handshake) / 1e6;
    uint64_t sent = 0, received = 0, lost = 0, rtt = 0, min_rtt = 0, handshake = 0;

    for (unsigned i = 0; i < client->options.connections; i++) {
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
