/* Progress bars on stderr: one for the whole, and on a terminal one for each transfer under way. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* More transfers than that are seen in the whole only. */
#define PROGRESS_ROWS 8

struct progress {
    bool     on;
    bool     terminal; /* lines can be gone back to */
    uint64_t started;  /* clock_monotonic_us() at the first byte wanted */
    uint64_t shown;    /* when the bars were last drawn */
    unsigned drawn;    /* lines above the cursor that are ours */
};

struct progress_row {
    const char *name;
    uint64_t    bytes;
    uint64_t    expected; /* what makes 100 percent; 0 when unknown */
};

void progress_init(struct progress *progress, bool on);

/* True when it is time to draw again: ten times a second. */
bool progress_due(struct progress *progress);

/* Draws the rows and the whole below them. */
void progress_draw(struct progress *progress, const struct progress_row *rows, unsigned count,
    const struct progress_row *whole);

/* Draws the whole a last time and ends its line. */
void progress_finish(struct progress *progress, const struct progress_row *whole);

#endif
