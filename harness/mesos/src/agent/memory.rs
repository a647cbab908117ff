//! An agent that holds containers to the memory that they asked for (isolation `cgroups/mem`). Nothing measures memory
//! here: a Java heap that is as large as its container's memory counts as used up while its program comes up.

use stacklab_machine::{Outbox, Time};

use super::AgentOutput;
use super::container::Container;
use super::machine::Agent;
use crate::ids::ContainerId;
use crate::resources::{Resource, Value};
use crate::v1::Reason;

impl Agent {
    /// Ends a container whose program needs more memory than it has.
    pub(super) fn hold_to_memory(&mut self, now: Time, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get(id).filter(|_| self.config.limits_memory) else { return };
        let limit = memory(container);
        if heap(container).is_none_or(|heap| heap < limit) {
            return;
        }
        let text = format!("Memory limit exceeded: Requested: {limit}MB Maximum Used: {limit}MB");
        self.destroy(now, id, Some((Reason::ContainerLimitationMemory, text)), out);
    }
}

/// The `-Xmx` of a custom executor's command line, in MB.
fn heap(container: &Container) -> Option<f64> {
    let command = container.executor.as_ref()?.command.as_ref()?.value.as_ref()?;
    let option = command.split(' ').find_map(|word| word.strip_prefix("-Xmx"))?;
    let number = |end: char| option.strip_suffix(end)?.parse::<f64>().ok();
    number('m').or_else(|| Some(number('g')? * 1024.0))
}

/// What its executor and tasks asked for, in MB.
fn memory(container: &Container) -> f64 {
    let own = container.executor.iter().flat_map(|executor| executor.resources.iter());
    let tasks = container.tasks.values().flat_map(|task| task.info.resources.iter());
    let amount = |resource: &Resource| match &resource.value {
        Value::Scalar(amount) if resource.name.as_str() == "mem" => amount.to_f64(),
        _ => 0.0,
    };
    own.chain(tasks).map(amount).sum()
}
