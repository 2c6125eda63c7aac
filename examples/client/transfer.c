#define _GNU_SOURCE
#include "transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define DEFAULT_PORT 443

/* ---- who gets what from where --------------------------------------------------------------- */

/* What :authority says: the server's name, and its port unless it is the usual one. */
static bool
name_authority(struct origin *origin)
{
    bool bracket = strchr(origin->name, ':') != NULL;
    char port[8] = "";

    if (origin->url->port != DEFAULT_PORT) {
        snprintf(port, sizeof(port), ":%u", (unsigned) origin->url->port);
    }
    if (asprintf(&origin->authority, bracket ? "[%s]%s" : "%s%s", origin->name, port) < 0) {
        origin->authority = NULL;
    }
    return origin->authority != NULL;
}

static struct origin *
find_origin(struct client *client, const struct url *url)
{
    struct origin *origin;

    for (unsigned i = 0; i < client->origin_count; i++) {
        if (url_same_origin(client->origins[i].url, url)) {
            return &client->origins[i];
        }
    }
    origin = &client->origins[client->origin_count++];
    origin->url = url;
    origin->name = client->options.server_name != NULL ? client->options.server_name : url->host;
    return name_authority(origin) ? origin : NULL;
}

static bool
prepare_transfer(struct client *client, unsigned index)
{
    struct transfer  *transfer = &client->transfers[index];
    struct transfer **place;

    transfer->client = client;
    transfer->url = &client->options.urls[index];
    transfer->origin = find_origin(client, transfer->url);
    if (transfer->origin == NULL
        || !output_init(&transfer->output, &client->options, transfer->url))
    {
        return false;
    }
    for (unsigned i = 0; i < index; i++) {
        if (output_collides(&client->transfers[i].output, &transfer->output)) {
            arguments_fail(PROGRAM, "'%s' and '%s' would be written to the same file",
                           client->transfers[i].url->path, transfer->url->path);
        }
    }
    place = &transfer->origin->waiting;
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = transfer;
    return true;
}

bool
transfers_prepare(struct client *client)
{
    unsigned count = client->options.url_count;

    client->transfers = calloc(count, sizeof(client->transfers[0]));
    client->origins = calloc(count, sizeof(client->origins[0]));
    if (client->transfers == NULL || client->origins == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!prepare_transfer(client, i)) {
            return false;
        }
    }
    return true;
}

void
transfers_free(struct client *client)
{
    for (unsigned i = 0; client->transfers != NULL && i < client->options.url_count; i++) {
        output_abandon(&client->transfers[i].output);
        output_free(&client->transfers[i].output);
    }
    for (unsigned i = 0; i < client->origin_count; i++) {
        free(client->origins[i].authority);
    }
    free(client->transfers);
    free(client->origins);
}

/* ---- its course ----------------------------------------------------------------------------- */

bool
transfer_ended(const struct transfer *transfer)
{
    return transfer->state == TRANSFER_DONE || transfer->state == TRANSFER_FAILED;
}

void
transfers_begin(struct connection *connection)
{
    struct client *client = connection->client;
    struct origin *origin = connection->origin;

    while (!connection->starved && !connection->closing && !connection->closed
           && origin->waiting != NULL && connection->open_streams < client->options.parallel)
    {
        struct transfer *transfer = origin->waiting;

        transfer->connection = connection;
        if (!client->protocol->begin(transfer)) {
            /* The server's limit: go on when a stream has ended. */
            connection->starved = true;
            return;
        }
        origin->waiting = transfer->next;
        connection->open_streams++;
        if (transfer->state == TRANSFER_WAITING) {
            transfer->state = TRANSFER_ACTIVE;
        }
    }
}

static void
end(struct transfer *transfer, enum transfer_state state)
{
    transfer->state = state;
    transfer->client->ended++;
    transfer->client->last_byte = clock_monotonic_us();
}

void
transfer_fail(struct transfer *transfer, enum exit_status status, const char *format, ...)
{
    va_list arguments;

    if (transfer_ended(transfer)) {
        return;
    }
    end(transfer, TRANSFER_FAILED);
    transfer->status = status;
    va_start(arguments, format);
    vsnprintf(transfer->reason, sizeof(transfer->reason), format, arguments);
    va_end(arguments);
    output_abandon(&transfer->output);
}

static bool
fail_output(struct transfer *transfer, const char *what)
{
    transfer_fail(transfer, STATUS_WRITE, "cannot %s %s: %s", what,
                  output_name(&transfer->output), strerror(errno));
    return false;
}

bool
transfer_open_output(struct transfer *transfer)
{
    return output_open(&transfer->output) || fail_output(transfer, "create");
}

bool
transfer_receive(struct transfer *transfer, const unsigned char *data, size_t size)
{
    transfer->received += size;
    transfer->client->bytes += size;
    return output_write(&transfer->output, data, size) || fail_output(transfer, "write");
}

void
transfer_complete(struct transfer *transfer)
{
    if (transfer_ended(transfer)) {
        return;
    }
    if (transfer->expects && transfer->received != transfer->expected) {
        transfer_fail(transfer, STATUS_PARTIAL, "%" PRIu64 " bytes came instead of %" PRIu64,
                      transfer->received, transfer->expected);
    } else if (!output_finish(&transfer->output)) {
        fail_output(transfer, "finish");
    } else {
        end(transfer, TRANSFER_DONE);
    }
}

void
transfer_stream_closed(struct transfer *transfer)
{
    transfer->stream = NULL;
    transfer_fail(transfer, STATUS_RECEIVE, "the response broke off");
    transfer->connection->open_streams--;
    transfer->connection->starved = false;
}
