/* The command line of xqc_client. */
#ifndef EXAMPLES_CLIENT_OPTIONS_H
#define EXAMPLES_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

struct client_options {
    char                     *host;
    uint16_t                  port;
    char                    **paths; /* each begins with '/' */
    unsigned                  path_count;
    const char               *directory;
    const char               *ca_file;     /* certificates to accept; NULL when insecure */
    const char               *server_name; /* NULL: the host */
    const char               *session;     /* what is kept for the next visit; NULL: nothing */
    const char               *keylog;
    const char               *qlog;
    const char               *ciphers;
    xqc_cong_ctrl_callback_t  congestion;
    int                       log_level;
    unsigned                  connections;
    unsigned                  parallel; /* streams at once on each connection */
    unsigned                  timeout_seconds;
    uint64_t                  key_update;  /* packets under one key; 0: as many as it may have */
    uint64_t                  expected_bytes; /* what 100 percent of the bar means; 0: unknown */
    uint64_t                  rebind_after;  /* bytes; 0: never */
    uint64_t                  migrate_after;
    bool                      v2; /* begin with version 2 */
    bool                      insecure;
    bool                      early_data; /* send requests as 0-RTT if the session allows it */
    bool                      discard; /* count the bytes, write no files */
    bool                      stats;
    bool                      progress;
};

/* Reads the command line; ends the program when it is wrong or only asked for help. */
struct client_options client_options_parse(int argc, char **argv);
void                  client_options_free(struct client_options *options);

#endif
