/* The time of day as HTTP writes it. */
#ifndef EXAMPLES_DATE_H
#define EXAMPLES_DATE_H

/* The value of a date field (RFC 9110 section 5.6.7); valid until the next call. */
const char *date_now(void);

#endif
