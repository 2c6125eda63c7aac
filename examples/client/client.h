/* What one run of xqc_client consists of: servers, connections to them, and transfers. */
#ifndef EXAMPLES_CLIENT_H
#define EXAMPLES_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

#include "common/loop.h"
#include "common/udp.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "session_file.h"
#include "trust.h"
#include "upload.h"

#define PROGRAM "xqc_client"

struct client;
struct connection;
struct transfer;

/* An application protocol. */
struct protocol {
    bool (*add)(xqc_engine_t *engine);
    const xqc_cid_t *(*connect)(struct connection *connection, const xqc_conn_settings_t *settings,
                                const xqc_conn_ssl_config_t *tls);
    /* Creates the stream and sends what it can; false when the server allows no further one. */
    bool (*begin)(struct transfer *transfer);
    /* Has the server stop sending. */
    void (*abandon)(struct transfer *transfer);
    void (*close)(struct connection *connection);
};

extern const struct protocol hq_protocol;
extern const struct protocol h3_protocol;

/* A server, and what is wanted of it. */
struct origin {
    const struct url  *url; /* of one of the transfers: host and port */
    const char        *name; /* for TLS */
    char              *authority;
    struct udp_address address;
    enum exit_status   status;  /* why no connection is possible */
    struct transfer   *waiting; /* in order; not begun */
};

struct connection {
    struct client      *client;
    struct origin      *origin;
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
    bool                starved;    /* the server allows no further stream just now */
    bool                refused;    /* ICMP: nothing listens there */
    bool                distrusted; /* the certificate was not accepted */
    bool                moved;      /* --rebind or --migrate was done */
    bool                early;      /* requests go out before the handshake is done */
    xqc_conn_stats_t    stats;
    enum exit_status    status; /* why it ended, unless we ended it */
    char                reason[128];
};

enum transfer_state {
    TRANSFER_WAITING,
    TRANSFER_ACTIVE,
    TRANSFER_DONE,
    TRANSFER_FAILED,
};

/* One request and its response. */
struct transfer {
    struct client      *client;
    struct origin      *origin;
    const struct url   *url;
    struct transfer    *next; /* waiting for the same server */
    struct connection  *connection;
    void               *stream; /* the protocol's handle; NULL once it is gone */
    struct output       output;
    uint64_t            sent;     /* bytes of the request, or of its content */
    uint64_t            received; /* bytes of content */
    uint64_t            expected; /* if the server told */
    bool                expects;
    bool                trailed;     /* the trailers of the request are out */
    int                 http_status; /* 0: not heard yet */
    enum transfer_state state;
    enum exit_status    status; /* why it failed */
    char                reason[128];
};

struct client {
    struct client_options  options;
    const struct protocol *protocol;
    struct loop            loop;
    struct trust           trust;
    struct session_file    session;
    struct upload          upload;
    xqc_engine_t          *engine;
    struct origin         *origins;
    struct connection     *connections;
    struct transfer       *transfers; /* one for each URL */
    unsigned               origin_count;
    unsigned               connection_count;
    unsigned               ended; /* transfers done or failed */
    uint64_t               bytes;
    uint64_t               first_handshake; /* when transfers could begin */
    uint64_t               last_byte;       /* when the last of them ended */
    struct progress        progress;
};

#endif
