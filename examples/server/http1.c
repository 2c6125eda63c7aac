#define _GNU_SOURCE
#include "http1.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "date.h"

#define HEAD_END "\r\n\r\n"
/* How long a browser may remember where HTTP/3 is, in seconds. */
#define ALT_SVC_AGE 3600

size_t
http1_head_length(const char *text, size_t length)
{
    const char *end = memmem(text, length, HEAD_END, strlen(HEAD_END));

    return end == NULL ? 0 : (size_t) (end - text) + strlen(HEAD_END);
}

/* Cuts the text up to `separator` off; false when there is none. */
static bool
cut(struct iovec *rest, const char *separator, struct iovec *piece)
{
    char *found = memmem(rest->iov_base, rest->iov_len, separator, strlen(separator));

    if (found == NULL) {
        return false;
    }
    piece->iov_base = rest->iov_base;
    piece->iov_len = (size_t) (found - (char *) rest->iov_base);
    rest->iov_base = found + strlen(separator);
    rest->iov_len -= piece->iov_len + strlen(separator);
    return true;
}

static struct iovec
trimmed(struct iovec text)
{
    const char *begin = text.iov_base;

    while (text.iov_len > 0 && (*begin == ' ' || *begin == '\t')) {
        begin++;
        text.iov_len--;
    }
    while (text.iov_len > 0
           && (begin[text.iov_len - 1] == ' ' || begin[text.iov_len - 1] == '\t'))
    {
        text.iov_len--;
    }
    text.iov_base = (void *) begin;
    return text;
}

static bool
equal(struct iovec text, const char *word)
{
    return text.iov_len == strlen(word) && strncasecmp(text.iov_base, word, text.iov_len) == 0;
}

static void
parse_field(struct http1_request *request, struct iovec line)
{
    struct iovec name;

    if (!cut(&line, ":", &name)) {
        request->broken = true;
        return;
    }
    line = trimmed(line);
    if (equal(name, "range")) {
        request->head.range = line;
    } else if (equal(name, "if-range")) {
        request->head.conditional_range = true;
    } else if (equal(name, "connection") && equal(line, "close")) {
        request->keep = false;
    } else if (equal(name, "transfer-encoding")
               || (equal(name, "content-length") && !equal(line, "0")))
    {
        request->has_body = true;
    }
}

struct http1_request
http1_parse(const char *text, size_t length)
{
    struct http1_request request = { .keep = true };
    struct iovec         rest = { (void *) text, length }, line;

    if (!cut(&rest, "\r\n", &line) || !cut(&line, " ", &request.head.method)
        || !cut(&line, " ", &request.head.target))
    {
        request.broken = true;
        request.keep = false;
        return request;
    }
    request.broken = !equal(line, "HTTP/1.1") && !equal(line, "HTTP/1.0");
    request.keep = equal(line, "HTTP/1.1");
    while (cut(&rest, "\r\n", &line) && line.iov_len > 0) {
        parse_field(&request, line);
    }
    /* What body a request has is not read here, so nothing can follow it. */
    request.keep = request.keep && !request.has_body && !request.broken;
    return request;
}

size_t
http1_format(const struct response *response, uint16_t h3_port, bool keep, char *text, size_t size)
{
    char   special[320] = "";
    char   range[80];
    int    length;

    if (response->status == 405) {
        snprintf(special, sizeof(special), "allow: GET, HEAD\r\n");
    } else if (response->status == 301) {
        snprintf(special, sizeof(special), "location: %s\r\n", response->location);
    } else if (response->partial || response->status == 416) {
        response_content_range(response, range, sizeof(range));
        snprintf(special, sizeof(special), "content-range: %s\r\n", range);
    }
    length = snprintf(text, size,
                      "HTTP/1.1 %d %s\r\nserver: xquic\r\ndate: %s\r\n"
                      "alt-svc: h3=\":%u\"; ma=%d\r\ncontent-type: %s\r\n"
                      "content-length: %" PRIu64 "\r\n%s%s\r\n",
                      response->status, response_reason(response->status), date_now(),
                      (unsigned) h3_port, ALT_SVC_AGE, response->content.media_type,
                      response->part.length, special, keep ? "" : "connection: close\r\n");
    return length > 0 && (size_t) length < size ? (size_t) length : 0;
}
