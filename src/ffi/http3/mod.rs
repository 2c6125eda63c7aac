//! HTTP/3 for C: `xqc_http3.h`.
//!
//! | file | what it does |
//! |---|---|
//! | `context`, `settings` | HTTP/3 on an engine: callbacks, names, what connections are set up with |
//! | `cells`, `requests`, `sections`, `table` | what the handles point at |
//! | `guard`, `layers` | the way in, and both floors below at once |
//! | `create`, `notify`, `end` | what the host is told, from beginning to end |
//! | `connect`, `connection`, `going_away` | functions on connections |
//! | `request`, `send`, `receive`, `headers` | functions on requests |
//! | `bytestream`, `messages`, `datagram` | extended HTTP/3 |
//! | `priority` | priorities as struct and text |
//! | `stats`, `stats_print`, `report` | what is counted of a request |

mod bytestream;
mod cells;
mod connect;
mod connection;
mod context;
mod create;
mod datagram;
mod end;
mod going_away;
mod guard;
mod headers;
mod layers;
mod messages;
mod notify;
mod priority;
mod receive;
mod report;
mod request;
mod requests;
mod sections;
mod send;
mod settings;
mod stats;
mod stats_print;
mod table;

pub(super) use bytestream::BytestreamCell;
pub(super) use cells::{H3Cell, H3Protocol};
pub(super) use create::{close_notify, create, handshake_finished, ping_acked};
pub(super) use end::{end_closed, end_closed_soon, end_streams};
pub(super) use going_away::close_if_drained;
pub(super) use layers::Layers;
pub(super) use notify::{
    deliver_events, notify_readable, notify_unread, notify_writable, on_stream_event,
};
pub(super) use requests::RequestPool;
pub(super) use settings::{EngineHttp3, HeldBack};
