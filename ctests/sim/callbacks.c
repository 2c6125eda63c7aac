/* What the simulated host answers to the library's engine and connection callbacks; see sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static void check_tag(const void *user_data, uint32_t tag, const char *kind, const char *callback)
{
    if (user_data == NULL || *(const uint32_t *)user_data != tag) {
        check_context("%s came with user data that is no %s but %#x", callback, kind,
                      user_data == NULL ? 0 : *(const uint32_t *)user_data);
        CHECK(!"wrong user data");
    }
}

sim_endpoint *sim_check_endpoint(void *engine_user_data, const char *callback)
{
    check_tag(engine_user_data, SIM_TAG_ENDPOINT, "engine user data", callback);
    return engine_user_data;
}

sim_endpoint *sim_check_listener(void *listener, const char *callback)
{
    check_tag(listener, SIM_TAG_LISTENER, "listener", callback);
    return ((sim_listener *)listener)->endpoint;
}

static sim_conn *check_open(sim_conn *conn, const char *callback)
{
    if (conn->closed) {
        check_context("%s came after the connection had closed", callback);
        CHECK(!conn->closed);
    }
    return conn;
}

sim_conn *sim_check_conn(void *transport_user_data, const char *callback)
{
    check_tag(transport_user_data, SIM_TAG_CONN, "transport user data", callback);
    return check_open(transport_user_data, callback);
}

sim_conn *sim_check_alp(void *protocol_user_data, const char *callback)
{
    check_tag(protocol_user_data, SIM_TAG_ALP, "application protocol user data", callback);
    return check_open(((struct sim_alp *)protocol_user_data)->conn, callback);
}

sim_conn *sim_conn_new(sim_endpoint *endpoint)
{
    sim_conn *conn = calloc(1, sizeof(*conn));
    CHECK(conn != NULL);
    conn->tag = SIM_TAG_CONN;
    conn->alp.tag = SIM_TAG_ALP;
    conn->alp.conn = conn;
    conn->endpoint = endpoint;
    conn->number = endpoint->conns == NULL ? 0 : endpoint->conns->number + 1;
    conn->local = endpoint->address;
    conn->next = endpoint->conns;
    endpoint->conns = conn;
    return conn;
}

void sim_conn_free(sim_conn *conn)
{
    if (conn->peer != NULL) {
        conn->peer->peer = NULL;
    }
    while (conn->streams != NULL) {
        sim_stream *stream = conn->streams;
        conn->streams = stream->next;
        stream->tag = 0;
        free(stream);
    }
    const sim_application *application = conn->endpoint->world->options.application;
    if (application != NULL) {
        application->forget(conn);
    }
    conn->tag = 0;
    conn->alp.tag = 0;
    free(conn);
}

/* ---- engine ---- */

static void on_set_timer(xqc_usec_t wake_after, void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of(user_data);
    endpoint->timer_at = sim_now() + wake_after;
    sim_note(SIM_SET_TIMER, endpoint, NULL, NULL);
}

static int wanted_log_level(void)
{
    static int level = -1;
    if (level < 0) {
        const char *text = getenv("SIM_LOG");
        level = text == NULL ? 0 : atoi(text) + 1;
    }
    return level;
}

/* With its zero. */
#define MAX_LOG_RECORD 2048

static void on_log(xqc_log_level_t level, const void *bytes, size_t size, void *user_data)
{
    /* Hosts print it with "%s". */
    CHECK(size < MAX_LOG_RECORD && strlen(bytes) == size);
    if (user_data != NULL) {
        sim_endpoint *endpoint = sim_endpoint_of(user_data);
        endpoint->calls[SIM_LOG]++;
        endpoint->log_lines[(unsigned)level < 7 ? level : 6]++;
        if (endpoint->log_wanted != NULL
            && memmem(bytes, size, endpoint->log_wanted, strlen(endpoint->log_wanted)) != NULL) {
            endpoint->log_found++;
        }
    }
    if ((int)level < wanted_log_level()) {
        fprintf(stderr, "%.*s\n", (int)size, (const char *)bytes);
    }
}

