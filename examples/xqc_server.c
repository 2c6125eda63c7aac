/*
 * xqc_server: serves the files of a directory over QUIC with HTTP/0.9, as an example of a C host
 * of libxquic. One thread, one socket, any number of connections.
 *
 * A stream carries "GET /path\r\n"; the answer is the file's bytes and the FIN. What cannot be
 * served is answered by resetting the stream.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>
#if defined(__has_include)
#if __has_include(<xquic/xqc_ext.h>)
#include <xquic/xqc_ext.h>
#endif
#endif

#include "common/arguments.h"
#include "common/clock.h"
#include "common/content.h"
#include "common/loop.h"
#include "common/marks.h"
#include "common/server_options.h"
#include "common/sinks.h"
#include "common/udp.h"

#define PROGRAM "xqc_server"
#define ALPN "hq-interop"
#define QUIC_V1 0x00000001
/* The longest request line that is read; what is longer is refused. */
#define REQUEST_LIMIT 2048
#define WRITE_CHUNK 65536

struct server {
    struct server_options options;
    struct loop         loop;
    struct watch        watch;
    struct udp_address  local;
    xqc_engine_t       *engine;
    struct connection  *connections; /* every live one */
    int                 root_fd;
    bool                blocked;     /* the kernel has no room for datagrams */
};

struct connection {
    struct server     *server;
    struct connection *next, *previous;
    xqc_cid_t          cid;
    bool               blocked; /* wants xqc_conn_continue_send() when there is room again */
};

struct request {
    struct connection *connection;
    struct content     content;
    char               line[REQUEST_LIMIT];
    size_t             length; /* of what has come of the line */
    uint64_t           sent;
    bool               answering;
    bool               ended; /* FIN sent, or given up */
};

/* ---- the library's timer and sockets -------------------------------------------------- */

static void
set_event_timer(xqc_usec_t wake_after, void *engine_user_data)
{
    struct server *server = engine_user_data;

    loop_set_timer(&server->loop, wake_after);
}

static void
on_timer(void *owner)
{
    struct server *server = owner;

    xqc_engine_main_logic(server->engine);
}

static ssize_t
write_marked(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, uint8_t ecn, void *user_data)
{
    struct connection      *connection = user_data;
    struct server          *server = connection->server;
    const struct udp_target target = { peer, peer_length, false, ecn };
    ssize_t                 sent = udp_send(server->watch.fd, datagrams, count, &target);

    if (sent == XQC_SOCKET_EAGAIN || (sent >= 0 && (unsigned int) sent < count)) {
        connection->blocked = true;
        server->blocked = true;
        loop_want_writable(&server->loop, &server->watch, true);
    }
    return sent;
}

static ssize_t
write_mmsg(const struct iovec *datagrams, unsigned int count, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    return write_marked(datagrams, count, peer, peer_length, 0, user_data);
}

static ssize_t
write_socket(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    struct iovec datagram = { (void *) data, size };
    ssize_t      sent = write_mmsg(&datagram, 1, peer, peer_length, user_data);

    return sent < 0 ? sent : (ssize_t) size;
}

/* A packet that belongs to no connection: Version Negotiation, Retry, a refusal. */
static ssize_t
write_before_accept(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, void *user_data)
{
    struct server          *server = user_data;
    const struct udp_target target = { peer, peer_length, false, 0 };
    struct iovec            datagram = { (void *) data, size };
    ssize_t                 sent = udp_send(server->watch.fd, &datagram, 1, &target);

    return sent < 0 ? sent : (ssize_t) size;
}

static ssize_t
write_stateless_reset(const unsigned char *data, size_t size, const struct sockaddr *peer,
    socklen_t peer_length, const struct sockaddr *local, socklen_t local_length, void *user_data)
{
    (void) local;
    (void) local_length;
    return write_before_accept(data, size, peer, peer_length, user_data);
}

static void
on_datagram(void *owner, const unsigned char *data, size_t size, const struct udp_address *peer,
    uint8_t ecn)
{
    struct server *server = owner;

    marks_process(server->engine, data, size, &server->local, peer, ecn, server);
}

