//! One network path: addresses, validation, recovery and congestion state.
