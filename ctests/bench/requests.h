/*
 * The HTTP/3 work of the benchmark on top of pair.h: one client connection asks for responses of a
 * fixed size, a number of them at a time; a new request starts as soon as one ends. Both sides read
 * all header fields they were sent, and the client compares every byte of the content.
 */
#ifndef CTESTS_REQUESTS_H
#define CTESTS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "pair.h"

typedef struct requests_plan {
    unsigned count;
    unsigned at_once;
    size_t size; /* of each response's content */
} requests_plan;

/* Says what the next pair_start sets up. */
void requests_plan_for(const requests_plan *plan);

/* Starts the first requests on an established connection. */
void requests_start(pair_conn *conn);

/* Starts those that found no room when one before them ended. True when all have ended. */
bool requests_are_done(void);

/* Frees what the requests used, after pair_stop. */
void requests_free(void);

#endif
