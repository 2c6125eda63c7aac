#define _GNU_SOURCE
#include "drain.h"

#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/clock.h"

/* How often to look whether requests have ended. */
#define LOOK_MS 50
/* Connections that are closed have this long to say goodbye before the program just ends. */
#define CLOSE_GRACE_US 200000

/* Tells clients of HTTP/3 to ask for nothing more; their connections end with their requests. */
static void
go_away(struct server *server)
{
#ifdef XQC_EXT_VERSION
    for (struct connection *connection = server->connections; connection;
         connection = connection->next)
    {
        if (connection->h3 != NULL && connection->requests > 0) {
            connection->closing = xqc_ext_h3_conn_go_away(connection->h3) == XQC_OK;
        }
    }
#else
    (void) server;
#endif
}

/* Closes every connection, or only those that do nothing. Returns how many still do something. */
static unsigned
close_connections(struct server *server, bool all)
{
    struct connection *next;
    unsigned           busy = 0;

    for (struct connection *connection = server->connections; connection; connection = next) {
        next = connection->next;
        if (!all && connection->requests > 0) {
            busy++;
        } else if (!connection->closing || all) {
            connection->closing = true;
            xqc_conn_close(server->engine, &connection->cid);
        }
    }
    return busy;
}

void
drain(struct server *server)
{
    uint64_t deadline = clock_monotonic_us() + server->options.grace_seconds * UINT64_C(1000000);

    server->stopping = true;
    server->loop.stop = false;
    go_away(server);
    while (close_connections(server, false) > 0 && !server->loop.stop
           && clock_monotonic_us() < deadline)
    {
        if (loop_turn(&server->loop, LOOK_MS) != 0) {
            break;
        }
    }
    close_connections(server, true);
    deadline = clock_monotonic_us() + CLOSE_GRACE_US;
    while (server->connections != NULL && clock_monotonic_us() < deadline
           && loop_turn(&server->loop, LOOK_MS) == 0)
    {
    }
}
