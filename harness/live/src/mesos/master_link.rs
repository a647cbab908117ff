//! The link between an agent and its master, which is opened again when it breaks, and what is said over it.

use std::time::Duration;

use stacklab_machine::timeline::EventId;
use stacklab_mesos::{AgentInput, AgentToMaster, LinkId, MasterToAgent};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::agent::AgentPlace;
use super::master::{MasterHandle, ToAgent, WHO};
use crate::mishap::{Mishaps, Party};

/// Messages that may wait for an agent, or for the master on their way from one.
const WAITING: usize = 4096;
/// Between two attempts to reach a master.
const RECONNECT: Duration = Duration::from_millis(100);
/// What a message is taken to have, in bytes, where a link is narrow.
const MESSAGE: usize = 500;

/// Both ends of a link.
#[derive(Clone, Debug)]
struct Ends {
    mishaps: Mishaps,
    agent: Party,
    master: Party,
}

impl Ends {
    fn new(place: &AgentPlace) -> Self {
        let agent = Party::new(place.surroundings.host.name(), &place.name, "");
        Self { mishaps: place.surroundings.lab.clone(), agent, master: Party::new("lab", WHO, "") }
    }
}

/// What an agent hears of its master.
pub(super) struct MasterLink {
    master: MasterHandle,
    number: LinkId,
    ends: Ends,
    /// `None` while it is broken.
    messages: Option<mpsc::Receiver<ToAgent>>,
    /// What has been sent, and arrives at this moment.
    held: Option<(Instant, MasterToAgent, Option<EventId>)>,
    /// When a broken one is tried next.
    retry: Instant,
}

impl MasterLink {
    pub(super) fn new(place: &AgentPlace, master: MasterHandle) -> Self {
        let ends = Ends::new(place);
        Self { master, number: place.link, ends, messages: None, held: None, retry: Instant::now() }
    }

    /// What comes next over the link. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> (AgentInput, Option<EventId>) {
        loop {
            if let Some((at, ..)) = &self.held {
                tokio::time::sleep_until(*at).await;
            }
            if let Some((_, message, cause)) = self.held.take() {
                return (AgentInput::Master(message), cause);
            }
            if let Some(messages) = &mut self.messages {
                if let Some((message, cause)) = messages.recv().await {
                    let Ends { mishaps, agent, master } = &self.ends;
                    if !mishaps.armed() {
                        return (AgentInput::Master(message), cause);
                    }
                    self.held = Some((mishaps.arrives(master, agent, MESSAGE), message, cause));
                    continue;
                }
                self.messages = None;
                self.retry = Instant::now();
                return (AgentInput::Disconnected, None);
            }
            tokio::time::sleep_until(self.retry).await;
            self.retry = Instant::now() + RECONNECT;
            let (to_agent, messages) = mpsc::channel(WAITING);
            if self.master.connect(self.number, to_agent).await {
                self.messages = Some(messages);
                return (AgentInput::Connected, None);
            }
        }
    }
}

type Said = (Instant, AgentToMaster, Option<EventId>);

/// What an agent says to its master.
pub(super) struct Mouth {
    master: MasterHandle,
    number: LinkId,
    ends: Ends,
    /// What is on its way, once the link was not as it should be.
    road: Option<mpsc::Sender<Said>>,
    /// Ends with the agent.
    carrier: JoinSet<()>,
}

impl Mouth {
    pub(super) fn new(place: &AgentPlace, master: MasterHandle) -> Self {
        let ends = Ends::new(place);
        Self { master, number: place.link, ends, road: None, carrier: JoinSet::new() }
    }

    /// Says something, over whatever lies in between.
    pub(super) async fn say(&mut self, message: AgentToMaster, cause: Option<EventId>) {
        let Ends { mishaps, agent, master } = &self.ends;
        if !mishaps.armed() {
            self.master.say(self.number, message, cause).await;
            return;
        }
        let arrives = mishaps.arrives(agent, master, MESSAGE);
        let road = self.road.get_or_insert_with(|| {
            let (road, said) = mpsc::channel(WAITING);
            self.carrier.spawn(carry(said, self.master.clone(), self.number));
            road
        });
        // What does not fit is lost on the way, as it would be.
        let _ = road.try_send((arrives, message, cause));
    }
}

/// Delivers in the order in which it was said.
async fn carry(mut said: mpsc::Receiver<Said>, master: MasterHandle, link: LinkId) {
    while let Some((arrives, message, cause)) = said.recv().await {
        tokio::time::sleep_until(arrives).await;
        master.say(link, message, cause).await;
    }
}
