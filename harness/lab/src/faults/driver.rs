//! Reads the timeline as it grows, asks the plan what is due, and does it.

use std::sync::{Arc, Mutex, Weak};

use stacklab_faults::{Fault, Fired, Hits, Injector};
use stacklab_live::Recorder;
use stacklab_machine::timeline::What;
use tokio::task::JoinHandle;

use super::{Controls, lock};

/// Most failures that are kept.
const MOST: usize = 1000;

/// What became of a plan so far. Dropping it ends the driver: nothing more of the plan happens.
#[derive(Debug)]
pub struct FaultsHandle {
    state: Arc<Mutex<State>>,
    driver: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    injector: Injector,
    failures: Vec<(usize, String)>,
}

impl FaultsHandle {
    /// How often each fault of the plan was asked for and happened, in the plan's order.
    pub fn hits(&self) -> Vec<Hits> {
        lock(&self.state).injector.hits()
    }

    /// Faults that never happened and are neither optional nor off, by their place in the plan.
    pub fn never_fired(&self) -> Vec<usize> {
        lock(&self.state).injector.never_fired()
    }

    /// What was due and could not be done, and is not optional: the fault's place in the plan, and why.
    pub fn failures(&self) -> Vec<(usize, String)> {
        lock(&self.state).failures.clone()
    }

    /// Begins with a plan: times count from now.
    pub(crate) fn start(lab: &Arc<Controls>, plan: Vec<Fault>) -> Self {
        let recorder = lab.recorder.clone();
        let is_empty = plan.is_empty();
        let injector = Injector::new(plan, lab.streams, lab.pace, recorder.now());
        let state = Arc::new(Mutex::new(State { injector, failures: Vec::new() }));
        let driver =
            (!is_empty).then(|| tokio::spawn(drive(Arc::downgrade(lab), recorder, Arc::clone(&state))));
        Self { state, driver }
    }
}

impl Drop for FaultsHandle {
    fn drop(&mut self) {
        if let Some(driver) = &self.driver {
            driver.abort();
        }
    }
}

async fn drive(lab: Weak<Controls>, recorder: Recorder, state: Arc<Mutex<State>>) {
    let clock = recorder.clock();
    let mut length = recorder.watch();
    let mut seen = 0;
    loop {
        length.borrow_and_update();
        let events = recorder.events_from(seen);
        seen += events.len();
        let (due, next) = {
            let injector = &mut lock(&state).injector;
            for event in &events {
                injector.see(event);
            }
            (injector.due(recorder.now()), injector.wake_at())
        };
        let idle = due.is_empty();
        for fired in due {
            let Some(lab) = lab.upgrade() else { return };
            happen(&lab, fired, &state).await;
        }
        if !idle {
            continue;
        }
        tokio::select! {
            grown = length.changed() => if grown.is_err() { return },
            () = clock.until(next) => {}
        }
    }
}

async fn happen(lab: &Arc<Controls>, fired: Fired, state: &Mutex<State>) {
    let Fired { index, reaction, trigger, text } = fired;
    let cause = lab.recorder.record("faults", trigger, What::FaultFired { fault: text.clone() });
    if let Err(why) = lab.carry_out(&reaction, Some(cause)).await {
        let line = format!("it was planned that {text}, but {why}");
        lab.recorder.record("faults", Some(cause), What::Log { line });
        let mut state = lock(state);
        let optional = state.injector.plan().nth(index).is_some_and(|fault| fault.optional);
        if !optional && state.failures.len() < MOST {
            state.failures.push((index, why.to_string()));
        }
    }
}
