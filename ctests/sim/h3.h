/*
 * HTTP/3 in the simulated world. With sim_speak_h3 the engines offer HTTP/3 and connections are made
 * with xqc_h3_connect; sim_connect, sim_established and the rest work as before.
 *
 * A client fetches: it sends content of its own, asks for so many bytes back, trailers, interim
 * responses and a way of ending, in header fields that the server obeys. All content comes from a
 * pattern that each side computes for itself, so every byte is compared. Every field that a client
 * or a server sends is compared as well.
 */
#ifndef CTESTS_SIM_H3_H
#define CTESTS_SIM_H3_H

#include "sim.h"

/* How a side tells that nothing follows. */
typedef enum sim_ending {
    SIM_END_WITH_LAST, /* fin with the last fields or content */
    SIM_END_ALONE,     /* content of no bytes, with fin */
    SIM_END_FINISH,    /* xqc_h3_request_finish */
} sim_ending;

/* What a client asks for. All zero: a GET for no bytes. */
typedef struct sim_ask {
    const char *method; /* NULL: POST if there is content to send, else GET */
    uint64_t upload;
    uint64_t download;
    bool trailers;       /* after the upload */
    bool wants_trailers; /* after the download */
    unsigned wants_interim; /* responses of status 103 before the final one */
    sim_ending ending;
    sim_ending wants_ending;
    bool silent;     /* do not send anything yet: sim_exchange_send does */
    bool no_length;  /* no content-length in either direction */
    bool holds_end;  /* send everything but the end, till this is taken back */
    bool wants_late; /* answer only when the whole request has been read */
    xqc_http_header_t *extra; /* further header fields */
    size_t extra_count;
    xqc_stream_settings_t *settings;
} sim_ask;

/* A field as received; both end with a zero. */
typedef struct sim_field {
    char *name;
    char *value;
    size_t value_length;
    uint8_t flags;
} sim_field;

typedef struct sim_section {
    sim_field *fields;
    size_t count;
    size_t size; /* of all names and values */
} sim_section;

/* One end of a request. */
struct sim_exchange {
    uint32_t tag;
    sim_conn *conn;
    xqc_h3_request_t *handle; /* NULL after close */
    xqc_stream_id_t id;
    bool is_client;
    unsigned calls[SIM_EVENT_COUNT];
    unsigned notices[16]; /* read notices by their flags */

    sim_ask ask; /* at a server: as read from the request */
    uint64_t seed;

    bool send_ready; /* a server learns from the request what to send */
    bool sending;
    unsigned interim_sent;
    bool headers_sent;
    uint64_t send_total;
    uint64_t sent;
    bool trailers_sent;
    bool fin_sent;
    bool owes_end; /* everything but the end is sent */
    ssize_t header_result; /* of xqc_h3_request_send_headers, summed up */
    size_t header_bytes;   /* of all names and values sent */
    unsigned send_again;   /* times that content found no room */

    bool idle; /* do not send when told that there is room */

    bool receiving;
    bool paused;        /* do not read when told that there is something to read */
    uint64_t read_most; /* bytes read at each notice; 0 = all */
    size_t chunk;       /* bytes asked for at once; 0 = 16 KiB */
    unsigned interim_received;
    sim_section header;
    sim_section interim; /* the last one */
    sim_section trailer;
    uint64_t receive_total;
    uint64_t received;
    bool fin_received;
    bool fin_with_headers;

    ssize_t send_error;
    ssize_t receive_error;
    unsigned closings;
    int closing_error;
    bool was_closed; /* by this side, with xqc_h3_request_close */
    bool closed;
    xqc_request_stats_t stats; /* as they were in the close notice */
    char line[512];            /* as printed there */
    sim_exchange *next;
};

/* Has a world made from these options speak HTTP/3. */
void sim_speak_h3(sim_options *options);

/* A world that speaks HTTP/3, with everything else as sim_options_init has it, and a trace. */
sim_world *sim_h3_world(void);

/* Starts a request. NULL if the library refuses. */
sim_exchange *sim_fetch(sim_conn *conn, const sim_ask *ask);
sim_exchange *sim_get(sim_conn *conn, uint64_t download);
sim_exchange *sim_post(sim_conn *conn, uint64_t upload, uint64_t download);

/* The other side's end of a request, or NULL. */
sim_exchange *sim_exchange_peer(sim_world *world, const sim_exchange *exchange);

/* Sends what fits; reads what is there. Called by the callbacks, and by tests at will. */
void sim_exchange_send(sim_exchange *exchange);
void sim_exchange_receive(sim_exchange *exchange, uint64_t most);
void sim_exchange_read_header(sim_exchange *exchange);

/* xqc_h3_request_close, once. */
void sim_exchange_close(sim_exchange *exchange);

/* True when everything was sent, and all that was asked for came back intact. */
bool sim_exchange_is_complete(const sim_exchange *exchange);

/* Conditions for sim_run. */
bool sim_is_fetched(void *exchange); /* complete at this end */
bool sim_is_over(void *exchange);    /* closed at this end */
bool sim_is_served(void *conn);      /* all requests of the connection complete, at both ends */

/* The value of a field, or NULL. */
const char *sim_value(const sim_section *section, const char *name);

/* A header field to send. */
xqc_http_header_t sim_header(const char *name, const char *value);

/* Parts of this that sit in files of their own. */
sim_exchange *sim_exchange_new(sim_conn *conn, bool is_client);
void sim_exchange_free(sim_exchange *exchange);
void sim_section_read(sim_section *section, const xqc_http_headers_t *headers);
void sim_section_free(sim_section *section);
xqc_h3_request_callbacks_t sim_request_callbacks(void);
int sim_note_exchange(sim_event event, sim_exchange *exchange, unsigned flags);

#endif
