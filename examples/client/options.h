/* The command line of xqc_client. */
#ifndef EXAMPLES_CLIENT_OPTIONS_H
#define EXAMPLES_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arguments.h"
#include "url.h"

struct client_options {
    struct common_options common;
    struct url           *urls;
    unsigned              url_count;
    const char           *output;  /* a file or a folder */
    bool                  by_name; /* into files named as at the server; `output` is the folder */
    bool                  discard; /* count the bytes, write nothing */
    const char           *method;
    const char          **headers; /* "name: value" */
    unsigned              header_count;
    const char          **trailers;
    unsigned              trailer_count;
    const char           *data;      /* the body of every request; NULL: none */
    const char           *data_file; /* the same from a file */
    const char           *ca_file;     /* certificates to accept; NULL when insecure */
    const char           *server_name; /* NULL: the host */
    const char           *session;     /* what is kept for the next visit; NULL: nothing */
    unsigned              connections; /* to each server */
    unsigned              parallel;    /* transfers at once on each of them */
    unsigned              timeout_seconds;
    uint64_t              expected_bytes; /* what 100 percent of the bar means; 0: unknown */
    uint64_t              rebind_after;   /* bytes; 0: never */
    uint64_t              migrate_after;
    bool                  hq;      /* HTTP/0.9 in place of HTTP/3 */
    bool                  include; /* show header sections along with the content */
    bool                  verbose; /* show on stderr what goes on */
    bool                  fail;    /* a status of 400 or more is a failure */
    bool                  insecure;
    bool                  early_data; /* send requests as 0-RTT if the session allows it */
    bool                  progress;
};

/* Reads the command line; ends the program when it is wrong or only asked for help. */
struct client_options client_options_parse(int argc, char **argv);
void                  client_options_free(struct client_options *options);

#endif
