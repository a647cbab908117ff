//! The server's own framework: what of its answers goes to runs, to clients, and into the record.

use stacklab_machine::Time;
use stacklab_machine::process::{CallId, ExchangeId, Input, Output};

use super::{Asked, Out, Server, Waiting, reply};
use crate::{OnceReply, OnceRequest, ScheduledTask, go_json};

impl Server {
    /// What the framework says.
    pub(super) fn once(&mut self, now: Time, reply: OnceReply, out: &mut Out) {
        match reply {
            OnceReply::Ran { call, result } => {
                if let Some(Waiting::Run { id, call }) = self.waiting.remove(&call) {
                    self.tell_run(now, id, Input::Mesos(OnceReply::Ran { call, result }), out);
                }
            }
            OnceReply::Listed { call, tasks } => {
                if let Some(Waiting::Scheduled(exchange)) = self.waiting.remove(&call) {
                    self.respond(exchange, reply::plain(200, to_json(&tasks)), out);
                }
            }
            OnceReply::Removed { call, found } => {
                if let Some(Waiting::Removed { exchange, task }) = self.waiting.remove(&call) {
                    self.removed(exchange, task, found, out);
                }
            }
            OnceReply::Registered { framework_id } => {
                if self.record.framework_id != framework_id {
                    self.record.framework_id = framework_id;
                    self.save_record(out);
                }
            }
        }
    }

    /// Lists what is scheduled: nothing, where there is no framework.
    pub(super) fn scheduled(&mut self, exchange: ExchangeId, out: &mut Out) {
        if !self.config.run_once {
            return self.respond(exchange, reply::plain(200, to_json(&[])), out);
        }
        let call = self.number(Waiting::Scheduled(exchange));
        ask(OnceRequest::List { call }, out);
    }

    /// Removes a scheduled task.
    pub(super) fn remove_scheduled(&mut self, exchange: ExchangeId, task: i64, out: &mut Out) {
        if !self.config.run_once {
            return self.removed(exchange, task, false, out);
        }
        let call: CallId = self.number(Waiting::Removed { exchange, task });
        ask(OnceRequest::Remove { call, id: task }, out);
    }

    fn removed(&mut self, exchange: ExchangeId, task: i64, found: bool, out: &mut Out) {
        let response = if found {
            reply::plain(200, format!("{task} deleted"))
        } else {
            reply::plain(404, format!("Task {task} not found"))
        };
        self.respond(exchange, response, out);
    }
}

fn ask(request: OnceRequest, out: &mut Out) {
    out.push(Output::Mesos(Asked::Once(request)));
}

/// As `/scheduled` answers it.
fn to_json(tasks: &[ScheduledTask]) -> String {
    let task = |task: &ScheduledTask| {
        let mut json = format!("{{\"id\":{}", task.id);
        let texts =
            [("name", &task.name), ("start_time", &task.start_time), ("time_schedule", &task.time_schedule)];
        for (key, text) in texts {
            json.push_str(&format!(",\"{key}\":"));
            go_json::write_string(text, &mut json);
        }
        json.push('}');
        json
    };
    format!("[{}]", tasks.iter().map(task).collect::<Vec<_>>().join(","))
}
