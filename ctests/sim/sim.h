/*
 * The simulated world: one client engine and one server engine in one process, a link in each
 * direction, and a virtual clock that jumps to the next arrival or timer. Everything goes through
 * the public C API, so the same program links with any libxquic.
 *
 * Chance on the links comes from one seed, so a run repeats exactly as far as the library under
 * test draws its own randomness from nowhere but the engine; otherwise it repeats in distribution.
 *
 * Every object given to the library as user data starts with a tag of its kind, and every callback
 * checks it: a callback that carries the wrong user data fails the test at once.
 */
#ifndef CTESTS_SIM_H
#define CTESTS_SIM_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xquic/xqc_http3.h>
#include <xquic/xquic.h>

#include "check.h"
#include "link.h"
#include "random.h"

typedef struct sim_world sim_world;
typedef struct sim_endpoint sim_endpoint;
typedef struct sim_conn sim_conn;
typedef struct sim_stream sim_stream;
typedef struct sim_bytestream sim_bytestream; /* one end of a bytestream; see bytestream.h */
typedef struct sim_exchange sim_exchange; /* one end of an HTTP/3 request; see h3.h */

/* Functions that a library on its way may not have yet: looked up weakly, and left out if NULL. */
#pragma weak xqc_conn_send_ping
#pragma weak xqc_conn_is_ready_to_send_early_data
#pragma weak xqc_conn_should_clear_0rtt_ticket
#pragma weak xqc_engine_finish_send
#pragma weak xqc_log_disable

#define SIM_MILLISECOND ((uint64_t)1000)
#define SIM_SECOND ((uint64_t)1000000)

#define SIM_ALPN "sim"
#define SIM_ALPN_LEN (sizeof(SIM_ALPN) - 1)

typedef enum sim_tag {
    SIM_TAG_ENDPOINT = 0x454e4450, /* engine user data */
    SIM_TAG_LISTENER = 0x4c495354, /* user data of packet_process */
    SIM_TAG_CONN = 0x434f4e4e,     /* transport user data of a connection */
    SIM_TAG_ALP = 0x414c5031,      /* application protocol user data of a connection */
    SIM_TAG_STREAM = 0x53545245,   /* stream user data */
    SIM_TAG_EXCHANGE = 0x45584348, /* user data of an HTTP/3 request */
    SIM_TAG_BYTESTREAM = 0x42595453, /* user data of a bytestream */
} sim_tag;

/* The callbacks of the library, by the names used in traces. */
#define SIM_EVENTS(X)                                                                              \
    X(SERVER_ACCEPT, server_accept)                                                                \
    X(SERVER_REFUSE, server_refuse)                                                                \
    X(STATELESS_RESET, stateless_reset)                                                            \
    X(RETRY_CHECK, retry_check)                                                                    \
    X(BEFORE_ACCEPT, send_before_accept)                                                           \
    X(WRITE_SOCKET, write_socket)                                                                  \
    X(WRITE_MMSG, write_mmsg)                                                                      \
    X(CID_UPDATE, update_cid)                                                                      \
    X(SAVE_TOKEN, save_token)                                                                      \
    X(SAVE_SESSION, save_session)                                                                  \
    X(SAVE_PARAMETERS, save_parameters)                                                            \
    X(CERT_VERIFY, cert_verify)                                                                    \
    X(CERT_WANTED, cert_wanted)                                                                    \
    X(TLS_MESSAGE, tls_message)                                                                    \
    X(CONN_CLOSING, conn_closing)                                                                  \
    X(ADDRESS_CHANGED, address_changed)                                                            \
    X(CONN_CREATE, conn_create)                                                                    \
    X(CONN_CLOSE, conn_close)                                                                      \
    X(HANDSHAKE_FINISHED, handshake_finished)                                                      \
    X(PING_ACKED, ping_acked)                                                                      \
    X(STREAM_CREATE, stream_create)                                                                \
    X(STREAM_READ, stream_read)                                                                    \
    X(STREAM_WRITE, stream_write)                                                                  \
    X(STREAM_CLOSING, stream_closing)                                                              \
    X(STREAM_CLOSE, stream_close)                                                                  \
    X(DATAGRAM_READ, datagram_read)                                                                \
    X(DATAGRAM_WRITE, datagram_write)                                                              \
    X(DATAGRAM_ACKED, datagram_acked)                                                              \
    X(DATAGRAM_LOST, datagram_lost)                                                                \
    X(DATAGRAM_MSS, datagram_mss)                                                                  \
    X(INIT_SETTINGS, init_settings)                                                                \
    X(REQUEST_CREATE, request_create)                                                              \
    X(REQUEST_READ, request_read)                                                                  \
    X(REQUEST_WRITE, request_write)                                                                \
    X(REQUEST_CLOSING, request_closing)                                                            \
    X(REQUEST_CLOSE, request_close)                                                                \
    X(BYTESTREAM_CREATE, bytestream_create)                                                        \
    X(BYTESTREAM_READ, bytestream_read)                                                            \
    X(BYTESTREAM_WRITE, bytestream_write)                                                          \
    X(BYTESTREAM_CLOSE, bytestream_close)                                                          \
    X(SET_TIMER, set_timer)                                                                        \
    X(CID_GENERATE, cid_generate)                                                                  \
    X(LOG, log)                                                                                    \
    X(KEYLOG, keylog)

