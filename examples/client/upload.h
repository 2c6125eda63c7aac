/* The content that goes out with requests, the same with each. */
#ifndef EXAMPLES_UPLOAD_H
#define EXAMPLES_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "options.h"

struct upload {
    const char *data; /* NULL: from the file */
    int         fd;
    uint64_t    size;
    bool        wanted; /* there is one, if only an empty one */
};

/* Looks at what the options name; false with errno set when it cannot be read. */
bool upload_open(struct upload *upload, const struct client_options *options);
void upload_close(struct upload *upload);

/* Copies up to `size` bytes from `offset` on; returns how many, or -1 with errno set. */
ssize_t upload_read(const struct upload *upload, uint64_t offset, unsigned char *data, size_t size);

#endif
