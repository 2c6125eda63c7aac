//! A connection under attack: one end of a pair, given what the fuzzer makes up.
//!
//! The library is built with `cfg(fuzzing)`, where packets are neither encrypted nor authenticated,
//! so that made-up frames arrive. TLS itself is real: the other end of the pair is an honest peer
//! that completes the handshake when the input lets it.

mod certificate;
mod end;
mod http3;
mod script;

use xquic::time::Duration;
use xquic::wire::Role;

pub use end::{addresses, engine};
pub use http3::Application;

use end::{End, Protocol};
use script::{Action, Script};

/// Runs the script `data` against an end with this role.
pub fn drive(role: Role, data: &[u8]) {
    run(Pair::new(role, Protocol::Raw), data);
}

/// The same where both ends speak HTTP/3.
pub fn drive_http3(role: Role, data: &[u8]) {
    run(Pair::new(role, Protocol::Http3), data);
}

fn run(mut pair: Pair, data: &[u8]) {
    for action in Script::new(data) {
        pair.act(&action);
    }
    // Whatever happened, time ends every connection.
    for _ in 0..8 {
        pair.pass(Duration::from_secs(200));
    }
    assert!(pair.target.is_over(), "a connection that nobody talks to goes on for ever");
}

struct Pair {
    /// The end under attack.
    target: End,
    honest: End,
    now: xquic::time::Instant,
    /// The number of the next forged packet.
    number: u32,
}

impl Pair {
    fn new(role: Role, protocol: Protocol) -> Self {
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        let (now, number) = (xquic::time::Instant::from_micros(1_000_000), 1 << 20);
        let mut pair = Self {
            target: End::new(role, protocol),
            honest: End::new(other, protocol),
            now,
            number,
        };
        pair.target.connect(now);
        pair.honest.connect(now);
        pair
    }

    fn act(&mut self, action: &Action<'_>) {
        match action {
            Action::Datagram(bytes) => self.target.receive(self.now, bytes),
            Action::Forge(level, frames) => {
                self.number += 1;
                if let Some(packet) = self.target.forge(*level, self.number, frames) {
                    self.target.receive(self.now, &packet);
                }
            }
            Action::Talk(rounds) => {
                for _ in 0..*rounds {
                    self.talk();
                }
            }
            Action::Pass(time) => self.pass(*time),
            Action::Work(what) => {
                self.target.work(self.now, *what);
                if what & 8 != 0 {
                    self.honest.work(self.now, *what);
                }
            }
        }
        // What the target has to say is lost, unless the peers talk.
        self.target.sent(self.now);
    }

    /// Each end hears what the other one sends.
    fn talk(&mut self) {
        for datagram in self.target.sent(self.now) {
            self.honest.receive(self.now, &datagram);
        }
        for datagram in self.honest.sent(self.now) {
            self.target.receive(self.now, &datagram);
        }
        self.now += Duration::from_millis(1);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.target.expire(self.now);
        self.target.sent(self.now);
    }
}
