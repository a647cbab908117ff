//! What is done in every run: cases of each request, and of everything that was once found to differ.

mod broken;
mod client;
mod fetch;
mod groups;
mod metadata;
mod orders;
mod other;
mod produce;
mod topics;

use crate::op::Op;

/// A name, and what is done.
pub(crate) type Script = (&'static str, Vec<Op>);

/// With the second pair of brokers.
pub(crate) fn others() -> Vec<Script> {
    vec![("other settings", other::settings())]
}

/// After everything else: nothing is as it was.
pub(crate) fn last() -> Vec<Script> {
    vec![("leaving", orders::leaving())]
}

pub(crate) fn all() -> Vec<Script> {
    vec![
        ("start", metadata::start()),
        ("metadata", metadata::names()),
        ("produce", produce::plain()),
        ("packed", produce::packed_sets()),
        ("bad sets", produce::bad()),
        ("acks", produce::acks()),
        ("fetch", fetch::boundaries()),
        ("waits", fetch::waits()),
        ("wakes", fetch::wakes()),
        ("offsets", fetch::offsets_of_segments()),
        ("groups", groups::coordinated()),
        ("groups in ZooKeeper", groups::in_zookeeper()),
        ("broken", broken::frames()),
        ("cut", broken::cut()),
        ("orders", orders::from_a_client()),
        ("topics", topics::changed_in_zookeeper()),
        // Behind the orders, by which clients would look for their broker elsewhere.
        ("client", client::calls()),
        ("end", metadata::end()),
        ("nulls", broken::nulls()),
    ]
}
