//! Run-once applications that wait for their time.

use stacklab_machine::{Rng, Time, earliest};

use super::cron::Cron;
use crate::OnceApplication;

/// How many jobs may wait, those included that nobody can list. The original knows no bound.
const MAX_JOBS: usize = 10_000;
/// The id of what can never start.
const NEVER: i64 = -1;

/// A scheduled application as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledTask {
    /// A random number of 63 bits; −1 if its times could not be read.
    pub id: i64,
    /// The application's id.
    pub name: String,
    /// Cron text.
    pub start_time: String,
    /// Cron text.
    pub time_schedule: String,
}

/// What waits for its time. All is forgotten with the process.
#[derive(Clone, Debug)]
pub struct Jobs {
    ids: Rng,
    listed: Vec<ScheduledTask>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: i64,
    cron: Cron,
    /// `None` if its time never comes.
    next: Option<Time>,
    application: Box<OnceApplication>,
    /// Whether it does not start the application, but adds the job that does.
    begins: bool,
}

impl Jobs {
    /// Nothing; ids come out of this stream.
    pub fn new(ids: Rng) -> Self {
        Self { ids, listed: Vec::new(), entries: Vec::new() }
    }

    /// Schedules an application, by its start time if it has one, and returns its id.
    ///
    /// With both times, a job for the periodic one is added *each time* that the start time comes: those can be neither
    /// listed nor removed. A text that cannot be read is no error; it is listed, and nothing will start.
    ///
    /// # Errors
    /// Too many jobs wait.
    pub fn add(&mut self, now: Time, application: OnceApplication) -> Result<i64, String> {
        if self.entries.len().max(self.listed.len()) >= MAX_JOBS {
            return Err(format!("{MAX_JOBS} jobs are scheduled already"));
        }
        let OnceApplication { id: name, start_time, time_schedule, .. } = application.clone();
        let begins = !start_time.is_empty() && !time_schedule.is_empty();
        let text = if start_time.is_empty() { &time_schedule } else { &start_time };
        let id = match Cron::parse(text) {
            Ok(cron) => self.enter(now, cron, application, begins),
            Err(_) => NEVER,
        };
        self.listed.push(ScheduledTask { id, name, start_time, time_schedule });
        Ok(id)
    }

    fn enter(&mut self, now: Time, cron: Cron, application: OnceApplication, begins: bool) -> i64 {
        let id = (self.ids.next_u64() >> 1) as i64;
        let application = Box::new(application);
        self.entries.push(Entry { id, cron, next: cron.next(now), application, begins });
        id
    }

    /// What is scheduled, in the order in which it came.
    pub fn list(&self) -> &[ScheduledTask] {
        &self.listed
    }

    /// Removes a scheduled application; false if there is none of this id.
    pub fn remove(&mut self, id: i64) -> bool {
        if let Some(at) = self.entries.iter().position(|entry| entry.id == id) {
            self.entries.remove(at);
        }
        let at = self.listed.iter().position(|task| task.id == id);
        at.map(|at| self.listed.remove(at)).is_some()
    }

    /// When something is due.
    pub fn wake_at(&self) -> Option<Time> {
        self.entries.iter().fold(None, |first, entry| earliest(first, entry.next))
    }

    /// The applications whose time has come, in the order of their times.
    ///
    /// Several times of one job that have passed since count once: of an application that is staged again and again only
    /// the last time has an effect.
    pub fn due(&mut self, now: Time) -> Vec<OnceApplication> {
        let mut due = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let Some(at) = entry.next.filter(|at| *at <= now) else { continue };
            due.push((at, index));
            entry.next = entry.cron.next(at).filter(|next| *next > now).or_else(|| entry.cron.next(now));
        }
        due.sort_unstable();
        let mut staged = Vec::new();
        for (_, index) in due {
            let Some(entry) = self.entries.get(index) else { continue };
            let application = (*entry.application).clone();
            if !entry.begins {
                staged.push(application);
            } else if let Ok(cron) = Cron::parse(&application.time_schedule)
                && self.entries.len() < MAX_JOBS
            {
                self.enter(now, cron, application, false);
            }
        }
        staged
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn application(id: &str, start_time: &str, time_schedule: &str) -> OnceApplication {
        let (id, start_time, time_schedule) = (id.into(), start_time.into(), time_schedule.into());
        OnceApplication { id, start_time, time_schedule, ..OnceApplication::default() }
    }

