#define _GNU_SOURCE
#include "drain.h"

#include <xquic/xqc_http3.h>

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
            connection->going_away = xqc_ext_h3_conn_go_away(connection->h3) == XQC_OK;
        }
    }
#else
    (void) server;
#endif
}

static void
say_goodbye(struct connection *connection)
{
    xqc_engine_t *engine = connection->server->engine;

    connection->closing = true;
    if (connection->h3 != NULL) {
        xqc_h3_conn_close(engine, &connection->cid);
    } else {
        xqc_conn_close(engine, &connection->cid);
    }
}

/* A connection that is to be closed: any, or one that does nothing and does not end by itself. */
static struct connection *
find_open(struct server *server, bool all)
{
    for (struct connection *connection = server->connections; connection;
         connection = connection->next)
    {
        bool idle = connection->requests == 0 && !connection->going_away;

        if (!connection->closing && (all || idle)) {
            return connection;
        }
    }
    return NULL;
}

/* Closes every connection, or only those that do nothing. Some libraries release connections inside
 * the call, so the list is looked at anew after each. */
static void
close_connections(struct server *server, bool all)
{
    struct connection *connection;

    while ((connection = find_open(server, all)) != NULL) {
        say_goodbye(connection);
    }
}

static bool
is_busy(const struct server *server)
{
    const struct connection *connection = server->connections;

    while (connection != NULL && connection->requests == 0) {
        connection = connection->next;
    }
    return connection != NULL;
}

void
drain(struct server *server)
{
    uint64_t deadline = clock_monotonic_us() + server->options.grace_seconds * UINT64_C(1000000);

    server->stopping = true;
    server->loop.stop = false;
    go_away(server);
    close_connections(server, false);
    while (is_busy(server) && !server->loop.stop && clock_monotonic_us() < deadline) {
        if (loop_turn(&server->loop, LOOK_MS) != 0) {
            break;
        }
        close_connections(server, false);
    }
    close_connections(server, true);
    deadline = clock_monotonic_us() + CLOSE_GRACE_US;
    while (server->connections != NULL && clock_monotonic_us() < deadline
           && loop_turn(&server->loop, LOOK_MS) == 0)
    {
    }
}
