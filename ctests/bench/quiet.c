/* Callbacks that do nothing; see quiet.h. */
#include "quiet.h"

void quiet_log(xqc_log_level_t level, const void *bytes, size_t size, void *user_data)
{
    (void)level;
    (void)bytes;
    (void)size;
    (void)user_data;
}

void quiet_qlog(qlog_event_importance_t importance, const void *bytes, size_t size,
                void *user_data)
{
    (void)importance;
    (void)bytes;
    (void)size;
    (void)user_data;
}

void quiet_token(const unsigned char *token, uint32_t length, void *user_data)
{
    (void)token;
    (void)length;
    (void)user_data;
}

void quiet_string(const char *data, size_t length, void *user_data)
{
    (void)data;
    (void)length;
    (void)user_data;
}

xqc_int_t quiet_stream(xqc_stream_t *stream, void *user_data)
{
    (void)stream;
    (void)user_data;
    return 0;
}
