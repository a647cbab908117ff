//! Offers: launching what is queued, declining the rest, asking for more.

use std::time::Duration;

use stacklab_machine::process::Output;
use stacklab_machine::timeline::{Refusal, What};
use stacklab_machine::{Time, earliest};
use stacklab_mesos::{Offer, SchedulerCall};

use super::{Marathon, Out};
use crate::launch::{self, Room};
use crate::task;

/// How long a declined offer is not offered again.
const REFUSE_SECONDS: f64 = 120.0;
/// Tasks on one offer (`--max_tasks_per_offer` of Marathon 0.15).
const MAX_TASKS: usize = 100;
/// Between two revivals (`--min_revive_offers_interval`).
const REVIVE_EVERY: Duration = Duration::from_secs(5);
/// How often a revival is said (`--revive_offers_repetitions`).
const REVIVE_TIMES: u32 = 3;

/// When offers are asked for.
#[derive(Debug, Default)]
pub(super) struct Revival {
    last: Option<Time>,
    times_left: u32,
}

impl Marathon {
    /// Something is queued: offers are to be revived.
    pub(crate) fn want_offers(&mut self, now: Time, out: &mut Out) {
        if !self.queue.is_empty() {
            self.revival.times_left = REVIVE_TIMES;
            self.revive_if_due(now, out);
        }
    }

    /// When the next revival is due: as soon as something may be launched, but not too often.
    pub(super) fn revive_at(&self) -> Option<Time> {
        if self.revival.times_left == 0 || !self.connected {
            return None;
        }
        let launchable = |app: &String| self.backoff.until(app, Time::ZERO).unwrap_or(Time::ZERO);
        let first = self.queue.keys().map(launchable).fold(None, |first, at| earliest(first, Some(at)))?;
        let pause = self.config.pace.wait(REVIVE_EVERY);
        Some(self.revival.last.map_or(first, |last| first.max(last + pause)))
    }

    pub(super) fn revive_if_due(&mut self, now: Time, out: &mut Out) {
        if self.revive_at().is_some_and(|at| at <= now) {
            self.revival.last = Some(now);
            self.revival.times_left -= 1;
            out.push(Output::Mesos(SchedulerCall::Revive { roles: Vec::new() }));
        }
    }

    pub(super) fn take_offer(&mut self, now: Time, offer: &Offer, out: &mut Out) {
        let mut room = Room::new(offer);
        let mut infos = Vec::new();
        let mut refusals = Vec::new();
        let waiting: Vec<_> = self.queue.keys().cloned().collect();
        for app in waiting {
            if self.backoff.until(&app, now).is_some() {
                refusals.push(Refusal { instance: app, reason: "waits for its backoff".into() });
                continue;
            }
            while self.queue.contains_key(&app) && infos.len() < MAX_TASKS {
                let Some(stored) = self.apps.get(&app) else { break };
                let peers: Vec<_> = self.tasks.values().filter(|task| task.app == app).collect();
                let ports = match room.take(&stored.app, &peers, &mut self.ports) {
                    Ok(ports) => ports,
                    Err(reason) => {
                        refusals.push(Refusal { instance: app.clone(), reason });
                        break;
                    }
                };
                let id = task::new_id(&stored.app.task_prefix(), now, &mut self.ids);
                infos.push(launch::task_info(stored, &id, offer, &ports));
                let task = launch::task(stored, id.clone(), offer, ports, now);
                self.tasks.insert(id, task);
                self.unqueue_one(&app);
            }
        }
        let offer_ids = vec![offer.id.clone()];
        if infos.is_empty() {
            note_decline(offer, refusals, out);
            let refuse_seconds = Some(REFUSE_SECONDS);
            out.push(Output::Mesos(SchedulerCall::Decline { offer_ids, refuse_seconds }));
        } else {
            out.push(Output::Mesos(SchedulerCall::Accept { offer_ids, tasks: infos, refuse_seconds: None }));
        }
    }

    fn unqueue_one(&mut self, app: &str) {
        if let Some(count) = self.queue.get_mut(app) {
            *count -= 1;
            if *count == 0 {
                self.queue.remove(app);
            }
        }
    }
}

fn note_decline(offer: &Offer, mut refusals: Vec<Refusal>, out: &mut Out) {
    if refusals.is_empty() {
        refusals.push(Refusal { instance: String::new(), reason: "no tasks to launch".into() });
    }
    out.note_with(|| What::OfferDeclined {
        offer: offer.id.to_string(),
        host: offer.hostname.to_string(),
        offered: offer.resources.to_string(),
        refusals,
    });
}