static void on_qlog(qlog_event_importance_t importance, const void *bytes, size_t size,
                    void *user_data)
{
    (void)importance;
    (void)user_data;
    CHECK(strlen(bytes) == size);
}

static void on_keylog(const xqc_cid_t *scid, const char *line, void *user_data)
{
    CHECK(scid != NULL && line != NULL);
    sim_note(SIM_KEYLOG, sim_endpoint_of(user_data), NULL, NULL);
}

static ssize_t on_cid_generate(const xqc_cid_t *original, uint8_t *cid, size_t length,
                               void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of(user_data);
    CHECK(original != NULL);
    sim_random_fill(&endpoint->world->random, cid, length);
    cid[0] = 0x5c; /* a mark by which tests know that the CID came from here */
    sim_note(SIM_CID_GENERATE, endpoint, NULL, NULL);
    return (ssize_t)length;
}

xqc_engine_t *sim_engine_new(sim_endpoint *endpoint, const sim_options *options)
{
    const xqc_log_callbacks_t logs = {on_log, on_log, on_qlog};
    const xqc_cid_generate_pt generator =
        options->cid_generator != NULL ? options->cid_generator : on_cid_generate;
    const xqc_engine_callback_t callbacks = {
        .set_event_timer = on_set_timer,
        .log_callbacks = options->log_callbacks != NULL ? *options->log_callbacks : logs,
        .cid_generate_cb =
            options->use_cid_generator && endpoint->is_server ? generator : NULL,
        .keylog_cb = options->keylog != NULL ? options->keylog : on_keylog,
        .realtime_ts = sim_now,
        .monotonic_ts = sim_now,
    };
    const xqc_transport_callbacks_t transport = sim_transport_callbacks(options);
    xqc_config_t config = endpoint->is_server ? options->server_config : options->client_config;
    if (wanted_log_level() > 0) {
        config.cfg_log_level = (xqc_log_level_t)(wanted_log_level() - 1);
    }
    return xqc_engine_create(endpoint->is_server ? XQC_ENGINE_SERVER : XQC_ENGINE_CLIENT, &config,
                             endpoint->is_server ? &options->server_tls : &options->client_tls,
                             &callbacks, &transport, endpoint);
}

/* ---- writing ---- */

void sim_emit(sim_endpoint *endpoint, const void *bytes, size_t length,
              const struct sockaddr_in *from, const struct sockaddr *to, socklen_t to_length)
{
    CHECK(to != NULL && to_length == sizeof(struct sockaddr_in));
    CHECK(length > 0);
    const char *text = endpoint->watch_for;
    if (text != NULL && memmem(bytes, length, text, strlen(text)) != NULL) {
        endpoint->watched++;
    }
    struct sockaddr_in target;
    memcpy(&target, to, sizeof(target));
    if (length > endpoint->largest_datagram) {
        endpoint->largest_datagram = length;
    }
    sim_link_send(endpoint->out, sim_now(), bytes, length, endpoint->ecn, from, &target);
}

/* XQC_OK if the socket takes another datagram, else what the callback must return. */
static ssize_t socket_state(sim_endpoint *endpoint, sim_conn *conn)
{
    if (endpoint->write_mode == SIM_WRITE_ERROR) {
        return XQC_SOCKET_ERROR;
    }
    if (endpoint->write_mode == SIM_WRITE_WOULD_BLOCK) {
        conn->write_blocked = true;
        return XQC_SOCKET_EAGAIN;
    }
    if (endpoint->write_budget > 0 && --endpoint->write_budget == 0) {
        endpoint->write_mode = SIM_WRITE_WOULD_BLOCK;
    }
    return 0;
}

static ssize_t on_write_socket(const unsigned char *bytes, size_t length,
                               const struct sockaddr *to, socklen_t to_length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    sim_note(SIM_WRITE_SOCKET, conn->endpoint, conn, NULL);
    ssize_t state = socket_state(conn->endpoint, conn);
    if (state != 0) {
        return state;
    }
    if (conn->endpoint->write_mode == SIM_WRITE_SHORT) {
        return (ssize_t)length - 1;
    }
    struct sockaddr_in from = sim_leave_from(conn);
    sim_emit(conn->endpoint, bytes, length, &from, to, to_length);
    return (ssize_t)length;
}

