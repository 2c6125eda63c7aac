//! version_information (RFC 9368 section 3).

use smallvec::SmallVec;

use super::invalid;
use crate::error::TransportError;
use crate::wire::{Role, Version};

/// The version a side chose, and those it could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionInformation {
    /// The version of this connection.
    pub chosen: Version,
    /// From a client, what its first flight is compatible with, best first; from a server, what all
    /// of its deployment speaks.
    pub available: SmallVec<[Version; 4]>,
}

impl VersionInformation {
    /// Reads the value. RFC 9368 section 4: one version at least, no part of one, none of them zero.
    pub(super) fn decode(value: &[u8]) -> Result<Self, TransportError> {
        if value.len() % 4 != 0 {
            return Err(invalid("version_information not made of versions"));
        }
        let mut versions = value
            .chunks_exact(4)
            .filter_map(|bytes| bytes.try_into().ok())
            .map(|bytes| Version(u32::from_be_bytes(bytes)));
        let chosen = versions.next().ok_or(invalid("version_information is empty"))?;
        let available: SmallVec<[Version; 4]> = versions.collect();
        if chosen == Version::NEGOTIATION || available.contains(&Version::NEGOTIATION) {
            return Err(invalid("version_information with version zero"));
        }
        Ok(Self { chosen, available })
    }

    /// RFC 9368 section 4: a client has to list what it chose; a server may be about to give it up.
    pub(super) fn check(&self, sender: Role) -> Result<(), TransportError> {
        if sender.is_client() && !self.available.contains(&self.chosen) {
            return Err(invalid("chosen version is not available"));
        }
        Ok(())
    }

    pub(super) fn encode(&self) -> SmallVec<[u8; 32]> {
        let all = [self.chosen].into_iter().chain(self.available.iter().copied());
        all.flat_map(|version| version.0.to_be_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SAMPLE: [u8; 12] = [0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1];

    #[test]
    fn the_chosen_version_stands_first() {
        let information = VersionInformation::decode(&SAMPLE).unwrap();
        assert_eq!(information.chosen, Version::V1);
        assert_eq!(information.available.as_slice(), [Version::V2, Version::V1]);
        assert_eq!(information.encode().as_slice(), SAMPLE);
    }

    /// RFC 9368 section 4.
    #[test]
    fn anything_but_whole_versions_is_refused() {
        for len in [0, 1, 3, 5, 10, 11] {
            assert!(VersionInformation::decode(&SAMPLE[..len]).is_err());
        }
        assert!(VersionInformation::decode(&SAMPLE[..4]).is_ok());
    }

    /// RFC 9368 section 4.
    #[test]
    fn version_zero_is_refused_wherever_it_stands() {
        assert!(VersionInformation::decode(&[0; 4]).is_err());
        assert!(VersionInformation::decode(&[0, 0, 0, 1, 0, 0, 0, 0]).is_err());
    }

    /// RFC 9368 section 4.
    #[test]
    fn only_a_client_has_to_list_what_it_chose() {
        let information = VersionInformation::decode(&SAMPLE[..8]).unwrap();
        assert!(information.check(Role::Client).is_err());
        assert!(information.check(Role::Server).is_ok());
        assert!(VersionInformation::decode(&SAMPLE).unwrap().check(Role::Client).is_ok());
    }
}
