//! Frames to the peer.

use super::control::Control;
use super::list::Kind;
use super::send::{Next, Piece};
use super::slots::{Side, Stream};
use super::streams::Streams;
use super::{StreamKey, Token};
use crate::wire::frame::{
    DataBlocked, Frame, MaxData, MaxStreamData, MaxStreams, ResetStream, StopSending,
    StreamDataBlocked, StreamHeader, StreamsBlocked,
};
use crate::wire::{Direction, Writer};

/// The room that every control frame fits into: a type and three of the largest varints.
const LONGEST_CONTROL_FRAME: usize = 25;

impl Streams {
    /// True if [`Self::write_frames`] has something to write.
    #[inline]
    pub fn wants_to_send(&self) -> bool {
        self.has_control() || !self.ready.is_empty() || self.leaves_credit()
    }

    /// True if nobody uses credit that streams set aside could have.
    #[inline]
    fn leaves_credit(&self) -> bool {
        self.ready.awaits_credit() && self.ready.is_empty() && self.credit.available() > 0
    }

    /// Writes as many frames as there are and fit into what is left of `w`, and hands a token for
    /// each to `push`: control frames first, then stream data by priority.
    ///
    /// If `w` is full afterwards the last frame may have no length, so `w` must end where the
    /// payload of the packet ends.
    #[inline]
    pub fn write_frames(&mut self, w: &mut Writer<'_>, push: &mut impl FnMut(Token)) {
        if self.has_control() {
            self.write_control(w, push);
        }
        loop {
            while let Some(slot) = self.ready.first() {
                if !self.write_data(slot, w, push) {
                    return;
                }
            }
            if !self.leaves_credit() {
                return;
            }
            self.ready.on_credit(&mut self.slots, self.credit.available());
        }
    }

    /// True if a control frame waits, a window update perhaps.
    #[inline]
    pub fn has_control(&self) -> bool {
        !self.control.is_empty() || !self.controlled.is_empty()
    }

    /// Writes one STREAM frame; false if there is no room for it.
    #[inline]
    fn write_data(&mut self, slot: u32, w: &mut Writer<'_>, push: &mut impl FnMut(Token)) -> bool {
        let stream = &mut self.slots[slot];
        let key = StreamKey { slot, generation: stream.generation };
        let id = stream.id;
        let Side::Live(send) = &mut stream.send else {
            self.ready.remove(&mut self.slots, slot);
            return true;
        };
        let Piece { range, fin, fills } =
            match send.next(id, w.remaining(), self.credit.available()) {
                Next::Piece(piece) => piece,
                Next::NoRoom => return false,
                Next::NoCredit => {
                    self.set_aside(slot);
                    return true;
                }
                Next::Nothing => {
                    self.ready.remove(&mut self.slots, slot);
                    return true;
                }
            };
        let (offset, len) = (range.start, (range.end - range.start) as usize);
        StreamHeader { id, offset, len: (!fills).then_some(len), fin }.encode(w);
        send.buffer.copy_to(offset, w.reserve(len));
        let fresh = send.on_sent(&Piece { range, fin, fills });
        self.credit.spend(fresh);
        let more = send.wants_to_send();
        if let (Some(record), Some(recorder)) = (&mut stream.record, &mut self.recorder) {
            record.on_sent(recorder, self.now, (len, fresh < len as u64), fin);
        }
        push(Token::Stream { key, offset, len: len as u16, fin });
        self.ready.took_turn(&mut self.slots, slot, more);
        true
    }

