/* Pieces of command-line handling that both programs need. */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <xquic/xquic.h>

/* Exit statuses of both programs, listed in their --help. */
enum exit_status {
    STATUS_OK = 0,
    STATUS_INCOMPLETE = 1,  /* the connection worked, but some file was not delivered */
    STATUS_USAGE = 2,       /* the command line makes no sense */
    STATUS_UNREACHABLE = 3, /* no connection came about */
    STATUS_LOST = 4,        /* the connection broke before everything had arrived */
    STATUS_LOCAL = 5,       /* this machine's fault: files, sockets, memory */
};

/* Prints "program: message" and the hint at --help, then exits with STATUS_USAGE. */
_Noreturn void arguments_fail(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A decimal number within bounds; fails the program, naming `what`, when it is not one. */
uint64_t arguments_number(const char *program, const char *what, const char *text, uint64_t low,
    uint64_t high);

/* The library's controller called `name`; false when this build knows none of that name. */
bool arguments_congestion(const char *name, xqc_cong_ctrl_callback_t *callback);

#endif
