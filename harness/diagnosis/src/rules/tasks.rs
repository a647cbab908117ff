//! Tasks that ended: what their statuses, services and logs say.

use stacklab_machine::timeline::What;

use super::ports::is_left_over;
use crate::Evidence;
use crate::question::{Candidate, Question, counted, evidence};
use crate::resources::Resources;
use crate::view::{At, Task, View};

/// Everything that was said of one task.
struct Said<'a> {
    app: &'a str,
    to: At,
    lines: Vec<(At, &'a str)>,
}

impl<'a> Said<'a> {
    /// The first line that contains one of the words.
    fn find(&self, words: &[&str]) -> Option<(At, &'a str)> {
        self.lines.iter().copied().find(|(_, line)| words.iter().any(|word| line.contains(word)))
    }

    fn seen(&self, view: &View<'a>, words: &[&str]) -> Vec<Evidence> {
        let lines = self.lines.iter().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        counted(view, lines.map(|(at, line)| (*at, (*line).to_owned())), 3)
    }
}

/// Why a task ended, or did not come up.
pub(super) fn of_task<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Task { app, task, to } = *question else { return };
    let Some(task) = view.tasks.get(task) else { return };
    missing(view, app, task, to, out);
    let said = listen(view, app, task, to);
    taken_port(view, &said, task, out);
    reserved(view, &said, task, out);
    slow_fetch(view, &said, task, out);
    for known in KNOWN {
        if said.find(known.words).is_some() {
            let name = if task.name.is_empty() { task.id } else { task.name };
            let fill =
                |text: &str| text.replace("{task}", name).replace("{host}", task.host).replace("{app}", app);
            let candidate = Candidate::of(known.code, fill(known.text))
                .seen(said.seen(view, known.words))
                .rank(known.rank)
                .lasting(NEVER_HEALS.contains(&known.code) && times(view, task, known.words, to) >= FAILURES)
                .cure(fill(known.cure))
                .then(known.next.and_then(|next| next(view, &said)));
            out.push(candidate);
        }
    }
}

/// Causes that no further launch of the same task can take away, once so many launches have ended of them.
const NEVER_HEALS: [u16; 3] = [35, 41, 44];
const FAILURES: usize = 3;

/// How many tasks of this one's name have ended with one of these words.
fn times(view: &View<'_>, task: &Task<'_>, words: &[&str], to: At) -> usize {
    let says = |at: &At| words.iter().any(|word| view.status(*at).2.contains(word));
    let ended = |other: &&Task<'_>| other.statuses.iter().filter(|at| **at < to).any(says);
    view.tasks_of(task.name).filter(ended).count()
}

/// Statuses, ends of services, and log lines of a task, in the time in which it was there.
fn listen<'a>(view: &View<'a>, app: &'a str, task: &Task<'a>, to: At) -> Said<'a> {
    let end = task.ended.map_or(to, |end| (end + LATE).min(to));
    let mut lines = Vec::new();
    for at in task.statuses.iter().copied().filter(|at| *at < to) {
        let (_, reason, message) = view.status(at);
        lines.extend([(at, message), (at, reason)].into_iter().filter(|(_, text)| !text.is_empty()));
    }
    if let Some(program) = view.program(task.name) {
        let services = program.services.iter().copied().filter(|at| (task.launched..end).contains(at));
        lines.extend(services.filter_map(|at| match &view.events[at].what {
            What::ServiceExited { message, .. } if !message.is_empty() => Some((at, message.as_str())),
            _ => None,
        }));
        lines.extend(view.lines(task.name, task.launched, end, |line| !line.starts_with("Declined")));
    }
    Said { app, to, lines }
}

/// Events after a task's end in which its program may still be heard.
const LATE: usize = 3;

/// Times that an artifact must be missing until it counts as settled: once may be a scheduler that just restarts.
const MISSING: usize = 3;

fn missing<'a>(view: &View<'a>, app: &'a str, task: &Task<'a>, to: At, out: &mut Vec<Candidate<'a>>) {
    let Some(last) = task.missing.iter().rfind(|at| **at < to) else { return };
    let What::ArtifactMissing { uri, why, .. } = &view.events[*last].what else { return };
    let all = view.tasks_of(task.name).flat_map(|task| task.missing.iter().copied()).filter(|at| *at < to);
    let same: Vec<At> = all
        .filter(
            |at| matches!(&view.events[*at].what, What::ArtifactMissing { uri: other, .. } if other == uri),
        )
        .collect();
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if has(&["No space left"]) {
        // What is missing is room on the agent.
        return full(view, app, task, *last, why, out);
    }
    let corrupt = has(&["corrupt", "checksum", "not whole", "Failed to extract", "gzip", "tar exited"]);
    let (code, text) = if corrupt { (73, "comes, but not whole") } else { (40, "cannot be had") };
    out.push(
        Candidate::of(code, format!("the artifact {uri} of {} {text}: {why}", task.name))
            .seen(counted(
                view,
                same.iter().map(|at| (*at, format!("agent on {}: {uri}: {why}", task.host))),
                2,
            ))
            .rank(90)
            .lasting(same.len() >= MISSING)
            .cure(format!("put {uri} where the agents can fetch it, or correct artifact_urls of {app}")),
    );
}