    /// Writes control frames until there are no more or no room for one.
    #[cold]
    fn write_control(&mut self, w: &mut Writer<'_>, push: &mut impl FnMut(Token)) {
        use Direction::{Bidirectional, Unidirectional};
        let kinds = [
            Control::MAX_DATA,
            Control::max_streams(Bidirectional),
            Control::max_streams(Unidirectional),
            Control::BLOCKED,
            Control::streams_blocked(Bidirectional),
            Control::streams_blocked(Unidirectional),
        ];
        for kind in kinds {
            if self.control.contains(kind) {
                if w.remaining() < LONGEST_CONTROL_FRAME {
                    return;
                }
                self.control.remove(kind);
                let (frame, token) = self.connection_frame(kind);
                frame.encode(w);
                push(token);
            }
        }
        while let Some(slot) = self.controlled.first() {
            if !self.write_stream_control(slot, w, push) {
                return;
            }
            self.controlled.remove(&mut self.slots, slot);
        }
    }

    /// Writes the control frames of one stream; false if there is no room for all of them.
    fn write_stream_control(
        &mut self,
        slot: u32,
        w: &mut Writer<'_>,
        push: &mut impl FnMut(Token),
    ) -> bool {
        let key = self.slots.key(slot);
        let stream = &mut self.slots[slot];
        debug_assert!(stream.links.contains(Kind::Control));
        for kind in [Control::RESET, Control::STOP, Control::MAX_DATA, Control::BLOCKED] {
            if stream.control.contains(kind) {
                if w.remaining() < LONGEST_CONTROL_FRAME {
                    return false;
                }
                stream.control.remove(kind);
                if let (Control::RESET, Some(record)) = (kind, &mut stream.record) {
                    record.reset_sent.get_or_insert(self.now);
                }
                if let Some((frame, token)) = stream_frame(stream, key, kind) {
                    frame.encode(w);
                    push(token);
                }
            }
        }
        true
    }

    /// The control frame of the connection that `kind` names, with the newest value.
    fn connection_frame(&mut self, kind: Control) -> (Frame<'static>, Token) {
        if kind == Control::MAX_DATA {
            let limit = self.window.advance();
            return (Frame::MaxData(MaxData { maximum: limit }), Token::MaxData { limit });
        }
        if kind == Control::BLOCKED {
            let limit = self.credit.limit();
            return (Frame::DataBlocked(DataBlocked { limit }), Token::DataBlocked { limit });
        }
        let uni = Direction::Unidirectional;
        let is_uni = kind == Control::max_streams(uni) || kind == Control::streams_blocked(uni);
        let direction = if is_uni { uni } else { Direction::Bidirectional };
        if kind == Control::max_streams(direction) {
            let limit = self.peer[direction as usize].advance();
            let frame = MaxStreams { direction, maximum: limit };
            return (Frame::MaxStreams(frame), Token::MaxStreams { direction, limit });
        }
        let limit = self.local[direction as usize].limit();
        let frame = StreamsBlocked { direction, limit };
        (Frame::StreamsBlocked(frame), Token::StreamsBlocked { direction, limit })
    }
}

/// The control frame of a stream that `kind` names, with the newest value; `None` if the part it
/// is about has ended.
fn stream_frame(
    stream: &mut Stream,
    key: StreamKey,
    kind: Control,
) -> Option<(Frame<'static>, Token)> {
    let id = stream.id;
    Some(match kind {
        Control::RESET => {
            let reset = stream.send.get_mut()?.reset;
            let frame = ResetStream { id, error_code: reset.code, final_size: reset.final_size };
            (Frame::ResetStream(frame), Token::ResetStream { key })
        }
        Control::STOP => {
            let error_code = stream.recv.get_mut()?.stop_code;
            (Frame::StopSending(StopSending { id, error_code }), Token::StopSending { key })
        }
        Control::MAX_DATA => {
            let limit = stream.recv.get_mut()?.window.advance();
            let frame = MaxStreamData { id, maximum: limit };
            (Frame::MaxStreamData(frame), Token::MaxStreamData { key, limit })
        }
        _ => {
            let limit = stream.send.get_mut()?.limit;
            let frame = StreamDataBlocked { id, limit };
            (Frame::StreamDataBlocked(frame), Token::StreamDataBlocked { key, limit })
        }
    })
}
