//! A bag of resources: merging, taking apart, comparing.

use std::fmt;
use std::sync::Arc;

use super::{Ranges, Resource, Scalar, Value, Word};

/// Resources of any names and roles. Entries that agree in name, kind and role are one; empty ones are dropped.
/// Their order is always the same (cpus, mem, disk, gpus, ports, others), where Mesos' own depends on what was
/// added last: the same resources print the same text.
///
/// A clone costs nothing until one of the two is changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources(Arc<Vec<Resource>>);

impl Value {
    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.milli() <= 0,
            Self::Ranges(ranges) => ranges.is_empty(),
            Self::Set(set) => set.is_empty(),
        }
    }

    fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => *a += *b,
            (Self::Ranges(a), Self::Ranges(b)) => a.add(b),
            (Self::Set(a), Self::Set(b)) => {
                a.extend(b.iter().cloned());
                a.sort();
                a.dedup();
            }
            _ => {}
        }
    }

    fn subtract(&mut self, other: &Self) {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => *a = (*a - *b).max(Scalar::ZERO),
            (Self::Ranges(a), Self::Ranges(b)) => a.subtract(b),
            (Self::Set(a), Self::Set(b)) => a.retain(|item| !b.contains(item)),
            _ => {}
        }
    }

    fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => a >= b,
            (Self::Ranges(a), Self::Ranges(b)) => a.contains(b),
            (Self::Set(a), Self::Set(b)) => b.iter().all(|item| a.contains(item)),
            _ => false,
        }
    }
}

impl Resources {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Exactly these entries, zero and negative ones too: what a client wrote, to be validated before use.
    pub(crate) fn as_written(entries: Vec<Resource>) -> Self {
        Self(Arc::new(entries))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries.
    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.0.iter()
    }

    /// Adds one entry; an empty, zero or negative one changes nothing.
    pub fn add_resource(&mut self, resource: &Resource) {
        if resource.value.is_empty() {
            return;
        }
        let entries = Arc::make_mut(&mut self.0);
        match position(entries, resource) {
            Some(at) => entries[at].value.add(&resource.value),
            None => {
                let at = entries.partition_point(|entry| entry.rank() < resource.rank());
                entries.insert(at, resource.clone());
            }
        }
    }

    /// Adds everything of `other`.
    pub fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0 = Arc::clone(&other.0);
            return;
        }
        for resource in other.iter() {
            self.add_resource(resource);
        }
    }

    /// Takes away what `other` has, as far as it is there: nothing gets below zero.
    pub fn subtract(&mut self, other: &Self) {
        if other.is_empty() || self.is_empty() {
            return;
        }
        if self.0 == other.0 {
            *self = Self::new();
            return;
        }
        let entries = Arc::make_mut(&mut self.0);
        for resource in other.iter() {
            if let Some(at) = position(entries, resource) {
                entries[at].value.subtract(&resource.value);
                if entries[at].value.is_empty() {
                    entries.remove(at);
                }
            }
        }
    }

    /// Whether everything of `other` is in here, under the same roles.
    pub fn contains(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || other.iter().all(|wanted| {
                position(&self.0, wanted).is_some_and(|at| self.0[at].value.contains(&wanted.value))
            })
    }

    /// Sum of a scalar over all roles; zero if there is none.
    pub fn scalar(&self, name: &str) -> Scalar {
        self.iter()
            .filter(|resource| resource.name == name)
            .map(|resource| if let Value::Scalar(scalar) = resource.value { scalar } else { Scalar::ZERO })
            .fold(Scalar::ZERO, |sum, scalar| sum + scalar)
    }

    /// `cpus` over all roles.
    pub fn cpus(&self) -> f64 {
        self.scalar("cpus").to_f64()
    }

    /// `mem` over all roles, in MB.
    pub fn mem(&self) -> f64 {
        self.scalar("mem").to_f64()
    }

    /// `disk` over all roles, in MB.
    pub fn disk(&self) -> f64 {
        self.scalar("disk").to_f64()
    }

    /// Ranges of that name over all roles.
    pub fn ranges(&self, name: &str) -> Ranges {
        let mut all = Ranges::default();
        for resource in self.iter().filter(|resource| resource.name == name) {
            if let Value::Ranges(ranges) = &resource.value {
                if all.is_empty() { all.clone_from(ranges) } else { all.add(ranges) }
            }
        }
        all
    }

    /// `ports` over all roles.
    pub fn ports(&self) -> Ranges {
        self.ranges("ports")
    }

    /// What one role may use: unreserved resources and those reserved for it or for one of its parents.
    #[must_use]
    pub fn usable_by(&self, role: &str) -> Self {
        if self.iter().all(|resource| resource.usable_by(role)) {
            return self.clone();
        }
        Self(Arc::new(self.iter().filter(|resource| resource.usable_by(role)).cloned().collect()))
    }

    /// The entries reserved for exactly this role (`*`: the unreserved ones).
    #[must_use]
    pub fn of_role(&self, role: &str) -> Self {
        Self(Arc::new(self.iter().filter(|resource| resource.role == *role).cloned().collect()))
    }

    /// Every role that has something here.
    pub fn roles(&self) -> impl Iterator<Item = &Word> {
        self.iter().map(|resource| &resource.role)
    }

    /// Text form with the role they are allocated to, as Mesos 1.11 prints it in errors:
    /// `cpus(allocated: *):4; mem(allocated: *):32`.
    pub fn allocated_to(&self, role: &str) -> String {
        let text: Vec<_> =
            self.iter().map(|resource| resource.text(&format!("(allocated: {role})"))).collect();
        text.join("; ")
    }
}

impl Resource {
    /// Where it stands among others.
    fn rank(&self) -> (usize, &str, &str) {
        let known = ["cpus", "mem", "disk", "gpus", "ports"];
        let place = known.iter().position(|name| self.name == *name).unwrap_or(known.len());
        (place, &self.name, &self.role)
    }

    fn usable_by(&self, role: &str) -> bool {
        self.role == Word::STAR
            || self.role == *role
            || role.strip_prefix(self.role.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    fn text(&self, allocation: &str) -> String {
        let (name, role) = (&self.name, &self.role);
        let reservation =
            if role == "*" { String::new() } else { format!("(reservations: [(STATIC,{role})])") };
        let value = match &self.value {
            Value::Scalar(scalar) => scalar.to_string(),
            Value::Ranges(ranges) => ranges.to_string(),
            Value::Set(set) => format!("{{{}}}", set.join(", ")),
        };
        format!("{name}{allocation}{reservation}:{value}")
    }
}

fn position(entries: &[Resource], like: &Resource) -> Option<usize> {
    entries.iter().position(|entry| {
        entry.name == like.name && entry.role == like.role && entry.value.same_kind(&like.value)
    })
}

impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(items: I) -> Self {
        let mut all = Self::new();
        for resource in items {
            all.add_resource(&resource);
        }
        all
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(""))
    }
}

/// `cpus:4; mem:1024; ports:[31000-32000]`; `{}` when empty, as Mesos prints it.
impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("{}");
        }
        for (index, resource) in self.iter().enumerate() {
            write!(f, "{}{resource}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}