typedef enum sim_event {
#define SIM_EVENT_ENUM(name, text) SIM_##name,
    SIM_EVENTS(SIM_EVENT_ENUM)
#undef SIM_EVENT_ENUM
        SIM_EVENT_COUNT
} sim_event;

const char *sim_event_name(sim_event event);

/* What a hook is told about a callback in progress. What is unknown is NULL. */
typedef struct sim_call {
    sim_event event;
    sim_endpoint *endpoint;
    sim_conn *conn;
    sim_stream *stream;
    sim_exchange *exchange;
    unsigned flags; /* of a read notice of an HTTP/3 request */
    sim_bytestream *bytestream;
} sim_call;

/* Called inside every callback (but logging). The result becomes that of the callback where the
 * callback has one and the harness has no say of its own. */
typedef int (*sim_hook)(void *argument, const sim_call *call);

typedef enum sim_write_mode {
    SIM_WRITE_OK,
    SIM_WRITE_WOULD_BLOCK,
    SIM_WRITE_ERROR,
    SIM_WRITE_SHORT, /* one byte less than was given */
} sim_write_mode;

/* What a client's host has stored for later connections to the server. */
typedef struct sim_kept {
    char *session;
    size_t session_length;
    char *parameters;
    size_t parameters_length;
} sim_kept;

typedef struct sim_listener {
    uint32_t tag;
    sim_endpoint *endpoint;
} sim_listener;

struct sim_endpoint {
    uint32_t tag;
    bool is_server;
    sim_world *world;
    xqc_engine_t *engine;
    sim_listener listener;
    struct sockaddr_in address;
    sim_link *out;
    uint64_t timer_at;
    sim_conn *conns; /* newest first */
    unsigned calls[SIM_EVENT_COUNT];
    unsigned log_lines[7]; /* by level */
    const char *log_wanted; /* a piece of text that log lines are searched for */
    unsigned log_found;     /* lines that contain it */

    sim_write_mode write_mode;
    unsigned write_budget; /* datagrams still taken before would-block; 0 = no limit */
    unsigned mmsg_most;    /* most datagrams taken by one write_mmsg; 0 = all */
    unsigned mmsg_longest; /* longest vector seen */
    unsigned ex_writes;    /* calls of the _ex writers, of all writes */
    int verify_result;     /* what cert_verify_cb answers */
    int process_errors;    /* packet_process results other than 0 */
    size_t largest_datagram;
    unsigned uneven_trains; /* write_mmsg with more than one size, or a last one that is larger */
    uint8_t ecn;            /* the mark of what is being written */
    sim_kept kept;        /* the newest of each */
    xqc_connection_t *visitor; /* the handle in a retry_check in progress */
    const char *watch_for; /* text whose datagrams, of those sent, are counted */
    unsigned watched;
    bool ignore_arrivals; /* datagrams are taken from the link and thrown away */
    struct sockaddr_in added[8]; /* further addresses that datagrams arrive at */
    unsigned added_count;
    struct sockaddr_in dropped[8]; /* addresses that reach nobody any more */
    unsigned dropped_count;
    /* Tells in a write callback where to send from; NULL to send from the connection's address. */
    xqc_int_t (*local_of_write)(const xqc_engine_t *engine, struct sockaddr *address,
                                socklen_t room, socklen_t *length);
};

struct sim_alp {
    uint32_t tag;
    sim_conn *conn;
};

