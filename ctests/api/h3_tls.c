/* The TLS object that a host gets of an HTTP/3 connection, through a BoringSSL of its own: one
 * pointer from the connection's creation to its end, on which looking does no harm. */
#include <string.h>

#include <openssl/ssl.h>

#include "h3.h"

/* What the host stores with the object; slot 0 is SSL_set_app_data. */
static int own_index;

typedef struct watch {
    const void *objects[2]; /* of the client and of the server, as told at creation */
    unsigned looks;
} watch;

/* Everything a web server asks of it, at any time; nothing of it sends. */
static void look(sim_conn *conn, watch *watch)
{
    bool is_server = conn->endpoint->is_server;
    SSL *ssl = xqc_h3_conn_get_ssl(conn->h3);
    CHECK(ssl != NULL && ssl == watch->objects[is_server]);
    unsigned writes = conn->endpoint->calls[SIM_WRITE_SOCKET];
    CHECK(SSL_get_ex_data(ssl, own_index) == conn);
    CHECK(SSL_get_version(ssl) != NULL);
    (void)SSL_get_cipher_name(ssl);
    (void)SSL_session_reused(ssl);
    (void)SSL_in_init(ssl);
    (void)SSL_get_shutdown(ssl);
    (void)SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)SSL_get_curve_id(ssl);
    (void)SSL_get_session(ssl);
    (void)SSL_get_verify_result(ssl);
    (void)SSL_early_data_accepted(ssl);
    const unsigned char *protocol = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &length);
    X509 *certificate = SSL_get_peer_certificate(ssl);
    X509_free(certificate);
    (void)SSL_get_error(ssl, 1);
    (void)SSL_is_init_finished(ssl);
    (void)SSL_get_current_cipher(ssl);
    (void)SSL_get_ciphers(ssl);
    (void)SSL_get_group_id(ssl);
    (void)SSL_get_peer_signature_algorithm(ssl);
    (void)SSL_get_peer_cert_chain(ssl);
    (void)SSL_get0_peer_certificates(ssl);
    (void)SSL_get_certificate(ssl);
    (void)SSL_get_privatekey(ssl);
    (void)SSL_get_SSL_CTX(ssl);
    (void)SSL_get_quiet_shutdown(ssl);
    (void)SSL_in_early_data(ssl);
    uint8_t random[SSL3_RANDOM_SIZE];
    (void)SSL_get_client_random(ssl, random, sizeof(random));
    (void)SSL_get_server_random(ssl, random, sizeof(random));
    SSL_SESSION *session = SSL_get1_session(ssl);
    SSL_SESSION_free(session);
    CHECK_EQ(conn->endpoint->calls[SIM_WRITE_SOCKET], writes);
    watch->looks++;
}

/* As web servers do before they let go of a connection, and whatever they think of its state. To
 * mark the object as shut down before its handshake is over is to give up that handshake. */
static void shut_down(sim_conn *conn, bool mark)
{
    SSL *ssl = xqc_h3_conn_get_ssl(conn->h3);
    unsigned writes = conn->endpoint->calls[SIM_WRITE_SOCKET];
    int result = SSL_shutdown(ssl);
    (void)SSL_get_error(ssl, result);
    SSL_set_quiet_shutdown(ssl, 1);
    result = SSL_shutdown(ssl);
    (void)SSL_get_error(ssl, result);
    if (mark) {
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    CHECK_EQ(conn->endpoint->calls[SIM_WRITE_SOCKET], writes);
}

static enum {LOOK_ONLY, SHUT_DOWN, GIVE_UP} manner;

static int watch_everything(void *argument, const sim_call *call)
{
    watch *watch = argument;
    sim_conn *conn = call->conn;
    if (conn == NULL || conn->h3 == NULL) {
        return 0;
    }
    if (call->event == SIM_CONN_CREATE) {
        SSL *ssl = xqc_h3_conn_get_ssl(conn->h3);
        CHECK(ssl != NULL);
        watch->objects[conn->endpoint->is_server] = ssl;
        CHECK(SSL_set_ex_data(ssl, own_index, conn));
        CHECK(SSL_in_init(ssl));
    }
    if (manner != LOOK_ONLY) {
        shut_down(conn, manner == GIVE_UP || conn->calls[SIM_HANDSHAKE_FINISHED] > 0);
    }
    look(conn, watch);
    return 0;
}

static watch watched_life(void (*change)(sim_options *options))
{
    watch watch = {.looks = 0};
    sim_options options;
    sim_options_init(&options);
    sim_speak_h3(&options);
    options.use_cert_callback = true;
    if (change != NULL) {
        change(&options);
    }
    own_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    CHECK(own_index > 0);
    sim_world *world = sim_world_new(&options);
    world->hook = watch_everything;
    world->hook_argument = &watch;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_post(conn, 100000, 100000) != NULL);
    sim_run_for(world, 10 * SIM_SECOND);
    if (!conn->closed) {
        CHECK(sim_is_served(conn));
        CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    }
    sim_run_for(world, 300 * SIM_SECOND);
    CHECK(conn->closed);
    sim_world_free(world);
    return watch;
}

