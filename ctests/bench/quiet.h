/* Callbacks that do nothing, for hosts that keep no logs, tokens or sessions. */
#ifndef CTESTS_QUIET_H
#define CTESTS_QUIET_H

#include <stddef.h>
#include <stdint.h>

#include <xquic/xquic.h>

void quiet_log(xqc_log_level_t level, const void *bytes, size_t size, void *user_data);
void quiet_qlog(qlog_event_importance_t importance, const void *bytes, size_t size,
                void *user_data);
void quiet_token(const unsigned char *token, uint32_t length, void *user_data);
void quiet_string(const char *data, size_t length, void *user_data);
xqc_int_t quiet_stream(xqc_stream_t *stream, void *user_data);

#endif
