/*
 * xqc_server: serves the files of a folder over QUIC, with HTTP/3 and HTTP/0.9, as an example of a
 * C host of libxquic. One thread and one socket in each worker, any number of connections.
 *
 * What a host owes the library is done in server/endpoint.c, what an application protocol consists
 * of in server/h3.c and server/hq.c; the rest is what any web server needs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sinks.h"
#include "server/alt_svc.h"
#include "server/drain.h"
#include "server/endpoint.h"
#include "server/folder.h"
#include "server/workers.h"

/* Opens what all workers share; says on stderr what is missing. */
static bool
prepare(struct server *server, int sockets[MAX_WORKERS])
{
    const struct server_options *options = &server->options;
    const char                  *why;

    if (access(options->certificate, R_OK) != 0) {
        fprintf(stderr, PROGRAM ": cannot read %s: %s\n", options->certificate, strerror(errno));
    } else if (access(options->key, R_OK) != 0) {
        fprintf(stderr, PROGRAM ": cannot read %s: %s\n", options->key, strerror(errno));
    } else if ((server->root_fd = folder_root(options->root)) < 0) {
        fprintf(stderr, PROGRAM ": cannot serve %s: %s\n", options->root, strerror(errno));
    } else if (!arguments_open_sinks(PROGRAM, &options->common)) {
        return false;
    } else if (!shared_keys_draw(&server->keys)) {
        fprintf(stderr, PROGRAM ": no random numbers: %s\n", strerror(errno));
    } else if (udp_resolve(options->address, options->port, &server->local, &why) != 0) {
        fprintf(stderr, PROGRAM ": cannot find %s: %s\n", options->address, why);
    } else if (!workers_bind(server, sockets)) {
        fprintf(stderr, PROGRAM ": cannot listen on %s port %u: %s\n", options->address,
                (unsigned) options->port, strerror(errno));
    } else {
        return alt_svc_listen(server);
    }
    return false;
}

/* What a worker does from its start to its end. */
static enum exit_status
work(struct server *server)
{
    enum exit_status status = STATUS_LOCAL;
    char             address[UDP_ADDRESS_TEXT];

    if (!endpoint_open(server)) {
        fprintf(stderr, PROGRAM ": the library refused to start: check certificate and key\n");
    } else if (alt_svc_open(server)) {
        status = STATUS_OK;
        if (server->worker == 0) {
            udp_address_text(&server->local, address);
            printf(PROGRAM ": listening on %s\n", address);
        }
        while (!server->loop.stop && loop_turn(&server->loop, -1) == 0) {
        }
        drain(server);
    }
    alt_svc_close(server);
    endpoint_close(server);
    return status;
}

int
main(int argc, char **argv)
{
    struct server    server = { .options = server_options_parse(argc, argv), .root_fd = -1 };
    int              sockets[MAX_WORKERS];
    enum exit_status status = STATUS_LOCAL;

    server.watch.fd = -1;
    server.loop = (struct loop) { .epoll_fd = -1, .timer.fd = -1, .signals.fd = -1 };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (prepare(&server, sockets)) {
        status = workers_run(&server, sockets, work);
        for (unsigned i = 0; i < server.options.workers; i++) {
            close(sockets[i]);
        }
    }
    if (server.root_fd >= 0) {
        close(server.root_fd);
    }
    sinks_close();
    return status;
}
