/* What xqc_client says while it works and when it is done. */
#ifndef EXAMPLES_CLIENT_REPORT_H
#define EXAMPLES_CLIENT_REPORT_H

#include "client.h"

/* Keeps the progress bars up to date; the last time with `final`. */
void report_progress(struct client *client, bool final);

/* Complains about whatever went wrong; returns the exit status that says the same. */
enum exit_status report_failures(const struct client *client);

/* Times, speed and counts of a run in which a handshake was done. */
void report_stats(const struct client *client);

#endif
