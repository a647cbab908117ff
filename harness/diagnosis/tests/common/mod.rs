//! Timelines written by hand, event by event, with names of their own so that two can be mixed.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod stories;

use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, EventId, Refusal, Stage, What};

/// A timeline that is being written.
pub(crate) struct Story {
    pub(crate) events: Vec<Event>,
    now: u64,
    /// What distinguishes its names from another story's.
    ns: &'static str,
    /// Number of its instances.
    pub(crate) id: u32,
    tasks: u32,
    frameworks: u32,
}

impl Story {
    pub(crate) fn new(ns: &'static str, id: u32) -> Self {
        Self { events: Vec::new(), now: 1000, ns, id, tasks: 0, frameworks: 0 }
    }

    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.ns)
    }

    pub(crate) fn note(&mut self, who: &str, what: What) {
        self.now += 10;
        let id = EventId(self.events.len() as u64 + 1);
        self.events.push(Event { id, at: Time::from_millis(self.now), who: who.into(), cause: None, what });
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now += seconds * 1000;
    }

    /// Agents with so much each.
    pub(crate) fn agents(&mut self, count: u32, resources: &str) {
        for number in 1..=count {
            let (agent, host) = (format!("{}-S{number}", self.ns), self.host(number));
            self.note("mesos-master", What::AgentRegistered { agent, host, resources: resources.into() });
        }
    }

    pub(crate) fn usual_agents(&mut self) {
        self.agents(3, "cpus:4; mem:16384; disk:102400; ports:[31000-32000]");
    }

    pub(crate) fn host(&self, number: u32) -> String {
        format!("{}-host{number}", self.ns)
    }

    pub(crate) fn begin(&mut self) {
        let stack = self.name("stack");
        self.note("stack-deploy", What::StackStarted { stack, zone: String::new() });
    }

    pub(crate) fn finish(&mut self, error: Option<&str>) {
        let (stack, error) = (self.name("stack"), error.map(str::to_owned));
        self.note("stack-deploy", What::StackFinished { stack, error });
    }

    /// The run ends with an error of an application's.
    pub(crate) fn fail(&mut self, app: &str, error: &str) {
        self.state(app, "failed", error);
        let error = format!("{app}: {error}");
        self.finish(Some(&error));
    }

    /// Nobody waits any longer.
    pub(crate) fn give_up(&mut self) {
        self.note("lab", What::Verdict { passed: false, text: "given up".into() });
    }

    pub(crate) fn state(&mut self, app: &str, state: &str, detail: &str) {
        let (application, state, detail) = (app.to_owned(), state.to_owned(), detail.to_owned());
        self.note("stack-deploy", What::ApplicationState { application, state, detail });
    }

    /// An app is asked for, and Marathon has it.
    pub(crate) fn create(&mut self, app: &str) {
        self.state(app, "creating", "");
        self.note("marathon", What::AppCreated { app: format!("/{app}"), instances: 1 });
        self.state(app, "polling", "");
    }

    /// A task on a host; its id.
    pub(crate) fn launch(&mut self, name: &str, framework: &str, host: u32, resources: &str) -> String {
        self.tasks += 1;
        let task = format!("{name}.{}{}", self.ns, self.tasks);
        let (agent, host) = (format!("{}-S{host}", self.ns), self.host(host));
        let what = What::TaskLaunched {
            task: task.clone(),
            name: name.into(),
            framework: framework.into(),
            agent,
            host,
            resources: resources.into(),
        };
        self.note("mesos-master", what);
        task
    }

    pub(crate) fn fetch(&mut self, task: &str) {
        self.note("agent-1", What::FetchStarted { task: task.into(), count: 4 });
    }

    pub(crate) fn fetched(&mut self, task: &str) {
        self.note("agent-1", What::ArtifactsFetched { task: task.into(), count: 4 });
    }

    pub(crate) fn status(&mut self, task: &str, state: &str, reason: &str, message: &str) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let what = What::TaskStatus {
            task: task.into(),
            framework: String::new(),
            agent: String::new(),
            state: state.into(),
            source: String::new(),
            reason: text(reason),
            message: text(message),
        };
        self.note("mesos-master", what);
    }

    pub(crate) fn log(&mut self, who: &str, line: &str) {
        self.note(who, What::Log { line: line.into() });
    }

    /// A scheduler's task and process, up to its command line and what it read.
    pub(crate) fn scheduler(&mut self, app: &str, options: &str, storage: &str, id: Option<&str>) -> String {
        let task = self.launch(app, "marathon", 1, "cpus:0.1; mem:512; ports:[31999-31999]");
        let program = format!("java -jar {app}.jar scheduler {options}");
        let host = self.host(1);
        self.note(app, What::ProgramStarted { task: task.clone(), program, host });
        let (storage, framework) = (storage.into(), id.map(str::to_owned));
        self.note(app, What::StateRead { storage, framework });
        task
    }

    /// Its framework is taken in; the id.
    pub(crate) fn subscribe(&mut self, app: &str, name: &str, known: Option<&str>) -> String {
        self.frameworks += 1;
        let framework = known.map_or_else(|| format!("{}-F{}", self.ns, self.frameworks), str::to_owned);
        let name = self.name(name);
        let what = What::FrameworkSubscribed { framework: framework.clone(), name, known: known.is_some() };
        self.note("mesos-master", what);
        self.log(app, &format!("[registered] framework:{framework}"));
        framework
    }

    /// A scheduler that is up and healthy, ready to be called; its framework.
    pub(crate) fn up(&mut self, app: &str, framework: &str) -> String {
        self.create(app);
        let task = self.scheduler(app, "", "file:state.json", None);
        self.status(&task, "TASK_RUNNING", "", "");
        let framework = self.subscribe(app, framework, None);
        self.serves(app);
        framework
    }

    pub(crate) fn serves(&mut self, app: &str) {
        let api = self.api(app);
        self.state(app, "tasks", &api);
    }

    fn api(&self, app: &str) -> String {
        format!("http://{app}.example:1")
    }

    /// A call that was answered.
    pub(crate) fn call(&mut self, app: &str, path: &str, status: u16, answer: &str, error: Option<&str>) {
        let answer = (!answer.is_empty()).then(|| answer.to_owned());
        let url = format!("{}{path}", self.api(app));
        let what =
            What::HttpExchange { method: "GET".into(), url, status: Some(status), error: None, answer };
        self.note("stack-deploy", what);
        let call = path.split('?').next().unwrap_or_default().to_owned();
        let (application, error) = (app.to_owned(), error.map(str::to_owned));
        self.note("stack-deploy", What::TaskCall { application, task: "t".into(), call, error });
    }

    pub(crate) fn good(&mut self, app: &str, path: &str) {
        self.call(app, path, 200, "", None);
    }

    /// Each of three agents is refused so often.
    pub(crate) fn refused(&mut self, who: &str, instance: &str, reason: &str, times: u32) {
        for _ in 0..times {
            for number in 1..=3 {
                self.refuse(
                    who,
                    instance,
                    reason,
                    number,
                    "cpus:3.0 mem:8000.0 ports:31000..31149,31151..31982",
                );
            }
            self.pass(2);
        }
    }

    pub(crate) fn refuse(&mut self, who: &str, instance: &str, reason: &str, host: u32, offered: &str) {
        let refusal = Refusal {
            instance: instance.into(),
            reason: if instance.is_empty() { reason.into() } else { format!("{instance}: {reason}") },
        };
        let host = self.host(host);
        let what =
            What::OfferDeclined { offer: "O".into(), host, offered: offered.into(), refusals: vec![refusal] };
        self.note(who, what);
    }

    pub(crate) fn instance(&mut self, app: &str, instance: &str, from: &str, to: &str) {
        let what = What::InstanceState {
            framework: "f".into(),
            instance: instance.into(),
            from: from.into(),
            to: to.into(),
        };
        self.note(app, what);
    }

    pub(crate) fn missing(&mut self, task: &str, uri: &str) {
        let what = What::ArtifactMissing { task: task.into(), uri: uri.into(), why: "404".into() };
        self.note("agent-1", what);
        self.status(task, "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to fetch all URIs");
    }

    /// A service under a program ended.
    pub(crate) fn exited(&mut self, who: &str, service: &str, address: &str, message: &str) {
        let task = who.to_owned();
        let (service, address) = (service.to_owned(), address.to_owned());
        self.note(who, What::ServiceStarted { task: task.clone(), service: service.clone(), address });
        self.note(who, What::ServiceExited { task, service, code: 1, message: message.into() });
    }

    /// A platform with everything deployed and no spans at the other end.
    pub(crate) fn sent(&mut self, topic: &str, produced: usize, in_log: usize) {
        let step = format!("send 10 spans to topic {topic}");
        self.note("lab", What::StepStarted { step: step.clone() });
        for (stage, spans) in [(Stage::Produced, produced), (Stage::InLog, in_log)] {
            self.note("lab", What::SpansReached { stage, spans, of: 10 });
        }
        self.note("lab", What::StepFinished { step, error: None });
    }

    pub(crate) fn not_found(&mut self) {
        let reached = Some(Stage::Produced);
        self.note("lab", What::SpanMissing { trace: "1".into(), span: "1".into(), reached });
        let error = Some("10 of 10 spans were not found again".to_owned());
        self.note("lab", What::StepFinished { step: "read the traces back".into(), error });
    }
}

/// One list of events, taken in turns where `interleaved`, else one after the other; numbered anew, with each one's
/// waits.
pub(crate) fn mixed(first: &[Event], second: &[Event], interleaved: bool) -> Vec<Event> {
    let (a, b) = (waits(first), waits(second));
    let mut events = Vec::new();
    if interleaved {
        let (mut a, mut b) = (a.into_iter(), b.into_iter());
        loop {
            let length = events.len();
            events.extend(a.next());
            events.extend(b.next());
            if events.len() == length {
                break;
            }
        }
    } else {
        events.extend(a.into_iter().chain(b));
    }
    let mut now = 1000;
    let number = |(index, (wait, mut event)): (usize, (u64, Event))| {
        now += wait;
        event.id = EventId(index as u64 + 1);
        event.at = Time::from_millis(now);
        event
    };
    events.into_iter().enumerate().map(number).collect()
}

/// Each event with the milliseconds before it.
fn waits(events: &[Event]) -> Vec<(u64, Event)> {
    let mut before = events.first().map_or(0, |event| event.at.as_millis());
    let wait = |event: &Event| {
        let wait = event.at.as_millis().saturating_sub(before);
        before = event.at.as_millis();
        (wait, event.clone())
    };
    events.iter().map(wait).collect()
}
