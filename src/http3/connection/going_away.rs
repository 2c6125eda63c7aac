//! The end of a connection announced beforehand (RFC 9114 section 5.2).

use super::{Connection, Event};
use crate::http3::error::{Code, ConnectionError};
use crate::http3::frame::FrameType;
use crate::stream::Streams;
use crate::wire::{Direction, Role, StreamId, Writer};

/// What both ends have said about the end.
#[derive(Debug, Default)]
pub(super) struct GoingAway {
    /// The ID in our last GOAWAY.
    sent: Option<u64>,
    /// How many requests the client was allowed then: so many may cross our GOAWAY.
    granted: u64,
    /// The ID in the peer's last GOAWAY.
    received: Option<u64>,
    /// The peer's last MAX_PUSH_ID.
    max_push_id: Option<u64>,
}

impl GoingAway {
    /// True if a client makes no more requests.
    pub fn forbids_requests(&self) -> bool {
        self.sent.is_some() || self.received.is_some()
    }

    /// True if a server has said that it does nothing about this request.
    pub fn refuses(&self, id: StreamId) -> bool {
        self.sent.is_some_and(|limit| id.0 >= limit)
    }

    /// True for a refused request that only credit from after our GOAWAY made possible.
    pub fn is_late(&self, id: StreamId) -> bool {
        id.index() >= self.granted
    }
}

impl Connection {
    /// Announces the end: a server takes no request that has not come yet, a client makes no more.
    /// Those under way go on.
    pub fn go_away(&mut self, streams: &mut Streams) {
        let id = match self.role {
            Role::Server => {
                let next = streams.next_of_peer(Direction::Bidirectional);
                StreamId::new(Role::Client, Direction::Bidirectional, next).0
            }
            // The first push, of which we granted none.
            Role::Client => 0,
        };
        if self.going_away.sent.is_some() {
            return;
        }
        self.going_away.sent = Some(id);
        self.going_away.granted = streams.granted_to_peer(Direction::Bidirectional);
        let mut content = [0; 8];
        let mut writer = Writer::new(&mut content);
        writer.varint(id);
        let len = writer.position();
        self.send_control_frame(streams, FrameType::GOAWAY, &content[..len]);
    }

    /// True if either end has announced the end.
    pub fn is_going_away(&self) -> bool {
        self.going_away.forbids_requests()
    }

    /// True if the end was announced, and no request or bytestream is left.
    pub fn is_drained(&self) -> bool {
        self.is_going_away() && self.table.exchanges() == 0
    }

    pub(super) fn on_goaway(
        &mut self,
        streams: &mut Streams,
        id: u64,
    ) -> Result<(), ConnectionError> {
        let of_request = StreamId(id).initiator() == Role::Client
            && StreamId(id).direction() == Direction::Bidirectional;
        // RFC 9114 section 7.2.6.
        if self.role == Role::Client && !of_request {
            return Err(ConnectionError::new(Code::ID_ERROR, "GOAWAY of no request"));
        }
        // RFC 9114 section 5.2.
        if self.going_away.received.is_some_and(|before| id > before) {
            return Err(ConnectionError::new(Code::ID_ERROR, "GOAWAY takes back an earlier one"));
        }
        let before = self.going_away.received.replace(id);
        // Of many at once the last one says it all.
        match self.events.back_mut() {
            Some(Event::GoAway { id: last }) => *last = id,
            _ => self.events.push_back(Event::GoAway { id }),
        }
        // RFC 9114 section 10.5: a flood of these is not to cost a look at every request each.
        let is_new = before != Some(id) && StreamId(id).index() < streams.opened_bidi(Role::Client);
        if self.role == Role::Client && is_new {
            self.reject_requests_from(streams, id);
            self.send_decoder_instructions(streams)?;
        }
        Ok(())
    }

    /// The server does nothing about requests from `id` on: they can be made elsewhere. A response
    /// that is there all the same is kept.
    fn reject_requests_from(&mut self, streams: &mut Streams, id: u64) {
        let rejected: Vec<_> =
            self.table.open_requests().filter(|(_, request)| request.0 >= id).collect();
        for (key, _) in rejected {
            // RFC 9114 section 4.1.1: a client does not use H3_REQUEST_REJECTED of its own accord.
            let _ = streams.close(key, Code::REQUEST_CANCELLED.0);
            self.on_request_reset(streams, key, Code::REQUEST_REJECTED.0);
        }
        let rejected: Vec<_> =
            self.table.bytestreams().filter(|(_, bytestream)| bytestream.0 >= id).collect();
        for (key, _) in rejected {
            self.close_bytestream(streams, key);
        }
    }

    // RFC 9114 section 7.2.7.
    pub(super) fn on_max_push_id(&mut self, id: u64) -> Result<(), ConnectionError> {
        if self.going_away.max_push_id.is_some_and(|before| id < before) {
            return Err(ConnectionError::new(Code::ID_ERROR, "MAX_PUSH_ID takes back a grant"));
        }
        self.going_away.max_push_id = Some(id);
        Ok(())
    }
}
