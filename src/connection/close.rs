//! The end of a connection: closing, draining, idle, reset (RFC 9000 section 10).

use crate::error::{TransportError, TransportErrorCode};
use crate::recovery::Space;
use crate::time::{Duration, Instant};
use crate::wire::frame::ConnectionClose;
use crate::wire::varint;

use super::event::{CloseReason, Event};
use super::transmit::{Content, Draft};
use super::{Connection, Linger, State, Timer};

/// The closing and draining periods, in probe timeouts (RFC 9000 section 10.2).
const CLOSE_PERIOD_PTOS: u64 = 3;

/// How the application wants a connection closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalClose {
    /// Nothing is wrong: NO_ERROR.
    NoError,
    /// With a transport error code.
    Transport(u64),
    /// With a code of the application protocol.
    Application(u64),
}

impl LocalClose {
    /// The code that the peer is told.
    pub fn code(self) -> u64 {
        match self {
            Self::NoError => 0,
            Self::Transport(code) | Self::Application(code) => code,
        }
    }
}

/// What a closing connection keeps.
#[derive(Debug)]
pub(super) struct Closing {
    code: u64,
    /// `None` for a code of the application.
    frame_type: Option<u64>,
    reason: &'static str,
    /// CONNECTION_CLOSE is to be sent, or sent again, from this level on.
    due: Option<Space>,
    /// Datagrams that came since, and at which count the next answer is due: each answer waits for
    /// twice as many (RFC 9000 section 10.2.1).
    received: u32,
    next_answer: u32,
    /// The code of the error that the last datagram brought.
    failure: Option<TransportErrorCode>,
}

impl Connection {
    /// Closes the connection because the application wants it.
    ///
    /// With a linger time in the settings, data that is queued gets that long to leave and to be
    /// acknowledged.
    pub fn close(&mut self, now: Instant, close: LocalClose) {
        if !self.state.is_open() || self.lingering.is_some() {
            return;
        }
        let linger = match self.settings.linger {
            Linger::Off => Duration::ZERO,
            Linger::ThreeProbeTimeouts => self.close_period(),
            Linger::For(time) => time,
        };
        if !linger.is_zero() && self.state.is_established() && !self.streams.is_all_acked() {
            self.lingering = Some(close);
            self.timers.set(Timer::Linger, now + linger);
            return;
        }
        self.close_now(now, close);
    }

    /// True while a close waits for queued data.
    pub fn is_lingering(&self) -> bool {
        self.lingering.is_some()
    }

    /// Ends the wait of a lingering close, at its deadline or when all data is acknowledged.
    pub(super) fn end_linger(&mut self, now: Instant) {
        if let Some(close) = self.lingering.take() {
            self.close_now(now, close);
        }
    }

    /// Closes a lingering connection once its data has arrived.
    pub(super) fn check_linger(&mut self, now: Instant) {
        if self.lingering.is_some() && self.streams.is_all_acked() {
            self.end_linger(now);
        }
    }

    fn close_now(&mut self, now: Instant, close: LocalClose) {
        let (code, frame_type, reason) = match close {
            LocalClose::NoError => (0, Some(0), CloseReason::LocalTransport(TransportErrorCode(0))),
            LocalClose::Transport(code) => {
                (code, Some(0), CloseReason::LocalTransport(TransportErrorCode(code)))
            }
            LocalClose::Application(code) => (code, None, CloseReason::LocalApplication(code)),
        };
        self.begin_close(now, Closing::new(code, frame_type, ""), reason);
    }

    /// Closes the connection with a transport error: the peer broke a rule, or we cannot go on.
    pub fn close_on_error(&mut self, now: Instant, error: TransportError) {
        if !self.state.is_open() {
            return;
        }
        let closing = Closing::new(error.code.0, Some(error.frame_type), error.reason);
        self.begin_close(now, closing, CloseReason::LocalTransport(error.code));
    }

    /// Closes the connection at once with an error of the application protocol: the peer broke one
    /// of its rules.
    pub fn close_on_application_error(&mut self, now: Instant, code: u64, reason: &'static str) {
        if !self.state.is_open() {
            return;
        }
        let closing = Closing::new(code, None, reason);
        self.begin_close(now, closing, CloseReason::LocalApplication(code));
    }

