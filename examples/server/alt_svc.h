/*
 * HTTPS over TCP, for browsers: they come there first, and an Alt-Svc field (RFC 7838) tells them
 * that the same is to be had over HTTP/3.
 */
#ifndef EXAMPLES_ALT_SVC_H
#define EXAMPLES_ALT_SVC_H

#include "server.h"

/* With --https-port: opens the listening socket, before the workers start. Says what is wrong. */
bool alt_svc_listen(struct server *server);

/* In each worker: begins to accept. True also where nothing is to be done. */
bool alt_svc_open(struct server *server);
void alt_svc_close(struct server *server);

#endif
