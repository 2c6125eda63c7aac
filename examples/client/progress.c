#define _GNU_SOURCE
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define REDRAW_US 100000
#define BAR_WIDTH 40
#define NAME_WIDTH 20
/* What a terminal takes as: to the beginning, and erase from here to the end of the line. */
#define CLEAR_LINE "\r\x1b[K"

void
progress_init(struct progress *progress, bool on)
{
    *progress = (struct progress) { .on = on, .terminal = isatty(STDERR_FILENO) == 1 };
}

bool
progress_due(struct progress *progress)
{
    uint64_t now = clock_monotonic_us();

    if (!progress->on || now - progress->shown < REDRAW_US) {
        return false;
    }
    progress->shown = now;
    return true;
}

static void
draw_row(const struct progress_row *row)
{
    char     bar[BAR_WIDTH + 1];
    uint64_t bytes = row->bytes < row->expected ? row->bytes : row->expected;
    double   share = row->expected > 0 ? (double) bytes / (double) row->expected : 0;

    if (row->expected == 0) {
        fprintf(stderr, "%10.1f MB ", (double) row->bytes / 1e6);
        return;
    }
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t) (share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "[%s] %3d%% ", bar, (int) (share * 100));
}

static void
draw_whole(const struct progress *progress, const struct progress_row *whole)
{
    double seconds = (double) (clock_monotonic_us() - progress->started) / 1e6;

    draw_row(whole);
    fprintf(stderr, "%8.1f MB/s ", seconds > 0 ? (double) whole->bytes / 1e6 / seconds : 0);
}

/* Back to the first of our lines. */
static void
go_back(struct progress *progress)
{
    for (; progress->drawn > 0; progress->drawn--) {
        fputs(CLEAR_LINE "\x1b[A", stderr);
    }
    fputs(progress->terminal ? CLEAR_LINE : "\r", stderr);
}

void
progress_draw(struct progress *progress, const struct progress_row *rows, unsigned count,
    const struct progress_row *whole)
{
    go_back(progress);
    for (unsigned i = 0; progress->terminal && count > 1 && i < count; i++) {
        draw_row(&rows[i]);
        fprintf(stderr, "%.*s\n", NAME_WIDTH, rows[i].name);
        progress->drawn++;
    }
    draw_whole(progress, whole);
}

void
progress_finish(struct progress *progress, const struct progress_row *whole)
{
    if (progress->on) {
        go_back(progress);
        draw_whole(progress, whole);
        fputc('\n', stderr);
        progress->on = false;
    }
}
