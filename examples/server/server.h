/* What one worker of xqc_server consists of. */
#ifndef EXAMPLES_SERVER_H
#define EXAMPLES_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

#include "common/loop.h"
#include "common/udp.h"
#include "options.h"
#include "shared_keys.h"

#define PROGRAM "xqc_server"

struct server {
    struct server_options options;
    struct shared_keys    keys;
    struct loop           loop;
    struct watch          watch; /* the UDP socket */
    struct udp_address    local;
    xqc_engine_t         *engine;
    struct connection    *connections; /* every live one */
    unsigned              worker;      /* its number, from 0 on */
    int                   root_fd;
    bool                  blocked;     /* the kernel has no room for datagrams */
    bool                  stopping;    /* no new connections any more */
};

/* One QUIC connection. Requests name it by the user data of their connection. */
struct connection {
    struct server     *server;
    struct connection *next, *previous;
    xqc_connection_t  *handle;
    xqc_h3_conn_t     *h3; /* NULL: it speaks something else */
    xqc_cid_t          cid;
    unsigned           requests; /* under way */
    bool               blocked;  /* wants xqc_conn_continue_send() when there is room again */
    bool               going_away; /* ends with its requests */
    bool               closing;
};

#endif
