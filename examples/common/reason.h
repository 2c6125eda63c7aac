/* Why a connection ended, in words. */
#ifndef EXAMPLES_REASON_H
#define EXAMPLES_REASON_H

#include <stddef.h>
#include <xquic/xquic.h>

/* Describes the error that `connection` ended with; to be called in its close callback. */
void reason_describe(xqc_connection_t *connection, char *text, size_t size);

#endif