static ssize_t on_write_socket_ex(uint64_t path_id, const unsigned char *bytes, size_t length,
                                  const struct sockaddr *to, socklen_t to_length, void *user_data)
{
    CHECK_EQ(path_id, 0);
    sim_conn_of(user_data)->endpoint->ex_writes++;
    return on_write_socket(bytes, length, to, to_length, user_data);
}

/* All of one size but the last, which may be shorter. */
static bool is_even(const struct iovec *vector, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        size_t first = vector[0].iov_len;
        bool is_last = i + 1 == count;
        if (is_last ? vector[i].iov_len > first : vector[i].iov_len != first) {
            return false;
        }
    }
    return true;
}

static ssize_t on_write_mmsg(const struct iovec *vector, unsigned int count,
                             const struct sockaddr *to, socklen_t to_length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    sim_endpoint *endpoint = conn->endpoint;
    sim_note(SIM_WRITE_MMSG, endpoint, conn, NULL);
    CHECK(count > 0 && count <= XQC_MAX_SEND_MSG_ONCE);
    if (count > endpoint->mmsg_longest) {
        endpoint->mmsg_longest = count;
    }
    endpoint->uneven_trains += !is_even(vector, count);
    unsigned most = endpoint->mmsg_most == 0 ? count : endpoint->mmsg_most;
    unsigned taken = 0;
    struct sockaddr_in from = sim_leave_from(conn);
    while (taken < count && taken < most) {
        ssize_t state = socket_state(endpoint, conn);
        if (state != 0) {
            return taken > 0 ? (ssize_t)taken : state;
        }
        sim_emit(endpoint, vector[taken].iov_base, vector[taken].iov_len, &from, to, to_length);
        taken++;
    }
    return (ssize_t)taken;
}

static ssize_t on_write_mmsg_ex(uint64_t path_id, const struct iovec *vector, unsigned int count,
                                const struct sockaddr *to, socklen_t to_length, void *user_data)
{
    CHECK_EQ(path_id, 0);
    sim_conn_of(user_data)->endpoint->ex_writes++;
    return on_write_mmsg(vector, count, to, to_length, user_data);
}

static ssize_t on_stateless_reset(const unsigned char *bytes, size_t length,
                                  const struct sockaddr *to, socklen_t to_length,
                                  const struct sockaddr *local, socklen_t local_length,
                                  void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of_listener(user_data);
    CHECK(local != NULL && local_length == sizeof(struct sockaddr_in));
    sim_note(SIM_STATELESS_RESET, endpoint, NULL, NULL);
    sim_emit(endpoint, bytes, length, (const struct sockaddr_in *)local, to, to_length);
    return (ssize_t)length;
}

static ssize_t on_before_accept(const unsigned char *bytes, size_t length,
                                const struct sockaddr *to, socklen_t to_length, void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of_listener(user_data);
    sim_note(SIM_BEFORE_ACCEPT, endpoint, NULL, NULL);
    if (endpoint->write_mode == SIM_WRITE_WOULD_BLOCK) {
        return XQC_SOCKET_EAGAIN;
    }
    sim_emit(endpoint, bytes, length, &endpoint->address, to, to_length);
    return (ssize_t)length;
}

static int on_retry_check(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                          void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of_listener(user_data);
    CHECK(endpoint->is_server && engine == endpoint->engine);
    CHECK(handle != NULL && cid != NULL && cid->cid_len > 0);
    endpoint->visitor = handle;
    int answer = sim_note(SIM_RETRY_CHECK, endpoint, NULL, NULL);
    endpoint->visitor = NULL;
    return answer;
}

/* ---- connection ---- */

static int on_server_accept(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                            void *user_data)
{
    sim_endpoint *endpoint = sim_endpoint_of_listener(user_data);
    CHECK(endpoint->is_server && engine == endpoint->engine);
    CHECK(handle != NULL && cid != NULL);
    sim_conn *conn = sim_conn_new(endpoint);
    conn->handle = handle;
    conn->cid = *cid;
    xqc_conn_set_transport_user_data(handle, conn);
    xqc_conn_set_alp_user_data(handle, &conn->alp);
    int answer = sim_note(SIM_SERVER_ACCEPT, endpoint, conn, NULL);
    if (answer != 0) {
        conn->refused = true;
        conn->handle = NULL; /* it dies with this answer */
    }
    return answer;
}

