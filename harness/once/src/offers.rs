//! What becomes of offers: a task for one application, or nothing.

use stacklab_machine::Time;
use stacklab_machine::process::Output;
use stacklab_machine::timeline::{Refusal, What};
use stacklab_mesos::{Offer, SchedulerCall};

use crate::framework::{Framework, Out, Said};

/// For how long a declined offer, or what a launch leaves of one, is not offered again.
const REFUSE_SECONDS: Option<f64> = Some(10.0);

impl Framework {
    /// One task on the offer, for the first application that matches; the original takes them in random order.
    pub(crate) fn take_offer(&mut self, now: Time, offer: &Offer, out: &mut Out) {
        let offer_ids = vec![offer.id.clone()];
        let mut refusals = Vec::new();
        for (id, staged) in &mut self.staged {
            match staged.check(offer) {
                Ok(()) => {
                    let tasks = vec![staged.launch(now, offer, &mut self.task_ids)];
                    let call = SchedulerCall::Accept { offer_ids, tasks, refuse_seconds: REFUSE_SECONDS };
                    return out.push(Output::Mesos(Said::Mesos(call)));
                }
                Err(reason) => {
                    staged.declined(offer, &reason);
                    // What is launched looks for no place: it must not be taken for something that finds none.
                    let instance = if staged.is_launched() { String::new() } else { id.clone() };
                    refusals.push(Refusal { instance, reason });
                }
            }
        }
        if refusals.is_empty() {
            refusals.push(Refusal { instance: String::new(), reason: "all tasks are running".into() });
        }
        out.note_with(|| What::OfferDeclined {
            offer: offer.id.to_string(),
            host: offer.hostname.to_string(),
            offered: offer.resources.to_string(),
            refusals,
        });
        let call = SchedulerCall::Decline { offer_ids, refuse_seconds: REFUSE_SECONDS };
        out.push(Output::Mesos(Said::Mesos(call)));
    }
}
