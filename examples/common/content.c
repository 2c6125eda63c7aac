#define _GNU_SOURCE
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GENERATED "/gen/"
#define GENERATED_MAX (UINT64_C(1) << 50)
#define PATH_LIMIT 1024

static bool
refuse(const char **reason, const char *text)
{
    *reason = text;
    return false;
}

/* True when no component of the path is "..": then it cannot climb out of the root. */
static bool
stays_inside(const char *path)
{
    while (*path != '\0') {
        size_t length;

        path += strspn(path, "/");
        length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            return false;
        }
        path += length;
    }
    return true;
}

static bool
open_generated(struct content *content, const char *digits, const char **reason)
{
    char *end;

    errno = 0;
    content->size = strtoull(digits, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0
        || content->size > GENERATED_MAX)
    {
        return refuse(reason, "not a size");
    }
    return true;
}

bool
content_open(struct content *content, int root_fd, const char *path, const char **reason)
{
    char        name[PATH_LIMIT];
    struct stat info;
    size_t      length = strcspn(path, "?#");

    *content = (struct content) { .fd = -1, .size = 0 };
    if (path[0] != '/' || length >= sizeof(name)) {
        return refuse(reason, "not a path");
    }
    memcpy(name, path, length);
    name[length] = '\0';
    if (strncmp(name, GENERATED, strlen(GENERATED)) == 0) {
        return open_generated(content, name + strlen(GENERATED), reason);
    }
    if (!stays_inside(name)) {
        return refuse(reason, "leaves the root");
    }
    /* Relative to the root: without the leading slashes. O_NONBLOCK keeps a FIFO from hanging us. */
    content->fd = openat(root_fd, name + strspn(name, "/"),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (content->fd < 0) {
        return refuse(reason, strerror(errno));
    }
    if (fstat(content->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        content_close(content);
        return refuse(reason, "not a regular file");
    }
    content->size = (uint64_t) info.st_size;
    return true;
}

void
content_close(struct content *content)
{
    if (content->fd >= 0) {
        close(content->fd);
        content->fd = -1;
    }
}

ssize_t
content_read(const struct content *content, uint64_t offset, unsigned char *data, size_t size)
{
    if (content->fd >= 0) {
        return pread(content->fd, data, size, (off_t) offset);
    }
    if (size > content->size - offset) {
        size = (size_t) (content->size - offset);
    }
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;

        data[i] = (unsigned char) (at ^ (at >> 8) ^ (at >> 16) ^ (at >> 24));
    }
    return (ssize_t) size;
}
