#define _GNU_SOURCE
#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks.h"

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

struct common_options
arguments_defaults(int log_level)
{
    return (struct common_options) {
        .congestion = xqc_cubic_cb,
        .ciphers = XQC_TLS_CIPHERS,
        .log_level = log_level,
    };
}

/* The library's controllers; which of them there are depends on how it was built. */
static xqc_cong_ctrl_callback_t
congestion(const char *program, const char *name)
{
    const struct {
        const char               *name;
        xqc_cong_ctrl_callback_t  callback;
    } known[] = {
        { "cubic", xqc_cubic_cb },
        { "bbr", xqc_bbr_cb },
#ifdef XQC_ENABLE_RENO
        { "reno", xqc_reno_cb },
#endif
#ifdef XQC_ENABLE_BBR2
        { "bbr2", xqc_bbr2_cb },
#endif
#ifdef XQC_ENABLE_COPA
        { "copa", xqc_copa_cb },
#endif
#ifdef XQC_ENABLE_UNLIMITED
        { "none", xqc_unlimited_cc_cb },
#endif
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) == 0) {
            return known[i].callback;
        }
    }
    arguments_fail(program, "unknown congestion control '%s'", name);
}

static int
log_level(const char *program, const char *name)
{
    int level = sinks_log_level(name);

    if (level < 0) {
        arguments_fail(program, "unknown log level '%s'", name);
    }
    return level;
}

void
arguments_common(const char *program, const char *help, struct common_options *options, int code)
{
    switch (code) {
    case ARGUMENT_CC:
        options->congestion = congestion(program, optarg);
        break;
    case ARGUMENT_CIPHERS:
        options->ciphers = optarg;
        break;
    case ARGUMENT_KEY_UPDATE:
        options->key_update = arguments_number(program, "--key-update", optarg, 1, UINT32_MAX);
        break;
    case ARGUMENT_V2:
        options->v2 = true;
        break;
    case ARGUMENT_STATS:
        options->stats = true;
        break;
    case ARGUMENT_KEYLOG:
        options->keylog = optarg;
        break;
    case ARGUMENT_QLOG:
        options->qlog = optarg;
        break;
    case ARGUMENT_LOG:
        options->log_level = log_level(program, optarg);
        break;
    case 'h':
        fputs(help, stdout);
        exit(STATUS_OK);
    default:
        /* getopt has said what is wrong. */
        fprintf(stderr, "Try '%s --help'.\n", program);
        exit(STATUS_USAGE);
    }
}

bool
arguments_open_sinks(const char *program, const struct common_options *options)
{
    if (options->keylog != NULL && sinks_open_keylog(options->keylog) != 0) {
        fprintf(stderr, "%s: cannot open %s: %s\n", program, options->keylog, strerror(errno));
        return false;
    }
    if (options->qlog != NULL && sinks_open_qlog(options->qlog) != 0) {
        fprintf(stderr, "%s: cannot open %s: %s\n", program, options->qlog, strerror(errno));
        return false;
    }
    return true;
}
