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

    /* Going past the system's limit takes privilege; the plain option gets what it may. */
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0) {
        setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
    }
}

/* What an older kernel refuses it does without: each of these is also fine when it is not there. */
static void
set_options(int fd, int family)
{
    int on = 1, probe = IP_PMTUDISC_PROBE;

    enlarge_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    enlarge_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    /* The ECN mark of each datagram. IPv4 also for an IPv6 socket, whose peers may use it. */
    setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
    /* Nothing is fragmented, and the library alone finds out what the path carries. */
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
    if (family == AF_INET6) {
        probe = IPV6_PMTUDISC_PROBE;
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
        setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
    }
    udp_offload(fd, true);
}

static int
open_socket(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        set_options(fd, family);
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

static int
bind_socket(struct udp_address *local, int shared)
{
    int fd = open_socket(local->storage.ss_family);
    int result;

    if (fd < 0) {
        return -1;
    }
    result = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared));
    if (result == 0) {
        result = bind(fd, (struct sockaddr *) &local->storage, local->length);
    }
    return finish_open(fd, result, local);
}

int
udp_bind(struct udp_address *local)
{
    return bind_socket(local, 0);
}

int
udp_bind_shared(struct udp_address *local)
{
    return bind_socket(local, 1);
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
