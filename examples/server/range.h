/* The Range field of a request (RFC 9110 section 14.2). */
#ifndef EXAMPLES_RANGE_H
#define EXAMPLES_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum range_kind {
    RANGE_WHOLE,         /* no range, or one that a server may overlook: send everything */
    RANGE_PART,          /* send this part, with 206 */
    RANGE_UNSATISFIABLE, /* nothing of it is there: 416 */
};

struct range {
    uint64_t first;
    uint64_t length;
};

/* Reads the value of a Range field for something of `size` bytes. Several ranges count as none. */
enum range_kind range_parse(const char *value, size_t length, uint64_t size, struct range *range);

#endif
