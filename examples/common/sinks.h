/*
 * Where the library's log lines and TLS secrets go. Process-wide, because the library may log
 * before it knows any user data.
 */
#ifndef EXAMPLES_SINKS_H
#define EXAMPLES_SINKS_H

#include <xquic/xquic.h>

/* A log level by name ("report" to "debug"), or -1. */
int sinks_log_level(const char *name);

/* Opens the key-log file for appending; returns -1 with errno set on failure. */
int  sinks_open_keylog(const char *path);

/*
 * Opens the file for qlog events; returns -1 with errno set on failure. Without one no events are
 * made. It is a JSON text sequence: drop it into qvis as it is.
 */
int  sinks_open_qlog(const char *path);
void sinks_close(void);

/*
 * Log lines up to `level` to stderr, secrets (if a file is open) to the key log; no timer yet.
 * The library reports every connection's end whatever the level; that line counts as STATS here.
 */
xqc_engine_callback_t sinks_callbacks(int level);

#endif