static void looking_does_no_harm_at_any_time(void)
{
    watch watch = watched_life(NULL);
    CHECK(watch.looks > 20);
}

/* Nor does a shutdown: it sends nothing and stops nothing, not even the handshake. */
static void nor_does_a_shutdown_at_any_time(void)
{
    manner = SHUT_DOWN;
    watch watch = watched_life(NULL);
    CHECK(watch.looks > 20);
}

/* The connection ends as it does when a handshake fails. */
static void a_handshake_that_the_host_gives_up_ends_in_order(void)
{
    manner = GIVE_UP;
    watch watch = watched_life(NULL);
    CHECK(watch.looks > 3);
}

static void demand_another_certificate(sim_options *options)
{
    options->conn_tls.cert_verify_flag = XQC_TLS_CERT_FLAG_NEED_VERIFY;
}

/* The client does not trust the certificate: the handshake ends in the middle. */
static void nor_after_a_handshake_that_failed(void)
{
    watch watch = watched_life(demand_another_certificate);
    CHECK(watch.looks > 3);
    manner = SHUT_DOWN;
    watch = watched_life(demand_another_certificate);
    CHECK(watch.looks > 3);
}

typedef struct facts {
    sim_conn *conn;
    unsigned ended;
} facts;

static int check_facts(void *argument, const sim_call *call)
{
    facts *facts = argument;
    if (call->event != SIM_HANDSHAKE_FINISHED && call->event != SIM_CONN_CLOSE) {
        return 0;
    }
    SSL *ssl = xqc_h3_conn_get_ssl(call->conn->h3);
    const unsigned char *protocol = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &length);
    CHECK_EQ(strcmp(SSL_get_version(ssl), "TLSv1.3"), 0);
    CHECK(strstr(SSL_get_cipher_name(ssl), "TLS_") == SSL_get_cipher_name(ssl));
    CHECK(length == 2 && memcmp(protocol, "h3", 2) == 0);
    CHECK(!SSL_session_reused(ssl));
    if (call->endpoint->is_server) {
        CHECK_EQ(strcmp(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), "localhost"), 0);
    }
    facts->ended++;
    return 0;
}

static void it_knows_the_facts_of_the_handshake(void)
{
    facts facts = {.ended = 0};
    sim_world *world = sim_h3_world();
    world->hook = check_facts;
    world->hook_argument = &facts;
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(xqc_h3_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK_EQ(facts.ended, 4);
    sim_world_free(world);
}

/* As web servers do before they let go of a connection. Nothing of it reaches the wire. */
static void a_shutdown_of_the_object_sends_nothing(void)
{
    sim_world *world = sim_h3_world();
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_conn *server = sim_server_conn(world, conn);
    SSL *ssl = xqc_h3_conn_get_ssl(server->h3);
    unsigned writes = world->server.calls[SIM_WRITE_SOCKET];
    SSL_set_quiet_shutdown(ssl, 1);
    int result = SSL_shutdown(ssl);
    (void)SSL_get_error(ssl, result);
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    CHECK_EQ(world->server.calls[SIM_WRITE_SOCKET], writes);
    CHECK(!server->closed);
    CHECK_EQ(xqc_h3_conn_close(world->server.engine, &server->cid), XQC_OK);
    sim_run_for(world, 10 * SIM_SECOND);
    CHECK(conn->closed && server->closed);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"looking_does_no_harm_at_any_time", looking_does_no_harm_at_any_time, 0},
    {"nor_does_a_shutdown_at_any_time", nor_does_a_shutdown_at_any_time, 0},
    {"a_handshake_that_the_host_gives_up_ends_in_order",
     a_handshake_that_the_host_gives_up_ends_in_order, 0},
    {"nor_after_a_handshake_that_failed", nor_after_a_handshake_that_failed, 0},
    {"it_knows_the_facts_of_the_handshake", it_knows_the_facts_of_the_handshake, 0},
    {"a_shutdown_of_the_object_sends_nothing", a_shutdown_of_the_object_sends_nothing, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
