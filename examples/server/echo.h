/* The content of a request on its way back, with a bound on what is held of it. */
#ifndef EXAMPLES_ECHO_H
#define EXAMPLES_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <xquic/xqc_http3.h>

#define ECHO_ROOM 65536

struct echo {
    unsigned char bytes[ECHO_ROOM];
    size_t        begin, end; /* of what waits to be sent */
    bool          last;       /* what can be read now is all that comes */
    bool          complete;   /* all of it has been read */

    xqc_http_headers_t *trailers; /* what came after it, kept by the library; NULL: nothing */
};

enum echo_result {
    ECHO_WAITING, /* for the peer: to send, or to read */
    ECHO_DONE,
    ECHO_BROKEN,
};

/*
 * Moves what can be moved, and at the end the trailers. What does not fit is left with the library,
 * which then grants the peer no credit for more: so a client that sends without reading is held up,
 * and nothing grows here.
 */
enum echo_result echo_pump(struct echo *echo, xqc_h3_request_t *request);

#endif
