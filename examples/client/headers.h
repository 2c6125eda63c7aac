/* Header sections for people to look at. */
#ifndef EXAMPLES_HEADERS_H
#define EXAMPLES_HEADERS_H

#include <xquic/xqc_http3.h>

/* Writes each field on a line of stderr, behind a mark. What could steer a terminal is masked. */
void headers_show(const char *mark, const xqc_http_headers_t *section);

/* The section as HTTP/1.1 would write it, in memory to be freed; NULL when that is short. */
char *headers_text(const xqc_http_headers_t *section, size_t *length);

#endif
