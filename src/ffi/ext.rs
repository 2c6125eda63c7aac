//! What the library tells of its own extensions.

use super::abi::prototypes::check_prototypes;
use super::abi::{
    XQC_EXT_FEATURE_BBR2, XQC_EXT_FEATURE_COPA, XQC_EXT_FEATURE_RENO, XQC_EXT_FEATURE_UNLIMITED,
    XQC_EXT_VERSION,
};

/// Every feature that a build can have or lack, and whether this one has it.
const FEATURES: [(u64, bool); 4] = [
    (XQC_EXT_FEATURE_RENO, cfg!(feature = "reno")),
    (XQC_EXT_FEATURE_BBR2, cfg!(feature = "bbr2")),
    (XQC_EXT_FEATURE_COPA, cfg!(feature = "copa")),
    (XQC_EXT_FEATURE_UNLIMITED, cfg!(feature = "unlimited")),
];

/// The library's `XQC_EXT_VERSION`.
#[no_mangle]
pub extern "C" fn xqc_ext_version() -> u32 {
    XQC_EXT_VERSION
}

/// The sum of the library's features.
#[no_mangle]
pub extern "C" fn xqc_ext_features() -> u64 {
    FEATURES.iter().filter(|(_, present)| *present).map(|(feature, _)| feature).sum()
}

check_prototypes!(xqc_ext_version, xqc_ext_features);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_a_bit_of_its_own() {
        let mut seen = 0;
        for (feature, _) in FEATURES {
            assert_eq!(feature.count_ones(), 1);
            assert_eq!(seen & feature, 0);
            seen |= feature;
        }
    }
}
