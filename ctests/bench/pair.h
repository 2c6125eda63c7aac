/*
 * A client engine and a server engine in one thread, joined by two rings, on a virtual clock: the
 * lightest host that the C API allows. One stream per connection carries data from the client to
 * the server.
 */
#ifndef CTESTS_PAIR_H
#define CTESTS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xquic/xquic.h>

#include "ring.h"

#define PAIR_ALPN "bench"
#define PAIR_ALPN_LEN (sizeof(PAIR_ALPN) - 1)

typedef struct pair_side {
    xqc_engine_t *engine;
    struct sockaddr_in address;
    ring out;
    uint64_t timer_at;
    unsigned live;       /* connections between create and close */
    unsigned finished;   /* handshakes */
    size_t largest_datagram;
    uint64_t busy_until_ns; /* when the queue towards the other side will be empty */
} pair_side;

/* One end of a connection. */
typedef struct pair_conn {
    pair_side *side;
    xqc_cid_t cid;
    uint16_t client_port; /* network byte order */
} pair_conn;

/* What the connections speak, in place of one stream of bytes. */
typedef struct pair_protocol {
    /* Adds it to the engine of a side. */
    xqc_int_t (*add)(pair_side *side);
    const xqc_cid_t *(*connect)(pair_conn *conn, const xqc_conn_ssl_config_t *tls,
                                const struct sockaddr_in *server);
} pair_protocol;

typedef struct pair {
    pair_side client;
    pair_side server;
    uint64_t one_way_us;
    uint64_t rate;         /* bytes per second in each direction; 0 = no limit */
    uint64_t queue_bytes;  /* what waits for the rate at most */
    unsigned loss;         /* datagrams in a million that are lost */
    uint64_t chance;       /* the state of chance */
    bool use_mmsg;
    uint16_t next_port;
    xqc_conn_settings_t settings;
    const pair_protocol *protocol; /* NULL: streams */

    xqc_stream_t *source;
    uint64_t to_send;
    uint64_t sent;
    uint64_t received;
    bool fin_sent;
    bool fin_received;
} pair;

/* There is one pair per process: the clock of the library's callbacks has no argument. */
extern pair the_pair;

void pair_start(bool use_mmsg, uint64_t one_way_us);
void pair_stop(void);

/* Limits and impairs what is sent from now on. */
void pair_limit(uint64_t rate, uint64_t queue_bytes, unsigned loss);

/* Starts a connection; the record is freed when the connection closes. */
pair_conn *pair_connect(void);

/* Handles everything that happens at the next moment of virtual time; false if nothing will. */
bool pair_step(void);

/* Lets virtual time pass. */
void pair_run_for(uint64_t microseconds);

/* To be called by a protocol when it hears that a connection was created, or is no more. */
void pair_created(pair_conn *conn, const xqc_cid_t *cid);
void pair_closed(pair_conn *conn);

/* Opens the stream of the bulk run and starts to send. */
void pair_send(pair_conn *conn, uint64_t bytes);

uint64_t pair_now(void);

#endif
