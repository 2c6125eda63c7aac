#define _GNU_SOURCE
#include "response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
request_is(const struct request_head *request, const char *name)
{
    return request->method.iov_len == strlen(name)
           && memcmp(request->method.iov_base, name, request->method.iov_len) == 0;
}

const char *
response_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 416:
        return "Range Not Satisfiable";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return "Internal Server Error";
    }
}

void
response_refuse(struct response *response, int status)
{
    char text[CONTENT_TEXT_LIMIT];

    snprintf(text, sizeof(text), "%d %s\n", status, response_reason(status));
    response->status = status;
    content_text(&response->content, text);
    response->part = (struct range) { 0, response->content.size };
}

/* Where a folder is that was asked for without its slash: always on this server. */
static void
locate_folder(struct response *response, const struct iovec *target)
{
    const char *path = target->iov_base;
    size_t      length = target->iov_len, end = 0;

    /* Two slashes at the beginning would name another server. */
    while (length > 1 && path[0] == '/' && path[1] == '/') {
        path++;
        length--;
    }
    while (end < length && path[end] != '?' && path[end] != '#') {
        end++;
    }
    if (end + 2 > sizeof(response->location)) {
        response_refuse(response, 404);
        return;
    }
    snprintf(response->location, sizeof(response->location), "%.*s/", (int) end, path);
    response_refuse(response, 301);
}

static void
apply_range(struct response *response, const struct request_head *request)
{
    uint64_t        size = response->content.size;
    enum range_kind kind = RANGE_WHOLE;

    response->whole = size;
    response->part = (struct range) { 0, size };
    if (request->range.iov_base != NULL && !request->conditional_range) {
        kind = range_parse(request->range.iov_base, request->range.iov_len, size, &response->part);
    }
    if (kind == RANGE_PART) {
        response->status = 206;
        response->partial = true;
    } else if (kind == RANGE_UNSATISFIABLE) {
        content_close(&response->content);
        response_refuse(response, 416);
    }
}

void
response_make(struct response *response, int root_fd, const struct request_head *request)
{
    bool head = request_is(request, "HEAD");

    memset(response, 0, sizeof(*response));
    response->has_body = !head;
    response->content.fd = -1;
    if (!head && !request_is(request, "GET")) {
        response_refuse(response, 405);
        return;
    }
    response->status = content_open(&response->content, root_fd, request->target.iov_base,
                                    request->target.iov_len);
    if (response->status == 301) {
        locate_folder(response, &request->target);
    } else if (response->status != 200) {
        response_refuse(response, response->status);
    } else if (head) {
        /* RFC 9110 section 14.2: only GET has ranges. */
        response->part = (struct range) { 0, response->content.size };
    } else {
        apply_range(response, request);
    }
}

void
response_close(struct response *response)
{
    content_close(&response->content);
}

void
response_content_range(const struct response *response, char *text, size_t size)
{
    const struct range *part = &response->part;

    if (response->partial) {
        snprintf(text, size, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part->first,
                 part->first + part->length - 1, response->whole);
    } else {
        snprintf(text, size, "bytes */%" PRIu64, response->whole);
    }
}

ssize_t
response_read(const struct response *response, uint64_t offset, unsigned char *data, size_t size)
{
    if (size > response->part.length - offset) {
        size = (size_t) (response->part.length - offset);
    }
    return content_read(&response->content, response->part.first + offset, data, size);
}