/* What happened to the unreliable datagrams of a connection. */
typedef struct sim_datagrams {
    unsigned received;
    size_t received_bytes;
    uint8_t last[64]; /* the beginning of the last one */
    size_t last_length;
    uint64_t last_time; /* its receive time as told */
    unsigned acked;
    uint64_t last_acked;
    unsigned lost;
    uint64_t last_lost;
    int lost_answer; /* what datagram_lost_notify answers */
    unsigned writable;
    unsigned mss_updates;
    size_t mss; /* as told last */
} sim_datagrams;

struct sim_conn {
    uint32_t tag;
    struct sim_alp alp;
    unsigned number; /* counts connections of an endpoint from 0 */
    sim_endpoint *endpoint;
    xqc_connection_t *handle; /* NULL before it is known and after close */
    xqc_cid_t cid;
    struct sockaddr_in local;
    unsigned calls[SIM_EVENT_COUNT];
    bool closed;
    bool refused;
    bool create_failed; /* conn_create_notify was made to fail */
    bool write_blocked; /* a write was answered with would-block */
    int close_errno;
    int closing_error;
    sim_stream *streams; /* newest first */
    unsigned open_streams;
    void *ping_data;
    int tls_message_types[4]; /* as they came */
    uint8_t tls_message_heads[4];
    char wanted_name[64]; /* the server name a certificate was wanted for */
    uint8_t token[256]; /* the last one that save_token brought */
    size_t token_length;
    sim_datagrams datagrams;
    xqc_h3_conn_t *h3; /* NULL before it is known, after close, and without HTTP/3 */
    int h3_errno;
    sim_exchange *exchanges; /* newest first */
    unsigned open_exchanges;
    sim_bytestream *bytestreams; /* newest first */
    unsigned open_bytestreams;
    xqc_stream_settings_t *stream_settings; /* of streams that a client opens; may be NULL */
    sim_conn *peer; /* the other end, once looked up */
    sim_conn *next;
};

struct sim_stream {
    uint32_t tag;
    sim_conn *conn;
    xqc_stream_t *handle; /* NULL after close */
    xqc_stream_id_t id;
    bool is_opener;
    bool is_one_way;
    unsigned calls[SIM_EVENT_COUNT];

    uint8_t header[32];
    size_t header_length; /* bytes sent (opener) or received (responder) */
    uint64_t send_seed;
    uint64_t send_total;
    uint64_t sent;
    bool send_ready; /* a responder learns from the header what to send */
    bool sending;    /* inside sim_stream_send */
    bool fin_sent;

    uint64_t receive_seed;
    uint64_t receive_total;
    uint64_t received;
    bool receiving; /* inside sim_stream_receive */
    bool fin_received;
    bool paused; /* do not read when told that there is something to read */

    ssize_t send_error;
    ssize_t receive_error;
    int closing_error;
    bool closed;
    sim_stream *next;
};

/* What connections speak, in place of the streams of stream.c. */
typedef struct sim_application {
    xqc_int_t (*add)(sim_endpoint *endpoint);
    void (*remove)(sim_endpoint *endpoint);
    const xqc_cid_t *(*connect)(sim_world *world, sim_conn *conn);
    void (*forget)(sim_conn *conn); /* frees what it holds of a closed connection */
} sim_application;

typedef struct sim_options {
    uint64_t seed;
    sim_link_config up;   /* client to server */
    sim_link_config down; /* server to client */
    xqc_conn_settings_t client_settings;
    xqc_conn_settings_t server_settings;
    xqc_config_t client_config;
    xqc_config_t server_config;
    xqc_engine_ssl_config_t client_tls;
    xqc_engine_ssl_config_t server_tls;
    xqc_conn_ssl_config_t conn_tls;
    const char *server_name;
    int no_crypto;
    bool use_mmsg;       /* set the write_mmsg callbacks */
    bool use_ex;         /* set the _ex writers besides the plain ones */
    bool use_ecn;        /* send and receive ECN marks; only this library can */
    bool use_cid_generator; /* on the server */
    xqc_cid_generate_pt cid_generator; /* in place of the harness's own */
    xqc_eng_keylog_pt keylog;          /* the same */
    bool use_cert_callback;
    /* Replaces callbacks before they are registered; NULL leaves them all. */
    void (*change_callbacks)(xqc_transport_callbacks_t *callbacks);
    bool use_retry_check;  /* ask whether to send a Retry; the hook answers */
    bool no_before_accept; /* no function to send Retries and refusals with */
    uint8_t token[256];    /* what the client shows */
    size_t token_length;
    const xqc_log_callbacks_t *log_callbacks; /* in place of the harness's own */
    bool use_datagrams; /* set the datagram callbacks, and the user data they carry */
    const sim_application *application; /* NULL: streams */
    /* HTTP/3 alone: engine-wide settings, if not NULL; and those of one connection. */
    const xqc_h3_conn_settings_t *client_h3;
    const xqc_h3_conn_settings_t *server_h3;
    void (*change_h3)(bool is_server, xqc_h3_conn_settings_t *settings);
    void (*change_h3_callbacks)(bool is_server, xqc_h3_callbacks_t *callbacks);
    bool trace;
} sim_options;

