/* What the original library does not have: xqc_ext.h. */
#include <string.h>
#include <xquic/xqc_ext.h>

#include "check.h"

static void the_library_has_the_version_of_its_header(void)
{
    CHECK_EQ(xqc_ext_version(), XQC_EXT_VERSION);
}

static void the_number_of_version_2_is_that_of_rfc_9369(void)
{
    CHECK_EQ(XQC_EXT_VERSION_V2, 0x6b3343cf);
    CHECK_EQ(xqc_ext_conn_version(NULL), 0);
}

static void the_features_of_an_ordinary_build_are_there(void)
{
    const uint64_t ordinary = XQC_EXT_FEATURE_RENO | XQC_EXT_FEATURE_BBR2 | XQC_EXT_FEATURE_COPA
                              | XQC_EXT_FEATURE_UNLIMITED;
    CHECK_EQ(xqc_ext_features() & ordinary, ordinary);
}

static void a_load_balancer_reads_what_a_server_wrote(void)
{
    static const uint8_t key[XQC_LB_CID_KEY_LEN] = {3, 1, 4, 1, 5};
    static const xqc_ext_lb_draft_t drafts[] = {XQC_EXT_LB_DRAFT_13, XQC_EXT_LB_DRAFT_21};
    for (unsigned i = 0; i < CHECK_COUNT(drafts); i++) {
        for (size_t size = 5; size < XQC_MAX_CID_LEN; size++) {
            check_context("draft %u, %zu bytes", drafts[i], size);
            uint8_t plain[XQC_MAX_CID_LEN] = "0123456789abcdefghi";
            uint8_t cid[XQC_MAX_CID_LEN];
            uint8_t read[XQC_MAX_CID_LEN];
            CHECK_EQ(xqc_ext_lb_cid_encrypt(drafts[i], plain, size, cid, size + 1, key, 16), XQC_OK);
            CHECK(memcmp(plain + 1, cid + 1, size) != 0);
            CHECK_EQ(xqc_ext_lb_cid_decrypt(drafts[i], cid, size, read, size + 1, key, 16), XQC_OK);
            CHECK_EQ(memcmp(plain + 1, read + 1, size), 0);
        }
    }
}

static void connection_ids_that_cannot_be_are_not_encrypted(void)
{
    static const uint8_t key[XQC_LB_CID_KEY_LEN] = {0};
    uint8_t cid[32] = {0};
    const xqc_ext_lb_draft_t draft = XQC_EXT_LB_DRAFT_21;
    CHECK_EQ(xqc_ext_lb_cid_encrypt(draft, cid, 20, cid, 32, key, 16), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_encrypt(draft, cid, 8, cid, 8, key, 16), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_encrypt(draft, cid, 8, cid, 9, key, 32), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_encrypt(draft, NULL, 8, cid, 9, key, 16), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_encrypt(draft, cid, 8, NULL, 9, key, 16), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_decrypt(draft, cid, 8, cid, 9, NULL, 16), -XQC_EPARAM);
    CHECK_EQ(xqc_ext_lb_cid_decrypt((xqc_ext_lb_draft_t)7, cid, 8, cid, 9, key, 16), -XQC_EPARAM);
}

static const check_case CASES[] = {
    {"the_number_of_version_2_is_that_of_rfc_9369",
     the_number_of_version_2_is_that_of_rfc_9369, 0},
    {"the_library_has_the_version_of_its_header", the_library_has_the_version_of_its_header, 0},
    {"the_features_of_an_ordinary_build_are_there", the_features_of_an_ordinary_build_are_there,
     0},
    {"a_load_balancer_reads_what_a_server_wrote", a_load_balancer_reads_what_a_server_wrote, 0},
    {"connection_ids_that_cannot_be_are_not_encrypted",
     connection_ids_that_cannot_be_are_not_encrypted, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
