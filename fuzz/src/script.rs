//! The fuzzer's bytes, read as a list of actions.

use xquic::time::Duration;
use xquic::wire::PacketType;

/// One step of a script.
pub enum Action<'a> {
    /// Bytes arrive as they are.
    Datagram(&'a [u8]),
    /// A well-formed packet of this type arrives with these frames.
    Forge(PacketType, &'a [u8]),
    /// The honest peer and the target exchange what they have, this many times.
    Talk(u8),
    /// Time passes.
    Pass(Duration),
    /// The application does something.
    Work(u8),
}

/// Reads actions until the bytes end.
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::from(self.number()?) % 1500;
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Script<'a> {
    type Item = Action<'a>;

    fn next(&mut self) -> Option<Action<'a>> {
        Some(match self.byte()? % 8 {
            0 => Action::Datagram(self.bytes()?),
            1 => Action::Forge(PacketType::Initial, self.bytes()?),
            2 => Action::Forge(PacketType::Handshake, self.bytes()?),
            3 => Action::Forge(PacketType::ZeroRtt, self.bytes()?),
            4 => Action::Talk(self.byte()? % 8),
            5 => Action::Pass(Duration::from_millis(self.number()?.into())),
            6 => Action::Work(self.byte()?),
            _ => Action::Forge(PacketType::OneRtt, self.bytes()?),
        })
    }
}
