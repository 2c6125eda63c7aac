/* As much of HTTP/1.1 (RFC 9112) as it takes to hand out files: heads of requests and responses. */
#ifndef EXAMPLES_HTTP1_H
#define EXAMPLES_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "response.h"

/* Larger heads are refused. */
#define HTTP1_HEAD_LIMIT 8192

struct http1_request {
    struct request_head head; /* points into the text */
    bool                keep; /* the connection may go on after this */
    bool                has_body;
    bool                broken;
};

/* The length of a complete head at the beginning of the text, or 0. */
size_t http1_head_length(const char *text, size_t length);

/* Reads a complete head. */
struct http1_request http1_parse(const char *text, size_t length);

/* Writes the head of a response that also says where HTTP/3 is; returns its length. */
size_t http1_format(const struct response *response, uint16_t h3_port, bool keep, char *text,
    size_t size);

#endif
