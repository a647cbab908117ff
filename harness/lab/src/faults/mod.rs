//! How a lab breaks itself: each reaction of a fault plan, carried out on what runs.
//!
//! [`Controls`] holds everything of a cluster that can be broken, [`FaultsHandle`] is the driver that reads the timeline
//! and does what the plan says.

mod agents;
mod driver;
mod error;
mod frameworks;
mod network;
mod ports;
mod resources;
mod services;
mod taker;
mod tasks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use stacklab_faults::Reaction;
use stacklab_live::{Mishaps, Recorder};
use stacklab_machine::timeline::EventId;
use stacklab_machine::{Pace, Streams};
use tokio::task::JoinSet;

pub(crate) use self::agents::AgentSeat;
pub use self::driver::FaultsHandle;
pub use self::error::CannotBreak;
pub(crate) use self::frameworks::{MasterSeat, register};
pub(crate) use self::ports::HeldPorts;
pub(crate) use self::resources::Takers;
pub(crate) use self::services::Platform;

use crate::already::OwnService;
use crate::backing::ServiceDesk;

/// Everything of a cluster that can be broken. The order of the fields is the order in which they end: users before
/// what they use.
pub(crate) struct Controls {
    /// What is still to come of faults: an agent that is to come back.
    pub(crate) later: Mutex<JoinSet<()>>,
    pub(crate) takers: Takers,
    pub(crate) ports: HeldPorts,
    pub(crate) agents: Vec<AgentSeat>,
    pub(crate) own: Mutex<Vec<OwnService>>,
    pub(crate) master: tokio::sync::Mutex<MasterSeat>,
    pub(crate) platform: Platform,
    pub(crate) desk: ServiceDesk,
    pub(crate) mishaps: Mishaps,
    pub(crate) recorder: Recorder,
    pub(crate) streams: Streams,
    pub(crate) pace: Pace,
    /// How fast silences pass between master and agents: see [`silence`].
    pub(crate) silence: Pace,
}

/// Locks what is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Silences between master and agents: at most so many times as fast as the original's. A busy machine must not make a
/// master give up agents that only were not scheduled.
const FASTEST_SILENCE: u32 = 40;

/// The pace of silences: what a planned silence lasts, and how long a master bears it, have to fit to each other.
pub(crate) fn silence(pace: Pace) -> Pace {
    Pace::new(pace.divisor().min(FASTEST_SILENCE))
}

/// Whether a master's patience with its agents plays a part in a plan.
pub(crate) fn is_about_silence(reaction: &Reaction) -> bool {
    use Reaction::{CutLink, DelayLink, LoseAgent, PartitionAgent, PauseAgent};
    matches!(
        reaction,
        LoseAgent { .. } | PartitionAgent { .. } | PauseAgent { .. } | CutLink { .. } | DelayLink { .. }
    )
}

/// Whether services have to stand behind fronts for this.
pub(crate) fn needs_fronts(reaction: &Reaction) -> bool {
    use Reaction::{
        AnswerError, AnswerHttp, CloseHttp, CutLink, DelayLink, HangHttp, NarrowLink, PauseAgent,
        SlowService, TimeOutWrites,
    };
    matches!(
        reaction,
        AnswerError { .. }
            | AnswerHttp { .. }
            | CloseHttp { .. }
            | CutLink { .. }
            | DelayLink { .. }
            | HangHttp { .. }
            | NarrowLink { .. }
            | PauseAgent { .. }
            | SlowService { .. }
            | TimeOutWrites { .. }
    )
}

/// Seconds of the plan, as they pass at a pace; nothing for what is no time.
pub(crate) fn seconds(pace: Pace, seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(Duration::ZERO, |time| pace.wait(time))
}

impl Controls {
    /// Does it. What lasts has begun when this returns; its end comes by itself.
    ///
    /// # Errors
    /// There is nothing that this could be done to.
    pub(crate) async fn carry_out(
        self: &Arc<Self>,
        reaction: &Reaction,
        cause: Option<EventId>,
    ) -> Result<(), CannotBreak> {
        use Reaction as R;
        match reaction {
            R::FailTask { .. }
            | R::LoseTask { .. }
            | R::HangTask { .. }
            | R::DelayTask { .. }
            | R::KillTask { .. } => self.break_task(reaction, cause).await,
            R::LoseAgent { .. }
            | R::PartitionAgent { .. }
            | R::PauseAgent { .. }
            | R::SkewClock { .. }
            | R::FillDisk { .. } => self.break_agent(reaction, cause).await,
            R::TakePort { agent, port } => self.take_port(agent, *port).await,
            R::TakeResources { agent, resources } => self.take_resources(agent, resources).await,
            R::FailOverMaster { after } => self.fail_over_master(*after).await,
            R::DisconnectFramework { .. }
            | R::FailOverFramework { .. }
            | R::TearDownFramework { .. }
            | R::RescindOffers { .. } => self.break_framework(reaction).await,
            R::MissArtifact { .. }
            | R::SlowArtifact { .. }
            | R::CorruptArtifact { .. }
            | R::AnswerHttp { .. }
            | R::HangHttp { .. }
            | R::CloseHttp { .. }
            | R::DelayLink { .. }
            | R::CutLink { .. }
            | R::NarrowLink { .. } => {
                self.break_network(reaction);
                Ok(())
            }
            R::ExpireSession { .. }
            | R::StopService { .. }
            | R::LoseLeader { .. }
            | R::LoseData { .. }
            | R::SlowService { .. }
            | R::AnswerError { .. }
            | R::TimeOutWrites { .. } => self.break_service(reaction).await,
        }
    }

    /// Ends the agents with everything on them, and what the lab itself runs.
    pub(crate) fn end_agents(&self) {
        *lock(&self.later) = JoinSet::new();
        self.takers.end();
        for seat in &self.agents {
            lock(&seat.host).take();
        }
        lock(&self.own).clear();
    }

    /// Ends the rest, so that each can say goodbye.
    pub(crate) async fn end(&self) {
        let mut master = self.master.lock().await;
        master.host.end().await;
        master.registration.close().await;
        if let Some(server) = self.platform.server.lock().await.take() {
            server.stop().await;
        }
    }

    /// Does something after a while, if the lab is still there.
    pub(crate) fn after<F>(
        self: &Arc<Self>,
        wait: Duration,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send,
    {
        let lab: Weak<Self> = Arc::downgrade(self);
        let mut later = lock(&self.later);
        while later.try_join_next().is_some() {}
        later.spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(lab) = lab.upgrade() {
                work(lab).await;
            }
        });
    }
}
