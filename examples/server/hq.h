/*
 * HTTP/0.9 over QUIC, as it is used for tests between implementations: a stream carries
 * "GET /path\r\n", the answer is the file's bytes and the FIN. What cannot be served is answered by
 * resetting the stream.
 */
#ifndef EXAMPLES_SERVER_HQ_H
#define EXAMPLES_SERVER_HQ_H

#include <stdbool.h>
#include <xquic/xquic.h>

bool hq_register(xqc_engine_t *engine);

#endif
