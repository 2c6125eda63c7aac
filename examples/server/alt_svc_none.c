/* In place of alt_svc.c where there is no TLS library to build it with. */
#include "alt_svc.h"

#include <stdio.h>

bool
alt_svc_listen(struct server *server)
{
    if (server->options.https_port >= 0) {
        fprintf(stderr, PROGRAM ": built without TLS over TCP: there is no --https-port\n");
        return false;
    }
    return true;
}

bool
alt_svc_open(struct server *server)
{
    (void) server;
    return true;
}

void
alt_svc_close(struct server *server)
{
    (void) server;
}
