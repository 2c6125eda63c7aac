//! Controllers at work: round by round, and on a simulated path.

mod flow;
mod models;
mod path;
mod rounds;
mod transfers;

pub(super) use rounds::{Rounds, MTU};