/// No room for the artifacts of a task.
fn full<'a>(view: &View<'a>, app: &str, task: &Task<'a>, at: At, why: &str, out: &mut Vec<Candidate<'a>>) {
    let host = task.host;
    out.push(
        Candidate::of(
            72,
            format!("the disk of {host} is full: the artifacts of {} of {app} cannot be written", task.name),
        )
        .seen([evidence(why.to_owned(), vec![view.id(at)])])
        .rank(91)
        .cure(format!(
            "free the disk of {host}: old sandboxes, Kafka's logs (log.retention.bytes), data of former runs"
        )),
    );
}

/// A port that somebody listens on already.
fn taken_port<'a>(view: &View<'a>, said: &Said<'a>, task: &Task<'a>, out: &mut Vec<Candidate<'a>>) {
    let words = ["Address already in use", "address already in use", "in use"];
    let Some((at, line)) = said.find(&words) else { return };
    let port = port_in(line).or_else(|| service_port(view, task.name, at));
    let app = said.app;
    let shown = port.map_or("a port".to_owned(), |port| format!("port {port}"));
    let holder = port.and_then(|port| {
        view.live_on(task.host, at)
            .find(|other| other.id != task.id && Resources::read(other.resources).has_port(port))
    });
    let neighbour = port.and_then(|port| listener(view, task, port, at));
    let seen = said.seen(view, &words);
    if let Some(holder) = holder {
        let left_over = is_left_over(view, app, holder, said.to);
        out.push(
            Candidate::of(
                16,
                format!("{} cannot listen on {shown} of {}: {} has it", task.name, task.host, holder.name),
            )
            .seen(seen)
            .rank(82)
            .cure(format!(
                "stop {} on {} (task {}), or give {} another port",
                holder.name, holder.host, holder.id, task.name
            ))
            .then(left_over.then_some(Question::Holder {
                wanted_by: app,
                task: holder.id,
                to: said.to,
                settled: false,
            })),
        );
        return;
    }
    let by = neighbour.map_or_else(
        || "by a process that is none of Mesos'".to_owned(),
        |name| format!("by what {name} started and Mesos knows nothing of"),
    );
    out.push(
        Candidate::of(
            18,
            format!(
                "{shown} of {} is taken {by}, so {} cannot listen on it; Mesos offers it all the same",
                task.host, task.name
            ),
        )
        .seen(seen)
        .rank(80)
        .cure(format!(
            "end the process that listens on {shown} of {} (ss -ltnp on that agent), or give {} another port",
            task.host, task.name
        )),
    );
}

/// A launch that Mesos refuses, because it asks for unreserved resources where they are reserved.
fn reserved<'a>(view: &View<'a>, said: &Said<'a>, task: &Task<'a>, out: &mut Vec<Candidate<'a>>) {
    let words = ["is more than available", "Task uses more resources"];
    let Some((_, line)) =
        said.find(&words).filter(|(_, line)| line.contains("reservations: [(") || line.contains("uses more"))
    else {
        return;
    };
    let name = if task.name.is_empty() { task.id } else { task.name };
    let role = Resources::read(line.rsplit("available").next().unwrap_or(line)).reserved;
    let role = role.map_or_else(|| "a role".to_owned(), |role| format!("the role {role}"));
    let app = said.app;
    out.push(
        Candidate::of(19, format!("{name} asks for unreserved resources out of an offer whose resources are reserved for {role}, and Mesos refuses the launch"))
            .seen(said.seen(view, &words))
            .rank(83)
            .lasting(times(view, task, &words, said.to) >= FAILURES)
            .cure(format!("leave unreserved resources for {app} on the agents: Exhibitor-, DSE- and Zipkin-Mesos cannot use a role's")),
    );
}