static void on_server_refuse(xqc_engine_t *engine, xqc_connection_t *handle, const xqc_cid_t *cid,
                             void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    /* A side that destroys its engine has forgotten it already. */
    CHECK(engine == conn->endpoint->engine || conn->endpoint->engine == NULL);
    CHECK(handle == conn->handle && cid != NULL);
    CHECK(conn->calls[SIM_CONN_CREATE] == 0 || conn->create_failed);
    conn->close_errno = xqc_conn_get_errno(handle);
    sim_note(SIM_SERVER_REFUSE, conn->endpoint, conn, NULL);
    conn->refused = true;
    conn->closed = true;
    conn->handle = NULL;
}

static xqc_int_t on_conn_closing(xqc_connection_t *handle, const xqc_cid_t *cid, xqc_int_t error,
                                 void *user_data)
{
    if (check_upstream() && *(uint32_t *)user_data == SIM_TAG_LISTENER) {
        return 0; /* Upstream announces the end of connections that were never accepted. */
    }
    sim_conn *conn = sim_conn_of(user_data);
    if (check_upstream() && conn->refused) {
        return 0; /* And of those that were refused. */
    }
    CHECK(handle == conn->handle && cid != NULL);
    conn->closing_error = error;
    return sim_note(SIM_CONN_CLOSING, conn->endpoint, conn, NULL);
}

static int on_conn_create(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                          void *protocol_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(handle != NULL && cid != NULL);
    if (conn->endpoint->is_server) {
        CHECK(sim_conn_of_alp(protocol_data) == conn);
        CHECK(conn->handle == handle);
    }
    conn->handle = handle;
    conn->cid = *cid;
    xqc_conn_set_alp_user_data(handle, &conn->alp);
    if (conn->endpoint->world->options.use_datagrams) {
        xqc_datagram_set_user_data(handle, conn);
        CHECK(xqc_datagram_get_user_data(handle) == conn);
    }
    int answer = sim_note(SIM_CONN_CREATE, conn->endpoint, conn, NULL);
    conn->create_failed = answer != 0;
    return answer;
}

static int on_conn_close(xqc_connection_t *handle, const xqc_cid_t *cid, void *user_data,
                         void *protocol_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(sim_conn_of_alp(protocol_data) == conn);
    CHECK(handle == conn->handle && cid != NULL);
    CHECK_EQ(conn->open_streams, 0);
    conn->close_errno = xqc_conn_get_errno(handle);
    sim_note(SIM_CONN_CLOSE, conn->endpoint, conn, NULL);
    conn->closed = true;
    conn->handle = NULL;
    return 0;
}

static void on_handshake_finished(xqc_connection_t *handle, void *user_data, void *protocol_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(sim_conn_of_alp(protocol_data) == conn && handle == conn->handle);
    sim_note(SIM_HANDSHAKE_FINISHED, conn->endpoint, conn, NULL);
}

static void on_ping_acked(xqc_connection_t *handle, const xqc_cid_t *cid, void *ping_data,
                          void *user_data, void *protocol_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(sim_conn_of_alp(protocol_data) == conn && handle == conn->handle && cid != NULL);
    conn->ping_data = ping_data;
    sim_note(SIM_PING_ACKED, conn->endpoint, conn, NULL);
}

static void on_update_cid(xqc_connection_t *handle, const xqc_cid_t *old, const xqc_cid_t *fresh,
                          void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(handle == conn->handle && old != NULL && fresh != NULL);
    sim_note(SIM_CID_UPDATE, conn->endpoint, conn, NULL);
    conn->cid = *fresh;
}

static void on_save_token(const unsigned char *token, uint32_t length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(token != NULL && length > 0 && length <= sizeof(conn->token));
    memcpy(conn->token, token, length);
    conn->token_length = length;
    sim_note(SIM_SAVE_TOKEN, conn->endpoint, conn, NULL);
}

