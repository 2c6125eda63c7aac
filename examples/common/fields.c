#define _GNU_SOURCE
#include "fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
fields_add_bytes(struct fields *fields, const char *name, size_t name_length, const char *value,
    size_t value_length)
{
    if (fields->count < FIELDS_MAX) {
        fields->list[fields->count++] = (xqc_http_header_t) {
            .name = { (void *) name, name_length },
            .value = { (void *) value, value_length },
        };
    }
}

void
fields_add(struct fields *fields, const char *name, const char *value)
{
    fields_add_bytes(fields, name, strlen(name), value, strlen(value));
}

void
fields_format(struct fields *fields, const char *name, const char *format, ...)
{
    char   *value = &fields->room[fields->used];
    size_t  left = sizeof(fields->room) - fields->used;
    va_list arguments;
    int     length;

    va_start(arguments, format);
    length = vsnprintf(value, left, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t) length < left) {
        fields->used += (size_t) length + 1;
        fields_add_bytes(fields, name, strlen(name), value, (size_t) length);
    }
}

xqc_http_headers_t
fields_section(struct fields *fields)
{
    return (xqc_http_headers_t) {
        .headers = fields->list,
        .count = fields->count,
        .capacity = FIELDS_MAX,
    };
}

const struct iovec *
fields_find(const xqc_http_headers_t *section, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < section->count; i++) {
        const xqc_http_header_t *field = &section->headers[i];

        if (field->name.iov_len == length && memcmp(field->name.iov_base, name, length) == 0) {
            return &field->value;
        }
    }
    return NULL;
}

int
fields_status(const xqc_http_headers_t *section)
{
    const struct iovec *value = fields_find(section, ":status");
    int                 status = 0;

    if (value == NULL || value->iov_len != 3) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        char digit = ((const char *) value->iov_base)[i];

        if (digit < '0' || digit > '9') {
            return 0;
        }
        status = status * 10 + (digit - '0');
    }
    return status;
}
