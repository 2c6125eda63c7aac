#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>

/* With generic receive offload the kernel hands over up to 64 KiB of datagrams in one buffer. */
#define BUFFER_SIZE 65535
#define RECEIVE_BATCH 16
#define BATCHES_PER_CALL 4
/* What the kernel cuts into datagrams at once (generic segmentation offload). */
#define TRAIN_DATAGRAMS 64
#define TRAIN_BYTES 65000
/* Enough for bursts; more would only let the queue, and with it the round-trip time, grow. */
#define SOCKET_BUFFER (1024 * 1024)

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
        int on = 1;

        enlarge_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
        enlarge_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
        /* An older kernel refuses, and then delivers datagrams one by one: also fine. */
        setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
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

/* Room for the one control message that is used in either direction. */
union control {
    char           bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

/* The size of the datagrams that the kernel joined in one buffer; `total` if there is only one. */
static size_t
segment_size(struct msghdr *header, size_t total)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control))
    {
        if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
            int size;

            memcpy(&size, CMSG_DATA(control), sizeof(size));
            return size > 0 ? (size_t) size : total;
        }
    }
    return total;
}

/* Takes a joined buffer apart; returns how many datagrams it held. */
static int
deliver(struct msghdr *header, size_t total, const struct udp_address *peer, udp_receiver receiver,
    void *owner)
{
    const unsigned char *data = header->msg_iov->iov_base;
    size_t               segment = segment_size(header, total);
    int                  count = 0;

    while (total > 0) {
        size_t size = total < segment ? total : segment;

        receiver(owner, data, size, peer);
        data += size;
        total -= size;
        count++;
    }
    return count;
}

int
udp_receive(int fd, udp_receiver receiver, void *owner)
{
    static unsigned char      buffers[RECEIVE_BATCH][BUFFER_SIZE];
    static struct udp_address peers[RECEIVE_BATCH];
    union control             controls[RECEIVE_BATCH];
    struct mmsghdr            headers[RECEIVE_BATCH];
    struct iovec              slots[RECEIVE_BATCH];
    int                       total = 0, count = RECEIVE_BATCH;

    for (int batch = 0; batch < BATCHES_PER_CALL && count == RECEIVE_BATCH; batch++) {
        for (int i = 0; i < RECEIVE_BATCH; i++) {
            slots[i] = (struct iovec) { buffers[i], BUFFER_SIZE };
            headers[i].msg_hdr = (struct msghdr) {
                .msg_name = &peers[i].storage,
                .msg_namelen = sizeof(peers[i].storage),
                .msg_iov = &slots[i],
                .msg_iovlen = 1,
                .msg_control = &controls[i],
                .msg_controllen = sizeof(controls[i]),
            };
        }
        count = recvmmsg(fd, headers, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
        if (count < 0) {
            bool drained = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;

            return total > 0 || drained ? total : -1;
        }
        for (int i = 0; i < count; i++) {
            peers[i].length = headers[i].msg_hdr.msg_namelen;
            total += deliver(&headers[i].msg_hdr, headers[i].msg_len, &peers[i], receiver, owner);
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

/* How many datagrams from the first on are of one size; only the last may be shorter. */
static unsigned int
train_length(const struct iovec *datagrams, unsigned int count)
{
    size_t       total = datagrams[0].iov_len;
    unsigned int length = 1;

    while (length < count && length < TRAIN_DATAGRAMS
           && datagrams[length - 1].iov_len == datagrams[0].iov_len
           && datagrams[length].iov_len <= datagrams[0].iov_len
           && total + datagrams[length].iov_len <= TRAIN_BYTES)
    {
        total += datagrams[length++].iov_len;
    }
    return length;
}

/* Sends a train as one message that the kernel cuts up. 0: this kernel or device does not. */
static ssize_t
send_train(int fd, const struct iovec *datagrams, unsigned int length, const struct sockaddr *peer,
    socklen_t peer_length)
{
    union control   control = { { 0 } };
    uint16_t        segment = (uint16_t) datagrams[0].iov_len;
    struct msghdr   header = {
        .msg_name = (void *) peer,
        .msg_namelen = peer == NULL ? 0 : peer_length,
        .msg_iov = (struct iovec *) datagrams,
        .msg_iovlen = length,
        .msg_control = &control,
        .msg_controllen = CMSG_SPACE(sizeof(segment)),
    };
    struct cmsghdr *cut = CMSG_FIRSTHDR(&header);

    cut->cmsg_level = IPPROTO_UDP;
    cut->cmsg_type = UDP_SEGMENT;
    cut->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(cut), &segment, sizeof(segment));
    if (sendmsg(fd, &header, MSG_DONTWAIT) >= 0) {
        return (ssize_t) length;
    }
    return errno == EIO || errno == EINVAL || errno == ENOPROTOOPT ? 0 : send_failure();
}

/* Sends datagrams one message each, as many as one call takes. */
static ssize_t
send_batch(int fd, const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length)
{
    struct mmsghdr headers[XQC_MAX_SEND_MSG_ONCE];
    int            sent;

    if (count > XQC_MAX_SEND_MSG_ONCE) {
        count = XQC_MAX_SEND_MSG_ONCE;
    }
    for (unsigned int i = 0; i < count; i++) {
        headers[i].msg_hdr = (struct msghdr) {
            .msg_name = (void *) peer,
            .msg_namelen = peer == NULL ? 0 : peer_length,
            .msg_iov = (struct iovec *) &datagrams[i],
            .msg_iovlen = 1,
        };
    }
    sent = sendmmsg(fd, headers, count, MSG_DONTWAIT);
    return sent >= 0 ? sent : send_failure();
}

ssize_t
udp_send(int fd, const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length)
{
    static bool  trains = true;
    unsigned int sent = 0;

    while (sent < count) {
        const struct iovec *rest = &datagrams[sent];
        unsigned int        length = trains ? train_length(rest, count - sent) : 1;
        ssize_t             result = 0;

        if (length > 1) {
            result = send_train(fd, rest, length, peer, peer_length);
            trains = result != 0;
        }
        if (result == 0) {
            result = send_batch(fd, rest, trains ? 1 : count - sent, peer, peer_length);
        }
        if (result < 0) {
            return sent > 0 && result == XQC_SOCKET_EAGAIN ? (ssize_t) sent : result;
        }
        sent += (unsigned int) result;
    }
    return (ssize_t) sent;
}
