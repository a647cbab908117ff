//! What a program finds around itself when it starts: environment, sandbox, host.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::{Pace, Rng};

/// The surroundings of a program.
#[derive(Clone, Debug)]
pub struct Context {
    /// Environment, with what Mesos adds (`HOST`, `PORT0`, `MESOS_FRAMEWORK_ID`, …).
    pub env: BTreeMap<String, String>,
    /// Names in the sandbox; directories end in `/`. See [`crate::registry::artifacts`] for what archives unpack to.
    pub files: BTreeSet<String>,
    /// Name or address of the host: what an agent calls itself in offers.
    pub host: String,
    /// Whom the program runs as.
    pub user: String,
    /// Random numbers of this program, for ids.
    pub rng: Rng,
    /// How fast the waits pass that decide nothing.
    pub pace: Pace,
}

impl Context {
    /// A context with nothing in it, for a host.
    pub fn new(host: impl Into<String>, rng: Rng, pace: Pace) -> Self {
        Self {
            env: BTreeMap::new(),
            files: BTreeSet::new(),
            host: host.into(),
            user: "root".into(),
            rng,
            pace,
        }
    }

    /// A variable of the environment.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// The first file (no directory) of the sandbox, by name, that a test accepts. With several the original takes
    /// whichever the file system lists first; here that is the alphabetical first.
    pub fn file(&self, accepts: impl Fn(&str) -> bool) -> Option<&str> {
        self.files.iter().map(String::as_str).find(|name| !name.contains('/') && accepts(name))
    }

    /// The first file that begins and ends so: the masks of the originals (`kafka-mesos.*\.jar`).
    pub fn file_like(&self, start: &str, end: &str) -> Option<&str> {
        self.file(|name| {
            name.starts_with(start) && name.ends_with(end) && name.len() >= start.len() + end.len()
        })
    }

    /// Whether there is a directory of this name.
    pub fn has_directory(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
    }
}
