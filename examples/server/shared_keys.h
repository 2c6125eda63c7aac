/*
 * Keys that all workers must have in common: what one of them gives a client to come back with,
 * another may get to see. They are drawn at the start, so they are good for one run of the server.
 */
#ifndef EXAMPLES_SHARED_KEYS_H
#define EXAMPLES_SHARED_KEYS_H

#include <stdbool.h>
#include <xquic/xquic.h>

#define TICKET_KEY_SIZE 48
#define TOKEN_KEY_SIZE 32
#define RESET_KEY_SIZE 32

struct shared_keys {
    char          ticket[TICKET_KEY_SIZE]; /* TLS sessions */
    unsigned char token[TOKEN_KEY_SIZE];   /* addresses that were proven */
    char          reset[RESET_KEY_SIZE];     /* stateless resets */
};

/* Draws them; false with errno set when the system has no randomness to give. */
bool shared_keys_draw(struct shared_keys *keys);

/* Puts them where the library wants them. It copies them when the engine is created. */
void shared_keys_use(struct shared_keys *keys, xqc_config_t *config, xqc_engine_ssl_config_t *tls);

#endif
