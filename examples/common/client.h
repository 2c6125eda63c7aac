/* What one run of xqc_client consists of. */
#ifndef EXAMPLES_CLIENT_H
#define EXAMPLES_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

#include "client_options.h"
#include "download.h"
#include "loop.h"
#include "progress.h"
#include "session_file.h"
#include "trust.h"
#include "udp.h"

struct client;

struct connection {
    struct client      *client;
    struct watch        watch; /* its own UDP socket */
    struct udp_address  local;
    struct watch        second; /* with --migrate, the socket to move to */
    struct udp_address  second_local;
    const struct watch *arriving; /* the one of both that is being read */
    xqc_cid_t           cid;
    uint64_t            started;
    uint64_t            handshake_us; /* 0 until the handshake is done */
    unsigned            open_streams;
    bool                blocked; /* the kernel had no room for its datagrams */
    bool                closing;
    bool                closed;
    bool                starved;      /* the server allows no further stream just now */
    bool                refused;      /* ICMP: nothing listens there */
    bool                distrusted;   /* the certificate was not accepted */
    bool                moved;        /* --rebind or --migrate was done */
    bool                early;        /* requests go out before the handshake is done */
    xqc_conn_stats_t    stats;
    char                reason[128];
};

/* What a stream's callbacks carry: one download on one connection. */
struct transfer {
    struct connection *connection;
    struct download   *download;
    size_t             request_sent;
    bool               ended;
};

struct client {
    struct client_options options;
    struct loop           loop;
    struct udp_address    server;
    struct trust          trust;
    struct session_file   session;
    xqc_engine_t         *engine;
    struct connection    *connections;
    struct download      *downloads;
    struct transfer      *transfers; /* one for each download */
    unsigned              next;      /* first download not begun */
    unsigned              ended;     /* downloads done or failed */
    uint64_t              bytes;
    uint64_t              first_handshake; /* when the transfers could begin, and when they ended */
    uint64_t              last_byte;
    struct progress       progress;
};

#endif
