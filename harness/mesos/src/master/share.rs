//! Quantities and dominant shares, for the fair sorting of roles and frameworks.

use crate::resources::{Resources, Scalar, Value, Word};

/// The scalar part of some resources, whatever their roles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Quantities {
    cpus: Scalar,
    mem: Scalar,
    disk: Scalar,
    other: Vec<(Word, Scalar)>,
}

impl Quantities {
    pub(crate) fn add(&mut self, resources: &Resources) {
        self.each(resources, |slot, amount| *slot += amount);
    }

    pub(crate) fn subtract(&mut self, resources: &Resources) {
        self.each(resources, |slot, amount| *slot = (*slot - amount).max(Scalar::ZERO));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.cpus += other.cpus;
        self.mem += other.mem;
        self.disk += other.disk;
        for (name, amount) in &other.other {
            *self.slot(name) += *amount;
        }
    }

    /// The largest part that this is of any of the total's quantities.
    pub(crate) fn dominant_share(&self, total: &Self) -> f64 {
        let part = |mine: Scalar, all: Scalar| {
            if all.milli() > 0 { mine.milli() as f64 / all.milli() as f64 } else { 0.0 }
        };
        let mut share = part(self.cpus, total.cpus).max(part(self.mem, total.mem));
        share = share.max(part(self.disk, total.disk));
        for (name, amount) in &self.other {
            let all = total.other.iter().find(|(other, _)| other == name);
            share = share.max(part(*amount, all.map_or(Scalar::ZERO, |(_, all)| *all)));
        }
        share
    }

    fn each(&mut self, resources: &Resources, change: impl Fn(&mut Scalar, Scalar)) {
        for resource in resources.iter() {
            if let Value::Scalar(amount) = resource.value {
                change(self.slot(&resource.name), amount);
            }
        }
    }

    fn slot(&mut self, name: &Word) -> &mut Scalar {
        match name.as_str() {
            "cpus" => &mut self.cpus,
            "mem" => &mut self.mem,
            "disk" => &mut self.disk,
            _ => {
                let at = self.other.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
                    self.other.push((name.clone(), Scalar::ZERO));
                    self.other.len() - 1
                });
                &mut self.other[at].1
            }
        }
    }
}