/* There is room in the socket again: every connection that was held up goes on. */
static void
continue_blocked(struct server *server)
{
    struct connection *next;

    server->blocked = false;
    loop_want_writable(&server->loop, &server->watch, false);
    for (struct connection *connection = server->connections; connection; connection = next) {
        next = connection->next;
        if (connection->blocked) {
            connection->blocked = false;
            xqc_conn_continue_send(server->engine, &connection->cid);
        }
    }
}

static void
on_socket_ready(struct watch *watch, uint32_t events)
{
    struct server *server = watch->owner;

    (void) events;
    if (server->blocked) {
        continue_blocked(server);
    }
    udp_receive(watch->fd, on_datagram, server);
    xqc_engine_finish_recv(server->engine);
}

/* ---- requests --------------------------------------------------------------------------- */

static void
give_up(xqc_stream_t *stream, struct request *request, const char *reason)
{
    fprintf(stderr, PROGRAM ": refused '%.*s': %s\n", (int) strcspn(request->line, "\r\n"),
            request->line, reason);
    request->ended = true;
    xqc_stream_close(stream);
}

/* Hands the library as much of the answer as it takes; the write callback comes for the rest. */
static void
send_answer(xqc_stream_t *stream, struct request *request)
{
    static unsigned char chunk[WRITE_CHUNK];

    while (!request->ended) {
        uint64_t left = request->content.size - request->sent;
        ssize_t  size = content_read(&request->content, request->sent, chunk,
                                     left < WRITE_CHUNK ? (size_t) left : WRITE_CHUNK);
        ssize_t  taken;

        if (size < 0 || (size == 0 && left > 0)) {
            give_up(stream, request, "the file shrank or cannot be read");
            return;
        }
        taken = xqc_stream_send(stream, chunk, (size_t) size, (uint64_t) size == left);
        if (taken == -XQC_EAGAIN) {
            return;
        }
        if (taken < 0) {
            give_up(stream, request, "the stream is broken");
            return;
        }
        request->sent += (uint64_t) taken;
        request->ended = request->sent == request->content.size;
        if (taken < size) {
            return;
        }
    }
}

/* Acts on a complete request line. */
static void
answer(xqc_stream_t *stream, struct request *request)
{
    struct server *server = request->connection->server;
    const char    *reason;

    request->line[strcspn(request->line, "\r\n")] = '\0';
    request->answering = true;
    if (strncmp(request->line, "GET ", 4) != 0) {
        give_up(stream, request, "not a GET request");
    } else if (!content_open(&request->content, server->root_fd, request->line + 4, &reason)) {
        give_up(stream, request, reason);
    } else {
        send_answer(stream, request);
    }
}

/* ---- callbacks of the application protocol -------------------------------------------- */

static xqc_int_t
on_stream_created(xqc_stream_t *stream, void *user_data)
{
    struct request *request = calloc(1, sizeof(*request));

    (void) user_data;
    if (request == NULL) {
        return -1;
    }
    request->connection = xqc_get_conn_user_data_by_stream(stream);
    request->content.fd = -1;
    xqc_stream_set_user_data(stream, request);
    return 0;
}

static xqc_int_t
on_stream_readable(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;
    unsigned char   surplus[256];
    uint8_t         fin = 0;

    if (request == NULL) {
        return 0;
    }
    while (!fin) {
        /* After the line nothing is expected, but what comes must be taken off the stream. */
        size_t  room = REQUEST_LIMIT - 1 - request->length;
        bool    reading = !request->answering;
        ssize_t size = xqc_stream_recv(
            stream, reading ? (unsigned char *) request->line + request->length : surplus,
            reading ? room : sizeof(surplus), &fin);

        if (size < 0) {
            return 0;
        }
        if (!reading) {
            continue;
        }
        request->length += (size_t) size;
        if (fin || memchr(request->line, '\n', request->length) != NULL) {
            answer(stream, request);
            return 0;
        }
        if (request->length == REQUEST_LIMIT - 1) {
            give_up(stream, request, "the request line is too long");
            return 0;
        }
    }
    return 0;
}

static xqc_int_t
on_stream_writable(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;

    if (request != NULL && request->answering && !request->ended) {
        send_answer(stream, request);
    }
    return 0;
}

