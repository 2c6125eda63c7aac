/* The path in a request target, made fit to be looked up below a folder. */
#ifndef EXAMPLES_REQUEST_PATH_H
#define EXAMPLES_REQUEST_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_PATH_LIMIT 1024

/*
 * Takes the query off, decodes what is percent-encoded, and drops empty components and ".". False
 * for what is no absolute path, is too long, has a broken or a zero byte, or contains "..": clients
 * resolve that themselves (RFC 3986 section 5.2.4), so only somebody who tries doors sends it.
 */
bool request_path_decode(const char *target, size_t length, char path[REQUEST_PATH_LIMIT]);

#endif
