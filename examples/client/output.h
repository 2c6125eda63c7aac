/* Where the content of a response goes: to a file, to stdout, or nowhere. */
#ifndef EXAMPLES_OUTPUT_H
#define EXAMPLES_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct output {
    char *file; /* where it ends up; NULL unless it goes to a file */
    char *part; /* its name until it is complete */
    int   fd;   /* -1: not open, or nowhere */
    bool  to_stdout;
};

/* Decides where the content of `url` goes; false when memory is short. */
bool output_init(struct output *output, const struct client_options *options,
    const struct url *url);
void output_free(struct output *output);

/* True when both would be written to the same file. */
bool output_collides(const struct output *one, const struct output *other);

/* Opens the file, appends to it, and gives it its final name. False with errno set on failure. */
bool output_open(struct output *output);
bool output_write(struct output *output, const void *data, size_t size);
bool output_finish(struct output *output);

/* Removes what was written to a file that will not be complete. */
void output_abandon(struct output *output);

/* For messages. */
const char *output_name(const struct output *output);

#endif
