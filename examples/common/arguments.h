/* Pieces of command-line handling that both programs need, and the options that both have. */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

/* Exit statuses of both programs, listed in their --help. Those of curl where it has one. */
enum exit_status {
    STATUS_OK = 0,
    STATUS_USAGE = 2,        /* the command line makes no sense */
    STATUS_RESOLVE = 6,      /* no such host */
    STATUS_CONNECT = 7,      /* nothing listens there, or it refuses */
    STATUS_PARTIAL = 18,     /* a response is shorter than it said */
    STATUS_HTTP_ERROR = 22,  /* with --fail: a status of 400 or more */
    STATUS_WRITE = 23,       /* a file cannot be written */
    STATUS_READ = 26,        /* a file to send cannot be read */
    STATUS_LOCAL = 27,       /* this machine's fault: memory, sockets, certificate files */
    STATUS_TIMEOUT = 28,     /* nothing was heard for too long */
    STATUS_TLS = 35,         /* the handshake failed */
    STATUS_RECEIVE = 56,     /* the connection or a response broke off */
    STATUS_CERTIFICATE = 60, /* the server is not the one expected */
};

/* The application protocols of the examples, as ALPN calls them. */
#define ALPN_HQ "hq-interop"
#define ALPN_H3 "h3"

/* Options that mean the same to both programs. */
struct common_options {
    xqc_cong_ctrl_callback_t congestion;
    const char              *ciphers;
    const char              *keylog;
    const char              *qlog;
    uint64_t                 key_update; /* packets under one key; 0: as many as it may have */
    int                      log_level;
    bool                     v2; /* QUIC version 2 first */
    bool                     stats;
};

/* What getopt_long() returns for them; each program's own codes begin at ARGUMENT_OWN. */
enum common_code {
    ARGUMENT_CC = 256,
    ARGUMENT_CIPHERS,
    ARGUMENT_KEY_UPDATE,
    ARGUMENT_V2,
    ARGUMENT_STATS,
    ARGUMENT_KEYLOG,
    ARGUMENT_QLOG,
    ARGUMENT_LOG,
    ARGUMENT_OWN,
};

/* Their entries for the table of options, which they end. */
#define ARGUMENTS_COMMON                                              \
    { "cc", required_argument, NULL, ARGUMENT_CC },                   \
    { "ciphers", required_argument, NULL, ARGUMENT_CIPHERS },         \
    { "key-update", required_argument, NULL, ARGUMENT_KEY_UPDATE },   \
    { "v2", no_argument, NULL, ARGUMENT_V2 },                         \
    { "stats", no_argument, NULL, ARGUMENT_STATS },                   \
    { "keylog", required_argument, NULL, ARGUMENT_KEYLOG },           \
    { "qlog", required_argument, NULL, ARGUMENT_QLOG },               \
    { "log", required_argument, NULL, ARGUMENT_LOG },                 \
    { "help", no_argument, NULL, 'h' },                               \
    { NULL, 0, NULL, 0 }

/* Their part of the help text. */
#define ARGUMENTS_COMMON_HELP                                                           \
    "      --cc NAME          congestion control: cubic (default), reno, bbr, bbr2,\n"   \
    "                         copa or none\n"                                            \
    "      --v2               begin with QUIC version 2\n"                               \
    "      --ciphers LIST     cipher suites, by their names, separated by colons\n"      \
    "      --key-update N     new keys after N packets\n"                                \
    "      --stats            print times, speed and packet counts of connections\n"     \
    "      --keylog FILE      append the TLS secrets to FILE (for Wireshark)\n"          \
    "      --qlog FILE        write the course of connections to FILE (for qvis)\n"      \
    "      --log LEVEL        library log on stderr: report, fatal, error, warn, stats,\n" \
    "                         info, debug\n"                                             \
    "  -h, --help             show this text\n"

struct common_options arguments_defaults(int log_level);

/*
 * Acts on a code that is not the program's own: one of the shared options, or what getopt_long()
 * returns for a mistake, which ends the program, as a wish for help does.
 */
void arguments_common(const char *program, const char *help, struct common_options *options,
    int code);

/* Opens the files that --keylog and --qlog name; says on stderr what is wrong. */
bool arguments_open_sinks(const char *program, const struct common_options *options);

/* Prints "program: message" and the hint at --help, then exits with STATUS_USAGE. */
_Noreturn void arguments_fail(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A decimal number within bounds; fails the program, naming `what`, when it is not one. */
uint64_t arguments_number(const char *program, const char *what, const char *text, uint64_t low,
    uint64_t high);

#endif
