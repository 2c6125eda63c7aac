#define _GNU_SOURCE
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "media_type.h"
#include "request_path.h"

#define INDEX "index.html"
#define GENERATED_MAX (UINT64_C(1) << 50)

static int
open_generated(struct content *content, const char *digits)
{
    char *end;

    errno = 0;
    content->size = strtoull(digits, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0
        || content->size > GENERATED_MAX)
    {
        return 404;
    }
    content->generated = true;
    content->media_type = media_type("");
    return 200;
}

static int
status_of_errno(void)
{
    switch (errno) {
    case EACCES:
        return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
        return 500;
    default:
        /* Not there, or not to be reached without leaving the folder. */
        return 404;
    }
}

static int
open_file(struct content *content, int root_fd, char *path)
{
    size_t      length = strlen(path);
    struct stat info;

    if (path[length - 1] == '/') {
        if (length + strlen(INDEX) >= REQUEST_PATH_LIMIT) {
            return 404;
        }
        strcpy(path + length, INDEX);
    }
    content->fd = folder_open(root_fd, path);
    if (content->fd < 0) {
        return status_of_errno();
    }
    if (fstat(content->fd, &info) == 0 && S_ISREG(info.st_mode)) {
        posix_fadvise(content->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        content->size = (uint64_t) info.st_size;
        content->media_type = media_type(path);
        return 200;
    }
    content_close(content);
    return S_ISDIR(info.st_mode) ? 301 : 404;
}

int
content_open(struct content *content, int root_fd, const char *target, size_t target_length)
{
    char path[REQUEST_PATH_LIMIT];

    *content = (struct content) { .fd = -1 };
    if (!request_path_decode(target, target_length, path)) {
        return target_length > 0 && target[0] == '/' ? 404 : 400;
    }
    if (strncmp(path, "/big/", 5) == 0 || strncmp(path, "/gen/", 5) == 0) {
        return open_generated(content, path + 5);
    }
    return open_file(content, root_fd, path);
}

void
content_text(struct content *content, const char *text)
{
    *content = (struct content) { .fd = -1, .media_type = "text/plain; charset=utf-8" };
    snprintf(content->text, sizeof(content->text), "%s", text);
    content->size = strlen(content->text);
}

void
content_close(struct content *content)
{
    if (content->fd >= 0) {
        close(content->fd);
        content->fd = -1;
    }
}

static void
generate(uint64_t offset, unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;

        data[i] = (unsigned char) (at ^ (at >> 8) ^ (at >> 16) ^ (at >> 24));
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
    if (content->generated) {
        generate(offset, data, size);
    } else {
        memcpy(data, content->text + offset, size);
    }
    return (ssize_t) size;
}
