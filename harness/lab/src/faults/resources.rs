//! Resources that somebody else has: a framework of the lab's own, as a person sees it in the master's state.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use stacklab_live::mesos::SchedulerLink;
use stacklab_live::program::{Place, Running, spawn};
use stacklab_live::{Host, Sandbox, Surroundings};
use stacklab_mesos::{Resources, SchedulerEvent};

use super::taker::Taker;
use super::{CannotBreak, Controls, lock};

/// Frameworks of the lab's own. Dropping them lets their resources go.
#[derive(Debug, Default)]
pub(crate) struct Takers(Mutex<Vec<Running<SchedulerEvent>>>);

impl Takers {
    /// Lets all go.
    pub(crate) fn end(&self) {
        lock(&self.0).clear();
    }
}

impl Controls {
    pub(super) async fn take_resources(
        self: &Arc<Self>,
        agent: &str,
        resources: &str,
    ) -> Result<(), CannotBreak> {
        let index = self.agent(agent).await?;
        let Some(seat) = self.agents.get(index) else { return Ok(()) };
        let wrong = |why: &dyn std::fmt::Display| CannotBreak::failed(&format!("reading '{resources}'"), why);
        let wanted: Resources = resources.parse().map_err(|why| wrong(&why))?;
        self.take(Taker::of_resources(seat.address, wanted)).await;
        Ok(())
    }

    /// Starts a framework of the lab's own.
    pub(super) async fn take(self: &Arc<Self>, taker: Taker) {
        let master = self.master.lock().await.host.address();
        let place = Place {
            name: taker.name().to_owned(),
            task: taker.name().to_owned(),
            address: IpAddr::from([127, 0, 0, 1]),
            recorder: self.recorder.clone(),
            names: stacklab_live::Names::default(),
            sandbox: Sandbox::new(),
            services: Arc::clone(&self.platform.services),
            surroundings: Surroundings { host: Host::new("lab"), lab: self.mishaps.clone() },
        };
        let link = SchedulerLink::at(&place);
        let running = spawn(Box::new(taker.at(master.to_string())), place, link);
        lock(&self.takers.0).push(running);
    }
}
