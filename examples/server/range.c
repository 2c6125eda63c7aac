#define _GNU_SOURCE
#include "range.h"

#include <stdbool.h>
#include <string.h>

#define UNIT "bytes="

struct cursor {
    const char *at, *end;
};

/* Reads digits, if there are any. A number that is too large becomes the largest. */
static bool
read_number(struct cursor *cursor, uint64_t *number)
{
    const char *begin = cursor->at;

    *number = 0;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        uint64_t digit = (uint64_t) (*cursor->at++ - '0');

        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    return cursor->at > begin;
}

enum range_kind
range_parse(const char *value, size_t length, uint64_t size, struct range *range)
{
    struct cursor cursor = { value, value + length };
    uint64_t      first, last;
    bool          has_first, has_last;

    *range = (struct range) { 0, size };
    if (length < strlen(UNIT) || memcmp(value, UNIT, strlen(UNIT)) != 0) {
        return RANGE_WHOLE;
    }
    cursor.at += strlen(UNIT);
    has_first = read_number(&cursor, &first);
    if (cursor.at == cursor.end || *cursor.at++ != '-') {
        return RANGE_WHOLE;
    }
    has_last = read_number(&cursor, &last);
    if (cursor.at != cursor.end || (!has_first && !has_last)
        || (has_first && has_last && last < first))
    {
        return RANGE_WHOLE;
    }
    if (!has_first) {
        /* The last so many bytes. */
        first = last < size ? size - last : 0;
        *range = (struct range) { first, size - first };
        return last == 0 || size == 0 ? RANGE_UNSATISFIABLE : RANGE_PART;
    }
    if (first >= size) {
        return RANGE_UNSATISFIABLE;
    }
    last = has_last && last < size ? last : size - 1;
    *range = (struct range) { first, last - first + 1 };
    return RANGE_PART;
}
