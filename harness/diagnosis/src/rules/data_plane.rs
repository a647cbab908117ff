//! A platform that is deployed, and through which no spans come.

use std::collections::BTreeMap;

use stacklab_machine::timeline::{Stage, What};

use crate::Evidence;
use crate::question::{Candidate, Question, counted, evidence};
use crate::view::{At, Url, View};

/// Why spans were not found again.
pub(super) fn of_traces<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    started_late(view, question, out);
    let Question::Traces { to } = *question else { return };
    let how_far = how_far(view, to);
    let collectors = collectors(view, to);
    for name in &collectors {
        logs(view, name, to, out);
        settings(view, name, to, out);
    }
    web(view, to, out);
    several(view, &collectors, to, out);
    for (app, instance, to) in instances(view, to) {
        out.push(Candidate::ask(Question::Instance { app, program: app, instance, to }).rank(45));
    }
    not_delivered(view, &how_far, to, out);
}

/// A broker that was not there in time, which Stack Deploy took for a success.
fn started_late<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let to = match *question {
        Question::App { to, .. } | Question::Traces { to } => to,
        _ => return,
    };
    for at in view.warned.iter().copied().filter(|at| *at < to) {
        let What::Warned { text } = &view.events[at].what else { continue };
        let Some((app, rest)) = text.split_once(": ") else { continue };
        let Some((broker, rest)) = rest.split_once(" did not start") else { continue };
        let within = rest.split(',').next().unwrap_or_default().trim();
        let Some((app, _)) = view.apps.get_key_value(app) else { continue };
        if matches!(*question, Question::App { app: failed, .. } if failed == *app) {
            continue;
        }
        let open = view.not_running(app, 0, to).into_iter().find(|instance| *instance == broker);
        // Of one that only was slow there is no more to be told.
        let slow = view
            .task_of(app, broker, 0, to)
            .is_some_and(|task| task.ended.is_none() && task.missing.is_empty());
        let next =
            open.filter(|_| !slow).map(|instance| Question::Instance { app, program: app, instance, to });
        out.push(
            Candidate::of(32, format!("{broker} of {app} did not start {within}; Kafka-Mesos answered that with 200 and \"timeout\", which Stack Deploy takes for success, and went on without a broker"))
                .seen([evidence(text.clone(), vec![view.id(at)])])
                .rank(52)
                .cure(format!("give {broker} of {app} a larger timeout, or see why it does not start; treat the answer \"timeout\" as a failure"))
                .then(next),
        );
    }
}

/// How many spans came how far.
#[derive(Debug, Default)]
struct HowFar {
    sent: usize,
    missing: usize,
    produced: usize,
    in_log: usize,
    events: Vec<At>,
}

fn how_far(view: &View<'_>, to: At) -> HowFar {
    let mut found = HowFar::default();
    for at in view.spans.iter().copied().filter(|at| *at < to) {
        match &view.events[at].what {
            What::SpansReached { stage, spans, of } => {
                found.sent = found.sent.max(*of);
                match stage {
                    Stage::Produced => found.produced = found.produced.max(*spans),
                    Stage::InLog => found.in_log = found.in_log.max(*spans),
                    _ => {}
                }
                found.events.push(at);
            }
            What::SpanMissing { .. } => found.missing += 1,
            _ => {}
        }
    }
    found
}

/// The programs of collectors: those that the stack added, or all, if it is not known what it added.
fn collectors<'a>(view: &View<'a>, to: At) -> Vec<&'a str> {
    let all = view.programs.keys().filter(|name| name.starts_with("zipkin-collector-")).copied();
    let (added, other): (Vec<_>, Vec<_>) = all.partition(|name| added(view, name, to).is_some());
    if added.is_empty() { other } else { added }
}

/// How often an instance must have come up so that it counts as one that does not stay.
const RESTLESS: usize = 3;

