//! A UDP socket that hands over datagrams in batches.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// The largest datagram that is sent or accepted.
pub const DATAGRAM: usize = 1350;
/// How many datagrams are read before the answers go out.
const BATCH: usize = 64;
/// The longest wait when no timer runs.
const IDLE: Duration = Duration::from_secs(1);

/// A socket on a port of 127.0.0.1 that the system chose.
pub struct Socket {
    socket: UdpSocket,
    pub local: SocketAddr,
}

impl Socket {
    pub fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        Self { socket, local }
    }

    /// Waits at most this long for datagrams and hands over those that came.
    pub fn receive(&self, wait: Option<Duration>, mut take: impl FnMut(&mut [u8], SocketAddr)) {
        let wait = wait.unwrap_or(IDLE).clamp(Duration::from_millis(1), IDLE);
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut buffer = [0; 65_536];
        for number in 0..BATCH {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => take(&mut buffer[..length], from),
                // Once its port is closed, the system tells of datagrams that went there.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) if is_timeout(&error) => break,
                Err(error) => panic!("receiving: {error}"),
            }
            if number == 0 {
                self.socket.set_nonblocking(true).unwrap();
            }
        }
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Sends what the connection has to send.
    pub fn flush(&self, connection: &mut quiche::Connection) {
        let mut buffer = [0; DATAGRAM];
        loop {
            match connection.send(&mut buffer) {
                Ok((length, info)) => match self.socket.send_to(&buffer[..length], info.to) {
                    Err(error) if error.kind() != ErrorKind::ConnectionRefused => {
                        panic!("sending: {error}")
                    }
                    _ => {}
                },
                Err(quiche::Error::Done) => return,
                Err(error) => {
                    eprintln!("no packet: {error}");
                    connection.close(false, 1, b"cannot send").ok();
                    return;
                }
            }
        }
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