static void keep(char **place, size_t *place_length, const char *data, size_t length)
{
    free(*place);
    *place = malloc(length);
    CHECK(*place != NULL);
    memcpy(*place, data, length);
    *place_length = length;
}

static void on_save_session(const char *data, size_t length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(data != NULL && length > 0);
    sim_kept *kept = &conn->endpoint->kept;
    keep(&kept->session, &kept->session_length, data, length);
    sim_note(SIM_SAVE_SESSION, conn->endpoint, conn, NULL);
}

static void on_save_parameters(const char *data, size_t length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(data != NULL && length > 0);
    sim_kept *kept = &conn->endpoint->kept;
    keep(&kept->parameters, &kept->parameters_length, data, length);
    sim_note(SIM_SAVE_PARAMETERS, conn->endpoint, conn, NULL);
}

static int on_cert_verify(const unsigned char *certificates[], const size_t lengths[],
                          size_t count, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(count > 0 && certificates[0] != NULL && lengths[0] > 0);
    sim_note(SIM_CERT_VERIFY, conn->endpoint, conn, NULL);
    return conn->endpoint->verify_result;
}

static xqc_int_t on_cert_wanted(const char *name, void **chain, void **certificate, void **key,
                                void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(chain != NULL && certificate != NULL && key != NULL);
    CHECK(name != NULL);
    (void)snprintf(conn->wanted_name, sizeof(conn->wanted_name), "%s", name);
    return sim_note(SIM_CERT_WANTED, conn->endpoint, conn, NULL);
}

static void on_tls_message(int type, const void *message, size_t length, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(message != NULL && length > 4);
    unsigned seen = conn->calls[SIM_TLS_MESSAGE];
    if (seen < 4) {
        conn->tls_message_types[seen] = type;
        conn->tls_message_heads[seen] = *(const uint8_t *)message;
    }
    sim_note(SIM_TLS_MESSAGE, conn->endpoint, conn, NULL);
}

static void on_address_changed(xqc_connection_t *handle, void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    CHECK(handle == conn->handle);
    sim_note(SIM_ADDRESS_CHANGED, conn->endpoint, conn, NULL);
}

static void on_path_address_changed(xqc_connection_t *handle, uint64_t path_id, void *user_data)
{
    (void)path_id;
    on_address_changed(handle, user_data);
}

xqc_transport_callbacks_t sim_transport_callbacks(const sim_options *options)
{
    xqc_transport_callbacks_t callbacks = {
        .server_accept = on_server_accept,
        .server_refuse = on_server_refuse,
        .stateless_reset = on_stateless_reset,
        .write_socket = on_write_socket,
        .conn_update_cid_notify = on_update_cid,
        .save_token = on_save_token,
        .save_session_cb = on_save_session,
        .save_tp_cb = on_save_parameters,
        .cert_verify_cb = on_cert_verify,
        .conn_closing = on_conn_closing,
        .conn_peer_addr_changed_notify = on_address_changed,
        .path_peer_addr_changed_notify = on_path_address_changed,
        .conn_ssl_msg_cb = on_tls_message,
        .conn_send_packet_before_accept = on_before_accept,
    };
    if (options->no_before_accept) {
        callbacks.conn_send_packet_before_accept = NULL;
    }
    if (options->use_retry_check) {
        callbacks.conn_retry_packet_condition_check = on_retry_check;
    }
    if (options->use_cert_callback) {
        callbacks.conn_cert_cb = on_cert_wanted;
    }
    if (options->use_mmsg) {
        callbacks.write_mmsg = on_write_mmsg;
    }
    if (options->use_ex) {
        callbacks.write_socket_ex = on_write_socket_ex;
        callbacks.write_mmsg_ex = options->use_mmsg ? on_write_mmsg_ex : NULL;
    }
    if (options->change_callbacks != NULL) {
        options->change_callbacks(&callbacks);
    }
    return callbacks;
}

xqc_conn_callbacks_t sim_conn_callbacks(void)
{
    const xqc_conn_callbacks_t callbacks = {
        .conn_create_notify = on_conn_create,
        .conn_close_notify = on_conn_close,
        .conn_handshake_finished = on_handshake_finished,
        .conn_ping_acked = on_ping_acked,
    };
    return callbacks;
}