/// Instances of all applications that are wanted and do not run, or do not stay, with the time at which to ask why.
fn instances<'a>(view: &View<'a>, to: At) -> Vec<(&'a str, &'a str, At)> {
    let apps = view.apps.iter().filter(|(_, app)| !app.states.is_empty()).map(|(name, _)| *name);
    let of = |app: &'a str| {
        let down = view.not_running(app, 0, to);
        let restless = restless(view, app, to).into_iter().filter(|(name, _)| !down.contains(name));
        let restless: Vec<_> = restless.map(|(instance, at)| (app, instance, at)).collect();
        down.into_iter().map(move |instance| (app, instance, to)).chain(restless)
    };
    apps.flat_map(of).collect()
}

/// Instances that run at the end, but have come up again and again, each with the time just after it last went down.
fn restless<'a>(view: &View<'a>, app: &str, to: At) -> Vec<(&'a str, At)> {
    let mut seen: BTreeMap<&str, (usize, At)> = BTreeMap::new();
    let Some(program) = view.program(app) else { return Vec::new() };
    for at in program.instances.iter().copied().filter(|at| *at < to) {
        let What::InstanceState { instance, to: state, .. } = &view.events[at].what else { continue };
        let (ups, down) = seen.entry(instance.as_str()).or_default();
        if state.eq_ignore_ascii_case("running") {
            *ups += 1;
        } else {
            *down = at + 1;
        }
    }
    seen.retain(|_, (ups, down)| *ups >= RESTLESS && *down > 0);
    seen.into_iter().map(|(instance, (_, down))| (instance, down)).collect()
}

/// What a collector's log says.
fn logs<'a>(view: &View<'a>, name: &'a str, to: At, out: &mut Vec<Candidate<'a>>) {
    let told = |words: &'static [&'static str]| {
        view.lines(name, 0, to, move |line| words.iter().any(|word| line.contains(word)))
    };
    let shown =
        |lines: &[(At, &'a str)]| counted(view, lines.iter().map(|(at, line)| (*at, (*line).to_owned())), 3);
    let unset = told(&["KAFKA_ZOOKEEPER is not set"]);
    if !unset.is_empty() {
        out.push(
            Candidate::of(45, format!("{name} was started without KAFKA_ZOOKEEPER: it runs, listens for Scribe only, and reads nothing from Kafka"))
                .seen(shown(&unset))
                .rank(80)
                .cure("set KAFKA_ZOOKEEPER in the env of the collector's task (with KAFKA_TOPIC and CASSANDRA_CONTACT_POINTS), stop and start it"),
        );
    }
    let decode = told(&["Cannot decode spans", "empty message", "thread that consumes has ended"]);
    if decode.iter().any(|(_, line)| line.contains("decode") || line.contains("empty message")) {
        out.push(
            Candidate::of(48, format!("{name} met a message that holds no spans; the thread that reads Kafka has ended, and the collector goes on as if nothing were"))
                .seen(shown(&decode))
                .rank(82)
                .cure(format!("take the message out of the way (move the offset of the collector's group behind it), stop and start {name}"))
                .cure("send nothing but spans to the collector's topic"),
        );
    }
    let conflict = told(&["NodeExists", "already exists in zookeeper", "conflict", "another consumer"]);
    if !conflict.is_empty() {
        out.push(
            Candidate::of(46, format!("{name} shares its consumer group with another collector, and does not get at the topic"))
                .seen(shown(&conflict))
                .rank(78)
                .cure("run one collector on one Kafka, or wait 4 s after the end of the old one before the new one starts"),
        );
    }
    let other = told(&["the Kafka consumer did not start"]);
    if !other.is_empty() && conflict.is_empty() {
        out.push(
            Candidate::of(
                38,
                format!("{name} cannot consume: what KAFKA_ZOOKEEPER names is not where Kafka is"),
            )
            .seen(shown(&other))
            .rank(60)
            .cure("give the collector the connect string of Kafka's own --zk, with its chroot"),
        );
    }
}

/// Settings of a collector that do not fit the others'.
fn settings<'a>(view: &View<'a>, name: &str, to: At, out: &mut Vec<Candidate<'a>>) {
    let Some((at, url)) = added(view, name, to) else { return };
    let env = url.get("env").unwrap_or_default();
    let set = |key: &str| env.split(',').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let reads = set("KAFKA_TOPIC").unwrap_or("zipkin");
    for (sent_at, topic) in topics(view, to) {
        if topic != reads {
            out.push(
                Candidate::of(
                    47,
                    format!("spans were sent to topic {topic}, and {name} reads topic {reads}"),
                )
                .seen([
                    evidence(format!("spans were sent to topic {topic}"), vec![view.id(sent_at)]),
                    evidence(format!("{name} was added with env={env}"), vec![view.id(at)]),
                ])
                .rank(79)
                .cure(format!("set KAFKA_TOPIC={topic} in the env of the collector, or send to {reads}")),
            );
        }
    }
    let Some(zookeeper) = set("KAFKA_ZOOKEEPER") else { return };
    let (own, kafka) = (chroot(zookeeper), kafka_chroot(view, to));
    if let Some((started, theirs)) = kafka.filter(|(_, theirs)| *theirs != own) {
        let place = |chroot: &str| if chroot.is_empty() { "the root".to_owned() } else { chroot.to_owned() };
        out.push(
            Candidate::of(
                38,
                format!(
                    "Kafka keeps itself under {} of its ZooKeeper, and {name} looks under {}",
                    place(theirs),
                    place(own)
                ),
            )
            .seen([
                evidence(format!("{name} was added with env={env}"), vec![view.id(at)]),
                evidence(format!("Kafka is under {}", place(theirs)), vec![view.id(started)]),
            ])
            .rank(81)
            .cure(format!(
                "give everybody the same connect string: KAFKA_ZOOKEEPER of the collector with {}",
                place(theirs)
            )),
        );
    }
}

