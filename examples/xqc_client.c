/*
 * xqc_client: downloads and uploads over QUIC, with HTTP/3 or HTTP/0.9, as an example of a C host
 * of libxquic. What a host owes the library is done in client/engine.c, what an application
 * protocol consists of in client/h3.c and client/hq.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/connection.h"
#include "client/engine.h"
#include "client/migration.h"
#include "client/report.h"
#include "client/transfer.h"
#include "common/sinks.h"

/* How often to look at the clock for the progress bars and the deadlines. */
#define TICK_MS 100

/* Opens everything; says on stderr what is wrong. */
static enum exit_status
prepare(struct client *client)
{
    const struct client_options *options = &client->options;
    const char                  *why;

    if (!transfers_prepare(client)) {
        fprintf(stderr, PROGRAM ": out of memory\n");
    } else if (!upload_open(&client->upload, options)) {
        fprintf(stderr, PROGRAM ": cannot read %s: %s\n", options->data_file, strerror(errno));
        return STATUS_READ;
    } else if (!arguments_open_sinks(PROGRAM, &options->common)) {
        return STATUS_LOCAL;
    } else if (options->ca_file != NULL && !trust_load(&client->trust, options->ca_file, &why)) {
        fprintf(stderr, PROGRAM ": cannot use %s: %s\n", options->ca_file, why);
    } else if (!engine_open(client)) {
        fprintf(stderr, PROGRAM ": the library refused to start\n");
    } else {
        return STATUS_OK;
    }
    return STATUS_LOCAL;
}

static enum exit_status
run(struct client *client)
{
    if (!connections_start(client)) {
        fprintf(stderr, PROGRAM ": out of memory\n");
        return STATUS_LOCAL;
    }
    while (client->ended < client->options.url_count && !client->loop.stop
           && connections_alive(client) && loop_turn(&client->loop, TICK_MS) == 0)
    {
        migration_check(client);
        report_progress(client, false);
    }
    report_progress(client, true);
    connections_close(client);
    return report_failures(client);
}

static enum exit_status
keep_session(const struct client *client)
{
    const char *path = client->options.session;

    if (path == NULL || client->first_handshake == 0
        || session_file_store(&client->session, path))
    {
        return STATUS_OK;
    }
    fprintf(stderr, PROGRAM ": cannot write %s: %s\n", path, strerror(errno));
    return STATUS_WRITE;
}

int
main(int argc, char **argv)
{
    struct client    client = { .options = client_options_parse(argc, argv) };
    enum exit_status status, kept;

    client.loop = (struct loop) { .epoll_fd = -1, .timer.fd = -1, .signals.fd = -1 };
    client.upload.fd = -1;
    client.protocol = client.options.hq ? &hq_protocol : &h3_protocol;
    if (client.options.session != NULL) {
        session_file_load(&client.session, client.options.session);
    }
    progress_init(&client.progress, client.options.progress);
    status = prepare(&client);
    if (status == STATUS_OK) {
        status = run(&client);
        if (client.options.common.stats && client.first_handshake != 0) {
            report_stats(&client);
        }
        kept = keep_session(&client);
        status = status == STATUS_OK ? kept : status;
    }
    connections_free(&client);
    transfers_free(&client);
    upload_close(&client.upload);
    trust_free(&client.trust);
    session_file_free(&client.session);
    client_options_free(&client.options);
    sinks_close();
    return status;
}
