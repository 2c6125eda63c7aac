//! One pass over the fields of a message.

use super::super::priority::Priority;
use super::super::qpack::Field;
use super::characters::{
    has_outer_blanks, is_lower_token, is_scheme, is_token, is_unspaced, is_value,
};
use super::name::{pseudo, regular, Pseudo, Regular, PSEUDO_FIELDS};
use super::{Head, Kind, MessageError, Method, Rules};

/// What was seen of a message so far.
pub(super) struct Checker<'a> {
    kind: Kind,
    rules: Rules,
    /// The values of the pseudo-fields, by [`Pseudo`].
    pseudo: [Option<&'a [u8]>; PSEUDO_FIELDS],
    host: Option<&'a [u8]>,
    /// A regular field came.
    regular: bool,
    /// A `cookie` field came.
    cookie: bool,
    /// A line of the `priority` field cannot be read, so none counts.
    priority_failed: bool,
    head: Head,
}

impl<'a> Checker<'a> {
    pub(super) fn new(kind: Kind, rules: Rules) -> Self {
        Self {
            kind,
            rules,
            pseudo: [None; PSEUDO_FIELDS],
            host: None,
            regular: false,
            cookie: false,
            priority_failed: false,
            head: Head::default(),
        }
    }

    /// Takes in the next field.
    #[inline]
    pub(super) fn add(&mut self, field: &Field<'a>) -> Result<(), MessageError> {
        // RFC 9114 section 10.3: what a value must not have makes the message malformed.
        if !is_value(field.value) || has_outer_blanks(field.value) {
            return Err(MessageError::BadValue);
        }
        if field.name.first() == Some(&b':') {
            // RFC 9114 section 4.3.
            if self.regular {
                return Err(MessageError::LatePseudo);
            }
            return self.pseudo_field(field.name, field.value);
        }
        self.regular = true;
        if !is_lower_token(field.name) {
            return Err(MessageError::BadName);
        }
        self.regular_field(regular(field.name), field.value)
    }

    /// All fields came.
    pub(super) fn finish(mut self) -> Result<Head, MessageError> {
        match self.kind {
            Kind::Request => self.finish_request()?,
            Kind::Response => self.finish_response()?,
            Kind::Trailers => {}
        }
        Ok(self.head)
    }

    fn pseudo_field(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), MessageError> {
        let known = pseudo(name).ok_or(MessageError::UnknownPseudo);
        match (self.kind, known) {
            (Kind::Trailers, _) => return Err(MessageError::PseudoInTrailers),
            (Kind::Request, Ok(Pseudo::Status)) => return Err(MessageError::UnknownPseudo),
            (Kind::Response, Ok(pseudo)) if pseudo != Pseudo::Status => {
                return Err(MessageError::UnknownPseudo);
            }
            _ => {}
        }
        match self.pseudo[known? as usize].replace(value) {
            Some(_) => Err(MessageError::DuplicatePseudo),
            None => Ok(()),
        }
    }

    #[inline]
    fn regular_field(&mut self, name: Regular, value: &'a [u8]) -> Result<(), MessageError> {
        match name {
            // RFC 9114 section 4.2.
            Regular::ConnectionSpecific => Err(MessageError::ConnectionSpecific),
            Regular::Upgrade if !self.rules.upgrade_fields => Err(MessageError::ConnectionSpecific),
            Regular::Te if !value.eq_ignore_ascii_case(b"trailers") => {
                Err(MessageError::ConnectionSpecific)
            }
            Regular::Other | Regular::Upgrade | Regular::Te => Ok(()),
            // Trailers neither route nor frame a message (RFC 9110 section 6.5.1).
            _ if self.kind == Kind::Trailers => Ok(()),
            Regular::ContentLength => self.content_length(value),
            Regular::Cookie => {
                self.head.split_cookie |= self.cookie;
                self.cookie = true;
                Ok(())
            }
            Regular::Host | Regular::Priority if self.kind != Kind::Request => Ok(()),
            Regular::Host => match self.host.replace(value) {
                Some(_) => Err(MessageError::DuplicateHost),
                None => Ok(()),
            },
            Regular::Priority => {
                self.priority(value);
                Ok(())
            }
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), MessageError> {
        let length = decimal(value).ok_or(MessageError::BadContentLength)?;
        match self.head.content_length.replace(length) {
            Some(other) if other != length => Err(MessageError::ConflictingContentLength),
            _ => Ok(()),
        }
    }

    fn priority(&mut self, value: &[u8]) {
        let mut priority = self.head.priority.unwrap_or_default();
        self.priority_failed |= priority.add_line(value).is_err();
        let failed = self.priority_failed;
        self.head.priority = Some(if failed { Priority::default() } else { priority });
    }

    fn value(&self, pseudo: Pseudo) -> Option<&'a [u8]> {
        self.pseudo[pseudo as usize]
    }

