/* The client's connections: their beginning and their end. */
#ifndef EXAMPLES_CONNECTION_H
#define EXAMPLES_CONNECTION_H

#include "client.h"

/* Finds the servers and sends first flights to them. False when memory is short. */
bool connections_start(struct client *client);

/* True while some connection can still bring something. Ends attempts that ran out of time. */
bool connections_alive(struct client *client);

/* Says goodbye on every connection and waits a moment for the library to be done with it. */
void connections_close(struct client *client);
void connections_free(struct client *client);

/* To be called by the application protocols. */
void connection_created(struct connection *connection, bool early);
void connection_ready(struct connection *connection);
void connection_ended(struct connection *connection, const xqc_cid_t *cid, int code, int type);

#endif
