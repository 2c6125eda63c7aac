//! HTTP messages as field sections: which are well formed, and what HTTP/3 has to know of them
//! (RFC 9114 section 4, RFC 9110 section 5, RFC 9220).

mod characters;
mod checker;
mod content_length;
mod error;
mod name;
#[cfg(test)]
mod tests;
mod words;

use super::priority::Priority;
use super::qpack::{Field, FieldSection};
use checker::Checker;

pub use characters::trimmed;
pub use content_length::ContentLength;
pub use error::MessageError;
pub use name::{lower_case_into, needs_lowering};

/// What a field section begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The head of a request.
    Request,
    /// The head of a response, interim ones included.
    Response,
    /// The trailers of either.
    Trailers,
}

/// The methods that HTTP/3 tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Any that is not below; no request at all.
    #[default]
    Other,
    /// GET.
    Get,
    /// HEAD: its response has no content.
    Head,
    /// OPTIONS: its path may be `*`.
    Options,
    /// CONNECT: a tunnel follows (RFC 9114 section 4.4).
    Connect,
    /// CONNECT with `:protocol` (RFC 9220).
    ExtendedConnect,
}

/// What is allowed beyond RFC 9114.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The server said SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 9220 section 3).
    pub extended_connect: bool,
    /// The host relays WebSocket upgrades as HTTP/1.1 does them: `connection`, `upgrade` and status
    /// 101 pass.
    pub upgrade_fields: bool,
}

/// What HTTP/3 itself has to know of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The method of a request.
    pub method: Method,
    /// The status of a response, 0 otherwise.
    pub status: u16,
    /// What content-length says; [`ContentLength::new`] knows when it binds.
    pub content_length: Option<u64>,
    /// What the `priority` field of a request says (RFC 9218 section 5).
    pub priority: Option<Priority>,
    /// There is more than one `cookie` line, see [`join_cookies`].
    pub split_cookie: bool,
}

impl Head {
    /// True for a response behind which another one comes (RFC 9114 section 4.1).
    pub const fn is_interim(&self) -> bool {
        self.status >= 100 && self.status < 200
    }
}

/// Checks a field section that a peer sent.
///
/// An error is a stream error of type H3_MESSAGE_ERROR (RFC 9114 section 4.1.2).
pub fn check(kind: Kind, section: &FieldSection, rules: Rules) -> Result<Head, MessageError> {
    check_outgoing(kind, section.iter(), rules)
}

/// Checks fields that the host wants to send, as a peer will. They are in the form of the wire:
/// pseudo-fields first, names in lower case ([`lower_case_into`]), values without blanks at their
/// ends ([`trimmed`]).
///
/// Errors are the host's; for it they are all `-XQC_H3_INVALID_HEADER`.
pub fn check_outgoing<'a>(
    kind: Kind,
    fields: impl IntoIterator<Item = Field<'a>>,
    rules: Rules,
) -> Result<Head, MessageError> {
    let mut checker = Checker::new(kind, rules);
    for field in fields {
        checker.add(&field)?;
    }
    checker.finish()
}

/// Makes one line of all `cookie` lines, as hosts expect it (RFC 9114 section 4.2.1). It becomes the
/// section's last line. To be called where [`Head::split_cookie`] is true.
pub fn join_cookies(section: &mut FieldSection) {
    section.join(b"cookie", b"; ");
}
