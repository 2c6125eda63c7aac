/* What a request is for: https://HOST[:PORT]/PATH taken apart. */
#ifndef EXAMPLES_URL_H
#define EXAMPLES_URL_H

#include <stdbool.h>
#include <stdint.h>

struct url {
    char    *host; /* without the brackets of an IPv6 address */
    uint16_t port;
    char    *path; /* begins with '/' */
};

/* Each ends the program when there is no sense in what it is given. */
struct url url_parse(const char *program, const char *text);
struct url url_make(const char *program, const char *host, uint16_t port, const char *path);
void       url_free(struct url *url);

/* True when both are at the same server. */
bool url_same_origin(const struct url *one, const struct url *other);

/* The last part of the path, if it is fit to be a file's name, else "index". Returns its length. */
int url_file_name(const struct url *url, const char **name);

#endif
