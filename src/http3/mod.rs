//! HTTP/3 (RFC 9114).

#![forbid(unsafe_code)]

mod bytestream;
mod connection;
mod error;
mod frame;
pub mod message;
mod outgoing;
pub mod priority;
pub mod qpack;
mod request;
mod settings;
mod stream_type;
mod trace;

pub use bytestream::{BytestreamStats, Delivery};
pub use connection::{Connection, Event, LocalSettings, OpenError};
pub use error::{Code, ConnectionError, StreamError};
pub use request::{BodyRead, Notices, RequestStats, SendError};
pub use settings::Settings;
