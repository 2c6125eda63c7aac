/* The library's engine of a client: timer, sockets, and what the transport asks and tells. */
#ifndef EXAMPLES_ENGINE_H
#define EXAMPLES_ENGINE_H

#include "client.h"

/* Opens the loop and the engine, with the one application protocol that is wanted. */
bool engine_open(struct client *client);

/* What the watches of a connection's sockets do. */
void engine_socket_ready(struct watch *watch, uint32_t events);

#endif
