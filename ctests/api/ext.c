/* What the original library does not have: xqc_ext.h. */
#include <xquic/xqc_ext.h>

#include "check.h"

static void the_library_has_the_version_of_its_header(void)
{
    CHECK_EQ(xqc_ext_version(), XQC_EXT_VERSION);
}

static void the_features_of_an_ordinary_build_are_there(void)
{
    const uint64_t ordinary = XQC_EXT_FEATURE_RENO | XQC_EXT_FEATURE_BBR2 | XQC_EXT_FEATURE_COPA
                              | XQC_EXT_FEATURE_UNLIMITED;
    CHECK_EQ(xqc_ext_features() & ordinary, ordinary);
}

static const check_case cases[] = {
    {"the_library_has_the_version_of_its_header", the_library_has_the_version_of_its_header, 0},
    {"the_features_of_an_ordinary_build_are_there", the_features_of_an_ordinary_build_are_there,
     0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases, CHECK_COUNT(cases));
}