/// Collectors that read the same topic of the same Kafka.
fn several<'a>(view: &View<'a>, collectors: &[&'a str], to: At, out: &mut Vec<Candidate<'a>>) {
    let env =
        |name: &&'a str| Some((*name, added(view, name, to)?.1.get("env").unwrap_or_default().to_owned()));
    let found: Vec<_> =
        collectors.iter().filter_map(env).filter(|(_, env)| env.contains("KAFKA_ZOOKEEPER=")).collect();
    let twins = |(name, env): &(&'a str, String)| {
        found.iter().find(|(other, same)| other > name && same == env).map(|(other, _)| (*name, *other))
    };
    let Some((one, other)) = found.iter().find_map(twins) else { return };
    out.push(
        Candidate::of(46, format!("{one} and {other} read the same topic in the same consumer group, and only one of them gets at it"))
            .seen(found.iter().map(|(name, env)| evidence(format!("{name} was added with env={env}"), Vec::new())))
            .rank(28)
            .cure("run one collector on one Kafka, or wait 4 s after the end of the old one before the new one starts"),
    );
}

/// A web UI that was told no query service that it can use.
fn web<'a>(view: &View<'a>, to: At, out: &mut Vec<Candidate<'a>>) {
    for app in view.apps.keys() {
        let mut calls = view.calls(app, 0, to);
        let Some((at, url)) = calls.rfind(|(_, url)| url.path == "/api/web/add") else { continue };
        let flags = url.get("flags").unwrap_or_default();
        let dest = flags.split(',').find_map(|flag| flag.strip_prefix("zipkin.web.query.dest="));
        let wrong = match dest {
            None => continue,
            Some(dest) => dest.contains("://") || dest.contains("${") || !dest.contains(':'),
        };
        if !wrong {
            continue;
        }
        let dest = dest.unwrap_or_default();
        out.push(
            Candidate::of(57, format!("the web UI of {app} was told to find the query service at '{dest}', which is not host:port of one"))
                .seen([evidence(format!("web was added with flags={flags}"), vec![view.id(at)])])
                .rank(76)
                .cure("set zipkin.web.query.dest=<host>:<port> of a running query service, stop web and start it again"),
        );
    }
}

