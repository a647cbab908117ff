//! The rules: each looks at one question and gives the causes that the timeline shows for it. They know nothing of each
//! other; [`chain`](crate::chain) puts their answers together.

mod already;
mod data_plane;
mod placement;
mod ports;
mod registration;
mod running;
mod stack;
mod starting;
mod tasks;

use crate::question::{Candidate, Question};
use crate::view::View;

/// A rule.
pub(crate) type Rule = for<'a, 'b, 'c, 'd> fn(&'b View<'a>, &'c Question<'a>, &'d mut Vec<Candidate<'a>>);

/// All of them.
pub(crate) const ALL: [Rule; 14] = [
    stack::of_stack,
    stack::of_application,
    already::there,
    registration::of_scheduler,
    registration::of_storage,
    placement::of_instance,
    ports::of_holder,
    starting::of_instance,
    starting::of_ensemble,
    tasks::of_task,
    running::of_application,
    running::of_instance,
    running::of_task,
    data_plane::of_traces,
];
