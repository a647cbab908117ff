//! Delays between launches of an app whose tasks end.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::{Pace, Time};

use crate::app::App;

/// Delays that are over are forgotten by a sweep this often.
const SWEEP: Duration = Duration::from_secs(10);

/// The delay of each app that has one.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    delays: BTreeMap<String, Delay>,
    /// Since when sweeps are counted.
    begin: Time,
}

#[derive(Debug)]
struct Delay {
    current: Duration,
    until: Time,
}

impl Backoff {
    /// Begins to count sweeps.
    pub(crate) fn start(&mut self, now: Time) {
        self.begin = now;
    }

    /// A task of the app ended: its next launch waits. Returns how long, as it passes at this pace.
    pub(crate) fn add(&mut self, app: &App, now: Time, pace: Pace) -> Duration {
        let known =
            self.delays.get(&app.id).filter(|delay| !swept(self.begin, delay.until, now, pace.wait(SWEEP)));
        let longest = app.max_launch_delay.max(app.backoff);
        let current = match known {
            None => app.backoff,
            Some(delay) => {
                // The factor may be anything that JSON can say.
                let seconds = delay.current.as_secs_f64() * app.backoff_factor;
                Duration::try_from_secs_f64(seconds).unwrap_or(longest).min(longest)
            }
        };
        let wait = pace.wait(current);
        self.delays.insert(app.id.clone(), Delay { current, until: now + wait });
        wait
    }

    /// Forgets an app's delay.
    pub(crate) fn reset(&mut self, app: &str) -> bool {
        self.delays.remove(app).is_some()
    }

    /// Until when the app's next launch waits, if it does at `now`.
    pub(crate) fn until(&self, app: &str, now: Time) -> Option<Time> {
        self.delays.get(app).map(|delay| delay.until).filter(|until| *until > now)
    }
}

/// Whether a sweep came between the end of a delay and now.
fn swept(begin: Time, until: Time, now: Time, every: Duration) -> bool {
    let every = every.as_micros().max(1);
    let sweeps = until.since(begin).as_micros().div_ceil(every);
    until <= now && now.since(begin).as_micros() >= sweeps * every
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_forgets() {
        let mut backoff = Backoff::default();
        let at = |millis| Time::SIM_START + Duration::from_millis(millis);
        backoff.start(at(0));
        let mut app = App::new("/a".into());
        (app.backoff_factor, app.max_launch_delay) = (2.0, Duration::from_secs(3));
        let mut add = |millis| backoff.add(&app, at(millis), Pace::REAL).as_secs();
        assert_eq!([add(100), add(200), add(300), add(400)], [1, 2, 3, 3]);
        // Over at 3.4 s, but swept at 10 s only.
        assert_eq!([add(9_000), add(21_000)], [3, 1]);
        assert_eq!(backoff.until("/a", at(21_500)), Some(at(22_000)));
        assert_eq!(backoff.until("/a", at(22_000)), None);
        assert!(backoff.reset("/a") && !backoff.reset("/a"));
    }
}
