/* The library's engine on a UDP socket: what a host owes the transport. */
#ifndef EXAMPLES_ENDPOINT_H
#define EXAMPLES_ENDPOINT_H

#include "server.h"

/* Creates the engine with both application protocols; `server->watch.fd` is bound already. */
bool endpoint_open(struct server *server);
void endpoint_close(struct server *server);

/* To be called by the application protocols when a connection has ended. */
void endpoint_forget(struct connection *connection, const xqc_cid_t *cid);

#endif
