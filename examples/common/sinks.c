#define _GNU_SOURCE
#include "sinks.h"

#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static FILE *keylog;
static FILE *qlog;
static int   highest_level;

int
sinks_log_level(const char *name)
{
    static const char *const names[] = {
        "report", "fatal", "error", "warn", "stats", "info", "debug",
    };

    for (int i = 0; i < (int) (sizeof(names) / sizeof(names[0])); i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int
sinks_open_keylog(const char *path)
{
    /* Whoever reads these secrets can read the traffic: keep the file to its owner. */
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0) {
        return -1;
    }
    keylog = fdopen(fd, "a");
    if (keylog == NULL) {
        close(fd);
        return -1;
    }
    return 0;
}

int
sinks_open_qlog(const char *path)
{
    qlog = fopen(path, "we");
    return qlog == NULL ? -1 : 0;
}

void
sinks_close(void)
{
    if (qlog != NULL) {
        fclose(qlog);
        qlog = NULL;
    }
    if (keylog != NULL) {
        fclose(keylog);
        keylog = NULL;
    }
}

static void
write_log(xqc_log_level_t level, const void *line, size_t size, void *user_data)
{
    (void) level;
    (void) user_data;
    fprintf(stderr, "%.*s\n", (int) size, (const char *) line);
}

static void
write_statistics(xqc_log_level_t level, const void *line, size_t size, void *user_data)
{
    if (highest_level >= XQC_LOG_STATS) {
        write_log(level, line, size, user_data);
    }
}

/* RFC 7464: each text stands between a record separator and a line feed. */
static void
write_event(qlog_event_importance_t importance, const void *text, size_t size, void *user_data)
{
    (void) importance;
    (void) user_data;
    if (qlog != NULL) {
        fprintf(qlog, "\x1e%.*s\n", (int) size, (const char *) text);
    }
}

static void
write_keylog(const xqc_cid_t *scid, const char *line, void *user_data)
{
    (void) scid;
    (void) user_data;
    if (keylog != NULL) {
        fprintf(keylog, "%s\n", line);
        fflush(keylog);
    }
}

xqc_engine_callback_t
sinks_callbacks(int level)
{
    xqc_engine_callback_t callbacks = {
        .log_callbacks = {
            .xqc_log_write_err = write_log,
            .xqc_log_write_stat = write_statistics,
            .xqc_qlog_event_write = qlog != NULL ? write_event : NULL,
        },
        .keylog_cb = write_keylog,
    };

    highest_level = level;
    return callbacks;
}
