//! Reads a scenario file: first what the YAML says, then what it means. Every error has its place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_saphyr::Spanned;
use stacklab_faults::{Fault, Pattern};

use super::error::{ScenarioError, Spot, key, malformed, of_parser, unknown};
use super::sentence;
use super::step::{Condition, PATIENCE, Step};
use super::{Already, Backend, Cause, Expect, Scenario, TracesSpec};
use crate::cluster::ClusterSpec;

/// Keys of a scenario, in the order of the file.
pub const KEYS: [&str; 11] = [
    "about",
    "cluster",
    "already-running",
    "stack",
    "variables",
    "traces",
    "steps",
    "faults",
    "expect",
    "cure",
    "not-on",
];

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    about: String,
    #[serde(default = "usual_cluster")]
    cluster: Spanned<ClusterSpec>,
    #[serde(default)]
    already_running: Vec<Already>,
    stack: PathBuf,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    traces: Option<TracesSpec>,
    #[serde(default)]
    steps: Vec<Spanned<Written>>,
    #[serde(default)]
    faults: Vec<Spanned<Fault>>,
    #[serde(default)]
    expect: Expected,
    #[serde(default)]
    cure: Vec<Spanned<Written>>,
    #[serde(default)]
    not_on: BTreeMap<Backend, String>,
}

fn usual_cluster() -> Spanned<ClusterSpec> {
    Spanned::new(ClusterSpec::default(), serde_saphyr::Location::UNKNOWN, serde_saphyr::Location::UNKNOWN)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    #[default]
    Deployed,
    Failed(Spanned<String>),
}

/// A step: a sentence, or one with something behind a colon.
#[derive(Debug)]
enum Written {
    Sentence(String),
    With(String, Behind),
}

/// What stands behind the colon.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Behind {
    Pattern(Pattern),
    Text(String),
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step")
            }

            fn visit_str<E>(self, text: &str) -> Result<Written, E> {
                Ok(Written::Sentence(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Written, M::Error> {
                let only =
                    || M::Error::custom("a step is one sentence, with one thing behind a colon at most");
                let (sentence, behind) = map.next_entry::<String, Behind>()?.ok_or_else(only)?;
                match map.next_key::<String>()? {
                    Some(_) => Err(only()),
                    None => Ok(Written::With(sentence, behind)),
                }
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The file cannot be read, or is no scenario.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let source = std::fs::read_to_string(path)
            .map_err(|why| ScenarioError::Unreadable { path: path.to_owned(), why })?;
        Self::parse(path, &source)
    }

    /// Reads the text of a scenario file.
    ///
    /// # Errors
    /// It is no scenario.
    pub fn parse(path: &Path, source: &str) -> Result<Self, ScenarioError> {
        let file: File = serde_saphyr::from_str(source).map_err(|why| of_parser(path, source, &why))?;
        let reading = Reading { path, source };
        if let Some(problem) = file.cluster.value.problem() {
            return Err(reading.wrong(&file.cluster, problem));
        }
        reading.check_faults(&file.faults)?;
        Ok(Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            about: file.about,
            cluster: file.cluster.value,
            already_running: file.already_running,
            stack: beside(path, file.stack),
            variables: file.variables,
            traces: file.traces,
            steps: file.steps.iter().map(|step| reading.step(step)).collect::<Result<_, _>>()?,
            faults: file.faults.into_iter().map(|fault| fault.value).collect(),
            expect: reading.expect(file.expect)?,
            cure: file.cure.iter().map(|step| reading.step(step)).collect::<Result<_, _>>()?,
            not_on: file.not_on,
        })
    }
}

/// A path that begins with a dot is meant from the scenario's file on.
fn beside(scenario: &Path, stack: PathBuf) -> PathBuf {
    let relative = stack.starts_with(".") || stack.starts_with("..");
    match scenario.parent() {
        Some(folder) if relative => folder.join(stack),
        _ => stack,
    }
}

struct Reading<'f> {
    path: &'f Path,
    source: &'f str,
}

