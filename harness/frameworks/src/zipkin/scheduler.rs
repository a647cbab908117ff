//! The scheduler: states of the instances, and what changes them.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::Refusal;
use stacklab_machine::{Time, http};

use super::api::StartCall;
use super::component::{Component, of_task};
use super::instance::Instance;
use super::options::{self, GRAMMAR};
use crate::base::instance::State;
use crate::base::{
    Context, Framework, Grammar, Habits, Offer, Options, OptionsError, Reconcile, Reply, Setup, Stage,
    Status, TaskState, Verdict, web,
};

/// The document as it is stored.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    framework_id: Option<&'a str>,
    collectors: &'a [Instance],
    web_services: &'a [Instance],
    query_services: &'a [Instance],
}

/// The scheduler of Zipkin-Mesos.
#[derive(Debug)]
pub struct ZipkinScheduler {
    /// By [`Component::ALL`]'s order.
    lists: [Vec<Instance>; 3],
    pub(super) files: Files,
    pub(super) gen_traces: bool,
}

/// Names of the artifacts in the scheduler's directory.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) jar: String,
    pub(super) collector: String,
    pub(super) query: String,
    pub(super) web: String,
    pub(super) resources: String,
    pub(super) collector_scripts: Vec<String>,
    pub(super) query_scripts: Vec<String>,
}

/// The directory that `zipkin-deps.tar.gz` unpacks to.
pub(super) const DEPS: &str = "zipkin-deps";

impl Framework for ZipkinScheduler {
    type Wait = StartCall;

    const HABITS: Habits = Habits {
        name: "zipkin",
        decline_seconds: None,
        launch_seconds: Some(1.0),
        reconcile: Reconcile { spacing: Duration::from_secs(10), tries: 3 },
    };

