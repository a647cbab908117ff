//! What a scheduler does about the events of its Mesos driver.

use stacklab_machine::Time;
use stacklab_machine::process::Output;
use stacklab_machine::timeline::{Refusal, What};
use stacklab_mesos::{self as mesos, SchedulerCall, SchedulerEvent};

use super::reconcile::Pass;
use super::scheduler::{Out, backoff};
use super::store::SaveFor;
use super::{Framework, Offer, Reconcile, Scheduler, Verdict, convert};

impl<F: Framework> Scheduler<F> {
    pub(crate) fn mesos(&mut self, now: Time, event: SchedulerEvent, out: &mut Out) {
        match event {
            SchedulerEvent::Subscribed { framework_id, .. } => {
                self.subscribed(now, framework_id.as_str(), out)
            }
            SchedulerEvent::Offers(offers) => self.offers(now, &offers, out),
            SchedulerEvent::Update(status) => self.update(now, &status, out),
            SchedulerEvent::Message { agent_id, executor_id, data } => {
                self.with_stage(now, out, |framework, stage| {
                    framework.message(executor_id.as_str(), agent_id.as_str(), &data, stage);
                });
            }
            SchedulerEvent::Error { message } => self.die(&format!("[error] {message}"), out),
            SchedulerEvent::Disconnected { why } => self.disconnected(now, &why, out),
            SchedulerEvent::Refused { status, text } => {
                out.push(Output::Log(format!("[error] {status} {text}")));
                if !self.core.connected {
                    self.subscribe_later(now);
                }
            }
            SchedulerEvent::Rescind(_) | SchedulerEvent::Failure { .. } | SchedulerEvent::Heartbeat => {}
        }
    }

    fn subscribed(&mut self, now: Time, id: &str, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let again = std::mem::replace(&mut live.registered, true);
        live.failures = 0;
        self.core.connected = true;
        if live.framework_id.as_deref() != Some(id) {
            live.framework_id = Some(id.to_owned());
            self.core.changed = true;
        }
        let callback = if again { "reregistered" } else { "registered" };
        out.push(Output::Log(format!("[{callback}] framework:{id}")));
        self.reconcile(now, true, out);
        self.save(SaveFor::Callback, out);
    }

    fn disconnected(&mut self, now: Time, why: &str, out: &mut Out) {
        self.core.connected = false;
        out.push(Output::Log(format!("[disconnected] {why}")));
        self.subscribe_later(now);
    }

    fn subscribe_later(&mut self, now: Time) {
        if let Some(live) = &mut self.live {
            live.failures = live.failures.saturating_add(1);
            live.subscribe_at = Some(now + self.context.pace.wait(backoff(live.failures)));
        }
    }

    fn reconcile(&mut self, now: Time, all: bool, out: &mut Out) {
        let pace = self.context.pace;
        let plan = F::HABITS.reconcile;
        let plan = Reconcile { spacing: pace.wait(plan.spacing), tries: pace.tries(plan.tries) };
        let Some(live) = &mut self.live else { return };
        let open = live.framework.reconciling();
        let tasks = match live.passes.next(now, plan, all, !open.is_empty()) {
            Pass::Skip => return,
            Pass::All => {
                self.with_stage(now, out, |framework, stage| framework.begin_reconciling(stage));
                Vec::new()
            }
            Pass::Open => open,
            Pass::GiveUp => {
                self.with_stage(now, out, |framework, stage| framework.give_up_reconciling(stage));
                return;
            }
        };
        let tasks = tasks.into_iter().map(|(task, agent)| (task.into(), agent.map(Into::into))).collect();
        out.push(Output::Mesos(SchedulerCall::Reconcile { tasks }));
    }

    fn offers(&mut self, now: Time, offers: &[mesos::Offer], out: &mut Out) {
        self.reconcile(now, false, out);
        self.with_stage(now, out, |framework, stage| framework.offers_begin(stage));
        for offer in offers {
            let wanted = self.live.as_ref().is_some_and(|live| live.framework.wants_offers(now));
            if !wanted && !out.is_recording() {
                self.decline(offer, out);
                continue;
            }
            let view = Offer::from(offer);
            let verdict = self.with_stage(now, out, |framework, stage| framework.offer(&view, stage));
            if self.core.fatal.is_some() {
                // The callback threw: neither this offer nor the rest is answered, and nothing is saved.
                return;
            }
            match verdict {
                Some(Verdict::Launch(launch)) => {
                    let task = convert::task_info(&launch, offer.agent_id.clone());
                    out.push(Output::Mesos(SchedulerCall::Accept {
                        offer_ids: vec![offer.id.clone()],
                        tasks: vec![task],
                        refuse_seconds: F::HABITS.launch_seconds,
                    }));
                }
                Some(Verdict::Decline(refusals)) => {
                    self.tell_refusals(&view, refusals, out);
                    self.decline(offer, out);
                }
                None => return,
            }
        }
        self.with_stage(now, out, |framework, stage| framework.offers_end(stage));
        if self.core.fatal.is_none() {
            self.save(SaveFor::Callback, out);
        }
    }

    fn tell_refusals(&mut self, view: &Offer, refusals: Vec<Refusal>, out: &mut Out) {
        let Some(live) = self.live.as_ref().filter(|_| out.is_recording()) else { return };
        if let Some(line) = live.framework.decline_line(view, &refusals) {
            out.push(Output::Log(line));
        }
        out.note(What::OfferDeclined {
            offer: view.id.clone(),
            host: view.host.clone(),
            offered: view.summary(),
            refusals,
        });
    }

    fn decline(&mut self, offer: &mesos::Offer, out: &mut Out) {
        out.push(Output::Mesos(SchedulerCall::Decline {
            offer_ids: vec![offer.id.clone()],
            refuse_seconds: F::HABITS.decline_seconds,
        }));
    }

    fn update(&mut self, now: Time, update: &mesos::TaskStatus, out: &mut Out) {
        if let Some(status) = convert::status(update) {
            self.with_stage(now, out, |framework, stage| {
                stage.log(|| format!("[statusUpdate] {}", status.summary()));
                framework.status(&status, stage);
            });
        }
        if self.core.fatal.is_some() {
            return;
        }
        self.save(SaveFor::Callback, out);
        if let (Some(agent_id), Some(uuid)) = (&update.agent_id, update.uuid) {
            out.push(Output::Mesos(SchedulerCall::Acknowledge {
                agent_id: agent_id.clone(),
                task_id: update.task_id.clone(),
                uuid,
            }));
        }
    }
}
