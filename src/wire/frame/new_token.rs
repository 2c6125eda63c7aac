//! NEW_TOKEN (RFC 9000 section 19.7).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// A token for the Initial of a later connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewToken<'a> {
    /// The token, never empty.
    pub token: &'a [u8],
}

impl<'a> NewToken<'a> {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, FrameErrorKind> {
        let token = r.varint_bytes()?;
        if token.is_empty() {
            return Err(FrameErrorKind::EmptyToken);
        }
        Ok(Self { token })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.token.len() as u64) + self.token.len()
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::NEW_TOKEN.0 as u8);
        w.varint_bytes(self.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn the_token_is_as_long_as_it_says() {
        assert_exact_sample(
            &[0x07, 2, 0xaa, 0xbb],
            Frame::NewToken(NewToken { token: &[0xaa, 0xbb] }),
        );
    }

    /// RFC 9000 section 19.7.
    #[test]
    fn an_empty_token_is_refused() {
        assert_eq!(refusal(&[0x07, 0, 0xaa]), Some(FrameErrorKind::EmptyToken));
    }
}
