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

enum echo_result
echo_pump(struct echo *echo, xqc_h3_request_t *request)
{
    for (;;) {
        size_t  waiting;
        ssize_t sent;

        if (!fill(echo, request)) {
            return ECHO_BROKEN;
        }
        waiting = echo->end - echo->begin;
        if (waiting == 0 && !echo->complete) {
            return ECHO_WAITING;
        }
        sent = xqc_h3_request_send_body(request, &echo->bytes[echo->begin], waiting,
                                        echo->complete);
        if (sent < 0) {
            return sent == -XQC_EAGAIN ? ECHO_WAITING : ECHO_BROKEN;
        }
        echo->begin += (size_t) sent;
        if (echo->begin < echo->end) {
            return ECHO_WAITING;
        }
        if (echo->complete) {
            return ECHO_DONE;
        }
        echo->begin = echo->end = 0;
    }
}
