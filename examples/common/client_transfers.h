/* The downloads of xqc_client: one stream for each, with HTTP/0.9 on it. */
#ifndef EXAMPLES_CLIENT_TRANSFERS_H
#define EXAMPLES_CLIENT_TRANSFERS_H

#include "client.h"

/* Begins as many waiting downloads on `connection` as it may have open at once. */
void begin_downloads(struct connection *connection);

/* For streams whose user data is a struct transfer. */
extern const xqc_stream_callbacks_t client_stream_callbacks;

#endif
