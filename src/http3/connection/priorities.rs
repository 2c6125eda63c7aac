//! Priorities of requests: signalled, remembered, obeyed (RFC 9218).

use std::collections::VecDeque;

use super::Connection;
use crate::http3::error::{Code, ConnectionError};
use crate::http3::frame::{broken, FrameType};
use crate::http3::priority::Priority;
use crate::http3::request::PrioritySource;
use crate::stream::{StreamKey, Streams};
use crate::wire::{Direction, Reader, Role, StreamId, Writer};

/// How many priorities of requests that have not come yet are remembered (RFC 9218 section 7.1).
const MAX_EARLY_PRIORITIES: usize = 128;

/// Priorities of requests that have not come yet, the latest of each; the oldest go.
#[derive(Debug, Default)]
pub(super) struct EarlyPriorities(VecDeque<(StreamId, Priority)>);

impl EarlyPriorities {
    fn put(&mut self, id: StreamId, priority: Priority) {
        self.0.retain(|(known, _)| *known != id);
        if self.0.len() == MAX_EARLY_PRIORITIES {
            self.0.pop_front();
        }
        self.0.push_back((id, priority));
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, id: StreamId) -> Option<Priority> {
        let index = self.0.iter().position(|(known, _)| *known == id)?;
        self.0.remove(index).map(|(_, priority)| priority)
    }
}

impl Connection {
    /// Sets the priority of a request. A client tells its server (RFC 9218 section 7).
    pub fn set_priority(&mut self, streams: &mut Streams, key: StreamKey, priority: &Priority) {
        self.apply_priority(streams, key, priority, PrioritySource::Host);
        let Some(request) = self.table.request(key).filter(|_| self.role == Role::Client) else {
            return;
        };
        let mut content = vec![0; 8];
        let mut writer = Writer::new(&mut content);
        writer.varint(request.id.0);
        let len = writer.position();
        content.truncate(len);
        priority.write(&mut content);
        self.send_control_frame(streams, FrameType::PRIORITY_UPDATE_REQUEST, &content);
    }

    /// Has a stream sent as a priority says, unless another source has more to say.
    pub(super) fn apply_priority(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        priority: &Priority,
        source: PrioritySource,
    ) {
        let Some(request) = self.table.request_mut(key) else { return };
        if source < request.priority_source {
            return;
        }
        request.priority_source = source;
        if let Some(tracer) = &self.tracer {
            tracer.priority(request.id, priority);
        }
        // A request whose stream has closed sends nothing any more.
        let _ = streams.set_priority(key, priority.urgency, priority.incremental);
    }

    /// The priority that came before its request, if one did.
    pub(super) fn apply_early_priority(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        id: StreamId,
    ) {
        if let Some(priority) = self.priorities.take(id) {
            self.apply_priority(streams, key, &priority, PrioritySource::Update);
        }
    }

    // RFC 9218 sections 7.1 and 7.2.
    pub(super) fn on_priority_update(
        &mut self,
        streams: &mut Streams,
        content: &[u8],
    ) -> Result<(), ConnectionError> {
        let mut reader = Reader::new(content);
        let id = reader.varint().map_err(|_| broken("a priority of nothing"))?;
        let id = StreamId(id);
        let direction = Direction::Bidirectional;
        if id.initiator() != Role::Client || id.direction() != direction {
            return Err(ConnectionError::new(Code::ID_ERROR, "a priority of no request"));
        }
        if id.index() >= streams.granted_to_peer(direction) {
            return Err(ConnectionError::new(Code::ID_ERROR, "a priority beyond the limit"));
        }
        let priority = Priority::from_peer(reader.rest());
        match streams.key(id) {
            Some(key) if !self.table.is_undecided(key) => {
                self.apply_priority(streams, key, &priority, PrioritySource::Update);
            }
            // RFC 9218 section 7.1: it is over, and others are to be remembered.
            None if !streams.may_come(id) => {}
            _ => self.priorities.put(id, priority),
        }
        Ok(())
    }
}
