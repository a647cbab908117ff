//! What becomes of the states of tasks.

use stacklab_machine::process::Output;
use stacklab_mesos::{SchedulerCall, TaskState, TaskStatus};

use crate::framework::{Framework, Out, Said};

impl Framework {
    pub(crate) fn take_update(&mut self, status: &TaskStatus, out: &mut Out) {
        if let (Some(uuid), Some(agent_id)) = (status.uuid, status.agent_id.clone()) {
            let task_id = status.task_id.clone();
            out.push(Output::Mesos(Said::Mesos(SchedulerCall::Acknowledge { agent_id, task_id, uuid })));
        }
        let (task, state) = (&status.task_id, status.state);
        out.push(Output::Log(format!("[StatusUpdate] {task} {state}")));
        if state == TaskState::Finished {
            out.push(Output::Mesos(Said::Mesos(SchedulerCall::Revive { roles: Vec::new() })));
        }
        let Some((id, rest)) = task.as_str().split_once('|') else {
            return self.unexpected(task.as_str(), out);
        };
        let Some(staged) = self.staged.get_mut(id) else {
            let line = "Received status update that was not handled by any Mesos Task Runner";
            return out.push(Output::Log(format!("{line}: {task} {state}")));
        };
        let Some((host, _)) = rest.split_once('|') else {
            return self.unexpected(task.as_str(), out);
        };
        if let Some(result) = staged.update(status, host) {
            let call = staged.call;
            self.staged.remove(id);
            self.reply_ran(call, result, out);
        }
    }

    /// A task id that is none of ours: the original's whole server dies.
    fn unexpected(&mut self, task: &str, out: &mut Out) {
        let text = format!("Unexpected task ID {task}");
        if self.config.faithful {
            out.push(Output::Log(format!("panic: {text}")));
            self.exit(2, out);
        } else {
            out.push(Output::Log(text));
        }
    }
}
