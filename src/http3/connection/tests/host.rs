//! An application that takes whatever there is as soon as it is told, and what it saw.

use std::collections::BTreeMap;

use super::*;

/// All that was seen of one message of the peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Header sections and trailers, one after the other.
    pub sections: Vec<Vec<String>>,
    pub body: Vec<u8>,
    /// How often the end was told.
    pub ends: u32,
    pub reset: Option<u64>,
    pub failed: Option<Code>,
    pub closed: u32,
}

/// What was seen, by stream ID.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub seen: BTreeMap<u64, Seen>,
    /// The streams that were seen; some are gone.
    ids: Vec<(StreamKey, u64)>,
}

impl Host {
    /// What was seen of the stream's message.
    pub fn of(&mut self, streams: &Streams, key: StreamKey) -> &mut Seen {
        let known = || self.ids.iter().find(|(known, _)| *known == key).unwrap().1;
        let id = streams.id(key).map_or_else(known, |id| id.0);
        if !self.seen.contains_key(&id) {
            self.ids.push((key, id));
        }
        self.seen.entry(id).or_default()
    }

    /// Reads a stream and takes what it brings, as long as it brings anything.
    pub fn read(
        &mut self,
        h3: &mut Connection,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        loop {
            h3.read(streams, key, now)?;
            let notices = h3.notices(streams, key);
            if !notices.any() {
                return Ok(());
            }
            h3.on_told(key, notices, now);
            let seen = self.of(streams, key);
            seen.ends += u32::from(notices.end);
            while let Some((fields, fin)) = h3.take_fields(key, now) {
                seen.sections.push(fields.iter().map(text).collect());
                seen.ends += u32::from(fin);
            }
            if notices.body {
                self.read_body(h3, streams, key, now)?;
            }
        }
    }

    fn read_body(
        &mut self,
        h3: &mut Connection,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let mut buffer = [0; 1000];
        loop {
            let read = h3.read_body(streams, key, &mut buffer, now)?;
            let seen = self.of(streams, key);
            seen.body.extend_from_slice(&buffer[..read.len]);
            seen.ends += u32::from(read.fin);
            if read.fin || read.len == 0 {
                return Ok(());
            }
        }
    }

    /// Takes an event in; what has ended is freed.
    pub fn on_event(&mut self, h3: &mut Connection, streams: &mut Streams, event: Event) {
        match event {
            Event::Reset { key, code } => self.of(streams, key).reset = Some(code),
            Event::Failed { key, error } => self.of(streams, key).failed = Some(error.code),
            Event::Closed(key) => {
                self.of(streams, key).closed += 1;
                h3.forget(key);
                streams.forget(key);
            }
            _ => {}
        }
    }

    /// A whole pass over an end: its events, all that it can read, all that it can write.
    pub fn pass(&mut self, end: &mut End) {
        end.run();
        for event in std::mem::take(&mut end.events) {
            self.on_event(&mut end.h3, &mut end.streams, event);
        }
        let mut keys = Vec::new();
        end.streams.readable(&mut keys);
        end.h3.take_pending(&mut keys);
        // `run` has taken the keys of those that went on by themselves.
        keys.extend(end.h3.table.all_requests().iter().map(|(key, _)| *key));
        for key in keys {
            let result = self.read(&mut end.h3, &mut end.streams, key, NOW);
            end.note(result);
            while let Some(event) = end.h3.poll_event() {
                self.on_event(&mut end.h3, &mut end.streams, event);
            }
        }
    }
}

/// A field as text.
pub(super) fn text(field: Field<'_>) -> String {
    let (name, value) = (field.name, field.value);
    format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
}

/// A small generator, so that a seed names a run.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides as u64) as usize
    }
}