/// The call that added a collector.
fn added(view: &View<'_>, name: &str, to: At) -> Option<(At, Url)> {
    let id = name.strip_prefix("zipkin-collector-")?;
    let mut found = None;
    for app in view.apps.keys() {
        let mut calls = view.calls(app, 0, to);
        found = calls
            .rfind(|(_, url)| url.path == "/api/collector/add" && url.ids().iter().any(|known| known == id))
            .or(found);
    }
    found
}

/// Topics that spans were sent to, as the steps say.
fn topics<'a>(view: &View<'a>, to: At) -> Vec<(At, &'a str)> {
    let steps = view.events[..to].iter().enumerate();
    let of = |(at, event): (At, &'a stacklab_machine::timeline::Event)| match &event.what {
        What::StepStarted { step } => {
            let topic = step.strip_prefix("send ")?.split_once(" spans to topic ")?.1;
            Some((at, topic))
        }
        _ => None,
    };
    steps.filter_map(of).collect()
}

fn chroot(connect: &str) -> &str {
    connect.find('/').map_or("", |slash| connect[slash..].trim_end_matches('/'))
}

/// The chroot under which brokers are registered, or under which Kafka's scheduler was told to look: `--zk`.
fn kafka_chroot<'a>(view: &View<'a>, to: At) -> Option<(At, &'a str)> {
    let registered = view.brokers.iter().rev().copied().filter(|at| *at < to).find_map(|at| {
        let What::ZnodeWritten { path, .. } = &view.events[at].what else { return None };
        Some((at, path.split_once("/brokers/ids/")?.0))
    });
    registered.or_else(|| {
        let schedulers = view.programs.values().flat_map(|program| program.started.iter().copied());
        schedulers.filter(|at| *at < to).find_map(|at| {
            let What::ProgramStarted { program, .. } = &view.events[at].what else { return None };
            let zk = program.contains("kafka-mesos").then(|| program.split_once(" --zk ")).flatten()?.1;
            Some((at, chroot(zk.split(' ').next().unwrap_or_default())))
        })
    })
}

/// Spans that no broker has.
fn not_delivered<'a>(view: &View<'a>, how_far: &HowFar, to: At, out: &mut Vec<Candidate<'a>>) {
    let failed =
        view.failed_steps.iter().copied().filter(|at| *at < to).find_map(|at| match &view.events[at].what {
            What::StepFinished { step, error: Some(error) }
                if step.starts_with("send ") && step.contains(" spans to topic ") =>
            {
                Some((at, error.as_str()))
            }
            _ => None,
        });
    let sent = how_far.sent;
    let lost = how_far.produced < sent || how_far.in_log < how_far.produced;
    if failed.is_none() && (sent == 0 || !lost || how_far.missing == 0) {
        return;
    }
    let (produced, in_log) = (how_far.produced, how_far.in_log);
    let seen: Vec<Evidence> =
        failed.iter().map(|(at, error)| evidence(format!("sending: {error}"), vec![view.id(*at)])).collect();
    let ids = view.ids(&how_far.events[how_far.events.len().saturating_sub(5)..]);
    out.push(
        Candidate::of(68, format!("of {sent} spans the brokers took {produced}, and {in_log} can be fetched: what was sent did not all reach Kafka, and a generator says no more of that than a warning"))
            .seen(seen)
            .seen((sent > 0).then(|| evidence(format!("{produced} of {sent} produced, {in_log} in the log"), ids)))
            .rank(30)
            .cure("see that the brokers run and can be reached at the addresses that they advertise (host.name), and send the traces again"),
    );
}