    /// RFC 9114 section 4.3.1.
    fn finish_request(&mut self) -> Result<(), MessageError> {
        let method = self.value(Pseudo::Method).ok_or(MessageError::NoMethod)?;
        if !is_token(method) {
            return Err(MessageError::BadMethod);
        }
        self.head.method = match method {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"OPTIONS" => Method::Options,
            b"CONNECT" => Method::Connect,
            _ => Method::Other,
        };
        self.protocol()?;
        if self.head.method == Method::Connect {
            return self.connect();
        }
        let scheme = self.value(Pseudo::Scheme).ok_or(MessageError::NoScheme)?;
        if !is_scheme(scheme) {
            return Err(MessageError::BadScheme);
        }
        let is_web = scheme.eq_ignore_ascii_case(b"https") || scheme.eq_ignore_ascii_case(b"http");
        self.path(is_web)?;
        self.authority(is_web)
    }

    /// RFC 9220 section 3, RFC 8441 section 4.
    fn protocol(&mut self) -> Result<(), MessageError> {
        let Some(protocol) = self.value(Pseudo::Protocol) else { return Ok(()) };
        if self.head.method != Method::Connect {
            return Err(MessageError::ProtocolWithoutConnect);
        }
        if !self.rules.extended_connect {
            return Err(MessageError::ExtendedConnectDisabled);
        }
        if !is_token(protocol) {
            return Err(MessageError::BadProtocol);
        }
        self.head.method = Method::ExtendedConnect;
        Ok(())
    }

    /// RFC 9114 section 4.4: where to, and nothing else of the target.
    fn connect(&self) -> Result<(), MessageError> {
        if self.value(Pseudo::Scheme).is_some() || self.value(Pseudo::Path).is_some() {
            return Err(MessageError::ConnectWithTarget);
        }
        if self.value(Pseudo::Authority).is_none() {
            return Err(MessageError::NoAuthority);
        }
        self.authority(true)
    }

    fn path(&self, is_web: bool) -> Result<(), MessageError> {
        let path = self.value(Pseudo::Path).ok_or(MessageError::NoPath)?;
        let asterisk = self.head.method == Method::Options && path == b"*";
        let good = !is_web || path.first() == Some(&b'/') || asterisk;
        if good && is_unspaced(path) {
            Ok(())
        } else {
            Err(MessageError::BadPath)
        }
    }

    /// RFC 9114 section 4.3.1: one of the two where the scheme needs it, both alike, neither empty.
    fn authority(&self, needed: bool) -> Result<(), MessageError> {
        let authority = self.value(Pseudo::Authority);
        let Some(value) = authority.or(self.host) else {
            return if needed { Err(MessageError::NoAuthority) } else { Ok(()) };
        };
        if self.host.is_some_and(|host| !host.eq_ignore_ascii_case(value)) {
            return Err(MessageError::AuthorityNotHost);
        }
        let names_user = needed && value.contains(&b'@');
        if value.is_empty() || names_user || !is_unspaced(value) {
            return Err(MessageError::BadAuthority);
        }
        Ok(())
    }

    /// RFC 9114 section 4.3.2.
    fn finish_response(&mut self) -> Result<(), MessageError> {
        let status = self.value(Pseudo::Status).ok_or(MessageError::NoStatus)?;
        self.head.status = match status {
            [b'1'..=b'9', _, _] => decimal(status).and_then(|status| status.try_into().ok()),
            _ => None,
        }
        .ok_or(MessageError::BadStatus)?;
        // RFC 9114 section 4.5.
        if self.head.status == 101 && !self.rules.upgrade_fields {
            return Err(MessageError::SwitchingProtocols);
        }
        Ok(())
    }
}

/// A number of digits alone (RFC 9110 section 8.6).
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