/// A container that Mesos gave up while its artifacts were being fetched.
fn slow_fetch<'a>(view: &View<'a>, said: &Said<'a>, task: &Task<'a>, out: &mut Vec<Candidate<'a>>) {
    let words = ["Executor did not register within"];
    let (Some(start), Some((at, line))) = (task.fetching, said.find(&words)) else { return };
    if task.fetched.is_some_and(|end| end < at) {
        return;
    }
    let took = view.seconds(start, at);
    out.push(
        Candidate::of(30, format!("{} did not come up: its artifacts were still being fetched on {} after {took:.1} s, when Mesos gave its container up ({line})", task.name, task.host))
            .seen([evidence(format!("task {} began to fetch on {}", task.id, task.host), view.ids(&[task.launched, start]))])
            .seen(said.seen(view, &words))
            .rank(60)
            .cure(format!("put the artifacts of {} on a faster host, or give the agents a longer --executor_registration_timeout", said.app)),
    );
}

/// The number at the end of the first `host:port` in a text, or of `port 2181`.
fn port_in(line: &str) -> Option<u32> {
    let words = line.split([' ', ',', ';', '(', ')', '\'']);
    let mut previous = "";
    for word in words {
        let word = word.trim_end_matches(['.', ':']);
        if let Some((_, port)) = word.rsplit_once(':')
            && let Ok(port) = port.parse()
        {
            return Some(port);
        }
        if previous == "port"
            && let Ok(port) = word.parse()
        {
            return Some(port);
        }
        previous = word;
    }
    None
}

/// The port of the service that a program started last.
fn service_port(view: &View<'_>, name: &str, before: At) -> Option<u32> {
    let services = &view.program(name)?.services;
    let at = services.iter().rfind(|at| **at <= before)?;
    match &view.events[*at].what {
        What::ServiceStarted { address, .. } | What::ServiceReady { address, .. } => {
            address.rsplit_once(':')?.1.parse().ok()
        }
        _ => service_port(view, name, at.checked_sub(1)?),
    }
}

/// Another program whose service listens on this port of the same agent.
fn listener<'a>(view: &View<'a>, task: &Task<'_>, port: u32, before: At) -> Option<&'a str> {
    let suffix = format!("{}:{port}", task.host);
    let others = view.programs.iter().filter(|(name, _)| **name != task.name);
    let mut found = others.filter(|(_, program)| {
        let last = program.services.iter().rfind(|at| **at < before);
        last.is_some_and(
            |at| matches!(&view.events[*at].what, What::ServiceReady { address, .. } if *address == suffix),
        )
    });
    found.next().map(|(name, _)| *name)
}

/// A text of the originals, and what it means.
struct Known {
    code: u16,
    words: &'static [&'static str],
    rank: u8,
    text: &'static str,
    cure: &'static str,
    next: Option<for<'v, 'a> fn(&'v View<'a>, &'v Said<'a>) -> Option<Question<'a>>>,
}

