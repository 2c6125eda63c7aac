#define _GNU_SOURCE
#include "date.h"

#include <stdio.h>
#include <time.h>

const char *
date_now(void)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    static char       text[48];
    static time_t     written;
    time_t            now = time(NULL);
    struct tm         parts;

    /* Once a second, however many responses go out; not by strftime, which asks the locale. */
    if (now != written && gmtime_r(&now, &parts) != NULL) {
        snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                 parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                 parts.tm_min, parts.tm_sec);
        written = now;
    }
    return text;
}
