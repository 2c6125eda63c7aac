//! Writes one packet: header, frames, protection.

use crate::tls::protection::protect_header;
use crate::tls::{HeaderKey, PacketKey};
use crate::wire::header::{self, LongHeader, ShortHeader, PROTECTED_MIN_LEN};
use crate::wire::{PacketNumber, Writer};

/// Bytes the AEAD adds to a packet (RFC 9001 section 5.3: all suites in use have 16).
pub const TAG_LEN: usize = 16;

/// A packet whose header is written and whose frames are being added.
pub struct PacketBuilder<'a> {
    /// The frames go here. Room for the tag is already taken off.
    pub frames: Writer<'a>,
    /// The packet's number.
    pub number: PacketNumber,
    number_offset: usize,
    header_len: usize,
    /// Where the Length field of a long header stands.
    length_offset: Option<usize>,
}

impl<'a> PacketBuilder<'a> {
    /// Starts a long-header packet at the front of `buffer`. `None` if it would not fit.
    pub fn long(buffer: &'a mut [u8], header: &LongHeader<'_>) -> Option<Self> {
        let mut frames = frame_room(buffer, header.encoded_len())?;
        let offsets = header.encode(&mut frames);
        let header_len = frames.position();
        Some(Self {
            frames,
            number: header.pn,
            number_offset: offsets.pn,
            header_len,
            length_offset: Some(offsets.length),
        })
    }

    /// Starts a 1-RTT packet at the front of `buffer`. `None` if it would not fit.
    #[inline]
    pub fn short(buffer: &'a mut [u8], header: &ShortHeader<'_>) -> Option<Self> {
        let mut frames = frame_room(buffer, header.encoded_len())?;
        let number_offset = header.encode(&mut frames);
        let header_len = frames.position();
        Some(Self { frames, number: header.pn, number_offset, header_len, length_offset: None })
    }

    /// True if no frame was written.
    pub fn is_empty(&self) -> bool {
        self.frames.position() == self.header_len
    }

    /// Ends the packet; it is padded as far as header protection needs.
    pub fn layout(mut self) -> PacketLayout {
        // RFC 9001 section 5.4.2: the header-protection sample must lie within the packet.
        let least = self.number_offset + PROTECTED_MIN_LEN - TAG_LEN;
        let missing = least.saturating_sub(self.frames.position());
        self.frames.zeros(missing);
        PacketLayout {
            number: self.number,
            number_offset: self.number_offset,
            header_len: self.header_len,
            length_offset: self.length_offset,
            len: self.frames.position() + TAG_LEN,
            padded: missing > 0,
        }
    }
}

/// Where the parts of a written packet lie.
#[derive(Clone, Copy, Debug)]
pub struct PacketLayout {
    /// The packet's number.
    pub number: PacketNumber,
    number_offset: usize,
    header_len: usize,
    length_offset: Option<usize>,
    /// The length of the finished packet.
    pub len: usize,
    padded: bool,
}

impl PacketLayout {
    /// True if the packet holds PADDING: it then counts as in flight (RFC 9002 section 2).
    #[inline]
    pub fn is_padded(&self) -> bool {
        self.padded
    }

    /// The frames of the packet at the front of `buffer`, which is not yet sealed.
    pub fn payload<'p>(&self, buffer: &'p [u8]) -> &'p [u8] {
        buffer.get(self.header_len..self.len - TAG_LEN).unwrap_or_default()
    }

    /// Adds PADDING so that the finished packet at the front of `buffer` is `len` bytes long, as
    /// far as it fits.
    pub fn pad_to(&mut self, buffer: &mut [u8], len: usize) {
        let len = len.min(buffer.len());
        if len > self.len {
            buffer[self.len - TAG_LEN..len - TAG_LEN].fill(0);
            self.len = len;
            self.padded = true;
        }
    }

    /// Seals the payload and masks the header of the packet at the front of `buffer`.
    #[inline]
    pub fn protect(&self, buffer: &mut [u8], packet_key: &PacketKey, header_key: &HeaderKey) {
        let packet = &mut buffer[..self.len];
        if let Some(offset) = self.length_offset {
            header::patch_length(packet, offset, self.len - self.number_offset);
        }
        packet_key.seal(0, self.number.0, packet, self.header_len);
        protect_header(packet, self.number_offset, header_key);
    }
}

/// The room for header and frames in `buffer`, if a packet with `header_len` bytes of header fits.
#[inline]
fn frame_room(buffer: &mut [u8], header_len: usize) -> Option<Writer<'_>> {
    let end = buffer.len().checked_sub(TAG_LEN)?;
    (end >= header_len + PROTECTED_MIN_LEN).then(|| Writer::new(&mut buffer[..end]))
}
