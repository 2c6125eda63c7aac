#define _GNU_SOURCE
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define REDRAW_US 100000
#define BAR_WIDTH 40

static void
draw_line(const struct progress *progress, uint64_t bytes, uint64_t now)
{
    char   bar[BAR_WIDTH + 1];
    double seconds = (double) (now - progress->started) / 1e6;
    double speed = seconds > 0 ? (double) bytes / 1e6 / seconds : 0;
    double share = (double) bytes / (double) progress->expected;
    int    filled;

    if (progress->expected == 0) {
        fprintf(stderr, "\r%10.1f MB  %7.1f MB/s ", (double) bytes / 1e6, speed);
        return;
    }
    if (share > 1) {
        share = 1;
    }
    filled = (int) (share * BAR_WIDTH);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t) filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3d%%  %7.1f MB/s ", bar, (int) (share * 100), speed);
}

void
progress_show(struct progress *progress, uint64_t bytes)
{
    uint64_t now;

    if (!progress->on) {
        return;
    }
    now = clock_monotonic_us();
    if (now - progress->shown >= REDRAW_US) {
        progress->shown = now;
        draw_line(progress, bytes, now);
    }
}

void
progress_finish(struct progress *progress, uint64_t bytes)
{
    if (progress->on) {
        draw_line(progress, bytes, clock_monotonic_us());
        fputc('\n', stderr);
        progress->on = false;
    }
}
