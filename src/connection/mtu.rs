//! How large our datagrams are: the peer's limit, and the search for the path's.

use crate::path::mtu::MtuSearch;
use crate::path::{PathHandle, Transmit};
use crate::recovery::Space;
use crate::time::{Duration, Instant};
use crate::wire::frame::Frame;

use super::transmit::{Content, Draft};
use super::{Connection, Timer};

/// When nothing was heard for so long, the path is not in use and not probed: a probe would keep a
/// connection from going idle.
const UNUSED_AFTER: Duration = Duration::from_secs(30);

impl Connection {
    /// Sends datagrams of at most `size` bytes from now on.
    pub(super) fn set_datagram_size(&mut self, size: u16) {
        if size == self.path.max_datagram_size {
            return;
        }
        self.path.set_max_datagram_size(size);
        self.path.update_pacing_rate();
    }

    /// Begins to search for what the path carries, if the host wants that. To be called when the
    /// handshake is confirmed (RFC 9000 section 14.3) and when the path is another one.
    pub(super) fn start_mtu_search(&mut self, now: Instant) {
        let settings = self.settings.mtu_search;
        if !settings.enabled {
            return;
        }
        // RFC 9000 section 18.2: the peer drops what is larger than it said.
        let theirs = self.peer.max_udp_payload_size.min(u64::from(u16::MAX)) as u16;
        let limit = settings.limit.min(theirs);
        let current = self.path.max_datagram_size;
        self.path.mtu = Some(Box::new(MtuSearch::new(current, limit, settings.interval, now)));
        self.timers.set(Timer::MtuSearch, now);
    }

    /// Goes on with the search: takes over a size that was found, plans the next probe.
    pub(super) fn on_mtu_timeout(&mut self, now: Instant) {
        let unused = now.saturating_since(self.last_received) > UNUSED_AFTER;
        let Some(search) = self.path.mtu.as_deref_mut() else { return };
        search.step(now);
        if search.due(now).is_some() && unused {
            search.postpone(now);
        }
        self.mtu_probe_due = search.due(now).is_some();
        let size = search.current();
        if size > self.path.max_datagram_size {
            self.stats.largest_acked_size = self.stats.largest_acked_size.max(size);
        }
        let wake_at = search.wake_at().filter(|at| *at > now);
        self.timers.set_or_clear(Timer::MtuSearch, wake_at);
        self.set_datagram_size(size);
    }

    /// Probe timeouts follow each other: perhaps the path carries only small datagrams now.
    pub(super) fn suspect_black_hole(&mut self, now: Instant) {
        let timeouts = self.path.pto_count;
        if let Some(search) = self.path.mtu.as_deref_mut() {
            if search.on_probe_timeouts(timeouts) {
                self.on_mtu_timeout(now);
            }
        }
    }

    /// Sends the probe that is due: a datagram with nothing but PING and PADDING, so that nothing
    /// has to be sent again if it is lost (RFC 9000 section 14.4).
    #[cold]
    pub(super) fn transmit_mtu_probe(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
    ) -> Option<Transmit> {
        let size = self.path.mtu.as_deref_mut().and_then(|search| search.due(now));
        let Some(size) = size else {
            self.mtu_probe_due = false;
            return None;
        };
        if buffer.len() < usize::from(size) {
            self.mtu_probe_due = false;
            self.timers.set(Timer::MtuSearch, now);
            self.path.mtu.as_deref_mut()?.cap(buffer.len() as u16);
            return None;
        }
        let room = self.path.congestion_room().min(self.path.amplification.budget());
        if room < u64::from(size) || self.early.is_some() || self.data.sent.is_full() {
            return None;
        }
        let mut builder = self.start_packet(Space::Application, buffer.get_mut(..size.into())?)?;
        let number = builder.number;
        Frame::Ping.encode(&mut builder.frames);
        let content = Content::mtu_probe(number);
        let mut draft = Draft::new(Space::Application, 0, builder, content)?;
        draft.pad_to(buffer, size.into());
        self.finish(&draft, now, buffer);
        self.mtu_probe_due = false;
        self.path.mtu.as_deref_mut()?.on_probe_sent(number);
        Some(self.account(size.into()))
    }

    /// Counts a datagram that is about to leave on the path in use.
    #[inline]
    pub(super) fn account(&mut self, len: usize) -> Transmit {
        self.path.amplification.on_sent(len);
        self.stats.datagrams_sent += 1;
        self.stats.bytes_sent += len as u64;
        if self.tracer.is_some() {
            self.trace_datagram_sent(len);
        }
        if self.marking {
            self.path.ecn.on_marked();
        }
        Transmit { len, path: PathHandle::ACTIVE, ecn: self.mark() }
    }
}