static xqc_int_t
on_stream_closed(xqc_stream_t *stream, void *user_data)
{
    struct request *request = user_data;

    (void) stream;
    if (request != NULL) {
        content_close(&request->content);
        free(request);
    }
    return 0;
}

static int
on_connection_created(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    (void) handle;
    (void) cid;
    (void) user_data;
    (void) protocol_data;
    return 0;
}

static void
forget(struct connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        connection->server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    free(connection);
}

static int
on_connection_closed(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
    void *protocol_data)
{
    struct connection *connection = user_data;

    (void) protocol_data;
    if (connection->server->options.stats) {
        xqc_conn_stats_t stats = xqc_conn_get_stats(connection->server->engine, cid);

        printf("connection ended: code 0x%x, RTT %.3f ms, packets %" PRIu32 " sent, %" PRIu32
               " received, %" PRIu32 " lost\n",
               (unsigned) xqc_conn_get_errno(handle), (double) stats.srtt / 1e3, stats.send_count,
               stats.recv_count, stats.lost_count);
    }
    forget(connection);
    return 0;
}

static const xqc_app_proto_callbacks_t protocol = {
    .conn_cbs = {
        .conn_create_notify = on_connection_created,
        .conn_close_notify = on_connection_closed,
    },
    .stream_cbs = {
        .stream_create_notify = on_stream_created,
        .stream_read_notify = on_stream_readable,
        .stream_write_notify = on_stream_writable,
        .stream_close_notify = on_stream_closed,
    },
};

/* ---- callbacks of the transport --------------------------------------------------------- */

static int
on_accept(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data)
{
    struct server     *server = user_data;
    struct connection *connection = calloc(1, sizeof(*connection));

    (void) engine;
    if (connection == NULL) {
        return -1;
    }
    connection->server = server;
    connection->cid = *cid;
    connection->next = server->connections;
    if (server->connections != NULL) {
        server->connections->previous = connection;
    }
    server->connections = connection;
    /* From here on the transport's callbacks carry the connection, no longer the server. */
    xqc_conn_set_transport_user_data(handle, connection);
    return 0;
}

/* Accepted, but ended before the application protocol was agreed: no close callback comes. */
static void
on_refuse(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data)
{
    (void) engine;
    (void) handle;
    (void) cid;
    forget(user_data);
}

static void
on_cid_changed(xqc_connection_t *handle, const xqc_cid_t *retired, const xqc_cid_t *current,
    void *user_data)
{
    struct connection *connection = user_data;

    (void) handle;
    (void) retired;
    connection->cid = *current;
}

/* With --retry no client is served before it has shown that it gets what is sent to it. */
static int
on_retry_question(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
    void *user_data)
{
    const struct server *server = user_data;

    (void) engine;
    (void) handle;
    (void) cid;
    return server->options.retry;
}

static const xqc_transport_callbacks_t transport = {
    .server_accept = on_accept,
    .server_refuse = on_refuse,
    .stateless_reset = write_stateless_reset,
    .write_socket = write_socket,
    .write_mmsg = write_mmsg,
    .conn_update_cid_notify = on_cid_changed,
    .conn_retry_packet_condition_check = on_retry_question,
    .conn_send_packet_before_accept = write_before_accept,
};

/* ---- start ------------------------------------------------------------------------------ */

static bool
create_engine(struct server *server)
{
    xqc_conn_settings_t settings = xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);
    xqc_engine_ssl_config_t tls = {
        .private_key_file = (char *) server->options.key,
        .cert_file = (char *) server->options.certificate,
        .ciphers = (char *) server->options.ciphers,
        .groups = (char *) XQC_TLS_GROUPS,
    };
    xqc_engine_callback_t     callbacks = sinks_callbacks(server->options.log_level);
    xqc_app_proto_callbacks_t alpn_callbacks = protocol;
    xqc_config_t              config = { 0 };

    callbacks.set_event_timer = set_event_timer;
    if (xqc_engine_get_default_config(&config, XQC_ENGINE_SERVER) != XQC_OK) {
        return false;
    }
    config.cfg_log_level = (xqc_log_level_t) server->options.log_level;
    config.sendmmsg_on = 1;
