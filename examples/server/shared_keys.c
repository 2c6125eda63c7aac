#define _GNU_SOURCE
#include "shared_keys.h"

#include <string.h>
#include <sys/random.h>

_Static_assert(TOKEN_KEY_SIZE <= XQC_TOKEN_MAX_KEY_LEN, "a token key must fit");

bool
shared_keys_draw(struct shared_keys *keys)
{
    return getrandom(keys, sizeof(*keys), 0) == (ssize_t) sizeof(*keys);
}

void
shared_keys_use(struct shared_keys *keys, xqc_config_t *config, xqc_engine_ssl_config_t *tls)
{
    memcpy(config->reset_token_key, keys->reset, sizeof(keys->reset));
    config->reset_token_keylen = sizeof(keys->reset);
    memset(config->token_key_list, 0, sizeof(config->token_key_list));
    memset(config->tk_len_list, 0, sizeof(config->tk_len_list));
    memcpy(config->token_key_list[0], keys->token, sizeof(keys->token));
    config->tk_len_list[0] = sizeof(keys->token);
    config->cur_tk_index = 0;
    tls->session_ticket_key_data = keys->ticket;
    tls->session_ticket_key_len = sizeof(keys->ticket);
}
