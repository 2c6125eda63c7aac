//! Content against what content-length says of it.

use super::{Head, Kind, MessageError, Method};

/// How much content a message announced and how much of it came (RFC 9114 section 4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentLength {
    /// What was announced, if that binds the message.
    pub declared: Option<u64>,
    /// The bytes of all DATA frames so far.
    pub seen: u64,
}

impl ContentLength {
    /// Bookkeeping for the content behind `head`. For a response, `method` is that of the request
    /// it answers; for a request it is its own.
    ///
    /// A response to HEAD, and one of status 204 or 304, may announce a length that it does not
    /// send (RFC 9110 section 8.6), and behind CONNECT comes a tunnel (RFC 9110 section 9.3.6).
    pub fn new(kind: Kind, head: &Head, method: Method) -> Self {
        let tunnel = matches!(method, Method::Connect | Method::ExtendedConnect);
        let exempt = match kind {
            Kind::Request => tunnel,
            Kind::Response => {
                let success = (200..300).contains(&head.status);
                let empty = matches!(head.status, 100..=199 | 204 | 304);
                empty || method == Method::Head || tunnel && success
            }
            Kind::Trailers => true,
        };
        Self { declared: head.content_length.filter(|_| !exempt), seen: 0 }
    }

    /// Notes `len` bytes of content: the length of a DATA frame as soon as it is known, or of its
    /// parts. Fails once there are more than announced.
    #[inline]
    pub fn on_data(&mut self, len: u64) -> Result<(), MessageError> {
        self.seen = self.seen.saturating_add(len);
        match self.declared {
            Some(declared) if self.seen > declared => Err(MessageError::TooMuchContent),
            _ => Ok(()),
        }
    }

    /// The message is complete: what was announced has to be there.
    #[inline]
    pub fn on_end(&self) -> Result<(), MessageError> {
        match self.declared {
            Some(declared) if self.seen < declared => Err(MessageError::TooLittleContent),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(kind: Kind, status: u16, method: Method) -> ContentLength {
        let head = Head { status, content_length: Some(10), ..Head::default() };
        ContentLength::new(kind, &head, method)
    }

    // RFC 9114 section 4.1.2.
    #[test]
    fn content_has_to_be_as_long_as_announced() {
        for (kind, status) in [(Kind::Request, 0), (Kind::Response, 200)] {
            let mut exact = length(kind, status, Method::Get);
            assert_eq!(
                (exact.on_data(4), exact.on_data(6), exact.on_end()),
                (Ok(()), Ok(()), Ok(()))
            );
            assert_eq!(exact.on_data(1), Err(MessageError::TooMuchContent));
            assert_eq!(exact.on_data(u64::MAX), Err(MessageError::TooMuchContent));
            let mut short = length(kind, status, Method::Get);
            assert_eq!(
                (short.on_data(9), short.on_end()),
                (Ok(()), Err(MessageError::TooLittleContent))
            );
        }
        let mut unknown = ContentLength::default();
        assert_eq!((unknown.on_data(7), unknown.on_end(), unknown.seen), (Ok(()), Ok(()), 7));
    }

    // RFC 9110 sections 8.6 and 9.3.6.
    #[test]
    fn messages_without_content_of_their_own_are_exempt() {
        let exempt = [
            (Kind::Response, 200, Method::Head),
            (Kind::Response, 204, Method::Get),
            (Kind::Response, 304, Method::Get),
            (Kind::Response, 103, Method::Get),
            (Kind::Response, 200, Method::Connect),
            (Kind::Response, 200, Method::ExtendedConnect),
            (Kind::Request, 0, Method::Connect),
            (Kind::Trailers, 0, Method::Get),
        ];
        for (kind, status, method) in exempt {
            assert_eq!(length(kind, status, method).declared, None, "{kind:?} {status} {method:?}");
        }
        for (kind, status, method) in
            [(Kind::Response, 404, Method::Connect), (Kind::Request, 0, Method::Head)]
        {
            assert_eq!(length(kind, status, method).declared, Some(10));
        }
    }
}
