/* Certificates by server name, as a host with a BoringSSL of its own hands them over: an RSA one is
 * configured, an ECDSA one goes with one name. */
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "sim.h"

typedef struct identity {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) *chain;
    const char *wanted; /* the name it goes with */
    int verify_type;    /* of the key the client was shown: EVP_PKEY_RSA, EVP_PKEY_EC */
    int chain_length;
} identity;

static FILE *open_beside(const char *configured, const char *name)
{
    char path[512];
    const char *slash = strrchr(configured, '/');
    CHECK(slash != NULL);
    (void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - configured), configured, name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    return file;
}

static void load(identity *identity, const char *configured)
{
    FILE *file = open_beside(configured, "ec.crt");
    identity->certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    file = open_beside(configured, "ec.key");
    identity->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    CHECK(identity->certificate != NULL && identity->key != NULL);
    identity->chain = sk_X509_new_null();
    CHECK(identity->chain != NULL && X509_up_ref(identity->certificate));
    /* Any certificate will do as the one that follows. */
    CHECK(sk_X509_push(identity->chain, identity->certificate) > 0);
}

static void unload(identity *identity)
{
    sk_X509_pop_free(identity->chain, X509_free);
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

/* Of the callback in progress. */
static identity *current;

static xqc_int_t choose(const char *name, void **chain, void **certificate, void **key,
                        void *user_data)
{
    sim_conn *conn = sim_conn_of(user_data);
    (void)sim_note(SIM_CERT_WANTED, conn->endpoint, conn, NULL);
    if (strcmp(name, current->wanted) == 0) {
        *chain = current->chain;
        *certificate = current->certificate;
        *key = current->key;
    }
    return XQC_OK;
}

static int look(const unsigned char *certificates[], const size_t lengths[], size_t count,
                void *user_data)
{
    (void)user_data;
    const unsigned char *at = certificates[0];
    X509 *leaf = d2i_X509(NULL, &at, (long)lengths[0]);
    CHECK(leaf != NULL);
    EVP_PKEY *key = X509_get_pubkey(leaf);
    current->verify_type = EVP_PKEY_id(key);
    current->chain_length = (int)count;
    EVP_PKEY_free(key);
    X509_free(leaf);
    return 0;
}

static void use_these(xqc_transport_callbacks_t *callbacks)
{
    callbacks->conn_cert_cb = choose;
    callbacks->cert_verify_cb = look;
}

static void a_name_gets_its_own_certificate_and_others_the_configured_one(void)
{
    static const struct {
        const char *wanted;
        int type;
        int length;
    } CASES[] = {{"localhost", EVP_PKEY_EC, 2}, {"other.example", EVP_PKEY_RSA, 1}};
    for (size_t i = 0; i < CHECK_COUNT(CASES); i++) {
        check_context("certificate for %s", CASES[i].wanted);
        identity identity = {.wanted = CASES[i].wanted};
        current = &identity;
        sim_options options;
        sim_options_init(&options);
        options.change_callbacks = use_these;
        options.conn_tls.cert_verify_flag =
            XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
        load(&identity, options.server_tls.cert_file);
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_established(world);
        CHECK(sim_request(conn, 1000, 1000) != NULL);
        CHECK(sim_run(world, sim_is_drained, conn, 10 * SIM_SECOND));
        CHECK_EQ(world->server.calls[SIM_CERT_WANTED], 1);
        CHECK_EQ(identity.verify_type, CASES[i].type);
        CHECK_EQ(identity.chain_length, CASES[i].length);
        sim_world_free(world);
        /* The library has let go of its references: the host's are the last. */
        CHECK(X509_up_ref(identity.certificate));
        X509_free(identity.certificate);
        unload(&identity);
    }
}

/* A key that is another's: nobody can be served with it. */
static void a_certificate_with_a_strange_key_fails_the_handshake(void)
{
    identity identity = {.wanted = "localhost"};
    current = &identity;
    sim_options options;
    sim_options_init(&options);
    options.change_callbacks = use_these;
    load(&identity, options.server_tls.cert_file);
    EVP_PKEY_free(identity.key);
    FILE *file = open_beside(options.server_tls.cert_file, "rsa.key");
    identity.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    CHECK(sim_run(world, sim_is_closed, conn, 200 * SIM_SECOND));
    CHECK_EQ(conn->calls[SIM_HANDSHAKE_FINISHED], 0);
    sim_run_for(world, 60 * SIM_SECOND);
    sim_world_free(world);
    unload(&identity);
}

static const check_case CASES[] = {
    {"a_name_gets_its_own_certificate_and_others_the_configured_one",
     a_name_gets_its_own_certificate_and_others_the_configured_one, 0},
    {"a_certificate_with_a_strange_key_fails_the_handshake",
     a_certificate_with_a_strange_key_fails_the_handshake, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
