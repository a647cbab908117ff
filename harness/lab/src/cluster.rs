//! What a cluster is made of: the description, before anything runs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stacklab_live::mesos::Artifacts;
use stacklab_mesos::Resources;

/// Most agents that one lab has addresses for: .11 to .210 of its /24.
pub const MAX_AGENTS: usize = 200;

/// A cluster as a scenario describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClusterSpec {
    /// Its agents, in order.
    #[serde(default = "three_agents")]
    pub agents: Vec<AgentSpec>,
    /// For how many seconds tasks run whose command no program of the lab plays, before they end with code 0;
    /// without end if absent.
    #[serde(default)]
    pub plain_tasks_run_for: Option<u32>,
    /// Whether agents hold containers to the memory that they asked for; a heap as large as that ends its container.
    #[serde(default)]
    pub memory_limits: bool,
    /// What does not come as it should, by the name of its file.
    #[serde(default)]
    pub artifacts: BTreeMap<String, ArtifactSpec>,
}

/// What is wrong with an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactSpec {
    /// Nobody has it.
    Missing,
    /// It takes so many seconds, each time that it is fetched.
    After(u32),
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            agents: three_agents(),
            plain_tasks_run_for: None,
            memory_limits: false,
            artifacts: BTreeMap::new(),
        }
    }
}

/// One agent, or several alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentSpec {
    /// How many of this kind.
    #[serde(default = "one")]
    pub count: usize,
    /// CPUs it offers.
    #[serde(default = "four_cpus")]
    pub cpus: f64,
    /// Memory it offers, in MB.
    #[serde(default = "sixteen_gb")]
    pub mem: f64,
    /// Disk it offers, in MB.
    #[serde(default = "hundred_gb")]
    pub disk: f64,
    /// Ports it offers, `low-high`.
    #[serde(default = "usual_ports")]
    pub ports: String,
    /// Text attributes that constraints look at.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// What it holds besides for one role each: `cpus:2;mem:4096`, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reserved: BTreeMap<String, String>,
}

impl Default for AgentSpec {
    fn default() -> Self {
        Self {
            count: one(),
            cpus: four_cpus(),
            mem: sixteen_gb(),
            disk: hundred_gb(),
            ports: usual_ports(),
            attributes: BTreeMap::new(),
            reserved: BTreeMap::new(),
        }
    }
}

impl AgentSpec {
    /// The resources in the form of the agent's `--resources` flag.
    pub fn resources(&self) -> String {
        let mut text =
            format!("cpus:{};mem:{};disk:{};ports:[{}]", self.cpus, self.mem, self.disk, self.ports);
        for (role, resources) in &self.reserved {
            for (name, amount) in resources.split(';').filter_map(|entry| entry.split_once(':')) {
                text.push_str(&format!(";{}({role}):{amount}", name.trim()));
            }
        }
        text
    }

    /// The attributes in the form of the agent's `--attributes` flag.
    pub fn attributes(&self) -> String {
        let pairs: Vec<_> = self.attributes.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        pairs.join(";")
    }
}

impl ClusterSpec {
    /// For how long plain tasks run.
    pub fn plain_tasks(&self) -> Option<Duration> {
        self.plain_tasks_run_for.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// What the agents' fetchers find.
    pub fn artifacts(&self) -> Artifacts {
        let mut found = Artifacts::default();
        for (name, what) in &self.artifacts {
            match what {
                ArtifactSpec::Missing => drop(found.missing.insert(name.clone())),
                ArtifactSpec::After(seconds) => {
                    found.slow.insert(name.clone(), Duration::from_secs((*seconds).into()));
                }
            }
        }
        found
    }

    /// Every agent for itself, counts multiplied out.
    pub fn each_agent(&self) -> Vec<AgentSpec> {
        let alike =
            |spec: &AgentSpec| std::iter::repeat_n(AgentSpec { count: 1, ..spec.clone() }, spec.count);
        self.agents.iter().flat_map(alike).collect()
    }

    /// What is wrong with the description, if anything.
    pub fn problem(&self) -> Option<String> {
        let agents: usize = self.agents.iter().map(|agent| agent.count).fold(0, usize::saturating_add);
        if agents == 0 || agents > MAX_AGENTS {
            return Some(format!("a cluster has 1 to {MAX_AGENTS} agents, this one has {agents}"));
        }
        self.agents.iter().find_map(|agent| {
            let amounts = [("cpus", agent.cpus), ("mem", agent.mem), ("disk", agent.disk)];
            let bad = amounts.into_iter().find(|(_, amount)| !amount.is_finite() || *amount < 0.0);
            let bad = bad.map(|(name, amount)| format!("{name}: {amount} is no amount of anything"));
            let unread = || agent.resources().parse::<Resources>().err().map(|why| why.to_string());
            bad.or_else(unread)
        })
    }
}

fn three_agents() -> Vec<AgentSpec> {
    vec![AgentSpec { count: 3, ..AgentSpec::default() }]
}

fn one() -> usize {
    1
}

fn four_cpus() -> f64 {
    4.0
}

fn sixteen_gb() -> f64 {
    16_384.0
}

fn hundred_gb() -> f64 {
    102_400.0
}

fn usual_ports() -> String {
    "31000-32000".to_owned()
}
