#define _GNU_SOURCE
#include "request_path.h"

#include <string.h>

static int
hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Replaces %XX by its byte. Returns the new length, or -1. */
static int
percent_decode(const char *text, size_t length, char *out)
{
    int size = 0;

    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char) text[i];

        if (text[i] == '%') {
            int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;

            byte = low < 0 ? 0 : high << 4 | low;
            i += 2;
        }
        if (byte == 0) {
            return -1;
        }
        out[size++] = (char) byte;
    }
    return size;
}

/* Joins the components again, each behind one slash; a slash at the end stays. False for "..". */
static bool
tidy(const char *decoded, char *path)
{
    size_t used = 0;

    while (*decoded == '/') {
        size_t length;

        decoded += strspn(decoded, "/");
        length = strcspn(decoded, "/");
        if (length == 2 && memcmp(decoded, "..", 2) == 0) {
            return false;
        }
        path[used] = '/';
        if (length == 1 && *decoded == '.') {
            length = 0;
            decoded++;
            used += *decoded == '\0';
            continue;
        }
        memcpy(&path[used + 1], decoded, length);
        used += length + 1;
        decoded += length;
    }
    path[used] = '\0';
    return true;
}

bool
request_path_decode(const char *target, size_t length, char path[REQUEST_PATH_LIMIT])
{
    char   decoded[REQUEST_PATH_LIMIT];
    size_t end = 0;
    int    size;

    while (end < length && target[end] != '?' && target[end] != '#') {
        end++;
    }
    if (end == 0 || target[0] != '/' || end >= sizeof(decoded)) {
        return false;
    }
    size = percent_decode(target, end, decoded);
    if (size < 0) {
        return false;
    }
    decoded[size] = '\0';
    return tidy(decoded, path);
}
