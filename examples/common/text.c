#define _GNU_SOURCE
#include "text.h"

#include <stdbool.h>

/* The first byte of U+0080 to U+00BF in UTF-8, of which the first half are control characters too. */
#define UTF8_C1 0xc2

void
text_print(FILE *file, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes, *end = byte + size;

    while (byte < end) {
        bool c1 = *byte == UTF8_C1 && byte + 1 < end && byte[1] >= 0x80 && byte[1] < 0xa0;
        bool control = (*byte < ' ' && *byte != '\t') || *byte == 0x7f || c1;

        fputc(control ? '?' : *byte, file);
        byte += c1 ? 2 : 1;
    }
}