#ifdef XQC_EXT_VERSION_V2
    if (server->options.v2) {
        config.support_version_count = 2;
        config.support_version_list[0] = XQC_EXT_VERSION_V2;
        config.support_version_list[1] = QUIC_V1;
    }
#endif
    server->engine = xqc_engine_create(XQC_ENGINE_SERVER, &config, &tls, &callbacks, &transport,
                                       server);
    if (server->engine == NULL) {
        return false;
    }
    marks_use(server->engine, write_marked);
    settings.cong_ctrl_callback = server->options.congestion;
    settings.enable_pmtud = XQC_PMTUD_ENABLE_MASK;
    settings.keyupdate_pkt_threshold = server->options.key_update;
    xqc_server_set_conn_settings(server->engine, &settings);
#ifdef XQC_EXT_VERSION
    if (server->options.migration) {
        xqc_ext_server_set_migration(server->engine, XQC_EXT_MIGRATION_ALLOWED, NULL, 0, NULL, 0);
    }
#endif
    return xqc_engine_register_alpn(server->engine, ALPN, strlen(ALPN), &alpn_callbacks, NULL)
           == XQC_OK;
}

/* Opens everything; says on stderr what is missing. */
static bool
start(struct server *server)
{
    const struct server_options *options = &server->options;
    const char           *why;

    if (access(options->certificate, R_OK) != 0) {
        fprintf(stderr, PROGRAM ": cannot read %s: %s\n", options->certificate, strerror(errno));
    } else if (access(options->key, R_OK) != 0) {
        fprintf(stderr, PROGRAM ": cannot read %s: %s\n", options->key, strerror(errno));
    } else if ((server->root_fd = open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        fprintf(stderr, PROGRAM ": cannot serve %s: %s\n", options->root, strerror(errno));
    } else if (options->keylog != NULL && sinks_open_keylog(options->keylog) != 0) {
        fprintf(stderr, PROGRAM ": cannot open %s: %s\n", options->keylog, strerror(errno));
    } else if (options->qlog != NULL && sinks_open_qlog(options->qlog) != 0) {
        fprintf(stderr, PROGRAM ": cannot open %s: %s\n", options->qlog, strerror(errno));
    } else if (udp_resolve(options->address, options->port, &server->local, &why) != 0) {
        fprintf(stderr, PROGRAM ": cannot find %s: %s\n", options->address, why);
    } else if ((server->watch.fd = udp_bind(&server->local)) < 0) {
        fprintf(stderr, PROGRAM ": cannot listen on %s port %u: %s\n", options->address,
                (unsigned) options->port, strerror(errno));
    } else if (loop_open(&server->loop, on_timer, server) != 0
               || loop_add(&server->loop, &server->watch) != 0)
    {
        fprintf(stderr, PROGRAM ": cannot start: %s\n", strerror(errno));
    } else if (!create_engine(server)) {
        fprintf(stderr, PROGRAM ": the library refused to start: check certificate and key\n");
    } else {
        return true;
    }
    return false;
}

int
main(int argc, char **argv)
{
    struct server server = { .options = server_options_parse(argc, argv), .root_fd = -1 };
    char          address[UDP_ADDRESS_TEXT];
    bool          started;

    server.watch = (struct watch) { -1, on_socket_ready, &server };
    server.loop = (struct loop) { .epoll_fd = -1, .timer.fd = -1, .signals.fd = -1 };
    started = start(&server);
    if (started) {
        udp_address_text(&server.local, address);
        setvbuf(stdout, NULL, _IOLBF, 0);
        printf(PROGRAM ": listening on %s\n", address);
        while (!server.loop.stop && loop_turn(&server.loop, -1) == 0) {
        }
    }
    if (server.engine != NULL) {
        xqc_engine_destroy(server.engine);
    }
    loop_close(&server.loop);
    if (server.watch.fd >= 0) {
        close(server.watch.fd);
    }
    if (server.root_fd >= 0) {
        close(server.root_fd);
    }
    sinks_close();
    return started ? STATUS_OK : STATUS_LOCAL;
}
