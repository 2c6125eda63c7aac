#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <xquic/xquic.h>

/* What the kernel cuts into datagrams at once (generic segmentation offload). */
#define TRAIN_DATAGRAMS 64
#define TRAIN_BYTES 65000

/* Whether trains are given to the kernel in one piece; false once it has refused. */
static bool trains = true;

void
udp_offload(int fd, bool wanted)
{
    int on = wanted;

    trains = wanted;
    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
}

/* What goes along with each message: its ECN mark, and how it is to be cut. */
struct remarks {
    union {
        char           bytes[2 * CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } room;
    size_t length;
};

static void
add_remark(struct remarks *remarks, int level, int type, const void *value, size_t size)
{
    struct cmsghdr *control = (struct cmsghdr *) &remarks->room.bytes[remarks->length];

    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), value, size);
    remarks->length += CMSG_SPACE(size);
}

static bool
is_ipv4(const struct sockaddr *peer)
{
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *) peer;

    return peer->sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
}

static void
add_mark(struct remarks *remarks, const struct udp_target *target)
{
    int ecn = target->ecn;

    if (ecn != 0 && is_ipv4(target->peer)) {
        add_remark(remarks, IPPROTO_IP, IP_TOS, &ecn, sizeof(ecn));
    } else if (ecn != 0) {
        add_remark(remarks, IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof(ecn));
    }
}

static struct msghdr
message(const struct udp_target *target, const struct iovec *datagrams, unsigned int count,
    struct remarks *remarks)
{
    return (struct msghdr) {
        .msg_name = target->connected ? NULL : (void *) target->peer,
        .msg_namelen = target->connected ? 0 : target->length,
        .msg_iov = (struct iovec *) datagrams,
        .msg_iovlen = count,
        .msg_control = remarks->length == 0 ? NULL : remarks->room.bytes,
        .msg_controllen = remarks->length,
    };
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
send_train(int fd, const struct iovec *datagrams, unsigned int length,
    const struct udp_target *target)
{
    struct remarks remarks = { .length = 0 };
    uint16_t       segment = (uint16_t) datagrams[0].iov_len;
    struct msghdr  header;

    add_mark(&remarks, target);
    add_remark(&remarks, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
    header = message(target, datagrams, length, &remarks);
    if (sendmsg(fd, &header, MSG_DONTWAIT) >= 0) {
        return (ssize_t) length;
    }
    return errno == EIO || errno == EINVAL || errno == ENOPROTOOPT ? 0 : send_failure();
}

/* Sends datagrams one message each, as many as one call takes. */
static ssize_t
send_batch(int fd, const struct iovec *datagrams, unsigned int count,
    const struct udp_target *target)
{
    struct mmsghdr headers[XQC_MAX_SEND_MSG_ONCE];
    struct remarks remarks = { .length = 0 };
    int            sent;

    if (count > XQC_MAX_SEND_MSG_ONCE) {
        count = XQC_MAX_SEND_MSG_ONCE;
    }
    add_mark(&remarks, target);
    for (unsigned int i = 0; i < count; i++) {
        headers[i].msg_hdr = message(target, &datagrams[i], 1, &remarks);
    }
    sent = sendmmsg(fd, headers, count, MSG_DONTWAIT);
    return sent >= 0 ? sent : send_failure();
}

ssize_t
udp_send(int fd, const struct iovec *datagrams, unsigned int count,
    const struct udp_target *target)
{
    unsigned int sent = 0;

    while (sent < count) {
        const struct iovec *rest = &datagrams[sent];
        unsigned int        length = trains ? train_length(rest, count - sent) : 1;
        ssize_t             result = 0;

        if (length > 1) {
            result = send_train(fd, rest, length, target);
            trains = result != 0;
        }
        if (result == 0) {
            result = send_batch(fd, rest, trains ? 1 : count - sent, target);
        }
        if (result < 0) {
            return sent > 0 && result == XQC_SOCKET_EAGAIN ? (ssize_t) sent : result;
        }
        sent += (unsigned int) result;
    }
    return (ssize_t) sent;
}
