/* Text that the peer chose, on a terminal or in a log. */
#ifndef EXAMPLES_TEXT_H
#define EXAMPLES_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Prints bytes with a question mark in place of each control character: those are for no terminal. */
void text_print(FILE *file, const void *bytes, size_t size);

#endif
