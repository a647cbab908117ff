//! Programs: jars, their main classes, and the wrapper scripts around them.

use super::words::fits;
use super::{AnyProgram, UnknownProgram};
use crate::base::{Context, Executor, Framework, Scheduler};
use crate::exhibitor::{self, ExhibitorExecutor, ExhibitorScheduler};
use crate::modelled::{ModelledScheduler, Statsd, Syslog};
use crate::zipkin::{self, ZipkinExecutor, ZipkinScheduler};
use crate::{dse, kafka};

/// Which framework a jar or script belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dse,
    Exhibitor,
    Kafka,
    Statsd,
    Syslog,
    Zipkin,
}

/// Programs that are neither jars nor scripts.
const BINARIES: [(&str, Kind); 2] = [("statsd_cli", Kind::Statsd), ("syslog_cli", Kind::Syslog)];

/// Name patterns of the schedulers' jars, and of their wrapper scripts with the jar that each looks for.
const JARS: [(&str, Kind); 5] = [
    ("mesos-exhibitor*.jar", Kind::Exhibitor),
    ("exhibitor-mesos*.jar", Kind::Exhibitor),
    ("kafka-mesos*.jar", Kind::Kafka),
    ("dse-mesos*.jar", Kind::Dse),
    ("zipkin-mesos*.jar", Kind::Zipkin),
];
const SCRIPTS: [(&str, &str, Kind); 4] = [
    ("exhibitor-mesos.sh", "mesos-exhibitor*.jar", Kind::Exhibitor),
    ("kafka-mesos.sh", "kafka-mesos*.jar", Kind::Kafka),
    ("dse-mesos.sh", "dse-mesos*.jar", Kind::Dse),
    ("zipkin-mesos.sh", "zipkin-mesos*.jar", Kind::Zipkin),
];

/// Finds the machine for an expanded command.
pub(super) fn play(words: &[String], context: Context) -> Result<AnyProgram, UnknownProgram> {
    let not_played = || UnknownProgram::NotPlayed { command: words.join(" ") };
    let Some(mut first) = words.first() else { return Err(not_played()) };
    let mut arguments = &words[1..];
    if matches!(first.as_str(), "sh" | "bash" | "/bin/sh" | "/bin/bash") {
        let Some(script) = arguments.first() else { return Err(not_played()) };
        first = script;
        arguments = &arguments[1..];
    }
    let name = first.rsplit('/').next().unwrap_or_default();
    if let Some((script, mask, kind)) = SCRIPTS.iter().find(|(script, _, _)| *script == name) {
        if !context.files.contains(*script) {
            return Err(ends(127, format!("sh: 1: {first}: not found")));
        }
        only_jar(mask, &context)?;
        return command(*kind, arguments, context).ok_or_else(not_played);
    }
    if let Some((binary, kind)) = BINARIES.iter().find(|(binary, _)| *binary == name) {
        if !context.files.contains(*binary) {
            return Err(ends(127, format!("sh: 1: {first}: not found")));
        }
        return command(*kind, arguments, context).ok_or_else(not_played);
    }
    if name == "java" {
        return java(first, arguments, context).unwrap_or_else(|| Err(not_played()));
    }
    if first.starts_with('-') {
        // `$(find jdk* …)` found nothing: the first option is taken for the program.
        return Err(ends(127, format!("sh: 1: {first}: not found")));
    }
    Err(not_played())
}

/// The wrapper scripts look for exactly one jar.
fn only_jar(mask: &str, context: &Context) -> Result<(), UnknownProgram> {
    match context.files.iter().filter(|file| fits(mask, file)).count() {
        0 => Err(ends(1, format!("{mask} not found"))),
        1 => Ok(()),
        _ => Err(ends(1, format!("More than one {mask} found"))),
    }
}

fn java(program: &str, arguments: &[String], context: Context) -> Option<Result<AnyProgram, UnknownProgram>> {
    if program.contains('/') && !program.starts_with('/') && !context.files.contains(program) {
        return Some(Err(ends(127, format!("sh: 1: {program}: not found"))));
    }
    let mut class_path = None;
    let mut flags = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-jar" => return run_jar(words.next()?, words.as_slice(), context),
            "-cp" | "-classpath" => class_path = Some(words.next()?),
            flag if flag.starts_with('-') => flags.push(flag),
            class => {
                let jar = class_path?;
                if !context.files.contains(jar) {
                    let line = format!("Error: Could not find or load main class {class}");
                    return Some(Err(ends(1, line)));
                }
                return executor(class, &flags, context).map(Ok);
            }
        }
    }
    None
}

fn run_jar(jar: &str, arguments: &[String], context: Context) -> Option<Result<AnyProgram, UnknownProgram>> {
    if !context.files.contains(jar.trim_start_matches("./")) {
        return Some(Err(ends(1, format!("Error: Unable to access jarfile {jar}"))));
    }
    let name = jar.rsplit('/').next().unwrap_or_default();
    let (_, kind) = JARS.iter().find(|(mask, _)| fits(mask, name))?;
    command(*kind, arguments, context).map(Ok)
}

/// The sub-commands of the jars: only `scheduler` is a program that stays.
fn command(kind: Kind, arguments: &[String], context: Context) -> Option<AnyProgram> {
    let (first, words) = arguments.split_first()?;
    if first != "scheduler" {
        return None;
    }
    let words = words.to_vec();
    Some(match kind {
        Kind::Dse => scheduler::<dse::DseMesos>(words, context),
        Kind::Exhibitor => scheduler::<ExhibitorScheduler>(words, context),
        Kind::Kafka => scheduler::<kafka::KafkaMesos>(words, context),
        Kind::Statsd => scheduler::<ModelledScheduler<Statsd>>(words, context),
        Kind::Syslog => scheduler::<ModelledScheduler<Syslog>>(words, context),
        Kind::Zipkin => scheduler::<ZipkinScheduler>(words, context),
    })
}

fn scheduler<F: Framework + 'static>(words: Vec<String>, context: Context) -> AnyProgram {
    AnyProgram::Scheduler(Box::new(Scheduler::<F>::new(words, context)))
}

/// The main classes of the executors.
fn executor(class: &str, flags: &[&str], context: Context) -> Option<AnyProgram> {
    Some(AnyProgram::Executor(match class {
        exhibitor::EXECUTOR_CLASS => Box::new(Executor::new(ExhibitorExecutor::new(), context)),
        zipkin::EXECUTOR_CLASS => {
            let sends_messages = flags.contains(&"-DgenTraces");
            Box::new(Executor::new(ZipkinExecutor::new(sends_messages), context))
        }
        "net.elodina.mesos.dse.Executor" => Box::new(Executor::new(dse::NodeWork::new(), context)),
        "ly.stealth.mesos.kafka.Executor" => Box::new(Executor::new(kafka::BrokerWork::new(), context)),
        _ => return None,
    }))
}

fn ends(code: i32, line: String) -> UnknownProgram {
    UnknownProgram::Ends { code, line }
}
