//! Collects the events of one connection until they can be handed on.

use super::json::Object;
use super::kind::{Filter, Kind};
use crate::time::Instant;
use crate::wire::ConnectionId;

/// Bytes of records that may wait to be handed on; what comes then is counted and left out.
pub const MAX_WAITING: usize = 256 * 1024;

/// Records, each one complete JSON text.
#[derive(Debug, Default)]
pub struct Records {
    text: String,
    /// Where each record ends, and what it is about.
    ends: Vec<(usize, Kind)>,
}

impl Records {
    /// The records, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, kind)| {
            let record = &self.text[start..*end];
            start = *end;
            (*kind, record)
        })
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// The events of one connection.
#[derive(Debug)]
pub struct Trace {
    filter: Filter,
    /// Times are counted from here.
    origin: Instant,
    now: Instant,
    /// What tells this connection from others in the same file.
    group: ConnectionId,
    records: Records,
    /// Events that found no room.
    left_out: u64,
}

impl Trace {
    /// A trace without events. Times in it count from `origin`; `group`, the destination of the
    /// client's first Initial, names the connection.
    pub fn new(filter: Filter, origin: Instant, group: ConnectionId) -> Self {
        Self { filter, origin, now: origin, group, records: Records::default(), left_out: 0 }
    }

    /// Changes which events are wanted from now on.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
    }

    /// The time of the events that follow.
    pub fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    /// True if events of this kind are wanted.
    pub fn wants(&self, kind: Kind) -> bool {
        self.filter.wants(kind)
    }

    /// Adds an event with the data that `body` writes, if its kind is wanted.
    pub fn event(&mut self, kind: Kind, body: impl FnOnce(&mut Object<'_>)) {
        if !self.wants(kind) {
            return;
        }
        if self.records.text.len() >= MAX_WAITING {
            self.left_out += 1;
            return;
        }
        self.push(kind, body);
    }

    fn push(&mut self, kind: Kind, body: impl FnOnce(&mut Object<'_>)) {
        let time = self.now.saturating_since(self.origin).as_micros();
        let group = self.group;
        Object::write(&mut self.records.text, |event| {
            event.millis("time", time).text("name", kind.name()).hex("group_id", group.as_slice());
            event.object("data", body);
        });
        self.records.ends.push((self.records.text.len(), kind));
    }

    /// Takes the records out. Their memory comes back with [`Trace::give_back`].
    pub fn take(&mut self) -> Records {
        if self.left_out > 0 {
            let count = std::mem::take(&mut self.left_out);
            self.push(Kind::Warning, |data| {
                data.text("message", format_args!("{count} events were left out"));
            });
        }
        std::mem::take(&mut self.records)
    }

    /// Takes back the memory of records that were handed on.
    pub fn give_back(&mut self, mut records: Records) {
        if self.records.is_empty() && records.text.capacity() <= MAX_WAITING {
            records.clear();
            self.records = records;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::Importance;
    use super::*;

    fn trace(least: Importance) -> Trace {
        let group = ConnectionId::new(&[0xab; 8]).unwrap_or_default();
        Trace::new(Filter::at_least(least), Instant::from_micros(1_000_000), group)
    }

    fn texts(trace: &mut Trace) -> Vec<String> {
        trace.take().iter().map(|(_, record)| record.to_owned()).collect()
    }

    #[test]
    fn a_record_is_one_event_with_time_name_group_and_data() {
        let mut trace = trace(Importance::Core);
        trace.set_time(Instant::from_micros(1_002_345));
        trace.event(Kind::PacketSent, |data| {
            data.number("n", 7);
        });
        assert_eq!(
            texts(&mut trace),
            [concat!(
                r#"{"time":2.345,"name":"transport:packet_sent","#,
                r#""group_id":"abababababababab","data":{"n":7}}"#
            )]
        );
        assert!(trace.take().is_empty());
    }

    #[test]
    fn what_is_not_important_enough_is_not_even_formatted() {
        let mut trace = trace(Importance::Core);
        trace.event(Kind::ConnectionClosed, |_| unreachable!("formatted"));
        assert!(trace.take().is_empty());
        trace.set_filter(Filter::at_least(Importance::Base));
        trace.event(Kind::ConnectionClosed, |_| {});
        assert_eq!(trace.take().iter().count(), 1);
    }

    #[test]
    fn a_trace_that_nobody_takes_stays_bounded_and_says_what_is_missing() {
        let mut trace = trace(Importance::Extra);
        for _ in 0..100_000 {
            trace.event(Kind::MetricsUpdated, |data| {
                data.number("congestion_window", 12_000);
            });
        }
        let records = trace.take();
        let size: usize = records.iter().map(|(_, record)| record.len()).sum();
        assert!(size < MAX_WAITING + 1000, "{size} bytes");
        let (kind, last) = records.iter().last().unwrap_or((Kind::PacketSent, ""));
        assert_eq!(kind, Kind::Warning);
        let missing = 100_000 - (records.iter().count() - 1);
        assert!(last.contains(&format!("{missing} events were left out")), "{last}");
        trace.give_back(records);
        trace.event(Kind::MetricsUpdated, |_| {});
        assert_eq!(texts(&mut trace).len(), 1);
    }
}
