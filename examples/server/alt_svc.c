#define _GNU_SOURCE
#include "alt_svc.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http1.h"

#define BACKLOG 128
/* In each worker. When there are more, the one that was quiet for longest has to go. */
#define MAX_CONNECTIONS 256
#define WRITE_CHUNK 16384
/* Pieces written before others get their turn. */
#define PIECES_PER_TURN 16

/* One TCP connection, which answers one request after the other. */
struct tcp_connection {
    struct tcp_connection *newer, *older; /* by their last sign of life */
    struct watch           watch;
    SSL                   *ssl;
    bool                   answering;
    bool                   keep;     /* go on after this response */
    struct response        response;
    uint64_t               read;     /* of the response's body */
    char                   head[HTTP1_HEAD_LIMIT];
    size_t                 received; /* bytes of `head` */
    unsigned char          out[WRITE_CHUNK];
    size_t                 out_begin, out_end;
};

/* One per process. */
static struct {
    struct watch           watch;
    SSL_CTX               *tls;
    struct server         *server;
    struct tcp_connection *newest, *oldest;
    unsigned               count;
} service = { .watch = { .fd = -1 } };

/* ---- the list of connections -------------------------------------------------------------- */

static void
unlink_connection(struct tcp_connection *connection)
{
    *(connection->newer != NULL ? &connection->newer->older : &service.newest) = connection->older;
    *(connection->older != NULL ? &connection->older->newer : &service.oldest) = connection->newer;
}

static void
link_newest(struct tcp_connection *connection)
{
    connection->newer = NULL;
    connection->older = service.newest;
    *(service.newest != NULL ? &service.newest->newer : &service.oldest) = connection;
    service.newest = connection;
}

static void
close_connection(struct tcp_connection *connection)
{
    unlink_connection(connection);
    service.count--;
    loop_remove(&service.server->loop, &connection->watch);
    if (connection->answering) {
        response_close(&connection->response);
    }
    SSL_free(connection->ssl);
    close(connection->watch.fd);
    free(connection);
}

/* ---- one connection ------------------------------------------------------------------------ */

enum progress {
    GO_ON,    /* something was done */
    WAIT,     /* for the socket */
    FINISHED, /* close it */
};

/* What the result of a TLS call that did not succeed means. */
static enum progress
not_now(struct tcp_connection *connection, int result)
{
    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        loop_want(&service.server->loop, &connection->watch, EPOLLIN);
        return WAIT;
    case SSL_ERROR_WANT_WRITE:
        loop_want(&service.server->loop, &connection->watch, EPOLLOUT);
        return WAIT;
    default:
        return FINISHED;
    }
}

/* Puts the head of the response in the buffer. */
static enum progress
begin_response(struct tcp_connection *connection, size_t head_length)
{
    struct server       *server = service.server;
    struct http1_request request = http1_parse(connection->head, head_length);
    uint16_t             port = ntohs(((struct sockaddr_in *) &server->local.storage)->sin_port);

    if (request.broken) {
        connection->response = (struct response) { .has_body = true };
        response_refuse(&connection->response, 400);
    } else {
        response_make(&connection->response, server->root_fd, &request.head);
    }
    connection->answering = true;
    connection->keep = request.keep && !server->stopping;
    connection->read = 0;
    connection->out_begin = 0;
    connection->out_end = http1_format(&connection->response, port, connection->keep,
                                       (char *) connection->out, sizeof(connection->out));
    /* The beginning of the next request may be here already. */
    connection->received -= head_length;
    memmove(connection->head, connection->head + head_length, connection->received);
    return connection->out_end > 0 ? GO_ON : FINISHED;
}

static enum progress
read_request(struct tcp_connection *connection)
{
    size_t head_length = http1_head_length(connection->head, connection->received);
    int    result;

    if (head_length > 0) {
        return begin_response(connection, head_length);
    }
    if (connection->received == sizeof(connection->head)) {
        return FINISHED;
    }
    result = SSL_read(connection->ssl, connection->head + connection->received,
                      (int) (sizeof(connection->head) - connection->received));
    if (result <= 0) {
        return not_now(connection, result);
    }
    connection->received += (size_t) result;
    return GO_ON;
}

/* Fills the empty buffer with what comes next of the body. */
static enum progress
fill_buffer(struct tcp_connection *connection)
{
    const struct response *response = &connection->response;
    ssize_t                size;

    if (!response->has_body || connection->read == response->part.length) {
        response_close(&connection->response);
        connection->answering = false;
        return connection->keep ? GO_ON : FINISHED;
    }
    size = response_read(response, connection->read, connection->out, sizeof(connection->out));
    if (size <= 0) {
        return FINISHED;
    }
    connection->read += (uint64_t) size;
    connection->out_begin = 0;
    connection->out_end = (size_t) size;
    return GO_ON;
}

