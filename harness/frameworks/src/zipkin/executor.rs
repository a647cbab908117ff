//! The executor: starts one component, says RUNNING as soon as its process is there, and tells when it is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::service::{ServiceEvent, ServiceSpec, ZipkinSpec};
use stacklab_mesos::TaskInfo;

use super::component::of_task;
use super::instance::Config;
use crate::base::{Hands, TaskState, TextMap, Work};

/// The executor of Zipkin-Mesos.
#[derive(Debug, Default)]
pub struct ZipkinExecutor {
    task: Option<Task>,
    /// The next task, if it came before the process of the last one was gone.
    next: Option<(String, ZipkinSpec)>,
    sends_messages: bool,
    message_at: Option<Time>,
}

#[derive(Debug)]
struct Task {
    id: String,
    killed: bool,
}

/// Time between two of the empty messages that `--genTraces` asks for.
const MESSAGE_PERIOD: Duration = Duration::from_secs(1);

impl ZipkinExecutor {
    /// An executor without a task; `sends_messages` is `-DgenTraces`.
    pub fn new(sends_messages: bool) -> Self {
        Self { sends_messages, ..Self::default() }
    }

    fn start(&mut self, id: String, spec: ZipkinSpec, hands: &mut Hands<'_>) {
        self.task = Some(Task { id, killed: false });
        if self.sends_messages {
            self.message_at = Some(hands.now + hands.context.pace.wait(MESSAGE_PERIOD));
        }
        hands.start_service(ServiceSpec::Zipkin(spec));
    }
}

impl Work for ZipkinExecutor {
    fn launch(&mut self, task: &TaskInfo, hands: &mut Hands<'_>) {
        let id = task.task_id.as_str();
        match spec(task, &hands.context.host) {
            Err(error) => hands.status(id, TaskState::Failed, &error, None),
            // The scheduler forgets a stopped task at once, so that the next one may come before its end.
            Ok(spec) if self.task.is_some() => self.next = Some((id.to_owned(), spec)),
            Ok(spec) => self.start(id.to_owned(), spec, hands),
        }
    }

    fn kill(&mut self, task_id: &str, hands: &mut Hands<'_>) {
        if self.next.as_ref().is_some_and(|(id, _)| id == task_id) {
            self.next = None;
            return hands.status(task_id, TaskState::Finished, "", None);
        }
        if let Some(task) = &mut self.task
            && !std::mem::replace(&mut task.killed, true)
        {
            hands.stop_service();
        }
    }

    fn service(&mut self, event: ServiceEvent, hands: &mut Hands<'_>) {
        match event {
            ServiceEvent::Started => {
                if let Some(task) = &self.task {
                    hands.status(&task.id, TaskState::Running, "", None);
                }
            }
            ServiceEvent::Ready => {}
            ServiceEvent::Log(line) => hands.log(|| line),
            ServiceEvent::Exited { code, message } => {
                self.message_at = None;
                if let Some(task) = self.task.take() {
                    // Whatever the exit code was.
                    let state = if task.killed { TaskState::Finished } else { TaskState::Failed };
                    hands.log(|| format!("process ended with {code}: {message}"));
                    hands.status(&task.id, state, if task.killed { "" } else { &message }, None);
                }
                if let Some((id, spec)) = self.next.take() {
                    self.start(id, spec, hands);
                }
            }
        }
    }

    fn wake_at(&self) -> Option<Time> {
        self.message_at
    }

    fn wake(&mut self, hands: &mut Hands<'_>) {
        self.message_at = Some(hands.now + hands.context.pace.wait(MESSAGE_PERIOD));
        hands.message(Vec::new());
    }
}

/// The process of a task; the error is what TASK_FAILED says.
fn spec(task: &TaskInfo, host: &str) -> Result<ZipkinSpec, String> {
    let id = task.task_id.as_str();
    let (component, _) = of_task(id).ok_or_else(|| format!("java.lang.IllegalArgumentException: {id}"))?;
    let data = task.data.as_deref().unwrap_or_default();
    let value = serde_json::from_slice(data).map_err(|error| error.to_string())?;
    let config = Config::from_json(&value)
        .ok_or_else(|| format!("play.api.libs.json.JsResultException: {}", String::from_utf8_lossy(data)))?;
    Ok(ZipkinSpec {
        role: component.role(),
        host: host.to_owned(),
        env: plain(&config.env),
        flags: plain(&config.flags),
        config_file: config.script,
    })
}

fn plain(map: &TextMap) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.to_owned(), value.unwrap_or_default().to_owned())).collect()
}
