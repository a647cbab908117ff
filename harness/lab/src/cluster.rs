//! What a cluster is made of: the description, before anything runs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use stacklab_live::mesos::Artifacts;

/// Most agents that one lab has addresses for: .11 to .210 of its /24.
pub const MAX_AGENTS: usize = 200;

/// A cluster as a scenario describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
    /// What of its cpus and memory is reserved for a role, by the role.
    #[serde(default)]
    pub roles: BTreeMap<String, Reserved>,
}

/// What an agent reserves for a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reserved {
    /// CPUs.
    #[serde(default)]
    pub cpus: f64,
    /// Memory, in MB.
    #[serde(default)]
    pub mem: f64,
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
            roles: BTreeMap::new(),
        }
    }
}

impl AgentSpec {
    /// The resources in the form of the agent's `--resources` flag.
    pub fn resources(&self) -> String {
        let (cpus, mem) = self
            .roles
            .values()
            .fold((self.cpus, self.mem), |(cpus, mem), reserved| (cpus - reserved.cpus, mem - reserved.mem));
        let mut text = format!("cpus:{cpus};mem:{mem};disk:{};ports:[{}]", self.disk, self.ports);
        for (role, reserved) in &self.roles {
            for (name, amount) in [("cpus", reserved.cpus), ("mem", reserved.mem)] {
                if amount > 0.0 {
                    text.push_str(&format!(";{name}({role}):{amount}"));
                }
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
            let reserved = |of: fn(&Reserved) -> f64| agent.roles.values().map(of).sum::<f64>();
            let (cpus, mem) = (agent.cpus - reserved(|r| r.cpus), agent.mem - reserved(|r| r.mem));
            let amounts = [("cpus", cpus), ("mem", mem), ("disk", agent.disk)];
            let bad = amounts.into_iter().find(|(_, amount)| !amount.is_finite() || *amount < 0.0);
            bad.map(|(name, amount)| format!("{name}: {amount} is no amount of anything"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_taken_out_of_the_whole() {
        let reserved = Reserved { cpus: 1.0, mem: 12_000.0 };
        let agent = AgentSpec { roles: [("dse".to_owned(), reserved)].into(), ..AgentSpec::default() };
        assert_eq!(
            agent.resources(),
            "cpus:3;mem:4384;disk:102400;ports:[31000-32000];cpus(dse):1;mem(dse):12000"
        );
        let more = AgentSpec { mem: 8192.0, ..agent };
        let cluster = ClusterSpec { agents: vec![more], ..ClusterSpec::default() };
        assert_eq!(cluster.problem().as_deref(), Some("mem: -3808 is no amount of anything"));
    }
}
