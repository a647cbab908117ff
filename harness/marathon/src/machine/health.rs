//! Health checks: asking tasks how they are, and killing those that are not well.

use stacklab_machine::Time;
use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, Output};
use stacklab_machine::timeline::What;
use stacklab_mesos::TaskId;

use super::{Marathon, Out};
use crate::app::{HealthCheck, Protocol};
use crate::task::{CheckState, Task};

impl Marathon {
    /// Asks where an interval is over.
    pub(super) fn wake_checks(&mut self, now: Time, out: &mut Out) {
        for task in self.tasks.values_mut() {
            let Some(stored) = self.apps.get(&task.app) else { continue };
            for (index, check) in stored.app.health_checks.iter().enumerate() {
                let Some(state) = task.checks.get_mut(index) else { continue };
                if state.due.is_none_or(|due| due > now) {
                    continue;
                }
                state.due = None;
                let port = task.ports.get(check.port_index);
                let (Some(port), true) = (port, check.protocol != Protocol::Command) else { continue };
                self.last_call += 1;
                let call = CallId(self.last_call);
                state.call = Some(call);
                self.checks.insert(call, (task.id.clone(), index));
                let path = check.path.as_deref().unwrap_or("/").trim_start_matches('/');
                let request = Request::get(format!("http://{}:{port}/{path}", task.host));
                out.push(Output::Http { call, request, timeout: Some(check.timeout) });
            }
        }
    }

    /// Takes the answer to a health check.
    pub(super) fn take_check(
        &mut self,
        now: Time,
        call: CallId,
        result: Result<Response, Failure>,
        out: &mut Out,
    ) {
        let Some((id, index)) = self.checks.remove(&call) else { return };
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.is_killed()) else { return };
        let Some(check) = self.apps.get(&task.app).and_then(|stored| stored.app.health_checks.get(index))
        else {
            return;
        };
        let Some(state) = task.checks.get_mut(index).filter(|state| state.call == Some(call)) else { return };
        state.call = None;
        state.due = Some(now + self.config.pace.wait(check.interval));
        let verdict = verdict(check, result);
        let check = check.clone();
        if let Some(verdict) = verdict {
            self.record(now, &id, index, &check, verdict, out);
        }
    }

    /// Takes what Mesos says of a COMMAND check.
    pub(super) fn take_command_health(&mut self, now: Time, id: &TaskId, healthy: bool, out: &mut Out) {
        let Some(stored) = self.tasks.get(id).and_then(|task| self.apps.get(&task.app)) else { return };
        let command = stored
            .app
            .health_checks
            .iter()
            .enumerate()
            .find(|(_, check)| check.protocol == Protocol::Command);
        let Some((index, check)) = command.map(|(index, check)| (index, check.clone())) else { return };
        let verdict = if healthy { Ok(()) } else { Err("the command failed".to_owned()) };
        self.record(now, id, index, &check, verdict, out);
    }

    fn record(
        &mut self,
        now: Time,
        id: &TaskId,
        index: usize,
        check: &HealthCheck,
        verdict: Result<(), String>,
        out: &mut Out,
    ) {
        let grace = self.config.pace.wait(check.grace);
        let Some(task) = self.tasks.get_mut(id) else { return };
        let before = task.health();
        let Some(started) = task.started_at else { return };
        let Some(state) = task.checks.get_mut(index) else { return };
        let kill = match verdict {
            Ok(()) => {
                state.passed(now);
                false
            }
            // As long as a task may still be starting, failures do not count.
            Err(_) if state.first_success.is_none() && now < started + grace => return,
            Err(cause) => state.failed(now, cause, check.max_consecutive_failures),
        };
        let changed = task.health() != before;
        if let Some(healthy) = task.health().filter(|_| changed) {
            out.note(What::HealthChanged { app: task.app.clone(), task: task.id.to_string(), healthy });
        }
        if kill {
            out.push(Output::Log(killing(task)));
            self.kill(id, now, out);
        }
        if changed || kill {
            self.settle(now, out);
        }
    }
}

impl CheckState {
    fn passed(&mut self, now: Time) {
        self.alive = Some(true);
        self.consecutive_failures = 0;
        self.first_success = self.first_success.or(Some(now));
        self.last_success = Some(now);
    }

    /// Counts a failure; true if it is one too many. The limit is compared before this failure is counted, so that a
    /// task dies of failure number limit + 1.
    fn failed(&mut self, now: Time, cause: String, limit: u32) -> bool {
        let kill = limit > 0 && self.consecutive_failures >= limit;
        self.alive = Some(false);
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        self.last_failure = Some(now);
        self.last_failure_cause = Some(cause);
        kill
    }
}

/// What an answer says: well, not well and why, or nothing.
fn verdict(check: &HealthCheck, result: Result<Response, Failure>) -> Option<Result<(), String>> {
    match (check.protocol, result) {
        // Any answer, even none that is HTTP, shows that somebody accepted the connection.
        (Protocol::Tcp, Ok(_) | Err(Failure::Closed(_))) => Some(Ok(())),
        (_, Ok(response)) if (200..400).contains(&response.status) => Some(Ok(())),
        (_, Ok(response)) if response.status < 200 && check.ignore_http_1xx => None,
        (_, Ok(response)) => {
            Some(Err(format!("{} {}", response.status, reason(&response)).trim_end().to_owned()))
        }
        (_, Err(failure)) => Some(Err(failure.to_string())),
    }
}

fn reason(response: &Response) -> &str {
    response.reason.as_deref().unwrap_or_default()
}

fn killing(task: &Task) -> String {
    let failed = task.checks.iter().find(|check| check.alive == Some(false));
    let cause = failed.and_then(|check| check.last_failure_cause.as_deref()).unwrap_or_default();
    format!("Killing task {} on {} since health check failed too often: {cause}", task.id, task.host)
}
