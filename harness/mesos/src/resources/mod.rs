//! Resources and attributes: exact arithmetic, containment, their text forms and the format of agent flags.
//!
//! Left out, because nothing here asks for it: dynamic reservations, volumes, revocable and shared resources.

mod arithmetic;
mod flags;
mod json;
mod value;
mod word;

pub use arithmetic::Resources;
pub use flags::{BadFlag, parse_attributes};
pub use json::{Attribute, AttributeValue};
pub use value::{Ranges, Scalar};
pub use word::Word;

/// One resource: a name, a value, and the role it is reserved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `cpus`, `mem` (MB), `disk` (MB), `ports`, `gpus`, or any other.
    pub name: Word,
    /// How much.
    pub value: Value,
    /// The role it is (statically) reserved for; `*` for none.
    pub role: Word,
}

/// Value of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A quantity.
    Scalar(Scalar),
    /// Numbers, such as ports.
    Ranges(Ranges),
    /// Names; sorted, each once.
    Set(Vec<String>),
}

impl Resource {
    /// An unreserved quantity.
    pub fn scalar(name: &str, value: f64) -> Self {
        Self { name: name.into(), value: Value::Scalar(Scalar::new(value)), role: Word::STAR }
    }

    /// Unreserved ranges.
    pub fn ranges(name: &str, pairs: impl IntoIterator<Item = (u64, u64)>) -> Self {
        Self { name: name.into(), value: Value::Ranges(Ranges::new(pairs)), role: Word::STAR }
    }

    /// The same, reserved for a role.
    #[must_use]
    pub fn reserved(mut self, role: &str) -> Self {
        self.role = role.into();
        self
    }
}

#[cfg(test)]
mod tests;
