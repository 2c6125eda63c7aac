/*
 * What a client keeps for its next visit to the same server: the TLS session, the server's
 * transport parameters and an address token, all in one file. As long as it has the first two a
 * client may send requests before the handshake is done.
 *
 * The file holds secrets: whoever can read it can resume the session.
 */
#ifndef EXAMPLES_SESSION_FILE_H
#define EXAMPLES_SESSION_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct kept_bytes {
    char  *data; /* NULL: none */
    size_t size;
};

struct session_file {
    struct kept_bytes ticket;
    struct kept_bytes parameters;
    struct kept_bytes token;
};

/* Reads what an earlier run kept. A file that is not there, or not to be read, leaves all empty. */
void session_file_load(struct session_file *session, const char *path);

/* Replaces one of the parts. */
void kept_bytes_set(struct kept_bytes *part, const void *data, size_t size);

/* Writes the file anew, readable for its owner only; false with errno set when that fails. */
bool session_file_store(const struct session_file *session, const char *path);
void session_file_free(struct session_file *session);

#endif
