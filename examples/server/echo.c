#define _GNU_SOURCE
#include "echo.h"

/* Reads until the room is used up or nothing is left. False when the request is broken. */
static bool
fill(struct echo *echo, xqc_h3_request_t *request)
{
    while (!echo->complete && echo->end < ECHO_ROOM) {
        uint8_t fin = 0;
        ssize_t size = xqc_h3_request_recv_body(request, &echo->bytes[echo->end],
                                                ECHO_ROOM - echo->end, &fin);

        if (size == -XQC_EAGAIN) {
            echo->complete = echo->last;
            return true;
        }
        if (size < 0) {
            return false;
        }
        echo->end += (size_t) size;
        echo->complete = fin;
    }
    return true;
}

/* Sends what waits; with the last of it, or with the trailers after it, the response ends. */
static ssize_t
send_waiting(struct echo *echo, xqc_h3_request_t *request)
{
    size_t  waiting = echo->end - echo->begin;
    ssize_t sent;

    if (waiting == 0 && echo->trailers != NULL) {
        return 0;
    }
    sent = xqc_h3_request_send_body(request, &echo->bytes[echo->begin], waiting,
                                    echo->complete && echo->trailers == NULL);
    if (sent > 0) {
        echo->begin += (size_t) sent;
    }
    return sent;
}

enum echo_result
echo_pump(struct echo *echo, xqc_h3_request_t *request)
{
    for (;;) {
        ssize_t sent;

        if (!fill(echo, request)) {
            return ECHO_BROKEN;
        }
        if (echo->begin == echo->end && !echo->complete) {
            return ECHO_WAITING;
        }
        sent = send_waiting(echo, request);
        if (sent < 0) {
            return sent == -XQC_EAGAIN ? ECHO_WAITING : ECHO_BROKEN;
        }
        if (echo->begin < echo->end) {
            return ECHO_WAITING;
        }
        if (echo->complete && echo->trailers != NULL) {
            sent = xqc_h3_request_send_headers(request, echo->trailers, true);
            return sent < 0 ? ECHO_BROKEN : ECHO_DONE;
        }
        if (echo->complete) {
            return ECHO_DONE;
        }
        echo->begin = echo->end = 0;
    }
}