    /// What starts within so many seconds, with the second.
    fn starts(jobs: &mut Jobs, from: u64, to: u64) -> Vec<(u64, String)> {
        let mut seen = Vec::new();
        while let Some(at) = jobs.wake_at().filter(|at| *at <= second(to)) {
            assert!(at > second(from));
            let seconds = at.since(Time::SIM_START).as_secs();
            seen.extend(jobs.due(at).into_iter().map(|application| (seconds, application.id)));
        }
        seen
    }

    fn second(seconds: u64) -> Time {
        Time::SIM_START + Duration::from_secs(seconds)
    }

    #[track_caller]
    fn check(start_time: &str, time_schedule: &str, seconds: &[u64]) {
        let mut jobs = Jobs::new(Rng::new(1));
        jobs.add(second(0), application("a", start_time, time_schedule)).unwrap();
        let expected: Vec<_> = seconds.iter().map(|second| (*second, "a".to_owned())).collect();
        assert_eq!(starts(&mut jobs, 0, 100), expected, "{start_time} {time_schedule}");
    }

    #[test]
    fn starts_when_its_time_has_come() {
        check("", "@every 30s", &[30, 60, 90]);
        check("10 * * * *", "", &[10, 70]);
        check("40 0 * * *", "@every 17s", &[57, 74, 91]);
        check("40 0 * * *", "nonsense", &[]);
        check("nonsense", "@every 1s", &[]);
        // Each time that the start comes, one more.
        check("10,20 * * * *", "@every 30s", &[40, 50, 70, 80, 100, 100]);
    }

    #[test]
    fn lists_and_removes() {
        let mut jobs = Jobs::new(Rng::new(1));
        let begins = jobs.add(second(0), application("both", "10 0 * * *", "@every 30s")).unwrap();
        let bad = jobs.add(second(0), application("bad", "", "every minute")).unwrap();
        let every = jobs.add(second(0), application("every", "", "@every 7s")).unwrap();
        assert!(begins > 1 << 53 && every > 0 && bad == -1, "{begins} {every} {bad}");
        let names: Vec<_> = jobs.list().iter().map(|task| (task.id, task.name.as_str())).collect();
        assert_eq!(names, [(begins, "both"), (-1, "bad"), (every, "every")]);
        assert_eq!(starts(&mut jobs, 0, 13), [(7, "every".to_owned())]);
        assert!(jobs.remove(every) && !jobs.remove(every));
        assert!(jobs.remove(-1) && !jobs.remove(-1));
        // What the start has begun goes on after it is removed.
        assert!(jobs.remove(begins));
        assert_eq!(starts(&mut jobs, 13, 50), [(40, "both".to_owned())]);
        assert!(jobs.list().is_empty());
    }

    #[test]
    fn makes_up_for_lost_time_once() {
        let mut jobs = Jobs::new(Rng::new(1));
        jobs.add(second(0), application("a", "", "@every 1s")).unwrap();
        assert_eq!(jobs.due(second(100)).len(), 1);
        assert_eq!(jobs.wake_at(), Some(second(101)));
    }

    #[test]
    fn is_bounded() {
        let mut jobs = Jobs::new(Rng::new(1));
        for _ in 0..MAX_JOBS {
            jobs.add(second(0), application("a", "bad", "")).unwrap();
        }
        assert!(jobs.add(second(0), application("a", "bad", "")).is_err());
    }
}
