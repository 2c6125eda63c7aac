/* The command line of xqc_server. */
#ifndef EXAMPLES_SERVER_OPTIONS_H
#define EXAMPLES_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

struct server_options {
    const char              *address;
    uint16_t                 port;
    const char              *root;
    const char              *certificate;
    const char              *key;
    const char              *keylog;
    const char              *qlog;
    const char              *ciphers;
    xqc_cong_ctrl_callback_t congestion;
    int                      log_level;
    uint64_t                 key_update; /* packets under one key; 0: as many as it may have */
    bool                     v2;         /* version 2 first, version 1 as well */
    bool                     retry;      /* clients have to come a second time with a token */
    bool                     migration; /* clients may move to other addresses */
    bool                     stats;
};

/* Reads the command line; ends the program when it is wrong or only asked for help. */
struct server_options server_options_parse(int argc, char **argv);

#endif
