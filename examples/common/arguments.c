#define _GNU_SOURCE
#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
arguments_fail(const char *program, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry '%s --help'.\n", program);
    exit(STATUS_USAGE);
}

uint64_t
arguments_number(const char *program, const char *what, const char *text, uint64_t low,
    uint64_t high)
{
    unsigned long long value;
    char              *end;

    errno = 0;
    value = strtoull(text, &end, 10);
    /* strtoull takes a sign and wraps round: only digits are a number here. */
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < low
        || value > high)
    {
        arguments_fail(program, "%s must be a number from %llu to %llu, not '%s'", what,
                       (unsigned long long) low, (unsigned long long) high, text);
    }
    return value;
}

bool
arguments_congestion(const char *name, xqc_cong_ctrl_callback_t *callback)
{
    if (strcmp(name, "cubic") == 0) {
        *callback = xqc_cubic_cb;
        return true;
    }
#ifdef XQC_ENABLE_RENO
    if (strcmp(name, "reno") == 0) {
        *callback = xqc_reno_cb;
        return true;
    }
#endif
    return false;
}
