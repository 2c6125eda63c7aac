/*
 * The certificates the client accepts. The library's client side knows no trusted authorities of
 * its own: a chain it cannot trace is put before cert_verify_cb, where the host decides. This host
 * accepts a server whose own certificate it was given beforehand. That is safe without looking at
 * issuers, because the TLS handshake proves that the server holds the certificate's key.
 */
#ifndef EXAMPLES_TRUST_H
#define EXAMPLES_TRUST_H

#include <stdbool.h>
#include <stddef.h>

struct trust {
    unsigned char *der;   /* all certificates, one after the other */
    size_t        *sizes; /* of each */
    size_t         count;
};

/* Reads every certificate of a PEM file. False with `why` set when there is none. */
bool trust_load(struct trust *trust, const char *path, const char **why);
bool trust_contains(const struct trust *trust, const unsigned char *der, size_t size);
void trust_free(struct trust *trust);

#endif