    /// Closes the connection because the server reduced the limits that 0-RTT was sent under.
    pub(super) fn close_on_broken_promise(&mut self, now: Instant, error: TransportError) {
        let closing = Closing::new(error.code.0, Some(error.frame_type), error.reason);
        self.begin_close(now, closing, CloseReason::EarlyDataLimitsReduced(error.code));
    }

    /// Declines a connection whose first datagram, of `trigger_len` bytes, was not run.
    pub fn refuse(&mut self, now: Instant, error: TransportError, trigger_len: usize) {
        self.path.amplification.on_received(trigger_len);
        self.close_on_error(now, error);
    }

    fn begin_close(&mut self, now: Instant, closing: Closing, reason: CloseReason) {
        self.closing = Some(Box::new(closing));
        self.leave(State::Closing, reason);
        self.timers.set(Timer::Close, now + self.close_period());
    }

    /// The peer has closed. It gets one answer, which tells it that we know, and then nothing more
    /// (RFC 9000 section 10.2.2).
    pub(super) fn on_connection_close(&mut self, now: Instant, frame: &ConnectionClose<'_>) {
        self.stats.milestones.close_received.get_or_insert(now);
        if self.state.is_open() {
            let closing = Closing::new(frame.error_code, frame.frame_type.map(|_| 0), "");
            self.closing = Some(Box::new(closing));
            self.drain(now, peer_reason(frame));
        }
    }

    /// Nothing more is sent, but what is due already (RFC 9000 section 10.2.2).
    fn drain(&mut self, now: Instant, reason: CloseReason) {
        self.leave(State::Draining, reason);
        self.timers.set(Timer::Close, now + self.close_period());
    }

    /// A stateless reset came (RFC 9000 section 10.3.1).
    pub(super) fn on_stateless_reset(&mut self, now: Instant) {
        if self.state.is_open() {
            self.drain(now, CloseReason::StatelessReset);
        }
    }

    /// The host is gone: nothing can be sent to anybody.
    pub fn abandon(&mut self) {
        self.end(CloseReason::PathLost);
    }

    /// Ends the connection without a word and at once.
    pub fn end(&mut self, reason: CloseReason) {
        match self.state {
            State::Closed => {}
            state if state.is_open() => self.leave(State::Closed, reason),
            _ => self.set_closed(),
        }
    }

    pub(super) fn set_closed(&mut self) {
        if self.state != State::Closed {
            self.set_state(State::Closed);
        }
        self.timers.clear_all();
    }

    fn leave(&mut self, state: State, reason: CloseReason) {
        self.trace_closed(&reason);
        self.set_state(state);
        self.lingering = None;
        self.loss_timer_stale = false;
        self.timers.clear_all();
        self.events.push_back(Event::Closing(reason));
    }

    fn close_period(&self) -> Duration {
        self.probe_timeout().saturating_mul(CLOSE_PERIOD_PTOS)
    }

    /// A datagram came while the connection closes or drains: a closing one answers, each time
    /// after twice as many datagrams, until the peer has closed too. `scratch` is as long as the
    /// datagram.
    #[cold]
    pub(super) fn receive_while_closing(&mut self, datagram: &[u8], scratch: &mut [u8]) {
        if self.state != State::Closing {
            return;
        }
        if let Some(reason) = self.find_close(datagram, scratch) {
            // RFC 9000 section 10.2.2: the peer is closing or draining.
            self.set_state(State::Draining);
            self.events.push_back(Event::Closing(reason));
            return;
        }
        if self.is_stateless_reset(datagram) {
            // Nobody is left there, and answers would only draw more of them.
            self.set_state(State::Draining);
            return;
        }
        let Some(closing) = self.closing.as_deref_mut() else { return };
        closing.received += 1;
        if closing.received >= closing.next_answer {
            closing.next_answer = closing.next_answer.saturating_mul(2);
            closing.received = 0;
            closing.due = Some(Space::Initial);
        }
    }

