//! The values of resources: numbers with three decimals, ranges, sets.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A quantity in thousandths: Mesos rounds every scalar to three decimals, so that sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scalar(i64);

impl Scalar {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From thousandths.
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// Rounded to the nearest thousandth; values that do not fit are cut to the ends, no number is 0.
    pub fn new(value: f64) -> Self {
        Self((value * 1000.0).round() as i64)
    }

    /// In thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// As Mesos prints it in JSON.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Scalar {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Without needless zeros: `4`, `0.5`, `0.125`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, milli) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, rest) = (milli / 1000, milli % 1000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{rest:03}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Inclusive ranges, always sorted and merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Sorts and merges; a pair that ends before it begins is dropped.
    pub fn new(pairs: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().filter(|(begin, end)| begin <= end).collect();
        pairs.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(pairs.len());
        for (begin, end) in pairs {
            match merged.last_mut() {
                Some(last) if begin <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((begin, end)),
            }
        }
        Self(merged)
    }

    /// The pairs, ascending, with gaps between them.
    pub fn pairs(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum: u64, (begin, end)| sum.saturating_add((end - begin).saturating_add(1)))
    }

    /// The values one by one, ascending.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|(begin, end)| *begin..=*end)
    }

    /// Whether the value is in one of the ranges.
    pub fn contains_value(&self, value: u64) -> bool {
        self.0.iter().any(|(begin, end)| (*begin..=*end).contains(&value))
    }

    /// Whether all of `other` is in here.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.iter().all(|(begin, end)| self.0.iter().any(|(b, e)| b <= begin && end <= e))
    }

    /// Adds the values of `other`.
    pub fn add(&mut self, other: &Self) {
        *self = Self::new(self.0.iter().chain(&other.0).copied());
    }

    /// Takes the values of `other` away, as far as they are there.
    pub fn subtract(&mut self, other: &Self) {
        let mut left = Vec::with_capacity(self.0.len() + 1);
        for (begin, end) in &self.0 {
            let mut next = Some(*begin);
            for (b, e) in other.0.iter().filter(|(b, e)| b <= end && e >= begin) {
                let Some(from) = next else { break };
                if *b > from {
                    left.push((from, b - 1));
                }
                next = e.checked_add(1).filter(|after| after <= end);
            }
            if let Some(from) = next {
                left.push((from, *end));
            }
        }
        self.0 = left;
    }
}

/// `[31000-31005, 31010-32000]`
impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, (begin, end)) in self.0.iter().enumerate() {
            write!(f, "{}{begin}-{end}", if index > 0 { ", " } else { "" })?;
        }
        f.write_str("]")
    }
}
