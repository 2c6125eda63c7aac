/*
 * UDP sockets for the library: batches in, batches out, never blocking. Where the kernel joins and
 * cuts datagrams (GRO and GSO), a whole train of them passes in one piece.
 */
#ifndef EXAMPLES_UDP_H
#define EXAMPLES_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct udp_address {
    struct sockaddr_storage storage;
    socklen_t               length;
};

/* "[::1]:4433" or "127.0.0.1:4433" needs at most this many bytes. */
#define UDP_ADDRESS_TEXT 64

/* Looks up `host`; on failure returns -1 and points `why` at the reason. */
int  udp_resolve(const char *host, uint16_t port, struct udp_address *address, const char **why);
void udp_address_text(const struct udp_address *address, char text[UDP_ADDRESS_TEXT]);

/*
 * A non-blocking socket bound to `local`, or connected to `peer`. `local` is replaced by the
 * address that the kernel chose. All return the descriptor, or -1 with errno set.
 */
int udp_bind(struct udp_address *local);
int udp_bind_shared(struct udp_address *local); /* others may bind to the same address */
int udp_connect(const struct udp_address *peer, struct udp_address *local);

/*
 * Whether the kernel joins and cuts datagrams; every new socket has it where the kernel does.
 * Cutting is switched for the whole process.
 */
void udp_offload(int fd, bool wanted);

/* The bits of a TOS or traffic class byte that are the ECN mark. */
#define UDP_ECN_MASK 3

typedef void (*udp_receiver)(void *owner, const unsigned char *data, size_t size,
    const struct udp_address *peer, uint8_t ecn);

/*
 * Takes what has arrived, at most a few hundred datagrams so that one busy socket cannot starve
 * the timer. Returns how many, or -1 with errno set when nothing came but an error.
 */
int udp_receive(int fd, udp_receiver receiver, void *owner);

/* Where datagrams go, and their ECN mark. */
struct udp_target {
    const struct sockaddr *peer;
    socklen_t              length;
    bool                   connected; /* the socket is, to this very peer */
    uint8_t                ecn;
};

/*
 * Sends datagrams to one address. Returns how many the kernel took, XQC_SOCKET_EAGAIN or
 * XQC_SOCKET_ERROR (errno set): what write_mmsg must return.
 */
ssize_t udp_send(int fd, const struct iovec *datagrams, unsigned int count,
    const struct udp_target *target);

#endif