static enum progress
write_response(struct tcp_connection *connection)
{
    int result;

    if (connection->out_begin == connection->out_end) {
        return fill_buffer(connection);
    }
    result = SSL_write(connection->ssl, connection->out + connection->out_begin,
                       (int) (connection->out_end - connection->out_begin));
    if (result <= 0) {
        return not_now(connection, result);
    }
    connection->out_begin += (size_t) result;
    return GO_ON;
}

static void
on_connection_ready(struct watch *watch, uint32_t events)
{
    struct tcp_connection *connection = watch->owner;
    enum progress          progress = GO_ON;

    (void) events;
    unlink_connection(connection);
    link_newest(connection);
    /* The handshake needs no step of its own: reading does it. */
    for (int i = 0; i < PIECES_PER_TURN && progress == GO_ON; i++) {
        ERR_clear_error();
        progress = connection->answering ? write_response(connection) : read_request(connection);
    }
    if (progress == FINISHED) {
        SSL_shutdown(connection->ssl);
        close_connection(connection);
    } else if (progress == GO_ON) {
        /* Whatever the socket has to say: there is room to write, so the loop comes back. */
        loop_want(&service.server->loop, &connection->watch, EPOLLOUT);
    }
}

static void
accept_one(int fd)
{
    struct tcp_connection *connection = calloc(1, sizeof(*connection));
    SSL                   *ssl = SSL_new(service.tls);

    if (connection == NULL || ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        free(connection);
        close(fd);
        return;
    }
    if (service.count == MAX_CONNECTIONS) {
        close_connection(service.oldest);
    }
    SSL_set_accept_state(ssl);
    connection->ssl = ssl;
    connection->watch = (struct watch) { fd, on_connection_ready, connection };
    link_newest(connection);
    service.count++;
    if (loop_add(&service.server->loop, &connection->watch) != 0) {
        close_connection(connection);
    }
}

static void
on_listener_ready(struct watch *watch, uint32_t events)
{
    int fd;

    (void) events;
    while ((fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        accept_one(fd);
    }
}

/* ---- start ---------------------------------------------------------------------------------- */

static int
open_listener(struct udp_address *address)
{
    int on = 1;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0
        && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
            || bind(fd, (struct sockaddr *) &address->storage, address->length) != 0
            || listen(fd, BACKLOG) != 0
            || getsockname(fd, (struct sockaddr *) &address->storage, &address->length) != 0))
    {
        int saved = errno;

        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

bool
alt_svc_listen(struct server *server)
{
    struct udp_address address;
    char               text[UDP_ADDRESS_TEXT];
    const char        *why;
    int                port = server->options.https_port;

    if (port < 0) {
        return true;
    }
    if (udp_resolve(server->options.address, (uint16_t) port, &address, &why) != 0) {
        fprintf(stderr, PROGRAM ": cannot find %s: %s\n", server->options.address, why);
        return false;
    }
    /* A client that hangs up is no reason to die. */
    signal(SIGPIPE, SIG_IGN);
    service.watch.fd = open_listener(&address);
    if (service.watch.fd < 0) {
        fprintf(stderr, PROGRAM ": cannot listen on %s TCP port %d: %s\n", server->options.address,
                port, strerror(errno));
        return false;
    }
    udp_address_text(&address, text);
    printf(PROGRAM ": HTTPS over TCP on %s\n", text);
    return true;
}

static int
choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
    const unsigned char *offered, unsigned offered_length, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void) ssl;
    (void) argument;
    return SSL_select_next_proto((unsigned char **) chosen, length, ours, sizeof(ours) - 1, offered,
                                 offered_length) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

bool
alt_svc_open(struct server *server)
{
    service.server = server;
    if (service.watch.fd < 0) {
        return true;
    }
    service.tls = SSL_CTX_new(TLS_server_method());
    if (service.tls == NULL
        || SSL_CTX_set_min_proto_version(service.tls, TLS1_2_VERSION) != 1
        || SSL_CTX_use_certificate_chain_file(service.tls, server->options.certificate) != 1
        || SSL_CTX_use_PrivateKey_file(service.tls, server->options.key, SSL_FILETYPE_PEM) != 1)
    {
        fprintf(stderr, PROGRAM ": cannot use certificate and key for TCP\n");
        return false;
    }
    SSL_CTX_set_alpn_select_cb(service.tls, choose_protocol, NULL);
    SSL_CTX_set_mode(service.tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    service.watch.ready = on_listener_ready;
    return loop_add(&server->loop, &service.watch) == 0;
}

void
alt_svc_close(struct server *server)
{
    (void) server;
    while (service.oldest != NULL) {
        close_connection(service.oldest);
    }
    SSL_CTX_free(service.tls);
    service.tls = NULL;
    if (service.watch.fd >= 0) {
        close(service.watch.fd);
        service.watch.fd = -1;
    }
}
