#include "migration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Another libxquic than ours does not know how to migrate. */
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#define CAN_MIGRATE
#endif
#endif

static void
complain(const char *what)
{
    fprintf(stderr, PROGRAM ": cannot %s\n", what);
}

static void
rebind(struct connection *connection)
{
    struct loop       *loop = &connection->client->loop;
    struct udp_address local;
    int                fd = udp_connect(&connection->origin->address, &local);

    if (fd < 0) {
        complain(strerror(errno));
        return;
    }
    loop_remove(loop, &connection->watch);
    close(connection->watch.fd);
    connection->watch.fd = fd;
    connection->local = local;
    if (loop_add(loop, &connection->watch) != 0) {
        complain(strerror(errno));
    }
    /* The server follows to where it hears something from. */
    xqc_conn_send_ping(connection->client->engine, &connection->cid, NULL);
}

#ifdef CAN_MIGRATE

static void
migrate(struct connection *connection)
{
    struct client *client = connection->client;
    struct watch  *second = &connection->second;

    second->fd = udp_connect(&connection->origin->address, &connection->second_local);
    if (second->fd < 0) {
        complain(strerror(errno));
        return;
    }
    second->ready = connection->watch.ready;
    second->owner = connection;
    if (loop_add(&client->loop, second) != 0
        || xqc_ext_conn_migrate(client->engine, &connection->cid,
                                (const struct sockaddr *) &connection->second_local.storage,
                                connection->second_local.length) != XQC_OK)
    {
        complain("migrate");
    }
}

int
migration_socket(struct connection *connection)
{
    struct udp_address address;

    address.length = 0;
    if (connection->second.owner == NULL
        || xqc_ext_local_addr_of_write(connection->client->engine,
                                       (struct sockaddr *) &address.storage,
                                       sizeof(address.storage), &address.length) != XQC_OK
        || address.length != connection->second_local.length
        || memcmp(&address.storage, &connection->second_local.storage, address.length) != 0)
    {
        return connection->watch.fd;
    }
    return connection->second.fd;
}

#else

static void
migrate(struct connection *connection)
{
    (void) connection;
    complain("migrate: the library does not know how");
}

int
migration_socket(struct connection *connection)
{
    return connection->watch.fd;
}

#endif

void
migration_check(struct client *client)
{
    const struct client_options *options = &client->options;

    for (unsigned i = 0; i < client->connection_count; i++) {
        struct connection *connection = &client->connections[i];

        if (connection->moved || connection->closed || connection->handshake_us == 0) {
            continue;
        }
        if (options->rebind_after != 0 && client->bytes >= options->rebind_after) {
            connection->moved = true;
            rebind(connection);
        } else if (options->migrate_after != 0 && client->bytes >= options->migrate_after) {
            connection->moved = true;
            migrate(connection);
        }
    }
}

const struct udp_address *
migration_local(const struct connection *connection, const struct watch *watch)
{
    return watch == &connection->second ? &connection->second_local : &connection->local;
}

void
migration_close(struct connection *connection)
{
    if (connection->watch.owner != NULL && connection->watch.fd >= 0) {
        close(connection->watch.fd);
    }
    if (connection->second.owner != NULL && connection->second.fd >= 0) {
        close(connection->second.fd);
    }
}
