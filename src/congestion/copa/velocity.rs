//! How fast the window moves: the longer in one direction, the faster (section 2.1).

/// Rounds in one direction before the velocity doubles.
const PATIENCE: u32 = 3;

/// Where the window goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// The factor on each step of the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Velocity {
    value: f64,
    direction: Option<Direction>,
    /// Rounds that kept the direction.
    kept: u32,
    /// The window when the last round began.
    window: f64,
}

impl Velocity {
    /// The factor, at least 1.
    #[inline]
    pub(super) fn get(&self) -> f64 {
        self.value
    }

    /// A round began with `window`. The velocity stays within `most`, with which the window
    /// doubles in a round.
    pub(super) fn on_round(&mut self, window: f64, most: f64) {
        let direction = if window > self.window { Direction::Up } else { Direction::Down };
        self.window = window;
        if self.direction == Some(direction) {
            self.kept = self.kept.saturating_add(1);
            if self.kept >= PATIENCE {
                self.value *= 2.0;
            }
        } else {
            self.direction = Some(direction);
            self.kept = 0;
            self.value = 1.0;
        }
        self.value = self.value.min(most).max(1.0);
    }

    /// The window must move in `direction` now. A high velocity must not carry it past the target
    /// the other way.
    pub(super) fn turn(&mut self, direction: Direction, window: f64) {
        if self.value > 1.0 && self.direction != Some(direction) {
            *self = Self { direction: Some(direction), window, ..Self::default() };
        }
    }
}

impl Default for Velocity {
    fn default() -> Self {
        Self { value: 1.0, direction: None, kept: 0, window: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: f64 = 1e6;

    #[test]
    fn it_doubles_after_three_rounds_in_one_direction() {
        let mut velocity = Velocity::default();
        let seen: Vec<f64> = (1..=7)
            .map(|round| {
                velocity.on_round(f64::from(round) * 1_000.0, MOST);
                velocity.get()
            })
            .collect();
        assert_eq!(seen, [1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 16.0]);
        velocity.on_round(500.0, MOST);
        assert_eq!(velocity.get(), 1.0);
    }

    #[test]
    fn a_turn_within_a_round_starts_over() {
        let mut velocity = Velocity::default();
        for round in 1..=6 {
            velocity.on_round(f64::from(round) * 1_000.0, MOST);
        }
        velocity.turn(Direction::Up, 6_000.0);
        assert_eq!(velocity.get(), 8.0);
        velocity.turn(Direction::Down, 6_000.0);
        assert_eq!(velocity.get(), 1.0);
    }

    #[test]
    fn the_window_never_more_than_doubles() {
        let mut velocity = Velocity::default();
        for round in 1..=60 {
            velocity.on_round(f64::from(round) * 1_000.0, 12.0);
        }
        assert_eq!(velocity.get(), 12.0);
    }
}
