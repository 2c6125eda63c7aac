#define _GNU_SOURCE
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
upload_open(struct upload *upload, const struct client_options *options)
{
    struct stat info;

    *upload = (struct upload) {
        .data = options->data,
        .fd = -1,
        .size = options->data != NULL ? strlen(options->data) : 0,
        .wanted = options->data != NULL || options->data_file != NULL,
    };
    if (options->data_file == NULL) {
        return true;
    }
    upload->fd = open(options->data_file, O_RDONLY | O_CLOEXEC);
    if (upload->fd < 0 || fstat(upload->fd, &info) != 0) {
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        /* Its size must be known, and every request begins at its beginning. */
        errno = EINVAL;
        return false;
    }
    upload->size = (uint64_t) info.st_size;
    return true;
}

void
upload_close(struct upload *upload)
{
    if (upload->fd >= 0) {
        close(upload->fd);
        upload->fd = -1;
    }
}

ssize_t
upload_read(const struct upload *upload, uint64_t offset, unsigned char *data, size_t size)
{
    if (size > upload->size - offset) {
        size = (size_t) (upload->size - offset);
    }
    if (upload->fd >= 0) {
        return pread(upload->fd, data, size, (off_t) offset);
    }
    memcpy(data, upload->data + offset, size);
    return (ssize_t) size;
}
