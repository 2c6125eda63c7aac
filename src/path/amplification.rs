//! The limit on what a server sends to an address it has not validated (RFC 9000 section 8.1).

/// What RFC 9000 allows: three bytes out for each byte in.
pub const MAX_FACTOR: u64 = 3;

/// Counts bytes both ways until the peer's address is validated.
#[derive(Clone, Copy, Debug)]
pub struct Amplification {
    factor: u64,
    received: u64,
    sent: u64,
    validated: bool,
}

impl Amplification {
    /// A limit of `factor` bytes out per byte in, at most [`MAX_FACTOR`]; 0 asks for that maximum.
    pub fn new(factor: u64) -> Self {
        let factor = if factor == 0 { MAX_FACTOR } else { factor.min(MAX_FACTOR) };
        Self { factor, received: 0, sent: 0, validated: false }
    }

    /// No limit: a client, or an address that a token has validated.
    pub fn unlimited() -> Self {
        Self { factor: MAX_FACTOR, received: 0, sent: 0, validated: true }
    }

    /// A whole datagram came from the address, whether or not every packet of it could be used.
    #[inline]
    pub fn on_received(&mut self, bytes: usize) {
        if !self.validated {
            self.received += bytes as u64;
        }
    }

    /// A datagram went to the address.
    #[inline]
    pub fn on_sent(&mut self, bytes: usize) {
        if !self.validated {
            self.sent += bytes as u64;
        }
    }

    /// The address is proven to belong to the peer.
    pub fn validate(&mut self) {
        self.validated = true;
    }

    /// True once the address is validated.
    pub fn is_validated(&self) -> bool {
        self.validated
    }

    /// How many bytes may be sent now.
    #[inline]
    pub fn budget(&self) -> u64 {
        if self.validated {
            return u64::MAX;
        }
        (self.received * self.factor).saturating_sub(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_bytes_go_out_for_each_that_came_in() {
        let mut limit = Amplification::new(0);
        assert_eq!(limit.budget(), 0);
        limit.on_received(1200);
        limit.on_sent(3000);
        assert_eq!(limit.budget(), 600);
        limit.on_sent(1200);
        assert_eq!(limit.budget(), 0);
        limit.validate();
        assert_eq!(limit.budget(), u64::MAX);
    }

    #[test]
    fn a_setting_may_lower_the_factor_and_not_raise_it() {
        let mut low = Amplification::new(2);
        low.on_received(100);
        assert_eq!(low.budget(), 200);
        let mut high = Amplification::new(9);
        high.on_received(100);
        assert_eq!(high.budget(), 300);
    }
}
