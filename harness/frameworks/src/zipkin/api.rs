//! The REST interface.

use stacklab_machine::http::{Request, Response};

use super::component::Component;
use super::instance::Instance;
use super::scheduler::{ZipkinScheduler, change};
use crate::base::instance::{Parameters, State, Thrown};
use crate::base::{Constraints, Dialect, Range, Reply, Span, Stage, TextMap, decimal, expand, web};

/// A `start` that waits.
#[derive(Debug)]
pub struct StartCall {
    pub(super) component: Component,
    expression: String,
    ids: Vec<String>,
    timeout: Span,
}

type Answer = Result<Reply<StartCall>, Thrown>;

impl ZipkinScheduler {
    pub(super) fn api(&mut self, request: &Request, stage: &mut Stage<'_>) -> Reply<StartCall> {
        let path = request.path();
        let not_found = || Reply::Now(web::text(404, "404 - Not Found"));
        if let Some(file) = self.file(path) {
            return file.map_or_else(not_found, |path| Reply::File { path });
        }
        let call = path.strip_prefix("/api/").and_then(|rest| rest.trim_end_matches('/').split_once('/'));
        let Some((Some(component), call)) = call.map(|(kind, call)| (Component::from_name(kind), call))
        else {
            return not_found();
        };
        let parameters = Parameters(request.parameters());
        let answer = match call {
            "list" => self.show(component, &parameters),
            "add" => self.add(component, &parameters, stage),
            "config" => self.configure(component, &parameters, stage),
            "start" => self.start_instances(component, &parameters, stage),
            "stop" => self.stop(component, &parameters, stage),
            "remove" => self.remove(component, &parameters, stage),
            _ => return not_found(),
        };
        answer.unwrap_or_else(|Thrown(text)| Reply::Now(web::text(500, &format!("500 - {text}"))))
    }

    fn ids(&self, component: Component, expression: &str) -> Result<Vec<String>, Thrown> {
        let existing: Vec<String> = self.list(component).iter().map(|instance| instance.id.clone()).collect();
        Ok(expand(expression, &existing)?)
    }

    fn exists(&self, component: Component, id: &str) -> bool {
        self.list(component).iter().any(|instance| instance.id == id)
    }

    /// Expression and ids of a call that needs existing instances; else the answer.
    fn existing(
        &self,
        component: Component,
        expression: Option<&str>,
    ) -> Result<Result<(String, Vec<String>), Response>, Thrown> {
        let expression = expression.unwrap_or_default();
        let ids = self.ids(component, expression)?;
        let missing: Vec<&str> =
            ids.iter().filter(|id| !self.exists(component, id)).map(String::as_str).collect();
        if missing.is_empty() {
            return Ok(Ok((expression.to_owned(), ids)));
        }
        let text = format!("Zipkin {} instance(s) {} do not exist", component.name(), missing.join(","));
        Ok(Err(web::failure(&text)))
    }

    fn show(&self, component: Component, parameters: &Parameters) -> Answer {
        let expression = parameters.get("id").filter(|id| !id.is_empty()).unwrap_or("*");
        Ok(Reply::Now(match self.existing(component, Some(expression))? {
            Ok((_, ids)) => self.success("", component, &ids),
            Err(response) => response,
        }))
    }

    fn add(&mut self, component: Component, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let expression = parameters.get("id").unwrap_or_default();
        let ids = self.ids(component, expression)?;
        let existing: Vec<&str> =
            ids.iter().filter(|id| self.exists(component, id)).map(String::as_str).collect();
        if !existing.is_empty() {
            let name = component.name();
            let text = format!("Zipkin {name} instance(s) {} already exist", existing.join(","));
            return Ok(Reply::Now(web::failure(&text)));
        }
        let mut added = Vec::new();
        for id in &ids {
            added.push(new_instance(component, id, parameters)?);
        }
        for instance in &added {
            let name = || format!("{} instance {}", component.name(), instance.id);
            stage.state(name, "", State::Added.name());
        }
        self.list_mut(component).extend(added);
        stage.changed();
        Ok(Reply::Saved(self.success(&format!("Added servers {expression}"), component, &ids)))
    }

    fn configure(&mut self, component: Component, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(component, parameters.get("id"))? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        let ranges = |name| parameters.get(name).map(Range::parse_list).transpose();
        let (ports, admin_ports) = (ranges("port")?, ranges("adminPort")?);
        for instance in self.list_mut(component).iter_mut().filter(|instance| ids.contains(&instance.id)) {
            update(instance, parameters);
            if let Some(ports) = &ports {
                instance.config.ports.clone_from(ports);
            }
            if let Some(ports) = &admin_ports {
                instance.config.admin_ports.clone_from(ports);
            }
        }
        stage.changed();
        let text = format!("Updated configuration for Zipkin {} instance(s) {expression}", component.name());
        Ok(Reply::Saved(self.success(&text, component, &ids)))
    }

