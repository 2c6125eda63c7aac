/* The command line of xqc_server. */
#ifndef EXAMPLES_SERVER_OPTIONS_H
#define EXAMPLES_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arguments.h"

/* The worker's number has one byte of the connection IDs. */
#define MAX_WORKERS 128

struct server_options {
    struct common_options common;
    const char           *address;
    uint16_t              port;
    const char           *root;
    const char           *certificate;
    const char           *key;
    unsigned              workers;
    unsigned              grace_seconds; /* how long requests may go on after SIGTERM */
    int                   https_port;    /* TCP; -1: none */
    bool                  retry;         /* clients have to come a second time with a token */
    bool                  migration;     /* clients may move to other addresses */
    bool                  trailers;      /* tell after the content how long it took */
};

/* Reads the command line; ends the program when it is wrong or only asked for help. */
struct server_options server_options_parse(int argc, char **argv);

#endif
