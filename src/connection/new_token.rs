//! The token that a server gives its client for the next connection (RFC 9000 section 8.1.3).

use crate::error::{TransportError, TransportErrorCode};
use crate::wire::frame::NewToken;
use crate::wire::{Role, Writer};

use super::event::Event;
use super::token::Token;
use super::Connection;

/// At a server the token on its way to the client, at a client the last one that came.
#[derive(Debug)]
pub(super) struct NextToken {
    token: Vec<u8>,
    /// It waits to be sent, or to be sent again.
    due: bool,
}

impl NextToken {
    /// True if it waits to be sent.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.due
    }

    /// The frame was lost.
    pub fn on_lost(&mut self) {
        self.due = true;
    }
}

impl Connection {
    /// Sends the client `token` for its next connection until it is acknowledged. Only for a server
    /// whose handshake is complete.
    pub fn issue_token(&mut self, token: Vec<u8>) {
        debug_assert_eq!(self.role, Role::Server, "only servers give tokens");
        if self.state.is_open() && !token.is_empty() {
            self.next_token = Some(Box::new(NextToken { token, due: true }));
        }
    }

    /// Writes NEW_TOKEN if it waits and fits.
    #[cold]
    pub(super) fn write_new_token(&mut self, frames: &mut Writer<'_>) -> Option<Token> {
        let next = self.next_token.as_deref_mut().filter(|next| next.due)?;
        let frame = NewToken { token: &next.token };
        if frames.remaining() < frame.encoded_len() {
            return None;
        }
        frame.encode(frames);
        next.due = false;
        Some(Token::Address)
    }

    /// Takes a NEW_TOKEN frame.
    pub(super) fn on_new_token(&mut self, frame: &NewToken<'_>) -> Result<(), TransportError> {
        // RFC 9000 section 19.7.
        if self.role == Role::Server {
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(TransportError::new(code, "a client sent NEW_TOKEN").in_frame(0x07));
        }
        // RFC 9000 section 19.7: it is for the client to pass over one that is sent again.
        if self.next_token.as_deref().is_some_and(|last| last.token == frame.token) {
            return Ok(());
        }
        let token = frame.token.to_vec();
        self.next_token = Some(Box::new(NextToken { token: token.clone(), due: false }));
        self.events.push_back(Event::NewToken(token));
        Ok(())
    }
}
