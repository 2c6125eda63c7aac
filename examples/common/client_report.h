/* What xqc_client says when it is done. */
#ifndef EXAMPLES_CLIENT_REPORT_H
#define EXAMPLES_CLIENT_REPORT_H

#include "arguments.h"
#include "client.h"

/* Complains about whatever went wrong; returns the exit status that says the same. */
enum exit_status report_failures(const struct client *client);

/* Times, speed and counts of a run in which a handshake was done. */
void print_stats(const struct client *client);

#endif
