/* Why a connection ended, in words and as an exit status. */
#ifndef EXAMPLES_REASON_H
#define EXAMPLES_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <xquic/xquic.h>

#include "arguments.h"

/* `code` and `type` are what xqc_conn_get_errno() and xqc_conn_get_err_type() say. */
void             reason_describe(int code, int type, char *text, size_t size);
enum exit_status reason_status(int code, int type, bool connected);

#endif
