//! NEW_CONNECTION_ID (RFC 9000 section 19.15).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, ConnectionId, Reader, ResetToken, Writer};

/// Another connection ID the receiver may send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewConnectionId {
    /// The number of the ID among those its issuer gave out.
    pub sequence: u64,
    /// IDs with lower numbers are to be retired; at most `sequence`.
    pub retire_prior_to: u64,
    /// The ID, 1 to 20 bytes.
    pub cid: ConnectionId,
    /// What a stateless reset for this ID ends with.
    pub reset_token: ResetToken,
}

impl NewConnectionId {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        let sequence = r.varint()?;
        let retire_prior_to = r.varint()?;
        if retire_prior_to > sequence {
            return Err(FrameErrorKind::RetirePriorTo);
        }
        let cid = ConnectionId::read(r)?
            .filter(|cid| !cid.is_empty())
            .ok_or(FrameErrorKind::ConnectionIdLength)?;
        let reset_token = ResetToken(*r.array()?);
        Ok(Self { sequence, retire_prior_to, cid, reset_token })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        let numbers = varint::size(self.sequence) + varint::size(self.retire_prior_to);
        1 + numbers + 1 + self.cid.len() + ResetToken::LEN
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::NEW_CONNECTION_ID.0 as u8);
        w.varint(self.sequence);
        w.varint(self.retire_prior_to);
        w.u8(self.cid.len() as u8);
        w.bytes(self.cid.as_slice());
        w.array(self.reset_token.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    fn bytes(sequence: u8, retire_prior_to: u8, cid_len: u8) -> Vec<u8> {
        let mut bytes = vec![0x18, sequence, retire_prior_to, cid_len];
        bytes.extend(vec![0xcc; cid_len.into()]);
        bytes.extend([0x77; 16]);
        bytes
    }

    #[test]
    fn the_reset_token_follows_the_id() {
        for cid_len in [1, 8, 20] {
            let frame = NewConnectionId {
                sequence: 9,
                retire_prior_to: 9,
                cid: ConnectionId::new(&vec![0xcc; cid_len.into()]).unwrap(),
                reset_token: ResetToken([0x77; 16]),
            };
            assert_exact_sample(&bytes(9, 9, cid_len), Frame::NewConnectionId(frame));
        }
    }

    /// RFC 9000 section 19.15.
    #[test]
    fn an_id_of_no_bytes_or_over_twenty_is_refused() {
        for cid_len in [0, 21, 255] {
            let kind = refusal(&bytes(1, 0, cid_len));
            assert_eq!(kind, Some(FrameErrorKind::ConnectionIdLength));
        }
    }

    /// RFC 9000 section 19.15.
    #[test]
    fn retiring_past_the_own_sequence_number_is_refused() {
        assert_eq!(refusal(&bytes(3, 4, 8)), Some(FrameErrorKind::RetirePriorTo));
    }
}
