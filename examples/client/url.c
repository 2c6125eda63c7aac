#define _GNU_SOURCE
#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/arguments.h"

#define DEFAULT_PORT 443

static char *
copy(const char *text, size_t length)
{
    char *result = strndup(text, length);

    if (result == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(STATUS_LOCAL);
    }
    return result;
}

/* A path must stay one line of printable bytes. */
static void
check_path(const char *program, const char *path)
{
    if (path[0] != '/') {
        arguments_fail(program, "a path must begin with '/': '%s'", path);
    }
    for (const char *byte = path; *byte != '\0'; byte++) {
        if ((unsigned char) *byte <= ' ' || *byte == 0x7f) {
            arguments_fail(program, "a path must not contain blanks or control characters");
        }
    }
}

struct url
url_make(const char *program, const char *host, uint16_t port, const char *path)
{
    check_path(program, path);
    return (struct url) {
        .host = copy(host, strlen(host)),
        .port = port,
        .path = copy(path, strcspn(path, "#")),
    };
}

struct url
url_parse(const char *program, const char *text)
{
    static const char scheme[] = "https://";
    const char       *begin, *end, *slash;
    struct url        url = { .port = DEFAULT_PORT };

    if (strncmp(text, scheme, strlen(scheme)) != 0) {
        arguments_fail(program, "not an https URL: '%s'", text);
    }
    begin = text + strlen(scheme);
    slash = begin + strcspn(begin, "/");
    if (*begin == '[') {
        end = memchr(begin, ']', (size_t) (slash - begin));
        begin++;
    } else {
        end = memchr(begin, ':', (size_t) (slash - begin));
        end = end == NULL ? slash : end;
    }
    if (end == NULL || end == begin) {
        arguments_fail(program, "no host in URL '%s'", text);
    }
    url.host = copy(begin, (size_t) (end - begin));
    end += *end == ']';
    if (*end == ':') {
        char *digits = copy(end + 1, (size_t) (slash - end - 1));

        url.port = (uint16_t) arguments_number(program, "the port", digits, 1, UINT16_MAX);
        free(digits);
    } else if (end != slash) {
        arguments_fail(program, "cannot read URL '%s'", text);
    }
    slash = *slash == '\0' ? "/" : slash;
    check_path(program, slash);
    url.path = copy(slash, strcspn(slash, "#"));
    return url;
}

void
url_free(struct url *url)
{
    free(url->host);
    free(url->path);
}

bool
url_same_origin(const struct url *one, const struct url *other)
{
    return one->port == other->port && strcasecmp(one->host, other->host) == 0;
}

int
url_file_name(const struct url *url, const char **name)
{
    size_t path = strcspn(url->path, "?");
    size_t begin = path;

    while (begin > 0 && url->path[begin - 1] != '/') {
        begin--;
    }
    *name = &url->path[begin];
    /* Names of nothing but dots would leave the folder. */
    if (begin == path || strspn(*name, ".") >= path - begin) {
        *name = "index";
        return (int) strlen(*name);
    }
    return (int) (path - begin);
}
