//! The peer's control stream (RFC 9114 section 6.2.1 and 7.2).

use super::{Connection, Event};
use crate::http3::error::{Code, ConnectionError};
use crate::http3::frame::{broken, unexpected, FrameHeader, FrameType, PartialHeader, Standing};
use crate::http3::settings::{Settings, MAX_SETTINGS_LEN};
use crate::http3::trace::Owner;
use crate::stream::Streams;
use crate::wire::{Reader, Role};

/// Which of the streams of which there is one each the peer has opened.
#[derive(Debug, Default)]
pub(super) struct ControlStreams {
    pub control: bool,
    pub encoder: bool,
    pub decoder: bool,
}

/// The most bytes of a PRIORITY_UPDATE frame.
const MAX_PRIORITY_UPDATE_LEN: u64 = 1024;

/// The longest content of a frame with a single varint.
const MAX_VARINT_LEN: u64 = 8;

/// Puts the frames of a control stream together.
#[derive(Debug, Default)]
pub(super) struct ControlReader {
    partial: PartialHeader,
    state: State,
    /// The content of the frame that arrives, or has just arrived.
    content: Vec<u8>,
    has_settings: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Header,
    /// In the content of a frame.
    Content(FrameHeader),
    /// In a frame that is skipped, so many bytes before its end.
    Skip(u64),
}

impl ControlReader {
    /// The content of the frame that [`Self::take`] has just named.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Takes bytes out of the beginning of `piece`; returns how many, and the type of the frame that
    /// is whole with them.
    pub fn take(
        &mut self,
        piece: &[u8],
        role: Role,
    ) -> Result<(usize, Option<FrameType>), ConnectionError> {
        match self.state {
            State::Header => {
                let (count, header) = self.partial.take(piece);
                let Some(header) = header else { return Ok((count, None)) };
                self.content.clear();
                self.begin(header, role)?;
                Ok((count, self.take_whole()))
            }
            State::Content(header) => {
                let left = header.len as usize - self.content.len();
                let count = left.min(piece.len());
                self.content.extend_from_slice(&piece[..count]);
                Ok((count, self.take_whole()))
            }
            State::Skip(left) => {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                let left = left - count as u64;
                self.state = if left == 0 { State::Header } else { State::Skip(left) };
                Ok((count, None))
            }
        }
    }

    fn begin(&mut self, header: FrameHeader, role: Role) -> Result<(), ConnectionError> {
        // RFC 9114 section 6.2.1.
        if !self.has_settings && header.kind != FrameType::SETTINGS {
            return Err(ConnectionError::new(Code::MISSING_SETTINGS, "SETTINGS do not come first"));
        }
        if header.kind == FrameType::SETTINGS && std::mem::replace(&mut self.has_settings, true) {
            return Err(unexpected("SETTINGS come twice"));
        }
        self.state = match header.kind.on_control_stream() {
            Standing::Forbidden => {
                return Err(unexpected("a frame that a control stream must not carry"));
            }
            Standing::Unknown if header.len == 0 => State::Header,
            Standing::Unknown => State::Skip(header.len),
            Standing::Known => {
                check_sender(header.kind, role)?;
                check_len(header)?;
                State::Content(header)
            }
        };
        Ok(())
    }

    fn take_whole(&mut self) -> Option<FrameType> {
        match self.state {
            State::Content(header) if self.content.len() as u64 == header.len => {
                self.state = State::Header;
                Some(header.kind)
            }
            _ => None,
        }
    }
}

// RFC 9114 section 7.2.7, RFC 9218 section 7.2.
fn check_sender(kind: FrameType, role: Role) -> Result<(), ConnectionError> {
    let of_client = matches!(
        kind,
        FrameType::MAX_PUSH_ID
            | FrameType::PRIORITY_UPDATE_REQUEST
            | FrameType::PRIORITY_UPDATE_PUSH
    );
    if of_client && role == Role::Client {
        return Err(unexpected("a frame that only clients send"));
    }
    Ok(())
}

fn check_len(header: FrameHeader) -> Result<(), ConnectionError> {
    let most = match header.kind {
        FrameType::SETTINGS => MAX_SETTINGS_LEN,
        FrameType::PRIORITY_UPDATE_REQUEST | FrameType::PRIORITY_UPDATE_PUSH => {
            MAX_PRIORITY_UPDATE_LEN
        }
        // RFC 9114 section 7.1: a single varint fills these.
        _ if header.len > MAX_VARINT_LEN => return Err(broken("more than one integer")),
        _ => MAX_VARINT_LEN,
    };
    if header.len > most {
        return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, "too long a frame"));
    }
    Ok(())
}

/// The single varint that fills a frame.
fn only_varint(content: &[u8]) -> Result<u64, ConnectionError> {
    let mut reader = Reader::new(content);
    match reader.varint() {
        Ok(value) if reader.is_empty() => Ok(value),
        _ => Err(broken("not one integer")),
    }
}

impl Connection {
    /// Acts on a frame of the peer's control stream.
    pub(super) fn on_control_frame(
        &mut self,
        streams: &mut Streams,
        kind: FrameType,
        content: &[u8],
    ) -> Result<(), ConnectionError> {
        match kind {
            FrameType::SETTINGS => {
                let settings = Settings::decode(content)?;
                self.trace_settings(Owner::Remote, &settings);
                self.peer = Some(settings);
                self.apply_peer_settings(streams);
                self.events.push_back(Event::Settings);
                Ok(())
            }
            FrameType::GOAWAY => self.on_goaway(streams, only_varint(content)?),
            FrameType::MAX_PUSH_ID => self.on_max_push_id(only_varint(content)?),
            FrameType::CANCEL_PUSH => {
                only_varint(content)?;
                // RFC 9114 section 7.2.3: there never was a promise, nor a grant.
                Err(ConnectionError::new(Code::ID_ERROR, "CANCEL_PUSH of no push"))
            }
            FrameType::PRIORITY_UPDATE_REQUEST => self.on_priority_update(streams, content),
            _ => {
                Reader::new(content).varint().map_err(|_| broken("a priority of nothing"))?;
                // RFC 9218 section 7.2: no push was promised.
                Err(ConnectionError::new(Code::ID_ERROR, "a priority of no push"))
            }
        }
    }
}
