//! What became of the frames that were sent.

use super::control::Control;
use super::counts::LocalCount;
use super::flow::SendCredit;
use super::list::Kind;
use super::slots::{Side, Writer};
use super::state::{RecvState, SendState, SendStep};
use super::streams::{Limits, PeerLimits, Streams};
use super::{StreamKey, Token};

impl Streams {
    /// Notes that the frame of `token` arrived.
    #[inline]
    pub fn on_acked(&mut self, token: &Token) {
        match *token {
            Token::Stream { key, offset, len, fin } => self.on_data_acked(key, offset, len, fin),
            Token::ResetStream { key } => self.on_reset_acked(key),
            _ => {}
        }
    }

    #[inline]
    fn on_data_acked(&mut self, key: StreamKey, offset: u64, len: u16, fin: bool) {
        let Some(slot) = self.slots.find(key) else { return };
        let stream = &mut self.slots[slot];
        let Side::Live(send) = &mut stream.send else { return };
        let repeating = send.buffer.has_lost();
        let freed = send.on_acked(offset..offset + u64::from(len), fin, &mut self.pool);
        self.backlog.remove(stream.priority, send.buffer.buffered(), freed);
        let over = send.state == SendState::DataRecvd;
        if let Some(record) = &mut stream.record {
            if fin {
                record.fin_acked.get_or_insert(self.now);
            }
            if over {
                record.all_acked = Some(self.now);
                if let Some(recorder) = &self.recorder {
                    record.notice_timeouts(recorder);
                }
            }
        }
        if over {
            self.end_send(slot, Side::Finished);
            return;
        }
        if stream.writer == Writer::AwaitsSpace {
            self.relieve(slot);
        }
        if repeating {
            self.refresh(slot);
        }
    }

    fn on_reset_acked(&mut self, key: StreamKey) {
        let Some(slot) = self.slots.find(key) else { return };
        let Some(send) = self.slots[slot].send.get_mut() else { return };
        if let Ok(state) = send.state.on(SendStep::ResetAcked) {
            send.state = state;
            let code = send.reset.code;
            self.end_send(slot, Side::Reset(code));
        }
    }

    /// Notes that the frame of `token` was lost, or should be repeated for another reason: what
    /// still matters of it is sent again, with the newest values.
    // RFC 9000 section 13.3.
    pub fn on_lost(&mut self, token: &Token) {
        match *token {
            Token::Stream { key, offset, len, fin } => {
                let Some(slot) = self.slots.find(key) else { return };
                let stream = &mut self.slots[slot];
                let Some(send) = stream.send.get_mut() else { return };
                if let Some(record) = &mut stream.record {
                    record.frames_lost += 1;
                }
                send.on_lost(offset..offset + u64::from(len), fin);
                self.refresh(slot);
            }
            Token::MaxData { limit } if limit == self.window.limit() => {
                self.control.add(Control::MAX_DATA);
            }
            Token::MaxStreams { direction, limit }
                if limit == self.peer[direction as usize].limit() =>
            {
                self.control.add(Control::max_streams(direction));
            }
            Token::DataBlocked { limit }
                if limit == self.credit.limit() && self.credit.available() == 0 =>
            {
                self.control.add(Control::BLOCKED);
            }
            Token::StreamsBlocked { direction, limit } => {
                let count = &self.local[direction as usize];
                if limit == count.limit() && count.is_blocked() {
                    self.control.add(Control::streams_blocked(direction));
                }
            }
            Token::ResetStream { key }
            | Token::StopSending { key }
            | Token::MaxStreamData { key, .. }
            | Token::StreamDataBlocked { key, .. } => self.on_stream_control_lost(key, token),
            Token::MaxData { .. } | Token::MaxStreams { .. } | Token::DataBlocked { .. } => {}
        }
    }

    fn on_stream_control_lost(&mut self, key: StreamKey, token: &Token) {
        let Some(slot) = self.slots.find(key) else { return };
        let stream = &self.slots[slot];
        let frame = match (*token, &stream.send, &stream.recv) {
            (Token::ResetStream { .. }, Side::Live(_), _) => Control::RESET,
            (Token::StopSending { .. }, _, Side::Live(_)) => Control::STOP,
            (Token::MaxStreamData { limit, .. }, _, Side::Live(recv))
                if recv.state == RecvState::Recv
                    && recv.is_wanted()
                    && limit == recv.window.limit() =>
            {
                Control::MAX_DATA
            }
            (Token::StreamDataBlocked { limit, .. }, Side::Live(send), _)
                if stream.writer == Writer::AwaitsCredit && limit == send.limit =>
            {
                Control::BLOCKED
            }
            _ => return,
        };
        self.queue_control(slot, frame);
    }

    /// Takes back all that was sent as 0-RTT: the server has seen none of it, and the limits it
    /// was sent under do not count. Everything goes out again after
    /// [`Self::set_peer_limits`] (RFC 9001 section 4.6.2).
    pub fn on_rejected_early_data(&mut self) {
        self.peer_limits = Limits::default();
        self.peer_knowledge = PeerLimits::Unknown;
        self.credit = SendCredit::default();
        self.control = Control::default();
        self.local.iter_mut().for_each(LocalCount::forget_limit);
        for slot in self.slots.all() {
            self.rewind(slot);
        }
    }

    fn rewind(&mut self, slot: u32) {
        let stream = &mut self.slots[slot];
        stream.control.remove(Control::BLOCKED);
        if let Some(send) = stream.send.get_mut() {
            send.rewind();
            if send.state == SendState::ResetSent {
                stream.control.add(Control::RESET);
            }
        }
        if stream.recv.get_mut().is_some_and(|recv| !recv.is_wanted()) {
            stream.control.add(Control::STOP);
        }
        if stream.links.contains(Kind::Control) {
            self.controlled.remove(&mut self.slots, slot);
        }
        self.refresh(slot);
    }
}
