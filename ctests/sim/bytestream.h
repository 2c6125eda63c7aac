/*
 * Bytestreams of extended HTTP/3 in the simulated world: messages both ways, whose bytes come from a
 * pattern that each side computes for itself.
 */
#ifndef CTESTS_SIM_BYTESTREAM_H
#define CTESTS_SIM_BYTESTREAM_H

#include "h3.h"

#define SIM_LENGTHS 64

/* One end of a bytestream. */
struct sim_bytestream {
    uint32_t tag;
    sim_conn *conn;
    xqc_h3_ext_bytestream_t *handle; /* NULL after close */
    xqc_stream_id_t id;
    bool is_opener;
    unsigned calls[SIM_EVENT_COUNT];

    unsigned said; /* messages taken by the library */
    unsigned heard;
    size_t lengths[SIM_LENGTHS]; /* of those heard first */
    uint64_t bytes_heard;
    uint64_t last_took; /* what the library says that the last one took to arrive, microseconds */
    bool fin_heard;
    bool fin_came_alone; /* without any message, not even an empty one */
    bool fin_said;

    bool closed;
    xqc_h3_ext_bytestream_stats_t stats; /* as they were in the close notice */
    sim_bytestream *next;
};

/* As sim_speak_h3, with the protocol that has bytestreams and datagrams. */
void sim_speak_h3_ext(sim_options *options);

/* Opens a bytestream. NULL if the library refuses. */
sim_bytestream *sim_open_bytestream(sim_conn *conn);

/* Sends the next message and returns what the library returns. */
ssize_t sim_say(sim_bytestream *bytestream, size_t length, bool fin);

/* The other side's end, or NULL. */
sim_bytestream *sim_bytestream_peer(sim_world *world, const sim_bytestream *bytestream);

/* Conditions for sim_run; the argument is a sim_bytestream. */
bool sim_is_heard_out(void *bytestream); /* the peer's end came */
bool sim_is_closed_down(void *bytestream);

/* Parts of this that sit in files of their own. */
xqc_h3_ext_bytestream_callbacks_t sim_bytestream_callbacks(void);
void sim_bytestreams_free(sim_conn *conn);

#endif