typedef struct sim_trace_entry {
    sim_event event;
    bool is_server;
    unsigned conn;
    xqc_stream_id_t stream;
    bool has_stream;
    unsigned flags;
} sim_trace_entry;

typedef struct sim_action {
    uint64_t when;
    uint64_t order;
    void (*run)(void *argument);
    void *argument;
} sim_action;

struct sim_world {
    sim_options options;
    sim_link up;
    sim_link down;
    sim_endpoint client;
    sim_endpoint server;
    sim_random random;
    sim_kept offered; /* what later connections of the client begin with */
    sim_hook hook;
    void *hook_argument;
    sim_action *actions;
    size_t action_count;
    size_t action_capacity;
    uint64_t action_order;
    sim_trace_entry *trace;
    size_t trace_count;
    size_t trace_capacity;
    unsigned next_client_port;
    unsigned idle_spins; /* timer steps in a row that brought nothing */
    bool stopped; /* set by a test to leave sim_run */
};

/* Virtual time, microseconds of Unix time. */
uint64_t sim_now(void);
void sim_set_now(uint64_t now);

/* Fills options with a 10 ms path in each direction without impairments, the library's default
 * configurations, and settings as a plain client would choose them. */
void sim_options_init(sim_options *options);

sim_world *sim_world_new(const sim_options *options);

/* Destroys the engines (client first) and checks that each connection closed exactly once. */
void sim_world_free(sim_world *world);

/* Builds one engine as the world does; the caller destroys it. NULL if the library refuses. */
xqc_engine_t *sim_engine_new(sim_endpoint *endpoint, const sim_options *options);

/* Destroys the engine of an endpoint and starts a fresh one, as a crashed process would. */
void sim_restart(sim_endpoint *endpoint);

/* The callbacks the harness registers for its application protocol. */
xqc_app_proto_callbacks_t sim_protocol(void);
xqc_datagram_callbacks_t sim_datagram_callbacks(void);
xqc_h3_ext_dgram_callbacks_t sim_h3_datagram_callbacks(void);

/* Starts a connection. NULL if the library refuses. */
sim_conn *sim_connect(sim_world *world);

/* Starts a connection and runs until both ends have finished the handshake. */
sim_conn *sim_established(sim_world *world);

/* Later connections use the session and the parameters that the client's host has stored. */
void sim_return(sim_world *world);

/* As sim_return, with a session alone: nothing can be sent early. */
void sim_return_without_parameters(sim_world *world);

/* The server's end of a client's connection (the one with the same number), or NULL. */
sim_conn *sim_server_conn(sim_world *world, sim_conn *client);

/* Frees the records of closed connections, so that long runs keep no memory. */
void sim_reap(sim_world *world);

/* Runs the next thing that happens; false when nothing is left. */
bool sim_step(sim_world *world);

/* Runs until `done` says so; false if `limit_us` of virtual time or all events run out first. */
bool sim_run(sim_world *world, bool (*done)(void *argument), void *argument, uint64_t limit_us);

void sim_run_for(sim_world *world, uint64_t microseconds);

/* Runs `run` at a moment of virtual time, outside any callback. */
void sim_at(sim_world *world, uint64_t when, void (*run)(void *argument), void *argument);

/* Ready-made conditions for sim_run; the argument is a sim_conn. */
bool sim_is_established(void *conn);
bool sim_is_confirmed(void *conn);
bool sim_is_closed(void *conn);
bool sim_is_drained(void *conn); /* all streams of the connection complete, at both ends */

/* Opens a stream on which `upload` bytes go to the peer and `download` bytes are asked back.
 * NULL if the library refuses. Works from either end of a connection. */
sim_stream *sim_request(sim_conn *conn, uint64_t upload, uint64_t download);