    /// Notes that the datagram which was just run broke a rule.
    #[cold]
    pub(super) fn note_failure(&mut self, code: TransportErrorCode) {
        if let Some(closing) = self.closing.as_deref_mut() {
            closing.failure = Some(code);
        }
    }

    /// The code of the error that the datagram just received closed the connection with; told
    /// once.
    #[inline]
    pub fn take_failure(&mut self) -> Option<TransportErrorCode> {
        self.closing.as_deref_mut()?.failure.take()
    }

    /// True if there are keys for packets of `id`.
    fn can_seal(&mut self, id: Space) -> bool {
        match id {
            Space::Application => self.keys.can_seal(),
            _ => self.early_space(id).is_some_and(|space| space.local.is_some()),
        }
    }

    /// Writes a datagram with CONNECTION_CLOSE at the next level that the peer may read.
    ///
    /// Each level has a datagram of its own: a peer that has discarded the keys of the first packet
    /// must still look at the others of a datagram (RFC 9000 section 12.2), but not all do.
    pub(super) fn transmit_close(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let closing = self.closing.as_deref()?;
        let (code, frame_type, reason) = (closing.code, closing.frame_type, closing.reason);
        let id = self.next_close_level(closing.due?)?;
        let budget = self.path.amplification.budget();
        let size = u64::from(self.path.max_datagram_size).min(budget).min(buffer.len() as u64);
        let buffer = &mut buffer[..size as usize];
        // Where nothing can be sent now, to an address that has used up its limit perhaps, the close
        // stays due.
        let mut builder = self.start_packet(id, buffer)?;
        let frame = close_frame(id, code, frame_type, reason);
        if builder.frames.remaining() < frame.encoded_len() {
            return None;
        }
        frame.encode(&mut builder.frames);
        let draft = Draft::new(id, 0, builder, Content::default())?;
        // RFC 9000 section 14.1 asks for full datagrams with Initials; some peers drop others.
        let len = self.finish_last(draft, id == Space::Initial, now, buffer);
        let following = Space::ALL.get(id.index() + 1).copied();
        let following = following.and_then(|following| self.next_close_level(following));
        if let Some(closing) = self.closing.as_deref_mut() {
            closing.due = following;
        }
        self.stats.milestones.close_sent.get_or_insert(now);
        self.path.amplification.on_sent(len);
        self.stats.datagrams_sent += 1;
        self.stats.bytes_sent += len as u64;
        self.trace_datagram_sent(len);
        Some(len)
    }

    /// The first level from `first` on that there are keys for.
    fn next_close_level(&mut self, first: Space) -> Option<Space> {
        Space::ALL.into_iter().skip(first.index()).find(|&id| self.can_seal(id))
    }
}

impl Closing {
    fn new(code: u64, frame_type: Option<u64>, reason: &'static str) -> Self {
        let (due, received, next_answer) = (Some(Space::Initial), 0, 1);
        // The host's code may be larger than what the frame holds (RFC 9000 section 16).
        let code = code.min(varint::MAX);
        Self { code, frame_type, reason, due, received, next_answer, failure: None }
    }
}

/// What the peer's CONNECTION_CLOSE says.
pub(super) fn peer_reason(frame: &ConnectionClose<'_>) -> CloseReason {
    let reason = frame.reason.to_vec();
    match frame.frame_type {
        Some(frame_type) => CloseReason::PeerTransport {
            code: TransportErrorCode(frame.error_code),
            frame_type,
            reason,
        },
        None => CloseReason::PeerApplication { code: frame.error_code, reason },
    }
}

/// RFC 9000 section 10.2.3: before 1-RTT the application's code and words stay private.
fn close_frame(
    id: Space,
    code: u64,
    frame_type: Option<u64>,
    reason: &'static str,
) -> ConnectionClose<'static> {
    if frame_type.is_none() && id != Space::Application {
        let error_code = TransportErrorCode::APPLICATION_ERROR.0;
        return ConnectionClose { error_code, frame_type: Some(0), reason: &[] };
    }
    ConnectionClose { error_code: code, frame_type, reason: reason.as_bytes() }
}
