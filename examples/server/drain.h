/* The end of a server that lets its clients finish. */
#ifndef EXAMPLES_DRAIN_H
#define EXAMPLES_DRAIN_H

#include "server.h"

/*
 * Takes no new connections, tells clients to make no new requests, closes those connections where
 * no request is under way, and waits for the others, until their requests are done, the time of
 * --grace is up, or another signal comes.
 */
void drain(struct server *server);

#endif
