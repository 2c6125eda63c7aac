#define _GNU_SOURCE
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NONBLOCK keeps a FIFO from hanging us. */
#define READING (O_RDONLY | O_NONBLOCK | O_CLOEXEC)
#define NAME_LIMIT 256

int
folder_root(const char *directory)
{
    return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* One component after the other, without following any link: for kernels before 5.6. */
static int
open_step_by_step(int root_fd, const char *path)
{
    int fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && *path != '\0') {
        size_t length = strcspn(path, "/");
        bool   last = path[length] == '\0';
        char   name[NAME_LIMIT];
        int    next;

        if (length >= sizeof(name)) {
            close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        next = openat(fd, length == 0 ? "." : name,
                      (last ? READING : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
        close(fd);
        fd = next;
        path += last ? length : length + 1;
    }
    return fd;
}

int
folder_open(int root_fd, const char *path)
{
    struct open_how how = {
        .flags = READING,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd;

    /* Relative to the root. */
    path += *path == '/';
    fd = (int) syscall(SYS_openat2, root_fd, *path == '\0' ? "." : path, &how, sizeof(how));
    /* Some sandboxes forbid what they do not know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        fd = open_step_by_step(root_fd, path);
    }
    return fd;
}
