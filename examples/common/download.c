#define _GNU_SOURCE
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
download_init(struct download *download, const char *path, const char *directory)
{
    const char *name = strrchr(path, '/') + 1;
    size_t      length = strcspn(name, "?#");

    *download = (struct download) { .path = path, .fd = -1, .state = DOWNLOAD_WAITING };
    if (directory == NULL) {
        return true;
    }
    /* The name must stay inside the directory. */
    if (length == 0 || strspn(name, ".") >= length) {
        name = "index";
        length = strlen(name);
    }
    if (asprintf(&download->file, "%s/%.*s", directory, (int) length, name) < 0) {
        download->file = NULL;
        return false;
    }
    if (asprintf(&download->part, "%s.part", download->file) < 0) {
        download->part = NULL;
        return false;
    }
    return true;
}

void
download_free(struct download *download)
{
    free(download->file);
    free(download->part);
}

bool
download_collides(const struct download *one, const struct download *other)
{
    return one->file != NULL && other->file != NULL && strcmp(one->file, other->file) == 0;
}

static bool
fail_locally(struct download *download, const char *what)
{
    download->local_failure = true;
    download_fail(download, "cannot %s %s: %s", what, download->part, strerror(errno));
    return false;
}

bool
download_begin(struct download *download)
{
    download->state = DOWNLOAD_ACTIVE;
    if (download->file == NULL) {
        return true;
    }
    download->fd = open(download->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return download->fd >= 0 ? true : fail_locally(download, "create");
}

bool
download_append(struct download *download, const unsigned char *data, size_t size)
{
    download->bytes += size;
    while (download->fd >= 0 && size > 0) {
        ssize_t written = write(download->fd, data, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail_locally(download, "write");
        }
        data += written;
        size -= (size_t) written;
    }
    return true;
}

bool
download_complete(struct download *download)
{
    if (download->fd >= 0) {
        int result = close(download->fd);

        download->fd = -1;
        if (result != 0 || rename(download->part, download->file) != 0) {
            return fail_locally(download, "finish");
        }
    }
    download->state = DOWNLOAD_DONE;
    return true;
}

void
download_fail(struct download *download, const char *format, ...)
{
    va_list arguments;

    if (download->state == DOWNLOAD_DONE || download->state == DOWNLOAD_FAILED) {
        return;
    }
    download->state = DOWNLOAD_FAILED;
    va_start(arguments, format);
    vsnprintf(download->reason, sizeof(download->reason), format, arguments);
    va_end(arguments);
    if (download->fd >= 0) {
        close(download->fd);
        download->fd = -1;
        unlink(download->part);
    }
}
