/* One file on its way to disk. */
#ifndef EXAMPLES_DOWNLOAD_H
#define EXAMPLES_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum download_state {
    DOWNLOAD_WAITING,
    DOWNLOAD_ACTIVE,
    DOWNLOAD_DONE,
    DOWNLOAD_FAILED,
};

struct download {
    const char         *path; /* what is asked of the server */
    char               *file; /* where it ends up; NULL when the bytes are only counted */
    char               *part; /* its name until it is complete */
    int                 fd;
    uint64_t            bytes;
    enum download_state state;
    bool                local_failure; /* failed on this machine, not at the server */
    char                reason[128];   /* why it failed */
};

/* Names the file after the last part of `path`; false when memory is short. */
bool download_init(struct download *download, const char *path, const char *directory);
void download_free(struct download *download);

/* True when both would be written to the same file. */
bool download_collides(const struct download *one, const struct download *other);

/* Opens the file, appends to it, and gives it its final name. False: the download has failed. */
bool download_begin(struct download *download);
bool download_append(struct download *download, const unsigned char *data, size_t size);
bool download_complete(struct download *download);

/* Ends it as failed and removes what was written. Once it has ended, nothing changes. */
void download_fail(struct download *download, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
