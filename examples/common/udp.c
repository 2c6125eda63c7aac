#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>

/* Room for a full Ethernet frame; the library announces that it takes no larger datagram. */
#define DATAGRAM_SIZE 2048
#define RECEIVE_BATCH 64
#define BATCHES_PER_CALL 4
/* Holds a congestion window of some megabytes while the process is busy elsewhere. */
#define SOCKET_BUFFER (4 * 1024 * 1024)

int
udp_resolve(const char *host, uint16_t port, struct udp_address *address, const char **why)
{
    struct addrinfo  hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;
    char             service[8];
    int              code;

    snprintf(service, sizeof(service), "%u", (unsigned) port);
    code = getaddrinfo(host, service, &hints, &found);
    if (code != 0) {
        *why = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
        return -1;
    }
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

void
udp_address_text(const struct udp_address *address, char text[UDP_ADDRESS_TEXT])
{
    char host[48], service[8];
    bool bracket = address->storage.ss_family == AF_INET6;

    if (getnameinfo((const struct sockaddr *) &address->storage, address->length, host,
                    sizeof(host), service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    {
        snprintf(text, UDP_ADDRESS_TEXT, "unknown address");
        return;
    }
    snprintf(text, UDP_ADDRESS_TEXT, bracket ? "[%s]:%s" : "%s:%s", host, service);
}

static void
enlarge_buffer(int fd, int forced, int plain)
{
    int size = SOCKET_BUFFER;

    /* Going past the system's limit takes privilege; without it the plain option gets what it may. */
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0) {
        setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
    }
}

static int
open_socket(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        enlarge_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
        enlarge_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    }
    return fd;
}

/* Reads back the address the kernel chose, and closes the socket when anything went wrong. */
static int
finish_open(int fd, int result, struct udp_address *local)
{
    int saved;

    local->length = sizeof(local->storage);
    if (result == 0 && getsockname(fd, (struct sockaddr *) &local->storage, &local->length) == 0) {
        return fd;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int
udp_bind(struct udp_address *local)
{
    int fd = open_socket(local->storage.ss_family);

    if (fd < 0) {
        return -1;
    }
    return finish_open(fd, bind(fd, (struct sockaddr *) &local->storage, local->length), local);
}

int
udp_connect(const struct udp_address *peer, struct udp_address *local)
{
    int fd = open_socket(peer->storage.ss_family);

    if (fd < 0) {
        return -1;
    }
    return finish_open(fd, connect(fd, (const struct sockaddr *) &peer->storage, peer->length),
                       local);
}

int
udp_receive(int fd, udp_receiver receiver, void *owner)
{
    static unsigned char      buffers[RECEIVE_BATCH][DATAGRAM_SIZE];
    static struct udp_address peers[RECEIVE_BATCH];
    struct mmsghdr            headers[RECEIVE_BATCH];
    struct iovec              slots[RECEIVE_BATCH];
    int                       total = 0;

    for (int batch = 0; batch < BATCHES_PER_CALL; batch++) {
        int count;

        for (int i = 0; i < RECEIVE_BATCH; i++) {
            slots[i] = (struct iovec) { buffers[i], DATAGRAM_SIZE };
            headers[i].msg_hdr = (struct msghdr) {
                .msg_name = &peers[i].storage,
                .msg_namelen = sizeof(peers[i].storage),
                .msg_iov = &slots[i],
                .msg_iovlen = 1,
            };
        }
        count = recvmmsg(fd, headers, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
        if (count < 0) {
            bool drained = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;

            return total > 0 || drained ? total : -1;
        }
        for (int i = 0; i < count; i++) {
            if (headers[i].msg_hdr.msg_flags & MSG_TRUNC) {
                continue;
            }
            peers[i].length = headers[i].msg_hdr.msg_namelen;
            receiver(owner, buffers[i], headers[i].msg_len, &peers[i]);
        }
        total += count;
        if (count < RECEIVE_BATCH) {
            break;
        }
    }
    return total;
}

/* What a failed send means: try later, give up, or count the datagram as lost on the way. */
static ssize_t
send_failure(void)
{
    switch (errno) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EINTR:
        return XQC_SOCKET_EAGAIN;
    case EMSGSIZE:
    case ENOBUFS:
    case ECONNREFUSED:
        /* The last is an earlier ICMP message, reported late; loss recovery decides, as with
         * any datagram the network drops. */
        return 1;
    default:
        return XQC_SOCKET_ERROR;
    }
}

ssize_t
udp_send(int fd, const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length)
{
    struct mmsghdr headers[XQC_MAX_SEND_MSG_ONCE];
    unsigned int   sent = 0;

    while (sent < count) {
        unsigned int batch = count - sent;
        ssize_t      result;

        if (batch > XQC_MAX_SEND_MSG_ONCE) {
            batch = XQC_MAX_SEND_MSG_ONCE;
        }
        for (unsigned int i = 0; i < batch; i++) {
            headers[i].msg_hdr = (struct msghdr) {
                .msg_name = (void *) peer,
                .msg_namelen = peer == NULL ? 0 : peer_length,
                .msg_iov = (struct iovec *) &datagrams[sent + i],
                .msg_iovlen = 1,
            };
        }
        result = sendmmsg(fd, headers, batch, MSG_DONTWAIT);
        if (result < 0) {
            result = send_failure();
        }
        if (result < 0) {
            return sent > 0 && result == XQC_SOCKET_EAGAIN ? (ssize_t) sent : result;
        }
        sent += (unsigned int) result;
    }
    return (ssize_t) sent;
}
