/* The life of a transfer, whatever protocol it uses. */
#ifndef EXAMPLES_TRANSFER_H
#define EXAMPLES_TRANSFER_H

#include "client.h"

/* Makes transfers of the URLs and sorts them by server. False when memory is short. */
bool transfers_prepare(struct client *client);
void transfers_free(struct client *client);

/* Begins as many of those that wait as the connection may have. */
void transfers_begin(struct connection *connection);

/* Opens the output: with HTTP/3, when the response is there. False: the transfer has failed. */
bool transfer_open_output(struct transfer *transfer);

/* Takes a piece of content. False: the transfer has failed, and the caller closes the stream. */
bool transfer_receive(struct transfer *transfer, const unsigned char *data, size_t size);

/* The response is complete. */
void transfer_complete(struct transfer *transfer);

/* Ends it as failed. Once it has ended, nothing changes. */
void transfer_fail(struct transfer *transfer, enum exit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Its stream is gone; what was not complete has failed. */
void transfer_stream_closed(struct transfer *transfer);

bool transfer_ended(const struct transfer *transfer);

#endif
