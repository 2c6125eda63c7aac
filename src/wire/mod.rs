//! Codecs over byte slices: no state, no I/O, nothing allocated on decode.

#![forbid(unsafe_code)]

pub mod cid;
pub mod frame;
pub mod header;
pub mod packet_number;
pub mod packet_type;
pub mod reader;
pub mod role;
pub mod stream_id;
pub mod transport_parameters;
pub mod varint;
pub mod version;
pub mod writer;

pub use cid::{ConnectionId, ResetToken};
pub use packet_number::PacketNumber;
pub use packet_type::{LongPacketType, PacketType};
pub use reader::{Reader, UnexpectedEnd};
pub use role::Role;
pub use stream_id::{Direction, StreamId};
pub use transport_parameters::TransportParameters;
pub use version::Version;
pub use writer::Writer;
