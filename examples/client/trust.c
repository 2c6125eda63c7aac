#define _GNU_SOURCE
#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define FILE_LIMIT (4 * 1024 * 1024)

static int
base64_value(char symbol)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = symbol == '\0' ? NULL : strchr(alphabet, symbol);

    return found == NULL ? -1 : (int) (found - alphabet);
}

/* Decodes up to `end`, skipping line breaks and padding; the output needs 3/4 of the input. */
static size_t
decode(const char *text, const char *end, unsigned char *out)
{
    unsigned bits = 0, pending = 0;
    size_t   size = 0;

    for (; text < end; text++) {
        int value = base64_value(*text);

        if (value < 0) {
            continue;
        }
        bits = (bits << 6 | (unsigned) value) & 0xffffff;
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            out[size++] = (unsigned char) (bits >> pending);
        }
    }
    return size;
}

static char *
read_file(const char *path)
{
    FILE  *file = fopen(path, "re");
    char  *text = NULL;
    size_t size;

    if (file == NULL) {
        return NULL;
    }
    text = malloc(FILE_LIMIT);
    if (text != NULL) {
        size = fread(text, 1, FILE_LIMIT - 1, file);
        text[size] = '\0';
    }
    fclose(file);
    return text;
}

static bool
collect(struct trust *trust, const char *text)
{
    size_t used = 0;

    trust->der = malloc(strlen(text) + 1);
    while (trust->der != NULL && (text = strstr(text, BEGIN)) != NULL) {
        const char *end = strstr(text, END);
        size_t     *sizes;

        if (end == NULL) {
            break;
        }
        sizes = reallocarray(trust->sizes, trust->count + 1, sizeof(*sizes));
        if (sizes == NULL) {
            return false;
        }
        trust->sizes = sizes;
        sizes[trust->count] = decode(text + strlen(BEGIN), end, trust->der + used);
        used += sizes[trust->count++];
        text = end;
    }
    return trust->der != NULL;
}

bool
trust_load(struct trust *trust, const char *path, const char **why)
{
    char *text = read_file(path);
    bool  complete;

    if (text == NULL) {
        *why = strerror(errno);
        return false;
    }
    complete = collect(trust, text);
    free(text);
    *why = complete ? "no certificate in it" : "out of memory";
    return complete && trust->count > 0;
}

bool
trust_contains(const struct trust *trust, const unsigned char *der, size_t size)
{
    const unsigned char *one = trust->der;

    for (size_t i = 0; i < trust->count; i++) {
        if (trust->sizes[i] == size && memcmp(one, der, size) == 0) {
            return true;
        }
        one += trust->sizes[i];
    }
    return false;
}

void
trust_free(struct trust *trust)
{
    free(trust->der);
    free(trust->sizes);
}
