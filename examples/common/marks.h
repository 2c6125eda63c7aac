/*
 * ECN marks between sockets and library, where the library's headers offer them (xqc_ext.h). With
 * other headers nothing is marked, and marks that arrive are not looked at.
 */
#ifndef EXAMPLES_MARKS_H
#define EXAMPLES_MARKS_H

#include <stdint.h>
#include <xquic/xquic.h>

#include "udp.h"

/* Gives a datagram and its mark to the library. */
void marks_process(xqc_engine_t *engine, const unsigned char *data, size_t size,
    const struct udp_address *local, const struct udp_address *peer, uint8_t ecn, void *user_data);

/* As write_mmsg, with the mark that the datagrams are to carry. */
typedef ssize_t (*marks_writer)(const struct iovec *datagrams, unsigned int count,
    const struct sockaddr *peer, socklen_t peer_length, uint8_t ecn, void *user_data);

/* Has the engines of this process send through `writer`: each has to be named here, and its transport
 * callbacks are the two functions below, which send without a mark. */
void marks_use(xqc_engine_t *engine, marks_writer writer);

ssize_t marks_write_mmsg(const struct iovec *datagrams, unsigned int count,
    const struct sockaddr *peer, socklen_t peer_length, void *user_data);
ssize_t marks_write_socket(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data);

#endif
