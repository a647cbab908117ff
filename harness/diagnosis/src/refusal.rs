//! What a framework lacks in an offer, out of its own words.

/// Kinds of reasons for which an offer was not taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lack<'a> {
    /// So many CPUs are wanted.
    Cpus(f64),
    /// So many MB are wanted.
    Mem(f64),
    /// A port is not there; DSE says which of its five.
    Port(Option<&'a str>),
    /// It has to go where it was.
    Sticky,
    /// There may be one for each value of this attribute.
    Unique(&'a str),
    /// The agent has no such attribute.
    NoAttribute(&'a str),
    /// Another constraint: the attribute, and the condition.
    Constraint(&'a str, &'a str),
    /// Tasks of before are not found again yet.
    Reconciling,
    /// Another instance is starting.
    Starting(&'a str),
    /// It failed before, and waits.
    Backoff,
    /// There is nothing to place.
    Nothing,
    /// Words that are not known.
    Other(&'a str),
}

impl<'a> Lack<'a> {
    /// Reads a reason of the instance; its name may stand before it.
    pub(crate) fn read(instance: &str, reason: &'a str) -> Self {
        let text = reason.strip_prefix(instance).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason);
        if let Some(lack) = marathon(text) {
            return lack;
        }
        if let Some(name) = text.strip_prefix("no ") {
            return without(name);
        }
        if let Some((name, condition)) = text.split_once(" doesn't match ") {
            return if condition == "unique" {
                Self::Unique(name)
            } else {
                Self::Constraint(name, condition)
            };
        }
        if text.contains("stickiness host") {
            return Self::Sticky;
        }
        if let Some((left, wanted)) = text.split_once(" < ") {
            let wanted = wanted.parse().unwrap_or(0.0);
            return match left.split(' ').next() {
                Some("cpus") => Self::Cpus(wanted),
                Some("mem") => Self::Mem(wanted),
                _ => Self::Other(text),
            };
        }
        match text {
            "reconciling" => Self::Reconciling,
            "waits for its backoff" => Self::Backoff,
            _ if text.ends_with(" is starting") => Self::Starting(text.trim_end_matches(" is starting")),
            _ if text.starts_with("all ") && text.ends_with(" are running") => Self::Nothing,
            _ => Self::Other(text),
        }
    }
}

fn without(name: &str) -> Lack<'_> {
    match name {
        "suitable port" => Lack::Port(None),
        "tasks to launch" | "nodes to start" => Lack::Nothing,
        "cpus" => Lack::Cpus(0.0),
        "mem" => Lack::Mem(0.0),
        _ => match name.strip_prefix("suitable ").and_then(|name| name.strip_suffix(" port")) {
            Some(which) => Lack::Port(Some(which)),
            None => Lack::NoAttribute(name),
        },
    }
}

/// Marathon's words: `InsufficientCpus: wants 1, offered 0.5`, `UnfulfilledConstraint: rack CLUSTER a, offered b`.
fn marathon(text: &str) -> Option<Lack<'_>> {
    let (name, rest) = text.split_once(": ")?;
    let wanted = || {
        let number = rest.trim_start_matches("wants ").split([' ', ',']).next();
        number.and_then(|number| number.parse().ok()).unwrap_or(0.0)
    };
    match name {
        "InsufficientCpus" => Some(Lack::Cpus(wanted())),
        "InsufficientMemory" => Some(Lack::Mem(wanted())),
        "InsufficientPorts" => Some(Lack::Port(None)),
        "UnfulfilledConstraint" => {
            let (words, offered) = rest.split_once(", offered").unwrap_or((rest, ""));
            let (attribute, condition) = words.split_once(' ').unwrap_or((words, ""));
            Some(match (condition, offered.trim()) {
                (_, "" | "nothing") => Lack::NoAttribute(attribute),
                ("UNIQUE", _) => Lack::Unique(attribute),
                _ => Lack::Constraint(attribute, condition),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_words_of_all_frameworks() {
        for (instance, reason, expected) in [
            ("node 70", "node 70: mem < 40000", Lack::Mem(40000.0)),
            ("server 7", "server 7: mem 3000.0 < 4096.0", Lack::Mem(4096.0)),
            ("broker 7", "broker 7: cpus < 8.0", Lack::Cpus(8.0)),
            ("broker 7", "broker 7: no suitable port", Lack::Port(None)),
            ("node 7", "node 7: no suitable cql port", Lack::Port(Some("cql"))),
            ("node 7", "node 7: no rack", Lack::NoAttribute("rack")),
            ("server 7", "server 7: hostname doesn't match unique", Lack::Unique("hostname")),
            ("server 7", "server 7: rack doesn't match like:r1", Lack::Constraint("rack", "like:r1")),
            ("node 7", "node 7: hostname != stickiness hostname", Lack::Sticky),
            ("web instance 0", "web instance 0: b != stickiness host: Some(a)", Lack::Sticky),
            ("", "node 70 is starting", Lack::Starting("node 70")),
            ("", "reconciling", Lack::Reconciling),
            ("", "all servers are running", Lack::Nothing),
            ("/a", "InsufficientPorts: wants 31991, offered [31000-31990]", Lack::Port(None)),
            ("/a", "InsufficientMemory: wants 512 MB, offered 100 MB", Lack::Mem(512.0)),
            ("/a", "UnfulfilledConstraint: hostname UNIQUE, offered h", Lack::Unique("hostname")),
            ("/a", "UnfulfilledConstraint: rack LIKE r1, offered r2", Lack::Constraint("rack", "LIKE r1")),
            ("/a", "waits for its backoff", Lack::Backoff),
            ("x", "what else", Lack::Other("what else")),
        ] {
            assert_eq!(Lack::read(instance, reason), expected, "{reason}");
        }
    }
}
