#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
output_init(struct output *output, const struct client_options *options, const struct url *url)
{
    const char *name;
    int         length = url_file_name(url, &name);
    int         result;

    *output = (struct output) { .fd = -1 };
    if (options->discard) {
        return true;
    }
    if (options->output == NULL) {
        output->to_stdout = true;
        return true;
    }
    if (options->by_name) {
        result = asprintf(&output->file, "%s/%.*s", options->output, length, name);
    } else {
        result = asprintf(&output->file, "%s", options->output);
    }
    if (result < 0) {
        output->file = NULL;
        return false;
    }
    if (asprintf(&output->part, "%s.part", output->file) < 0) {
        output->part = NULL;
        return false;
    }
    return true;
}

void
output_free(struct output *output)
{
    free(output->file);
    free(output->part);
}

bool
output_collides(const struct output *one, const struct output *other)
{
    return one->file != NULL && other->file != NULL && strcmp(one->file, other->file) == 0;
}

/* What is no regular file, such as /dev/null, is written to as it is. */
static void
write_directly(struct output *output)
{
    struct stat info;

    if (stat(output->file, &info) == 0 && !S_ISREG(info.st_mode)) {
        free(output->part);
        output->part = NULL;
    }
}

bool
output_open(struct output *output)
{
    if (output->to_stdout) {
        output->fd = STDOUT_FILENO;
    } else if (output->file != NULL) {
        write_directly(output);
        output->fd = open(output->part != NULL ? output->part : output->file,
                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return output->fd >= 0;
    }
    return true;
}

bool
output_write(struct output *output, const void *data, size_t size)
{
    const char *bytes = data;

    while (output->fd >= 0 && size > 0) {
        ssize_t written = write(output->fd, bytes, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        size -= (size_t) written;
    }
    return true;
}

bool
output_finish(struct output *output)
{
    int fd = output->fd;

    output->fd = -1;
    if (fd < 0 || output->to_stdout) {
        return true;
    }
    return close(fd) == 0 && (output->part == NULL || rename(output->part, output->file) == 0);
}

void
output_abandon(struct output *output)
{
    if (output->fd >= 0 && !output->to_stdout) {
        close(output->fd);
        if (output->part != NULL) {
            unlink(output->part);
        }
    }
    output->fd = -1;
}

const char *
output_name(const struct output *output)
{
    if (output->part != NULL) {
        return output->part;
    }
    return output->file != NULL ? output->file : "the output";
}