const KNOWN: &[Known] = &[
    Known {
        code: 5,
        words: &["A broker is already registered on the path"],
        rank: 84,
        text: "the id of {task} is still registered in Kafka's ZooKeeper: its former broker's session lives, or another broker has the id",
        cure: "wait until the old broker's session is over (6 s after its end), or stop the other broker with this id; two Kafka-Mesos need a chroot each",
        next: None,
    },
    Known {
        code: 35,
        words: &["MissingConfigurationTypeException", "(-c or --configtype) must be specified"],
        rank: 84,
        text: "{task} was started without configtype, and Exhibitor ends at once",
        cure: "give the task of {app} configtype: zookeeper, with zkconfigconnect and zkconfigzpath",
        next: None,
    },
    Known {
        code: 50,
        words: &["is no longer valid", "Task launched with invalid offers", "REASON_INVALID_OFFERS"],
        rank: 83,
        text: "the offer for {task} was taken back while it was being accepted: the launch was lost",
        cure: "start the instance of {app} again; rescinded offers come from agents and masters that go away",
        next: None,
    },
    Known {
        code: 41,
        words: &["Memory limit exceeded", "REASON_CONTAINER_LIMITATION_MEMORY"],
        rank: 83,
        text: "{task} used more memory than its container has, and was killed: its heap is not smaller than its mem",
        cure: "give the instance of {app} mem of its heap and some hundred MB more",
        next: None,
    },
    Known {
        code: 58,
        words: &["Cannot assign requested address", "Failed to resolve"],
        rank: 82,
        text: "{task} is to listen on an address that {host} does not have",
        cure: "correct bindAddress (host.name) of {app}, or the name resolution of {host}",
        next: None,
    },
    Known {
        code: 44,
        words: &["JsResultException"],
        rank: 82,
        text: "a comma in a value of env split it in two, and {task} cannot read what is left",
        cure: "write \\, for a comma inside a value of env in the task of {app}",
        next: None,
    },
    Known {
        code: 43,
        words: &["All host(s) tried for query failed"],
        rank: 70,
        text: "{task} was started while no Cassandra answered at its contact points, and ended at once",
        cure: "start Cassandra before Zipkin: name its application in the dependencies of {app}, and its address in CASSANDRA_CONTACT_POINTS",
        next: Some(cassandra),
    },
    Known {
        code: 37,
        words: &["Unable to connect to zookeeper server"],
        rank: 70,
        text: "{task} does not reach its ZooKeeper",
        cure: "see that the ensemble of --zk of {app} serves, and that the connect string is right",
        next: None,
    },
    Known {
        code: 39,
        words: &["cannot reach ZooKeeper at"],
        rank: 69,
        text: "{task} cannot reach the ZooKeeper that it needs",
        cure: "see that the ZooKeeper of {app} runs and can be reached from {host}",
        next: None,
    },
    Known {
        code: 72,
        words: &["No space left on device", "disk is full", "disk full"],
        rank: 86,
        text: "the disk of {host} is full, and {task} cannot write",
        cure: "free the disk of {host}: old sandboxes, Kafka's logs (log.retention.bytes), data of former runs",
        next: None,
    },
    Known {
        code: 73,
        words: &["corrupt", "not in gzip format", "unexpected end of file", "Unexpected EOF in archive"],
        rank: 85,
        text: "an artifact of {task} came, but not whole",
        cure: "put the whole artifact of {app} where the agents fetch it, and empty their fetch caches",
        next: None,
    },
    Known {
        code: 40,
        words: &[
            "not found in current dir",
            "not found in in current dir",
            "Unable to access jarfile",
            "Could not find or load main class",
            ": not found",
            "should be present in current dir",
            "dir not found",
            "More than one",
            "dse dir should exist",
        ],
        rank: 72,
        text: "{task} does not find what it needs in its sandbox: an artifact is missing in its list, or one too many is there",
        cure: "correct artifact_urls of {app}: what the log names has to be fetched, once",
        next: None,
    },
    Known {
        code: 56,
        words: &[
            "REASON_AGENT_REMOVED",
            "REASON_SLAVE_REMOVED",
            "REASON_AGENT_DISCONNECTED",
            "REASON_SLAVE_DISCONNECTED",
        ],
        rank: 60,
        text: "the agent {host} was lost, and {task} with it",
        cure: "bring the agent {host} back; the frameworks place what was lost anew (after their stickiness period), then run the stack again",
        next: None,
    },
    Known {
        code: 49,
        words: &["Executor did not register within"],
        rank: 55,
        text: "the executor of {task} was started and never registered with its agent",
        cure: "look at the sandbox of {task} on {host}: the executor's stderr",
        next: None,
    },
    Known {
        code: 42,
        words: &["Cassandra process ended with exit code"],
        rank: 40,
        text: "Cassandra under {task} ended before it was ready",
        cure: "read Cassandra's log in the sandbox of {task} on {host}: an address in the ring already needs replaceAddress, a full disk space, a small mem a smaller heap",
        next: None,
    },
];

/// Why there is no Cassandra: its own application's failure, if it has one.
fn cassandra<'a>(view: &View<'a>, said: &Said<'a>) -> Option<Question<'a>> {
    let (app, program) = view.programs.iter().find_map(|(name, program)| {
        let node = program.instances.iter().any(|at| {
            matches!(&view.events[*at].what, What::InstanceState { instance, .. } if instance.starts_with("node "))
        });
        // One of another stack's has nothing to do with it.
        let is_deployed = view.apps.get(name).is_some_and(|app| !app.states.is_empty());
        (node && is_deployed).then_some((*name, *name))
    })?;
    let instance = view.not_running(program, 0, said.to).into_iter().next()?;
    Some(Question::Instance { app, program, instance, to: said.to })
}

/// Only for the text of evidence.
pub(super) fn last_words<'a>(view: &View<'a>, app: &'a str, task: &Task<'a>, to: At) -> Vec<Evidence> {
    let mut said = listen(view, app, task, to).lines;
    said.sort_by_key(|(at, _)| *at);
    let skip = said.len().saturating_sub(4);
    said.into_iter()
        .skip(skip)
        .map(|(at, line)| {
            evidence(
                format!("{}: {line}", if task.name.is_empty() { task.id } else { task.name }),
                vec![view.id(at)],
            )
        })
        .collect()
}