    fn grammar() -> &'static Grammar {
        &GRAMMAR
    }

    fn start(options: &Options, context: &Context) -> Result<(Self, Setup), OptionsError> {
        let setup = options::read(options, context)?;
        let gen_traces = options.get("genTraces").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok((Self { lists: Default::default(), files: Files::default(), gen_traces }, setup))
    }

    fn find_files(&mut self, context: &Context) -> Result<(), String> {
        let missing = |mask: &str| format!("{mask} not found in current dir");
        let jar = |start: &str| {
            let found = context.file_like(start, ".jar").map(str::to_owned);
            found.ok_or_else(|| missing(&format!("{start}.*\\.jar")))
        };
        let (own, collector) = (jar("zipkin-mesos")?, jar("zipkin-collector-service")?);
        let (query, web) = (jar("zipkin-query-service")?, jar("zipkin-web")?);
        if !context.has_directory(DEPS) {
            return Err("java.lang.NullPointerException".into());
        }
        let prefix = format!("{DEPS}/");
        let inside = || context.files.iter().filter_map(|file| file.strip_prefix(&prefix));
        let like = |start: &str, end: &str| -> Vec<String> {
            let names = inside().filter(|name| name.starts_with(start) && name.ends_with(end));
            names.map(str::to_owned).collect()
        };
        let resources = like("zipkin-web-resources", ".tar.gz").into_iter().next();
        self.files = Files {
            jar: own,
            collector,
            query,
            web,
            resources: resources.ok_or_else(|| missing("zipkin-web-resources.*\\.tar\\.gz"))?,
            collector_scripts: like("collector-", ".scala"),
            query_scripts: like("query-", ".scala"),
        };
        Ok(())
    }

    fn restore(&mut self, document: &Value) -> Result<Option<String>, String> {
        // A document that does not fit is "no state", without a word; the next save overwrites it.
        let list = |component: Component| -> Option<Vec<Instance>> {
            document[component.key()].as_array()?.iter().map(Instance::from_json).collect()
        };
        let [collector, query, web] = Component::ALL.map(list);
        let (Some(collector), Some(query), Some(web)) = (collector, query, web) else { return Ok(None) };
        self.lists = [collector, query, web];
        Ok(document["frameworkId"].as_str().map(str::to_owned))
    }

    fn document(&self, framework_id: Option<&str>) -> String {
        web::compact(&Document {
            framework_id,
            collectors: self.list(Component::Collector),
            web_services: self.list(Component::Web),
            query_services: self.list(Component::Query),
        })
    }

    fn http(&mut self, _: ExchangeId, request: &http::Request, stage: &mut Stage<'_>) -> Reply<StartCall> {
        self.api(request, stage)
    }

    fn reached(&self, call: &StartCall, id: &str) -> bool {
        let instances = self.list(call.component);
        // An instance that was removed meanwhile is not waited for: the original looks at the list as it is.
        instances.iter().find(|instance| instance.id == id).is_none_or(|found| found.state == State::Running)
    }

    fn answer(&mut self, call: StartCall, in_time: bool, _: &mut Stage<'_>) -> http::Response {
        self.started(&call, in_time)
    }

    fn exception(_: &str, error: &str) -> http::Response {
        web::text(500, &format!("500 - {error}"))
    }

    fn begin_reconciling(&mut self, stage: &mut Stage<'_>) {
        for component in Component::ALL {
            for instance in self.list_mut(component).iter_mut().filter(|instance| instance.task.is_some()) {
                change(component, instance, State::Reconciling, stage);
            }
        }
    }

    fn reconciling(&self) -> Vec<(String, Option<String>)> {
        let open = self.lists.iter().flatten().filter(|instance| instance.state == State::Reconciling);
        open.filter_map(|instance| instance.task.as_ref())
            .map(|task| (task.id.clone(), Some(task.agent.clone())))
            .collect()
    }

    fn give_up_reconciling(&mut self, stage: &mut Stage<'_>) {
        for component in Component::ALL {
            let list = self.list_mut(component);
            for instance in list.iter_mut().filter(|instance| instance.state == State::Reconciling) {
                if let Some(task) = instance.task.take()
                    && let Err(error) = stage.kill(&task.id, Some(&task.agent))
                {
                    stage.die(error.to_string());
                }
                change(component, instance, State::Stopped, stage);
            }
        }
    }

    fn wants_offers(&self, _: Time) -> bool {
        self.lists.iter().flatten().any(|instance| instance.state == State::Stopped)
    }

    fn offer(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        self.place(offer, stage)
    }

    fn decline_line(&self, _: &Offer, refusals: &[Refusal]) -> Option<String> {
        let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
        Some(format!("Declined offer: {}", reasons.join("; ")))
    }

    fn status(&mut self, status: &Status, stage: &mut Stage<'_>) {
        let Some((component, id)) = of_task(&status.task_id) else {
            // The original takes the task id apart without looking.
            return stage.die(format!("java.lang.IllegalArgumentException: {}", status.task_id));
        };
        let found = self.list_mut(component).iter_mut().find(|instance| instance.id == id);
        match (status.state, found) {
            (TaskState::Running, Some(instance)) => runs(component, instance, stage),
            (TaskState::Running, None) => {
                stage.log(|| format!("Got TASK_RUNNING for unknown instance, killing {}", status.task_id));
                if let Err(error) = stage.kill(&status.task_id, status.agent.as_deref()) {
                    stage.die(error.to_string());
                }
            }
            (TaskState::Lost | TaskState::Failed | TaskState::Error, Some(instance)) => {
                instance.task = None;
                if let Some(stickiness) = &mut instance.stickiness {
                    stickiness.stopped(stage.now);
                }
                change(component, instance, State::Stopped, stage);
                stage.changed();
            }
            // A task that finished or was killed from outside leaves the instance as it is.
            _ => stage.log(|| format!("Got {} for {}", status.state, status.task_id)),
        }
    }

    fn message(&mut self, executor_id: &str, _: &str, _: &[u8], stage: &mut Stage<'_>) {
        stage.log(|| format!("[frameworkMessage] executor:{executor_id}"));
    }
}

fn runs(component: Component, instance: &mut Instance, stage: &mut Stage<'_>) {
    if instance.state == State::Running {
        return;
    }
    if let Some(stickiness) = &mut instance.stickiness {
        let port = instance.config.env.get("QUERY_PORT").and_then(|port| port.parse().ok());
        stickiness.started(&instance.config.hostname, port);
    }
    change(component, instance, State::Running, stage);
}

/// Puts an instance into a state, and says so.
pub(super) fn change(component: Component, instance: &mut Instance, next: State, stage: &mut Stage<'_>) {
    if instance.state != next {
        let name = || format!("{} instance {}", component.name(), instance.id);
        stage.state(name, instance.state.name(), next.name());
        instance.state = next;
        stage.changed();
    }
}

impl ZipkinScheduler {
    pub(super) fn list(&self, component: Component) -> &[Instance] {
        &self.lists[component as usize]
    }

    pub(super) fn list_mut(&mut self, component: Component) -> &mut Vec<Instance> {
        &mut self.lists[component as usize]
    }
}
