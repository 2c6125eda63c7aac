//! The application on both ends: the client asks on each stream for a number of bytes, the server
//! answers with as many bytes of a pattern.

use std::collections::{BTreeMap, VecDeque};

/// The byte at `offset` of every answer.
fn pattern(offset: u64) -> u8 {
    (offset.wrapping_mul(131) ^ (offset >> 8)) as u8
}

/// The largest piece that is written at once.
const PIECE: u64 = 16 * 1024;

/// The server's answers, by stream.
#[derive(Default)]
pub struct Answers {
    open: BTreeMap<u64, Answer>,
    /// Answers that were written to their end.
    pub complete: usize,
}

#[derive(Default)]
struct Answer {
    request: Vec<u8>,
    /// The length asked for, once the request is whole.
    len: Option<u64>,
    written: u64,
}

impl Answers {
    /// Bytes of a request came.
    pub fn on_request(&mut self, stream: u64, bytes: &[u8], fin: bool) {
        let answer = self.open.entry(stream).or_default();
        answer.request.extend_from_slice(bytes);
        if fin {
            let request: [u8; 8] = answer.request[..].try_into().expect("a request of 8 bytes");
            answer.len = Some(u64::from_be_bytes(request));
        }
    }

    /// Writes what can be written: `write` takes a stream, bytes, and whether they are the last, and
    /// returns how many it took, or `None` if the stream takes nothing now.
    pub fn write(&mut self, mut write: impl FnMut(u64, &[u8], bool) -> Option<usize>) {
        let mut ended = Vec::new();
        for (stream, answer) in &mut self.open {
            let Some(len) = answer.len else { continue };
            loop {
                let end = len.min(answer.written + PIECE);
                let piece: Vec<u8> = (answer.written..end).map(pattern).collect();
                let Some(taken) = write(*stream, &piece, end == len) else { break };
                answer.written += taken as u64;
                if answer.written == len && taken == piece.len() {
                    ended.push(*stream);
                    break;
                }
                if taken < piece.len() {
                    break;
                }
            }
        }
        for stream in ended {
            self.open.remove(&stream);
            self.complete += 1;
        }
    }
}

/// The client's requests.
#[derive(Default)]
pub struct Requests {
    /// Lengths that are still to be asked for.
    pub waiting: VecDeque<u64>,
    open: BTreeMap<u64, Expected>,
    /// Answers that came whole.
    pub complete: usize,
}

struct Expected {
    len: u64,
    got: u64,
}

impl Requests {
    /// One request for each length.
    pub fn new(lens: &[u64]) -> Self {
        Self { waiting: lens.iter().copied().collect(), ..Self::default() }
    }

    /// Asks for all that waits: `ask` opens a stream and writes 8 bytes and the end to it, or
    /// returns `None` if it cannot now.
    pub fn ask(&mut self, mut ask: impl FnMut(&[u8; 8]) -> Option<u64>) {
        while let Some(len) = self.waiting.front().copied() {
            let Some(stream) = ask(&len.to_be_bytes()) else { return };
            self.waiting.pop_front();
            self.open.insert(stream, Expected { len, got: 0 });
        }
    }

    /// Bytes of an answer came.
    pub fn on_answer(&mut self, stream: u64, bytes: &[u8], fin: bool) {
        let expected = self.open.get_mut(&stream).expect("an answer to a request");
        for byte in bytes {
            assert_eq!(*byte, pattern(expected.got), "stream {stream}, byte {}", expected.got);
            expected.got += 1;
        }
        assert!(expected.got <= expected.len);
        if fin {
            assert_eq!(expected.got, expected.len);
            self.open.remove(&stream);
            self.complete += 1;
        }
    }

    /// True if every answer came.
    pub fn are_done(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty()
    }

    /// Bytes that came on streams still open.
    pub fn bytes_open(&self) -> u64 {
        self.open.values().map(|expected| expected.got).sum()
    }
}