impl Reading<'_> {
    fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>) -> ScenarioError {
        malformed(self.path, self.source, self.spot(at, 0, 1), why)
    }

    /// Where a letter of a text stands. Of one that spans several lines only the beginning is known.
    fn spot<T>(&self, at: &Spanned<T>, letter: usize, width: usize) -> Spot {
        let (line, column) = (at.referenced.line() as usize, at.referenced.column() as usize);
        let first = self.source.lines().nth(line.saturating_sub(1));
        let first = first.and_then(|text| text.chars().nth(column.saturating_sub(1)));
        match first {
            Some('|' | '>') | None => Spot { line, column, width: 1 },
            Some('"' | '\'') => Spot { line, column: column + 1 + letter, width },
            Some(_) => Spot { line, column: column + letter, width },
        }
    }

    fn step(&self, written: &Spanned<Written>) -> Result<Step, ScenarioError> {
        match &written.value {
            Written::Sentence(text) => match sentence::parse(text) {
                Ok(Step::Deploy { stack: Some(stack), again, fails }) => {
                    Ok(Step::Deploy { stack: Some(beside(self.path, stack)), again, fails })
                }
                read => read.map_err(|why| {
                    malformed(self.path, self.source, self.spot(written, why.at, why.width), why.why)
                }),
            },
            Written::With(text, behind) => self.with(written, text, behind),
        }
    }

    fn with(&self, at: &Spanned<Written>, text: &str, behind: &Behind) -> Result<Step, ScenarioError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match (words.as_slice(), behind) {
            (["expect", "an", "event"], Behind::Pattern(event)) => Step::ExpectEvent(event.clone()),
            (["expect", "no", "event"], Behind::Pattern(event)) => Step::ExpectNoEvent(event.clone()),
            (["wait", "until", "an", "event"], Behind::Pattern(event)) => {
                Step::WaitUntil { condition: Condition::Event(event.clone()), within: PATIENCE }
            }
            (["write", "znode", path], Behind::Text(data)) if path.starts_with('/') => {
                Step::WriteZnode((*path).to_owned(), data.clone())
            }
            _ => {
                let why = "behind a colon stands an event ('expect an event: {event: agent-lost}', 'expect no \
                           event: …', 'wait until an event: …') or data ('write znode /path: text')";
                return Err(self.wrong(at, why));
            }
        })
    }

    /// What is wrong with a plan is known by its entry and key.
    fn check_faults(&self, faults: &[Spanned<Fault>]) -> Result<(), ScenarioError> {
        let plan: Vec<Fault> = faults.iter().map(|fault| fault.value.clone()).collect();
        let Some(problem) = stacklab_faults::check(&plan, None).into_iter().next() else { return Ok(()) };
        let Some(entry) = faults.get(problem.index).or(faults.first()) else { return Ok(()) };
        let spot = self.spot(entry, 0, 1);
        // The first word of the text is the one that was written.
        let written = problem.text.split_whitespace().next().unwrap_or_default();
        Err(malformed(self.path, self.source, key(self.source, written, spot), problem.text))
    }

    fn expect(&self, written: Expected) -> Result<Expect, ScenarioError> {
        let name = match written {
            Expected::Deployed => return Ok(Expect::Deployed),
            Expected::Failed(name) => name,
        };
        let found = Cause::find(&name.value).ok_or_else(|| {
            let spot = self.spot(&name, 0, name.value.chars().count());
            malformed(self.path, self.source, spot, unknown("cause", &name.value, &Cause::names()))
        })?;
        Ok(Expect::Failed(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Scenario::parse(Path::new("my.yaml"), text).unwrap_err().to_string()
    }

    const WHOLE: &str = r#"
about: Everything that a scenario can have.
cluster:
  agents:
    - { count: 2, cpus: 4, mem: 16384, attributes: { rack: r1 } }
    - { cpus: 1, reserved: { kafka: "cpus:2;mem:1000" } }
  artifacts: { dse.tar.gz: { after: 20 }, jre.tgz: missing }
already-running: [kafka]
stack: zipkin-full.stack
variables: { zk_url: "{zk}" }
traces: { gen-traces: true, load: 3 }
steps:
  - deploy and expect failure
  - delete znode /exhibitor-mesos
  - write znode /a/b: '{"x": 1}'
  - wait until an event: { event: app-removed }
  - expect no event: { event: agent-lost }
  - deploy again
faults:
  - on: { event: task-launched, name: broker-70 }
    do: { fail-task: { task: broker-70 } }
  - at: 40
    do: { lose-agent: { agent: agent-2 } }
    optional: true
cure: [deploy again]
not-on: { docker: it takes too long }
"#;

    #[test]
    fn reads_everything() {
        let scenario = Scenario::parse(Path::new("a/my.yaml"), WHOLE).unwrap();
        assert_eq!((scenario.name.as_str(), scenario.steps.len(), scenario.faults.len()), ("my", 6, 2));
        assert_eq!(scenario.steps[2], Step::WriteZnode("/a/b".into(), r#"{"x": 1}"#.into()));
        assert!(scenario.faults[1].optional);
        assert_eq!(scenario.expect, Expect::Deployed);
    }

    #[test]
    fn points_at_what_is_wrong() {
        let check = |from: &str, to: &str, wanted: expect_test::Expect| {
            assert!(WHOLE.contains(from), "{from}");
            wanted.assert_eq(&mistake(&WHOLE.replacen(from, to, 1)));
        };
        check(
            "already-running:",
            "allready-running:",
            expect_test::expect![[r#"
            my.yaml:8:1: unknown key 'allready-running'; did you mean 'already-running'? There are: about, cluster, already-running, stack, variables, traces, steps, faults, expect, cure, not-on
             8 | allready-running: [kafka]
               | ^^^^^^^^^^^^^^^^"#]],
        );
        check(
            "cpus: 4",
            "cpu: 4",
            expect_test::expect![[r#"
            my.yaml:5:19: unknown key 'cpu'; did you mean 'cpus'? There are: count, cpus, mem, disk, ports, attributes, reserved
             5 |     - { count: 2, cpu: 4, mem: 16384, attributes: { rack: r1 } }
               |                   ^^^"#]],
        );
        check(
            "cpus: 4",
            "cpus: four",
            expect_test::expect![[r#"
                my.yaml:5:25: invalid floating point
                 5 |     - { count: 2, cpus: four, mem: 16384, attributes: { rack: r1 } }
                   |                         ^"#]],
        );
        check(
            "[kafka]",
            "[kafak]",
            expect_test::expect![[r#"
            my.yaml:8:19: unknown word 'kafak'; did you mean 'kafka'? There are: kafka, cassandra
             8 | already-running: [kafak]
               |                   ^^^^^"#]],
        );
        check(
            "delete znode",
            "delte znode",
            expect_test::expect![[r#"
                my.yaml:14:5: 'delte' does not fit: did you mean 'delete'? As in 'delete znode PATH'
                 14 |   - delte znode /exhibitor-mesos
                    |     ^^^^^"#]],
        );
        check(
            "deploy and expect",
            "deploy and expcet",
            expect_test::expect![[r#"
                my.yaml:13:16: 'expcet' does not fit: did you mean 'expect'? As in 'deploy and expect failure'
                 13 |   - deploy and expcet failure
                    |                ^^^^^^"#]],
        );
        check(
            "do: { fail-task",
            "do: { fial-task",
            expect_test::expect![[r#"
            my.yaml:21:11: unknown word 'fial-task'; did you mean 'fail-task'? There are: fail-task, lose-task, hang-task, delay-task, kill-task, lose-agent, partition-agent, pause-agent, fail-over-master, disconnect-framework, fail-over-framework, tear-down-framework, rescind-offers, take-resources, take-port, miss-artifact, slow-artifact, corrupt-artifact, expire-session, stop-service, lose-leader, lose-data, slow-service, answer-error, time-out-writes, answer-http, hang-http, close-http, delay-link, cut-link, narrow-link, skew-clock, fill-disk
             21 |     do: { fial-task: { task: broker-70 } }
                |           ^^^^^^^^^"#]],
        );
        check(
            "event: task-launched",
            "event: task-lunched",
            expect_test::expect![[r#"
            my.yaml:20:18: task-lunched is no event: is task-launched meant?
             20 |   - on: { event: task-lunched, name: broker-70 }
                |                  ^^^^^^^^^^^^"#]],
        );
        check(
            "name: broker-70",
            "nmae: broker-70",
            expect_test::expect![[r#"
            my.yaml:20:33: nmae is no field of task-launched: there are task, name, framework, agent, host, resources, who
             20 |   - on: { event: task-launched, nmae: broker-70 }
                |                                 ^^^^"#]],
        );
        check(
            "optional: true",
            "optinal: true",
            expect_test::expect![[r#"
                my.yaml:24:5: unknown key 'optinal'; did you mean 'optional'? There are: at, on, after, do, times, probability, optional, off
                 24 |     optinal: true
                    |     ^^^^^^^"#]],
        );
        check(
            "docker: it",
            "dokcer: it",
            expect_test::expect![[r#"
            my.yaml:26:11: unknown word 'dokcer'; did you mean 'docker'? There are: embedded, docker, sim
             26 | not-on: { dokcer: it takes too long }
                |           ^^^^^^"#]],
        );
        check(
            "stack: zipkin-full.stack",
            "",
            expect_test::expect![[r#"
            my.yaml:26:1: the key 'stack' is missing
             26 | not-on: { docker: it takes too long }
                | ^"#]],
        );
        check(
            "cure: [deploy again]",
            "cure: [deploy agian]",
            expect_test::expect![[r#"
                my.yaml:25:15: 'agian' does not fit: did you mean 'again'? As in 'deploy again' or 'deploy again and expect failure'
                 25 | cure: [deploy agian]
                    |               ^^^^^"#]],
        );
        check(
            "cure: [deploy again]",
            "expect: { failed: leftover-exhibitor-znod }",
            expect_test::expect![[r#"
                my.yaml:25:19: unknown cause 'leftover-exhibitor-znod'; did you mean 'leftover-exhibitor-znode'?
                 25 | expect: { failed: leftover-exhibitor-znod }
                    |                   ^^^^^^^^^^^^^^^^^^^^^^^"#]],
        );
        check(
            "about: Everything",
            "about: {Everything",
            expect_test::expect![[r#"
                my.yaml:2:8: expected string scalar
                 2 | about: {Everything that a scenario can have.
                   |        ^"#]],
        );
    }
}
