//! Random plans within bounds. A seed finds a plan; the plan is what is kept of it.

use stacklab_faults::{Fault, Link, Pattern, REACTIONS, Reaction};
use stacklab_machine::{Rng, Streams};

use super::Ordinary;

/// Reactions that are left out: those that a simulation cannot do, and those after which a person has to act for things
/// to go on, which would say nothing about the machines.
const LEFT_OUT: &[(&str, &str)] = &[
    ("answer-error", "a simulation's services are models that have no protocol"),
    ("time-out-writes", "a simulation writes no spans"),
    ("narrow-link", "a simulation's messages have no size"),
];

/// Names of the reactions that are drawn.
pub fn drawn_kinds() -> Vec<&'static str> {
    REACTIONS.iter().copied().filter(|name| LEFT_OUT.iter().all(|(out, _)| out != name)).collect()
}

/// Limits of what is drawn. Times are seconds of virtual time.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Kinds of reactions, out of [`drawn_kinds`].
    pub kinds: Vec<String>,
    /// Most faults of a plan; at least one.
    pub most: u64,
    /// Faults happen within so many seconds of the start: while a deployment without faults goes on.
    pub window: u64,
    /// Longest that a fault with an end lasts.
    pub longest: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        let kinds = drawn_kinds().into_iter().map(str::to_owned).collect();
        Self { kinds, most: 6, window: 240, longest: 180 }
    }
}

/// One stream per concern, so that a new kind of target does not move the times.
struct Dice {
    kinds: Rng,
    times: Rng,
    triggers: Rng,
    targets: Rng,
    lengths: Rng,
}

/// The plan of a seed.
pub(super) fn plan(streams: Streams, bounds: &Bounds, ordinary: &Ordinary) -> Vec<Fault> {
    let mut dice = Dice {
        kinds: streams.stream("explore/kinds"),
        times: streams.stream("explore/times"),
        triggers: streams.stream("explore/triggers"),
        targets: streams.stream("explore/targets"),
        lengths: streams.stream("explore/lengths"),
    };
    let count = streams.stream("explore/number").between(1, bounds.most.max(1));
    (0..count).filter_map(|_| dice.fault(bounds, ordinary)).collect()
}

impl Dice {
    fn fault(&mut self, bounds: &Bounds, ordinary: &Ordinary) -> Option<Fault> {
        let kind = pick(&mut self.kinds, &bounds.kinds)?.clone();
        let reaction = self.reaction(&kind, bounds, ordinary)?;
        let at = self.times.between(0, bounds.window * 10) as f64 / 10.0;
        let after = self.times.between(0, 500) as f64 / 100.0;
        let mut fault = match self.trigger(ordinary) {
            Some(pattern) => Fault::on(pattern, reaction),
            None => Fault::at(at, reaction),
        };
        if matches!(fault.when, stacklab_faults::When::On(_)) && self.triggers.chance(0.5) {
            fault.after = after;
        }
        fault.optional = true;
        Some(fault)
    }

    /// Half of all faults wait for something that happens in every deployment.
    fn trigger(&mut self, ordinary: &Ordinary) -> Option<Pattern> {
        let kind = self.triggers.below(10);
        let task = pick(&mut self.triggers, &ordinary.tasks)?;
        let framework = pick(&mut self.triggers, &ordinary.frameworks)?;
        Some(match kind {
            0 => Pattern::event("task-launched").with("name", task),
            1 => Pattern::event("task-status").with("task", task).with("state", "TASK_RUNNING"),
            2 => Pattern::event("framework-subscribed").with("name", framework),
            3 => Pattern::event("program-started").with("task", task),
            4 => Pattern::event("fault-fired"),
            _ => return None,
        })
    }

    fn reaction(&mut self, kind: &str, bounds: &Bounds, ordinary: &Ordinary) -> Option<Reaction> {
        self.about_tasks(kind, bounds, ordinary)
            .or_else(|| self.about_agents(kind, bounds, ordinary))
            .or_else(|| self.about_frameworks(kind, ordinary))
            .or_else(|| self.about_services(kind, bounds, ordinary))
            .or_else(|| self.about_messages(kind, bounds, ordinary))
    }

    fn length(&mut self, bounds: &Bounds) -> f64 {
        self.lengths.between(1, bounds.longest.max(1)) as f64
    }

    fn about_tasks(&mut self, kind: &str, bounds: &Bounds, ordinary: &Ordinary) -> Option<Reaction> {
        let task = pick(&mut self.targets, &ordinary.tasks)?.clone();
        Some(match kind {
            "fail-task" => Reaction::FailTask { task, message: None },
            "lose-task" => Reaction::LoseTask { task },
            "hang-task" => Reaction::HangTask { task },
            "delay-task" => Reaction::DelayTask { task, by: self.length(bounds) },
            "kill-task" => Reaction::KillTask { task },
            _ => return None,
        })
    }

