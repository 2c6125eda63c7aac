#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* With generic receive offload the kernel hands over up to 64 KiB of datagrams in one buffer. */
#define BUFFER_SIZE 65535
#define RECEIVE_BATCH 16
#define BATCHES_PER_CALL 4

/* Room for the size of joined datagrams and for their ECN mark. */
union control {
    char           bytes[2 * CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

/* What the kernel says of a buffer beside the sender. */
struct remarks {
    size_t  segment; /* the size of the datagrams it joined; all of it if there is only one */
    uint8_t ecn;
};

/* The number in a control message: IPv4 has it in one byte, all others in an int. */
static int
control_number(const struct cmsghdr *control)
{
    int number = 0;

    if (control->cmsg_len >= CMSG_LEN(sizeof(number))) {
        memcpy(&number, CMSG_DATA(control), sizeof(number));
    } else {
        number = *CMSG_DATA(control);
    }
    return number;
}

static struct remarks
read_remarks(struct msghdr *header, size_t total)
{
    struct remarks remarks = { total, 0 };

    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control))
    {
        int number = control_number(control);

        if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO && number > 0) {
            remarks.segment = (size_t) number;
        } else if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS)
                   || (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS))
        {
            remarks.ecn = number & UDP_ECN_MASK;
        }
    }
    return remarks;
}

/* Takes a joined buffer apart; returns how many datagrams it held. */
static int
deliver(struct msghdr *header, size_t total, const struct udp_address *peer, udp_receiver receiver,
    void *owner)
{
    const unsigned char *data = header->msg_iov->iov_base;
    struct remarks       remarks = read_remarks(header, total);
    int                  count = 0;

    while (total > 0) {
        size_t size = total < remarks.segment ? total : remarks.segment;

        receiver(owner, data, size, peer, remarks.ecn);
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