    fn start_instances(
        &mut self,
        component: Component,
        parameters: &Parameters,
        stage: &mut Stage<'_>,
    ) -> Answer {
        let timeout = parameters.get("timeout").map_or(Ok(Span::seconds(60)), str::parse)?;
        let (expression, ids) = match self.existing(component, parameters.get("id"))? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        for instance in self.list_mut(component).iter_mut().filter(|instance| ids.contains(&instance.id)) {
            if instance.state == State::Added {
                change(component, instance, State::Stopped, stage);
            }
        }
        if timeout.is_zero() {
            return Ok(Reply::Now(Response::empty(200)));
        }
        // Not saved, and it waits for every instance of its kind: an idle one makes it time out.
        let all = self.list(component).iter().map(|instance| instance.id.clone()).collect();
        let what = StartCall { component, expression, ids, timeout };
        Ok(Reply::Wait { timeout: timeout.duration(), what, ids: all, save: false })
    }

    pub(super) fn started(&self, call: &StartCall, in_time: bool) -> Response {
        let StartCall { component, expression, ids, timeout } = call;
        let name = component.name();
        if in_time {
            return self.success(&format!("Started {name} instance(s) {expression}"), *component, ids);
        }
        let text = format!("Start {name} instance(s) {expression} timed out after {timeout}");
        web::failure(&text)
    }

    fn stop(&mut self, component: Component, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(component, parameters.get("id"))? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        self.stop_all(component, &ids, stage)?;
        let text = format!("Stopped {} instance(s) {expression}", component.name());
        Ok(Reply::Saved(self.success(&text, component, &ids)))
    }

    fn stop_all(
        &mut self,
        component: Component,
        ids: &[String],
        stage: &mut Stage<'_>,
    ) -> Result<(), Thrown> {
        for instance in self.list_mut(component).iter_mut().filter(|instance| ids.contains(&instance.id)) {
            if let State::Staging | State::Running = instance.state {
                if let Some(task) = &instance.task {
                    stage.kill(&task.id, Some(&task.agent))?;
                }
                if let Some(stickiness) = &mut instance.stickiness {
                    stickiness.stopped(stage.now);
                }
            }
            instance.task = None;
            change(component, instance, State::Added, stage);
        }
        stage.changed();
        Ok(())
    }

    fn remove(&mut self, component: Component, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(component, parameters.get("id"))? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        self.stop_all(component, &ids, stage)?;
        let text = format!("Removed {} instance(s) {expression}", component.name());
        let response = self.success(&text, component, &ids);
        self.list_mut(component).retain(|instance| !ids.contains(&instance.id));
        Ok(Reply::Saved(response))
    }

    /// An answer whose value is the list of the instances named in the call.
    fn success(&self, message: &str, component: Component, ids: &[String]) -> Response {
        let named = self.list(component).iter().filter(|instance| ids.contains(&instance.id));
        web::success(message, &named.collect::<Vec<&Instance>>())
    }
}

fn new_instance(component: Component, id: &str, parameters: &Parameters) -> Result<Instance, Thrown> {
    let mut instance = Instance::new(component, id);
    let config = &mut instance.config;
    if let Some(cpu) = parameters.get("cpu") {
        config.cpu = decimal(cpu)?;
    }
    if let Some(mem) = parameters.get("mem") {
        config.mem = decimal(mem)?;
    }
    if let Some(ports) = parameters.get("port") {
        config.ports = Range::parse_list(ports)?;
    }
    if let Some(ports) = parameters.get("adminPort") {
        config.admin_ports = Range::parse_list(ports)?;
    }
    if let Some(env) = parameters.get("env") {
        config.env = TextMap::parse(env)?;
    }
    if let Some(flags) = parameters.get("flags") {
        config.flags = TextMap::parse(flags)?;
    }
    if let Some(script) = parameters.get("configFile") {
        config.script = Some(script.to_owned());
    }
    if let Some(constraints) = parameters.get("constraints") {
        instance.constraints = Constraints::parse(constraints, Dialect::All)?;
    }
    Ok(instance)
}

/// Takes what can be read, and silently keeps the rest as it was.
fn update(instance: &mut Instance, parameters: &Parameters) {
    let config = &mut instance.config;
    if let Some(cpu) = parameters.get("cpu").and_then(|text| decimal(text).ok()) {
        config.cpu = cpu;
    }
    if let Some(mem) = parameters.get("mem").and_then(|text| decimal(text).ok()) {
        config.mem = mem;
    }
    if let Some(env) = parameters.get("env").and_then(|text| TextMap::parse(text).ok()) {
        config.env = env;
    }
    if let Some(flags) = parameters.get("flags").and_then(|text| TextMap::parse(text).ok()) {
        config.flags = flags;
    }
    if let Some(script) = parameters.get("configFile") {
        config.script = Some(script.to_owned());
    }
    if let Some(new) =
        parameters.get("constraints").and_then(|text| Constraints::parse(text, Dialect::All).ok())
    {
        instance.constraints.merge(new);
    }
}
