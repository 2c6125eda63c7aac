/* The smallest host: shows that an installed or embedded libxquic is found, linked and runs. */
#include <stdio.h>
#include <xquic/xqc_ext.h>
#include <xquic/xquic.h>

int
main(void)
{
    xqc_config_t config = { 0 };

    if (xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT) != XQC_OK) {
        return 1;
    }
    if (xqc_ext_version() != XQC_EXT_VERSION) {
        return 1;
    }
    printf("connection IDs of %u bytes\n", (unsigned) config.cid_len);
    return config.cid_len == 0;
}
