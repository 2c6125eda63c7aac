/*
 * Several processes behind one UDP port. Each has a socket of its own, and a small program in the
 * kernel picks the one for each datagram: by the worker's number, which stands in the first byte of
 * every connection ID that we give out, so that a client that has moved still reaches the process
 * that knows it. First packets, whose connection IDs the client chose, go by the hash of the
 * addresses.
 */
#ifndef EXAMPLES_WORKERS_H
#define EXAMPLES_WORKERS_H

#include "server.h"

/* One socket for each worker, all on `server->local`. False with errno set. */
bool workers_bind(struct server *server, int sockets[MAX_WORKERS]);

/*
 * Starts the workers and waits until they have ended. Each runs `work` with its number and its
 * socket in `server`, and ends with what it returns. Signals to end are passed on; when one worker
 * dies, the others end too. Returns STATUS_OK if all did well.
 */
enum exit_status workers_run(struct server *server, const int sockets[MAX_WORKERS],
    enum exit_status (*work)(struct server *server));

/* The engine's cid_generate_cb. The library fills in the rest at random. */
ssize_t workers_name_connection(const xqc_cid_t *original, uint8_t *bytes, size_t size,
    void *engine_user_data);

#endif
