//! Controllers at work, round by round.

mod rounds;

pub(super) use rounds::{Rounds, MTU};
