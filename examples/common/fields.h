/* Lists of HTTP fields, for sending, and what there is to find in those received. */
#ifndef EXAMPLES_FIELDS_H
#define EXAMPLES_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <xquic/xqc_http3.h>

#define FIELDS_MAX 64
#define FIELDS_ROOM 1024

/* A field section on its way out. The library copies it, so it may live on the stack. */
struct fields {
    xqc_http_header_t list[FIELDS_MAX];
    size_t            count;
    char              room[FIELDS_ROOM]; /* for values that are made here */
    size_t            used;
};

/* Names and values stay where they are. What does not fit is left out. */
void fields_add(struct fields *fields, const char *name, const char *value);
void fields_add_bytes(struct fields *fields, const char *name, size_t name_length,
    const char *value, size_t value_length);
void fields_format(struct fields *fields, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* To be handed to xqc_h3_request_send_headers(). */
xqc_http_headers_t fields_section(struct fields *fields);

/* The value of the first field of that name, in lower case, or NULL. */
const struct iovec *fields_find(const xqc_http_headers_t *section, const char *name);

/* The number in :status, or 0. */
int fields_status(const xqc_http_headers_t *section);

#endif
