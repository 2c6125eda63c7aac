//! What a connection tells about itself: qlog events, collected as they happen and handed on when
//! nothing is borrowed.
//!
//! | file | what it does |
//! |---|---|
//! | `kind` | the events, how important each is, and which of them are wanted |
//! | `trace` | the collector of one connection |
//! | `shared` | the same, for two floors that tell of one connection |
//! | `json` | a small JSON writer |
//! | `frames` | frames as qlog shows them |
//! | `header` | the record that a qlog file begins with |

mod frames;
mod header;
mod json;
mod kind;
mod shared;
mod trace;

pub use frames::write_frames;
pub use header::file_header;
pub use json::{Array, Object};
pub use kind::{Filter, Importance, Kind};
pub use shared::SharedTrace;
pub use trace::{Records, Trace};
