/* HTTP/3: GET, HEAD, and POST, which gives back what it got. */
#ifndef EXAMPLES_SERVER_H3_H
#define EXAMPLES_SERVER_H3_H

#include <stdbool.h>
#include <xquic/xquic.h>

bool h3_register(xqc_engine_t *engine);

#endif
