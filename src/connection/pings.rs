//! PINGs that the host asked for by name, each until it is acknowledged.

use std::collections::VecDeque;

/// Named PINGs, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Pings {
    /// Those from number `first` on.
    list: VecDeque<Ping>,
    first: u64,
    /// The numbers of those that wait to be sent.
    due: VecDeque<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    name: u64,
    state: PingState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PingState {
    Waiting,
    Sent,
    Acked,
}

impl Pings {
    /// Has a PING sent.
    pub fn push(&mut self, name: u64) {
        self.due.push_back(self.first + self.list.len() as u64);
        self.list.push_back(Ping { name, state: PingState::Waiting });
    }

    /// True if one waits to be sent.
    #[inline]
    pub fn wants_to_send(&self) -> bool {
        !self.due.is_empty()
    }

    /// The number of the next one to be sent; it counts as sent.
    pub fn next_to_send(&mut self) -> Option<u64> {
        while let Some(number) = self.due.pop_front() {
            // One that was lost may have arrived after all.
            if let Some(ping) = self.get(number).filter(|ping| ping.state == PingState::Waiting) {
                ping.state = PingState::Sent;
                return Some(number);
            }
        }
        None
    }

    /// A packet with PING `number` was acknowledged; returns its name the first time.
    pub fn on_acked(&mut self, number: u64) -> Option<u64> {
        let ping = self.get(number).filter(|ping| ping.state != PingState::Acked)?;
        let name = ping.name;
        ping.state = PingState::Acked;
        while self.list.front().is_some_and(|ping| ping.state == PingState::Acked) {
            self.list.pop_front();
            self.first += 1;
        }
        if self.list.is_empty() {
            // At rest a connection keeps no lists.
            (self.list, self.due) = (VecDeque::new(), VecDeque::new());
        }
        Some(name)
    }

    /// A packet with PING `number` was lost.
    pub fn on_lost(&mut self, number: u64) {
        let sent = self.get(number).filter(|ping| ping.state == PingState::Sent);
        if let Some(ping) = sent {
            ping.state = PingState::Waiting;
            self.due.push_back(number);
        }
    }

    fn get(&mut self, number: u64) -> Option<&mut Ping> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.list.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_acknowledged_once_however_often_it_was_sent() {
        let mut pings = Pings::default();
        for name in [7, 7, 9] {
            pings.push(name);
        }
        let numbers: Vec<u64> = std::iter::from_fn(|| pings.next_to_send()).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(pings.on_acked(1), Some(7));
        pings.on_lost(0);
        pings.on_lost(1);
        assert_eq!(pings.next_to_send(), Some(0));
        assert_eq!(pings.next_to_send(), None);
        // Both packets arrived after all.
        assert_eq!((pings.on_acked(0), pings.on_acked(0)), (Some(7), None));
        assert_eq!(pings.on_acked(1), None);
        pings.on_lost(2);
        assert_eq!(pings.on_acked(2), Some(9));
        assert!(!pings.wants_to_send() && pings.list.capacity() == 0);
    }
}
