#define _GNU_SOURCE
#include "marks.h"

#include "clock.h"

#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#define HAVE_MARKS
#endif
#endif

static marks_writer write_marked;

/* One datagram, by the rules of write_socket. */
static ssize_t
write_one(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, uint8_t ecn, void *user_data)
{
    struct iovec datagram = { (void *) data, size };
    ssize_t      sent = write_marked(&datagram, 1, peer, peer_length, ecn, user_data);

    return sent < 0 ? sent : (ssize_t) size;
}

ssize_t
marks_write_mmsg(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    return write_marked(datagrams, count, peer, peer_length, 0, user_data);
}

ssize_t
marks_write_socket(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    return write_one(data, size, peer, peer_length, 0, user_data);
}

#ifdef HAVE_MARKS

#include <xquic/xqc_ext.h>

void
marks_process(xqc_engine_t *engine, const unsigned char *data, size_t size,
    const struct udp_address *local, const struct udp_address *peer, uint8_t ecn, void *user_data)
{
    xqc_ext_packet_process(engine, data, size, (const struct sockaddr *) &local->storage,
                           local->length, (const struct sockaddr *) &peer->storage, peer->length,
                           ecn, clock_unix_us(), user_data);
}

static ssize_t
write_mmsg(uint64_t path_id, const struct iovec *datagrams, unsigned int count,
    const struct sockaddr *peer, socklen_t peer_length, uint8_t ecn, void *user_data)
{
    (void) path_id;
    return write_marked(datagrams, count, peer, peer_length, ecn, user_data);
}

static ssize_t
write_socket(uint64_t path_id, const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, uint8_t ecn, void *user_data)
{
    (void) path_id;
    return write_one(data, size, peer, peer_length, ecn, user_data);
}

void
marks_use(xqc_engine_t *engine, marks_writer writer)
{
    const xqc_ext_marking_writers_t writers = { write_socket, write_mmsg };

    write_marked = writer;
    xqc_ext_set_marking_writers(engine, &writers);
}

#else

void
marks_process(xqc_engine_t *engine, const unsigned char *data, size_t size,
    const struct udp_address *local, const struct udp_address *peer, uint8_t ecn, void *user_data)
{
    (void) ecn;
    xqc_engine_packet_process(engine, data, size, (const struct sockaddr *) &local->storage,
                              local->length, (const struct sockaddr *) &peer->storage,
                              peer->length, clock_unix_us(), user_data);
}

void
marks_use(xqc_engine_t *engine, marks_writer writer)
{
    (void) engine;
    write_marked = writer;
}

#endif
