#define _GNU_SOURCE
#include "headers.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/fields.h"
#include "common/text.h"

static void
put_field(FILE *file, const xqc_http_header_t *field, const char *end)
{
    text_print(file, field->name.iov_base, field->name.iov_len);
    fputs(": ", file);
    text_print(file, field->value.iov_base, field->value.iov_len);
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
