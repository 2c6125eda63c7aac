//! Where a connection gets the controllers of further paths from.

use std::fmt;
use std::sync::Arc;

use super::{Controller, Cubic, Parameters};

/// Makes controllers of the kind a connection was set up with: each path has its own
/// (RFC 9002 section 7), and a new path starts with a new one (RFC 9000 section 9.4).
#[derive(Clone)]
pub struct ControllerFactory(Arc<dyn Fn(u16) -> Controller + Send + Sync>);

impl ControllerFactory {
    /// A factory that calls `make` with the path's datagram size.
    pub fn new(make: impl Fn(u16) -> Controller + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// A controller for a path with datagrams of `mtu` bytes.
    pub fn make(&self, mtu: u16) -> Controller {
        (self.0)(mtu)
    }
}

/// CUBIC with its defaults.
impl Default for ControllerFactory {
    fn default() -> Self {
        Self::new(|mtu| Controller::Cubic(Cubic::new(Parameters::new(mtu))))
    }
}

impl fmt::Debug for ControllerFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControllerFactory")
    }
}
