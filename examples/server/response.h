/* What is answered to a request, whatever version of HTTP it came in. */
#ifndef EXAMPLES_RESPONSE_H
#define EXAMPLES_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "content.h"
#include "range.h"

/* What matters of a request. Missing fields are NULL. */
struct request_head {
    struct iovec method;
    struct iovec target;
    struct iovec range;
    bool         conditional_range; /* If-Range: we have no validators that could match */
};

struct response {
    int             status;
    bool            has_body;  /* false for HEAD */
    bool            partial;   /* content-range names `part` */
    struct content  content;
    struct range    part;      /* what is sent of the content */
    uint64_t        whole;     /* the size of what a range was asked of */
    char            location[256];
};

/* True when the method of a request is `name`. */
bool request_is(const struct request_head *request, const char *name);

/* Makes the response to anything but a POST that is echoed; for 405 the caller adds `allow`. */
void response_make(struct response *response, int root_fd, const struct request_head *request);

/* A response that only says what is wrong. */
void response_refuse(struct response *response, int status);
void response_close(struct response *response);

/* The words that go with a status. */
const char *response_reason(int status);

/* Formats the value of content-range; call it if `partial` or the status is 416. */
void response_content_range(const struct response *response, char *text, size_t size);

/* As content_read(), `offset` counting within the part. */
ssize_t response_read(const struct response *response, uint64_t offset, unsigned char *data,
    size_t size);

#endif