    fn about_agents(&mut self, kind: &str, bounds: &Bounds, ordinary: &Ordinary) -> Option<Reaction> {
        let agent = format!("agent-{}", self.targets.between(1, ordinary.agents.max(1)));
        let (port, cpus) = (self.targets.below(100), self.targets.between(1, 2));
        let without_sandboxes = self.targets.chance(0.5);
        Some(match kind {
            "lose-agent" => Reaction::LoseAgent { agent, back: Some(self.length(bounds)), without_sandboxes },
            "partition-agent" => Reaction::PartitionAgent { agent, lasts: self.length(bounds) },
            "pause-agent" => Reaction::PauseAgent { agent, lasts: self.length(bounds) },
            "take-resources" => Reaction::TakeResources { agent, resources: format!("cpus:{cpus};mem:1024") },
            // The upper part of the usual range, where fixed ports of the stacks are.
            "take-port" => Reaction::TakePort { agent, port: 31_900 + port as u16 },
            "skew-clock" => Reaction::SkewClock { agent, by: self.length(bounds) - 90.0 },
            "fill-disk" => Reaction::FillDisk { agent },
            _ => return None,
        })
    }

    fn about_frameworks(&mut self, kind: &str, ordinary: &Ordinary) -> Option<Reaction> {
        let framework = pick(&mut self.targets, &ordinary.frameworks)?.clone();
        let after = self.lengths.between(0, 20) as f64;
        // Nobody starts Marathon again: a person would have to.
        let is_ours = framework != "marathon";
        Some(match kind {
            "fail-over-master" => Reaction::FailOverMaster { after },
            "disconnect-framework" => Reaction::DisconnectFramework { framework },
            "fail-over-framework" if is_ours => Reaction::FailOverFramework { framework },
            "tear-down-framework" if is_ours => Reaction::TearDownFramework { framework },
            "rescind-offers" => Reaction::RescindOffers { framework },
            _ => return None,
        })
    }

    fn about_services(&mut self, kind: &str, bounds: &Bounds, ordinary: &Ordinary) -> Option<Reaction> {
        let service = pick(&mut self.targets, &ordinary.services)?.clone();
        let zookeeper = if self.targets.chance(0.5) { "platform" } else { "zookeeper" }.to_owned();
        let by = self.lengths.between(1, 20) as f64;
        Some(match kind {
            "expire-session" => Reaction::ExpireSession { of: service },
            "stop-service" if zookeeper == "platform" => {
                Reaction::StopService { service: zookeeper, back: Some(self.length(bounds)) }
            }
            "stop-service" => Reaction::StopService { service, back: None },
            "lose-leader" => Reaction::LoseLeader { service: zookeeper },
            "lose-data" => Reaction::LoseData { service: "zookeeper".to_owned() },
            "slow-service" => Reaction::SlowService { service: zookeeper, by, lasts: self.length(bounds) },
            _ => return None,
        })
    }

    fn about_messages(&mut self, kind: &str, bounds: &Bounds, ordinary: &Ordinary) -> Option<Reaction> {
        let name = pick(&mut self.targets, &ordinary.artifacts)?.clone();
        let to = pick(&mut self.targets, &ordinary.addresses)?.clone();
        let (from, end) = (
            pick(&mut self.targets, &ordinary.places)?.clone(),
            pick(&mut self.targets, &ordinary.places)?.clone(),
        );
        let times = self.lengths.between(1, 5) as u32;
        let status = *pick(&mut self.targets, &[500, 503, 404])?;
        let link = Link { from, to: end };
        Some(match kind {
            "miss-artifact" => Reaction::MissArtifact { name },
            "slow-artifact" => Reaction::SlowArtifact { name, by: self.length(bounds) },
            "corrupt-artifact" => Reaction::CorruptArtifact { name },
            "answer-http" => Reaction::AnswerHttp { to, status, times },
            "hang-http" => Reaction::HangHttp { to, times },
            "close-http" => Reaction::CloseHttp { to, times },
            "delay-link" => {
                let by = self.lengths.between(1, 300) as f64 / 100.0;
                Reaction::DelayLink { link, by, lasts: self.length(bounds) }
            }
            "cut-link" => Reaction::CutLink { link, lasts: self.length(bounds) },
            _ => return None,
        })
    }
}

fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> Option<&'a T> {
    of.get(rng.below(of.len() as u64) as usize)
}