/* Opens a one-way stream that carries `upload` bytes. */
sim_stream *sim_push(sim_conn *conn, uint64_t upload);

/* Sends what fits; reads what is there. Called by the callbacks, and by tests at will. */
void sim_stream_send(sim_stream *stream);
void sim_stream_receive(sim_stream *stream, uint64_t most);

/* True when everything was sent, and all that was asked for came back intact. */
bool sim_stream_is_complete(const sim_stream *stream);

/* An IPv4 address. */
struct sockaddr_in sim_address(const char *ip, unsigned port);

/* Datagrams to a further address reach the endpoint, or to an old one no longer. */
void sim_add_address(sim_endpoint *endpoint, const struct sockaddr_in *address);
void sim_drop_address(sim_endpoint *endpoint, const struct sockaddr_in *address);

/* A NAT forgets the connection: it sends from another address, and what goes to the old one is
 * lost. Look up the server's end before that. */
void sim_rebind(sim_conn *conn, const struct sockaddr_in *address);

/* True if what is sent to this address arrives at the endpoint. */
bool sim_reaches(const sim_endpoint *endpoint, const struct sockaddr_in *to);

/* Where the datagram of a write callback leaves from. */
struct sockaddr_in sim_leave_from(const sim_conn *conn);

/* Counts the callback, writes the trace, calls the hook. Used by the callbacks only. */
int sim_note(sim_event event, sim_endpoint *endpoint, sim_conn *conn, sim_stream *stream);

/* The same with all particulars; `stream_id` goes into the trace if there is an exchange. */
int sim_note_call(const sim_call *call, xqc_stream_id_t stream_id);

/* Bytes [offset, offset + length) of the endless pattern of a seed. */
void sim_pattern(uint64_t seed, uint64_t offset, uint8_t *bytes, size_t length);

/* How many of these bytes, from the first on, are those of the pattern. */
size_t sim_pattern_right(uint64_t seed, uint64_t offset, const uint8_t *bytes, size_t length);

/* Parts of the world that sit in files of their own. */
xqc_transport_callbacks_t sim_transport_callbacks(const sim_options *options);
sim_conn *sim_conn_new(sim_endpoint *endpoint);
void sim_conn_free(sim_conn *conn);

/* The object behind user data, after a check that it is of the right kind; `callback` is named if
 * it is not. */
sim_endpoint *sim_check_endpoint(void *engine_user_data, const char *callback);
sim_endpoint *sim_check_listener(void *listener, const char *callback);
sim_conn *sim_check_conn(void *transport_user_data, const char *callback);
sim_conn *sim_check_alp(void *protocol_user_data, const char *callback);

#define sim_endpoint_of(user_data) sim_check_endpoint(user_data, __func__)
#define sim_endpoint_of_listener(user_data) sim_check_listener(user_data, __func__)
#define sim_conn_of(user_data) sim_check_conn(user_data, __func__)
#define sim_conn_of_alp(user_data) sim_check_alp(user_data, __func__)

/* Sends one datagram of an endpoint to a peer address, outside any connection too. */
void sim_emit(sim_endpoint *endpoint, const void *bytes, size_t length,
              const struct sockaddr_in *from, const struct sockaddr *to, socklen_t to_length);

/* Hands bytes to an engine as if they had arrived now. */
xqc_int_t sim_inject(sim_endpoint *endpoint, const void *bytes, size_t length,
                     const struct sockaddr_in *from, const struct sockaddr_in *to);

/* As sim_inject, with an ECN mark. */
xqc_int_t sim_inject_marked(sim_endpoint *endpoint, const void *bytes, size_t length, uint8_t ecn,
                            const struct sockaddr_in *from, const struct sockaddr_in *to);

/* Has an engine send with ECN marks. */
void sim_use_ecn(sim_endpoint *endpoint);

/* "conn_create c0, stream_create s0/4, request_read s0/4 HB, ..." from trace entry `first` on; the caller frees. */
char *sim_trace_text(const sim_world *world, size_t first);

/* Index of the first trace entry at or after `from` of that event on that side, or -1. */
long sim_trace_find(const sim_world *world, size_t from, sim_event event, bool is_server);

/* Bytes handed out by the allocator now; 0 where the allocator does not say. */
size_t sim_heap_in_use(void);
bool sim_heap_is_visible(void);

/* Resident bytes of the process, after giving free memory back. */
size_t sim_resident(void);

#endif
