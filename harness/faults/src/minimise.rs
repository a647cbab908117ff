//! Makes a plan smaller as long as it does what it did.

use crate::Fault;

/// The smallest plan that can be reached by leaving out faults, in ever smaller groups (Zeller's ddmin, 1999), for
/// which `still_fails` is true. No single fault of it can be left out. The plan itself is taken to fail; what comes
/// back was tried, unless nothing could be left out.
///
/// `still_fails` runs at most about n² times for n faults, mostly about n log n.
pub fn minimise(plan: &[Fault], mut still_fails: impl FnMut(&[Fault]) -> bool) -> Vec<Fault> {
    let mut plan = plan.to_vec();
    if plan.is_empty() || still_fails(&[]) {
        return Vec::new();
    }
    let mut groups = 2;
    while plan.len() >= 2 {
        let size = plan.len().div_ceil(groups);
        match smaller(&plan, size, &mut still_fails) {
            Some(Smaller::Part(part)) => (plan, groups) = (part, 2),
            Some(Smaller::Rest(rest)) => (plan, groups) = (rest, groups.saturating_sub(1).max(2)),
            None if size == 1 => break,
            None => groups = (groups * 2).min(plan.len()),
        }
    }
    plan
}

enum Smaller {
    /// One group alone is enough.
    Part(Vec<Fault>),
    /// One group is not needed.
    Rest(Vec<Fault>),
}

fn smaller(plan: &[Fault], size: usize, still_fails: &mut impl FnMut(&[Fault]) -> bool) -> Option<Smaller> {
    if let Some(part) = plan.chunks(size).find(|part| part.len() < plan.len() && still_fails(part)) {
        return Some(Smaller::Part(part.to_vec()));
    }
    for start in (0..plan.len()).step_by(size) {
        let end = (start + size).min(plan.len());
        let rest = [&plan[..start], &plan[end..]].concat();
        // With two groups the rest of one is the other, which has been tried.
        if plan.len() > 2 * size && still_fails(&rest) {
            return Some(Smaller::Rest(rest));
        }
    }
    None
}
