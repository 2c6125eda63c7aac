/* Header fields: what was received, kept in a form of its own; see h3.h. */
#include <stdlib.h>
#include <string.h>

#include "h3.h"

/* The bytes of a part of a field, which hold no zero, and one behind them. */
static char *text_of(const struct iovec *bytes)
{
    char *text = malloc(bytes->iov_len + 1);
    CHECK(text != NULL);
    CHECK(bytes->iov_len == 0 || bytes->iov_base != NULL);
    if (bytes->iov_len > 0) {
        memcpy(text, bytes->iov_base, bytes->iov_len);
    }
    text[bytes->iov_len] = '\0';
    CHECK_EQ(strlen(text), bytes->iov_len);
    return text;
}

void sim_section_read(sim_section *section, const xqc_http_headers_t *headers)
{
    sim_section_free(section);
    CHECK(headers->count <= headers->capacity);
    section->fields = calloc(headers->count + 1, sizeof(*section->fields));
    CHECK(section->fields != NULL);
    section->count = headers->count;
    for (size_t i = 0; i < headers->count; i++) {
        const xqc_http_header_t *from = &headers->headers[i];
        sim_field *to = &section->fields[i];
        to->name = text_of(&from->name);
        to->value = text_of(&from->value);
        to->value_length = from->value.iov_len;
        to->flags = from->flags;
        section->size += from->name.iov_len + from->value.iov_len;
    }
    CHECK_EQ(headers->total_len, section->size);
}

void sim_section_free(sim_section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        free(section->fields[i].name);
        free(section->fields[i].value);
    }
    free(section->fields);
    memset(section, 0, sizeof(*section));
}

const char *sim_value(const sim_section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->fields[i].name, name) == 0) {
            return section->fields[i].value;
        }
    }
    return NULL;
}

xqc_http_header_t sim_header(const char *name, const char *value)
{
    const xqc_http_header_t header = {
        .name = {(void *)name, strlen(name)},
        .value = {(void *)value, strlen(value)},
    };
    return header;
}
