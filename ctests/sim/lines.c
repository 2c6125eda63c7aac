/* The log lines of a world. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 4096

kept_line *lines;
size_t line_count;

static void keep(xqc_log_level_t level, const void *bytes, size_t size, void *user_data,
                 bool by_stat)
{
    if (line_count == KEPT) {
        return;
    }
    kept_line *line = &lines[line_count++];
    const sim_endpoint *endpoint = user_data;
    line->is_server = endpoint != NULL && endpoint->is_server;
    line->by_stat = by_stat;
    line->level = level;
    line->length = size;
    CHECK(size < LINE_ROOM);
    memcpy(line->text, bytes, size);
    line->text[size] = '\0';
    CHECK_EQ(strlen(line->text), size);
}

static void on_err(xqc_log_level_t level, const void *bytes, size_t size, void *user_data)
{
    keep(level, bytes, size, user_data, false);
}

static void on_stat(xqc_log_level_t level, const void *bytes, size_t size, void *user_data)
{
    keep(level, bytes, size, user_data, true);
}

const xqc_log_callbacks_t LINES_BOTH_WAYS = {on_err, on_stat, NULL};
const xqc_log_callbacks_t LINES_ONE_WAY = {on_err, NULL, NULL};

void lines_forget(void)
{
    if (lines == NULL) {
        lines = calloc(KEPT, sizeof(*lines));
        CHECK(lines != NULL);
    }
    line_count = 0;
}

const kept_line *line_find(bool is_server, const char *piece)
{
    for (size_t i = line_count; i > 0; i--) {
        if (lines[i - 1].is_server == is_server && strstr(lines[i - 1].text, piece) != NULL) {
            return &lines[i - 1];
        }
    }
    return NULL;
}

const char *line_field(const char *text, const char *name)
{
    static char value[1024];
    char pattern[64];
    snprintf(pattern, sizeof(pattern), "|%s:", name);
    const char *start = strstr(text, pattern);
    check_context("field %s", name);
    CHECK(start != NULL);
    start += strlen(pattern);
    size_t length = strcspn(start, "|");
    CHECK(length < sizeof(value));
    memcpy(value, start, length);
    value[length] = '\0';
    return value;
}

long long line_number(const char *text, const char *name)
{
    return strtoll(line_field(text, name), NULL, 0);
}

void line_check_fields(const char *text, const char *const *names, size_t count)
{
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        char pattern[64];
        snprintf(pattern, sizeof(pattern), "|%s:", names[i]);
        check_context("field %s after %.40s", names[i], at);
        at = strstr(at, pattern);
        CHECK(at != NULL);
        at++;
    }
    CHECK(text[strlen(text) - 1] == '|');
}
