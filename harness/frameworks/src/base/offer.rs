//! Offers as the frameworks look at them, and what they take out of one.

use super::Range;

/// An offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// The agent's id (`slaveId` in the frameworks' documents).
    pub agent: String,
    /// The agent's host name.
    pub host: String,
    /// The agent's **text** attributes; scalars, ranges and sets are invisible to the frameworks.
    pub attributes: Vec<(String, String)>,
    /// Resources, in the order in which they were offered.
    pub resources: Vec<Resource>,
}

/// One resource: offered, or asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `cpus`, `mem` (MB), `ports`, `disk` (MB), ….
    pub name: String,
    /// The role it is reserved for; `*` if for none.
    pub role: String,
    /// How much.
    pub amount: Amount,
}

/// Amount of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// A number.
    Scalar(f64),
    /// Ranges, such as ports.
    Ranges(Vec<Range>),
}

impl Resource {
    /// A number, unreserved.
    pub fn scalar(name: &str, value: f64) -> Self {
        Self { name: name.into(), role: "*".into(), amount: Amount::Scalar(value) }
    }

    /// One port, unreserved.
    pub fn port(port: u32) -> Self {
        let range = Range { start: port, end: port };
        Self { name: "ports".into(), role: "*".into(), amount: Amount::Ranges(vec![range]) }
    }

    /// The same, for a role.
    #[must_use]
    pub fn for_role(mut self, role: &str) -> Self {
        self.role = role.into();
        self
    }
}

impl Offer {
    /// What constraints look at: `hostname`, or a text attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        if name == "hostname" {
            return Some(&self.host);
        }
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The number of this name that is listed **last**, whatever its role: what Exhibitor, DSE and Zipkin see.
    pub fn last_scalar(&self, name: &str) -> Option<f64> {
        self.resources.iter().rev().filter(|resource| resource.name == name).find_map(Resource::number)
    }

    /// The number of this name and role.
    pub fn scalar_of(&self, name: &str, role: &str) -> Option<f64> {
        let fits = |resource: &&Resource| resource.name == name && resource.role == role;
        self.resources.iter().filter(fits).find_map(Resource::number)
    }

    /// All offered port ranges, in the order of the offer.
    pub fn ports(&self) -> Vec<Range> {
        self.ranges(|_| true)
    }

    /// The port ranges of one role.
    pub fn ports_of(&self, role: &str) -> Vec<Range> {
        self.ranges(|resource| resource.role == role)
    }

    fn ranges(&self, fits: impl Fn(&Resource) -> bool) -> Vec<Range> {
        let ports = self.resources.iter().filter(|resource| resource.name == "ports" && fits(resource));
        let mut all = Vec::new();
        for resource in ports {
            if let Amount::Ranges(ranges) = &resource.amount {
                all.extend_from_slice(ranges);
            }
        }
        all
    }

    /// `cpus:4.0 mem:16384.0 ports:31000..32000`, for logs and the timeline.
    pub fn summary(&self) -> String {
        let parts: Vec<String> = self.resources.iter().map(Resource::summary).collect();
        parts.join(" ")
    }

    /// The host and the end of the offer's id: how Kafka's log names an offer.
    pub fn short_name(&self) -> String {
        let start = self.id.char_indices().rev().nth(4).map_or(0, |(at, _)| at);
        format!("{}#{}", self.host, &self.id[start..])
    }
}

impl Resource {
    fn number(&self) -> Option<f64> {
        if let Amount::Scalar(value) = self.amount { Some(value) } else { None }
    }

    fn summary(&self) -> String {
        let role = if self.role == "*" { String::new() } else { format!("({})", self.role) };
        match &self.amount {
            Amount::Scalar(value) => format!("{}{role}:{value:?}", self.name),
            Amount::Ranges(ranges) => format!("{}{role}:{}", self.name, Range::print_list(ranges)),
        }
    }
}

/// Whether an offer has enough of `cpus` or `mem`, with Exhibitor's and Zipkin's words if not.
pub fn enough(name: &str, wanted: f64, offer: &Offer) -> Result<(), String> {
    match offer.last_scalar(name) {
        None => Err(format!("no {name}")),
        Some(offered) if offered < wanted => Err(format!("{name} {offered:?} < {wanted:?}")),
        Some(_) => Ok(()),
    }
}

/// A start that is asked of Mesos: one task in an executor of the framework's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// Task id.
    pub task_id: String,
    /// Task name.
    pub task_name: String,
    /// Executor id.
    pub executor_id: String,
    /// Executor name.
    pub executor_name: String,
    /// The executor's shell command.
    pub command: String,
    /// What the executor needs in its sandbox.
    pub artifacts: Vec<Artifact>,
    /// The executor's environment.
    pub env: Vec<(String, String)>,
    /// What the task takes out of the offer.
    pub resources: Vec<Resource>,
    /// Task data, for the executor.
    pub data: Vec<u8>,
}

/// A file that the agent fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Where it is; the schedulers serve their own.
    pub uri: String,
    /// Whether it is unpacked if it is an archive.
    pub extract: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_the_frameworks_see() {
        let offer = Offer {
            id: "20160301-1-O12345".into(),
            agent: "S0".into(),
            host: "slave0".into(),
            attributes: vec![("rack".into(), "r1".into())],
            resources: vec![
                Resource::scalar("cpus", 4.0),
                Resource::scalar("cpus", 1.0).for_role("kafka"),
                Resource::port(31000),
                Resource::port(31005).for_role("kafka"),
            ],
        };
        assert_eq!(offer.last_scalar("cpus"), Some(1.0));
        assert_eq!(offer.last_scalar("mem"), None);
        assert_eq!(offer.scalar_of("cpus", "*"), Some(4.0));
        assert_eq!(Range::print_list(&offer.ports()), "31000,31005");
        assert_eq!(Range::print_list(&offer.ports_of("kafka")), "31005");
        assert_eq!((offer.attribute("hostname"), offer.attribute("rack")), (Some("slave0"), Some("r1")));
        assert_eq!(offer.summary(), "cpus:4.0 cpus(kafka):1.0 ports:31000 ports(kafka):31005");
        assert_eq!(offer.short_name(), "slave0#12345");
    }
}
