//! What the originals are known not to survive, seen in the timeline. Our machines play it on purpose: that a stack does
//! not come up again for one of these reasons is no fault of theirs.

use std::collections::BTreeMap;

use stacklab_machine::timeline::{Event, What};

/// The first limit that a run has come to.
pub(super) fn known(events: &[Event]) -> Option<&'static str> {
    let limits: [(&str, fn(&[Event]) -> bool); 2] = [
        ("a scheduler came back as another framework", came_back_as_another),
        ("an address was lost when tasks were reconciled", address_lost),
    ];
    limits.into_iter().find(|(_, is_so)| is_so(events)).map(|(limit, _)| limit)
}

/// The state of the DSE and Zipkin schedulers lies in their sandbox: with the next task they are a new framework, which
/// knows of no instance, and the old one keeps what it had.
fn came_back_as_another(events: &[Event]) -> bool {
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    events.iter().any(|event| match &event.what {
        What::FrameworkSubscribed { framework, name, .. } => {
            let before = ids.insert(name, framework);
            before.is_some_and(|before| before != framework)
        }
        _ => false,
    })
}

/// A node's address is taken from a status' slave, which a reconciled status need not have: it is empty then, and whoever
/// asks for contact points gets `:31100`.
fn address_lost(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(&event.what, What::Log { line } if line.contains("(tried: :")))
}
