/* Connections that change their address in the middle of the downloads, to try it out. */
#ifndef EXAMPLES_CLIENT_MIGRATION_H
#define EXAMPLES_CLIENT_MIGRATION_H

#include "client.h"

/*
 * Once enough bytes have come: with --rebind another socket takes the place of the connection's,
 * as if a NAT had forgotten it; with --migrate the library is asked to move to another socket.
 */
void migration_check(struct client *client);

/* The socket that the library wants to send on, to be asked for in write callbacks only. */
int migration_socket(struct connection *connection);

/* The local address of one of the connection's sockets. */
const struct udp_address *migration_local(const struct connection *connection,
    const struct watch *watch);

/* Closes the connection's sockets. */
void migration_close(struct connection *connection);

#endif
