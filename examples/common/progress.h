/* A one-line progress bar on stderr. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool     on;
    uint64_t expected; /* bytes that make 100 percent; 0 when unknown */
    uint64_t started;  /* clock_monotonic_us() at the first byte wanted */
    uint64_t shown;    /* when the line was last drawn */
};

/* Draws the bar for `bytes` so far, at most ten times a second. */
void progress_show(struct progress *progress, uint64_t bytes);

/* Draws it a last time and ends its line. */
void progress_finish(struct progress *progress, uint64_t bytes);

#endif
