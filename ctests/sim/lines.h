/* Keeps the log of the engines of a world, for tests that read it as scripts do. */
#ifndef CTESTS_SIM_LINES_H
#define CTESTS_SIM_LINES_H

#include "sim.h"

#define LINE_ROOM 2100

typedef struct kept_line {
    bool is_server;
    bool by_stat; /* came through xqc_log_write_stat */
    xqc_log_level_t level;
    size_t length;
    char text[LINE_ROOM];
} kept_line;

extern kept_line *lines;
extern size_t line_count;

/* For sim_options.log_callbacks: with a function for statistics of their own, and without. */
extern const xqc_log_callbacks_t LINES_BOTH_WAYS;
extern const xqc_log_callbacks_t LINES_ONE_WAY;

/* To be called before each world whose lines are kept. */
void lines_forget(void);

/* The last line of a side that contains `piece`, or NULL. */
const kept_line *line_find(bool is_server, const char *piece);

/* The value of a field, up to the next bar; good until the next call. */
const char *line_field(const char *text, const char *name);
long long line_number(const char *text, const char *name);

/* Every name stands in the line, in this order. */
void line_check_fields(const char *text, const char *const *names, size_t count);

#endif
