#define _GNU_SOURCE
#include "headers.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/fields.h"

/* A server chose these bytes: control characters among them are for no terminal. */
static void
put_safely(FILE *file, const struct iovec *text)
{
    const unsigned char *bytes = text->iov_base;

    for (size_t i = 0; i < text->iov_len; i++) {
        bool control = bytes[i] < ' ' || bytes[i] == 0x7f;

        fputc(control && bytes[i] != '\t' ? '?' : bytes[i], file);
    }
}

static void
put_field(FILE *file, const xqc_http_header_t *field, const char *end)
{
    put_safely(file, &field->name);
    fputs(": ", file);
    put_safely(file, &field->value);
    fputs(end, file);
}

void
headers_show(const char *mark, const xqc_http_headers_t *section)
{
    for (size_t i = 0; i < section->count; i++) {
        fputs(mark, stderr);
        put_field(stderr, &section->headers[i], "\n");
    }
    fprintf(stderr, "%s\n", mark);
}

char *
headers_text(const xqc_http_headers_t *section, size_t *length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, length);

    if (file == NULL) {
        return NULL;
    }
    fprintf(file, "HTTP/3 %d\r\n", fields_status(section));
    for (size_t i = 0; i < section->count; i++) {
        const struct iovec *name = &section->headers[i].name;

        if (name->iov_len > 0 && *(const char *) name->iov_base != ':') {
            put_field(file, &section->headers[i], "\r\n");
        }
    }
    fputs("\r\n", file);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
