//! From a sentence to a step. The sentences are a table; a text that is none of them is compared with all, and the error
//! points at the first word that does not fit.

use std::fmt;

use stacklab_faults::Pattern;
use stacklab_stack::lint::nearest;

use super::step::{Condition, PATIENCE, Step};

/// Why a text is no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoStep {
    /// Index of the letter where it stops to make sense.
    pub at: usize,
    /// How many letters are meant.
    pub width: usize,
    /// Why, and what may be meant.
    pub why: String,
}

impl fmt::Display for NoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

type Make<T> = fn(&[&str]) -> Result<T, String>;

/// A word in capitals stands for something: STACK is a file, NUMBER a number, PATH begins with a slash, PHRASE is one
/// word or several, REST is all that is left; any other is one word.
const STEPS: &[(&str, Make<Step>)] = &[
    ("deploy", |_| Ok(deploy(None, false, false))),
    ("deploy again", |_| Ok(deploy(None, true, false))),
    ("deploy STACK", |a| Ok(deploy(Some(a[0]), false, false))),
    ("deploy and expect failure", |_| Ok(deploy(None, false, true))),
    ("deploy again and expect failure", |_| Ok(deploy(None, true, true))),
    ("deploy STACK and expect failure", |a| Ok(deploy(Some(a[0]), false, true))),
    ("remove app APP", |a| Ok(Step::RemoveApp(a[0].to_owned()))),
    ("remove all apps", |_| Ok(Step::RemoveAllApps)),
    ("restart app APP", |a| Ok(Step::RestartApp(a[0].to_owned()))),
    ("scale app APP to NUMBER", |a| Ok(Step::ScaleApp(a[0].to_owned(), number(a[1])?))),
    ("tear down framework FRAMEWORK", |a| Ok(Step::TearDown(a[0].to_owned()))),
    ("delete znode PATH", |a| Ok(Step::DeleteZnode(a[0].to_owned()))),
    ("write znode PATH REST", |a| Ok(Step::WriteZnode(a[0].to_owned(), a[1].to_owned()))),
    ("call APP PATH", |a| Ok(Step::Call { app: a[0].to_owned(), path: a[1].to_owned() })),
    ("wait NUMBER s", |a| Ok(Step::Wait(number(a[0])?))),
    ("send the traces", |_| Ok(Step::SendTraces)),
    ("expect NUMBER agents", |a| Ok(Step::ExpectAgents(number(a[0])? as usize))),
    ("expect an event REST", |a| Ok(Step::ExpectEvent(pattern(a[0])?))),
    ("expect no event REST", |a| Ok(Step::ExpectNoEvent(pattern(a[0])?))),
];

const CONDITIONS: &[(&str, Make<Condition>)] = &[
    ("app APP is running", |a| Ok(Condition::AppRuns(a[0].to_owned()))),
    ("app APP is healthy", |a| Ok(Condition::AppHealthy(a[0].to_owned()))),
    ("app APP is gone", |a| Ok(Condition::AppGone(a[0].to_owned()))),
    ("framework FRAMEWORK is registered", |a| Ok(Condition::FrameworkRegistered(a[0].to_owned()))),
    ("framework FRAMEWORK is gone", |a| Ok(Condition::FrameworkGone(a[0].to_owned()))),
    ("task TASK is STATE", |a| Ok(Condition::Task(a[0].to_owned(), a[1].to_owned()))),
    ("agent NUMBER is lost", |a| Ok(Condition::AgentLost(number(a[0])? as usize))),
    ("agent NUMBER is there", |a| Ok(Condition::AgentThere(number(a[0])? as usize))),
    ("service KIND serves", |a| Ok(Condition::ServiceServes(a[0].to_owned()))),
    ("znode PATH exists", |a| Ok(Condition::ZnodeThere(a[0].to_owned()))),
    ("znode PATH is gone", |a| Ok(Condition::ZnodeGone(a[0].to_owned()))),
    ("an event REST", |a| Ok(Condition::Event(pattern(a[0])?))),
    ("PHRASE is STATE", |a| Ok(Condition::Instance(a[0].to_owned(), a[1].to_owned()))),
];

/// First words of instances: another first word is a slip, not an instance.
const INSTANCES: [&str; 7] = ["broker", "server", "node", "collector", "query", "web", "producer"];

/// All sentences, as a reader is told of them.
pub fn sentences() -> Vec<String> {
    let steps = STEPS.iter().map(|(text, _)| (*text).to_owned());
    let untils = CONDITIONS.iter().map(|(text, _)| format!("wait until {text}"));
    let expects = CONDITIONS.iter().filter(|(text, _)| !text.starts_with("an event"));
    steps.chain(untils).chain(expects.map(|(text, _)| format!("expect {text}"))).collect()
}

/// Reads a step.
///
/// # Errors
/// The text is no step.
pub fn parse(text: &str) -> Result<Step, NoStep> {
    let words = words(text);
    let plain: Vec<&str> = words.iter().map(|word| word.text).collect();
    match plain.as_slice() {
        ["wait", "until", ..] => {
            let (rest, within) = split_within(&words[2..]);
            let condition = condition(text, rest)?;
            return Ok(Step::WaitUntil { condition, within });
        }
        ["expect", "an" | "no", ..] => {}
        ["expect", _, "agents"] => {}
        ["expect", _, _, ..] => return condition(text, &words[1..]).map(Step::Expect),
        _ => {}
    }
    one_of(STEPS, text, &words)
}

fn condition(text: &str, words: &[Word<'_>]) -> Result<Condition, NoStep> {
    let found = one_of(CONDITIONS, text, words)?;
    if let (Condition::Instance(instance, _), Some(first)) = (&found, words.first())
        && !INSTANCES.contains(&first.text)
    {
        let subjects = ["app", "framework", "task", "agent", "service", "znode"];
        if subjects.contains(&first.text) {
            let forms = CONDITIONS.iter().map(|(form, _)| *form).filter(|form| form.starts_with(first.text));
            let best =
                forms.clone().filter_map(|form| fill(form, text, words).err()).max().unwrap_or_default();
            return Err(misfit(forms, text, words, best));
        }
        let near = nearest(first.text, INSTANCES.into_iter().chain(subjects));
        let meant = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
        let known = [INSTANCES.as_slice(), &subjects].concat().join(", ");
        let why = format!("'{instance}' is nothing that has a state{meant} Known are: {known}");
        return Err(NoStep { at: first.at, width: first.text.chars().count(), why });
    }
    Ok(found)
}

/// Takes `within 30 s` off the end.
fn split_within<'w, 't>(words: &'w [Word<'t>]) -> (&'w [Word<'t>], u32) {
    if let [rest @ .., within, seconds, unit] = words
        && within.text == "within"
        && unit.text == "s"
        && let Ok(seconds) = seconds.text.parse()
    {
        return (rest, seconds);
    }
    (words, PATIENCE)
}

fn deploy(stack: Option<&str>, again: bool, fails: bool) -> Step {
    Step::Deploy { stack: stack.map(Into::into), again, fails }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("'{text}' is no whole number"))
}

fn pattern(text: &str) -> Result<Pattern, String> {
    serde_saphyr::from_str(text).map_err(|why| why.without_snippet().to_string())
}

/// A word and the letter at which it begins.
#[derive(Clone, Copy, Debug)]
struct Word<'t> {
    at: usize,
    /// In bytes.
    byte: usize,
    text: &'t str,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut begun = None;
    for (at, (byte, letter)) in text.char_indices().enumerate() {
        match (letter.is_whitespace(), begun) {
            (false, None) => begun = Some((at, byte)),
            (true, Some((at, from))) => {
                found.push(Word { at, byte: from, text: &text[from..byte] });
                begun = None;
            }
            _ => {}
        }
    }
    if let Some((at, from)) = begun {
        found.push(Word { at, byte: from, text: &text[from..] });
    }
    found
}

fn is_place(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn fits(place: &str, word: &str) -> bool {
    match place {
        "STACK" => word.ends_with(".stack") || word.contains('/'),
        "NUMBER" => word.parse::<u32>().is_ok(),
        "PATH" => word.starts_with('/'),
        place if is_place(place) => true,
        literal => literal == word,
    }
}

/// What stands in a form's places, or how many words fit.
fn fill<'t>(form: &str, text: &'t str, words: &[Word<'t>]) -> Result<Vec<&'t str>, usize> {
    let form: Vec<&str> = form.split(' ').collect();
    let (mut found, mut next) = (Vec::new(), 0);
    for (index, place) in form.iter().enumerate() {
        let Some(word) = words.get(next) else { return Err(next) };
        match *place {
            "REST" => {
                found.push(text[word.byte..].trim_end());
                next = words.len();
            }
            "PHRASE" => {
                let until = form.get(index + 1).copied().unwrap_or_default();
                let end = words[next..].iter().position(|word| word.text == until).filter(|end| *end > 0);
                let Some(last) = end.and_then(|end| words.get(next + end - 1)) else { return Err(next) };
                found.push(&text[word.byte..last.byte + last.text.len()]);
                next += end.unwrap_or_default();
            }
            place if !fits(place, word.text) => return Err(next),
            place => {
                if is_place(place) {
                    found.push(word.text);
                }
                next += 1;
            }
        }
    }
    if next == words.len() { Ok(found) } else { Err(next) }
}

fn one_of<T>(forms: &[(&str, Make<T>)], text: &str, words: &[Word<'_>]) -> Result<T, NoStep> {
    let mut best = 0;
    for (form, make) in forms {
        match fill(form, text, words) {
            Ok(found) => {
                let whole = text.chars().count();
                return make(&found).map_err(|why| NoStep { at: 0, width: whole, why });
            }
            Err(fitting) => best = best.max(fitting),
        }
    }
    Err(misfit(forms.iter().map(|(form, _)| *form), text, words, best))
}

/// Says what could stand where the text stops to fit.
fn misfit<'f>(forms: impl Iterator<Item = &'f str>, text: &str, words: &[Word<'_>], best: usize) -> NoStep {
    let open: Vec<&str> =
        forms.filter(|form| matches!(fill(form, text, words), Err(fit) if fit == best)).collect();
    let expected = |form: &&&str| form.split(' ').nth(best).is_some();
    let next: Vec<&str> = open.iter().filter(expected).filter_map(|form| form.split(' ').nth(best)).collect();
    let next_is_nothing = next.is_empty();
    let near = words.get(best);
    let near = near.and_then(|word| nearest(word.text, next.into_iter().filter(|next| !is_place(next))));
    let may_be = |form: &&&str| near.is_none_or(|near| form.split(' ').nth(best) == Some(near));
    let choices: Vec<String> = open.iter().filter(may_be).map(|form| format!("'{form}'")).collect();
    let choices = choices.join(" or ");
    let Some(word) = words.get(best) else {
        let at = text.trim_end().chars().count();
        return NoStep { at, width: 1, why: format!("something is missing here; a step is {choices}") };
    };
    let meant = near.map(|near| format!(" did you mean '{near}'?")).unwrap_or_default();
    let among = match (best, &*choices) {
        _ if near.is_none() && next_is_nothing => " nothing more is expected".to_owned(),
        (0, _) if near.is_none() => " a step begins with ".to_owned() + &first_words(&open),
        _ if near.is_some() => format!(" As in {choices}"),
        _ => format!(" a step is {choices}"),
    };
    let why = format!("'{}' does not fit:{meant}{among}", word.text);
    NoStep { at: word.at, width: word.text.chars().count(), why }
}

fn first_words(forms: &[&str]) -> String {
    let mut words: Vec<&str> = forms.iter().filter_map(|form| form.split(' ').next()).collect();
    words.dedup();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_reads_back_what_it_prints() {
        for text in [
            "deploy",
            "deploy again",
            "deploy leftover.stack",
            "deploy and expect failure",
            "deploy leftover.stack and expect failure",
            "deploy again and expect failure",
            "remove app exhibitor-mesos",
            "remove all apps",
            "restart app kafka-mesos",
            "scale app exhibitor-mesos to 2",
            "tear down framework exhibitor-mesos",
            "delete znode /exhibitor-mesos",
            "write znode /exhibitor-mesos {not json",
            "call kafka-mesos /api/broker/stop?broker=70",
            "wait until broker 70 is running",
            "wait until collector instance 0 is running within 30 s",
            "wait until framework dse-mesos is gone",
            "wait until framework dse-mesos is registered",
            "wait until app kafka-mesos is healthy",
            "wait until app kafka-mesos is running",
            "wait until app kafka-mesos is gone",
            "wait until task broker-70 is failed",
            "wait until agent 2 is lost",
            "wait until agent 2 is there",
            "wait until service kafka serves",
            "wait until znode /x exists",
            "wait until znode /x is gone",
            r#"wait until an event {"event":"task-status","state":"TASK_LOST"}"#,
            "wait 30 s",
            "send the traces",
            "expect 3 agents",
            r#"expect an event {"event":"offer-declined","host":"h"}"#,
            r#"expect no event {"event":"agent-lost"}"#,
            "expect broker 70 is running",
        ] {
            let step = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(step.to_string(), text);
        }
        let Ok(Step::ExpectEvent(pattern)) = parse("expect an event {event: agent-lost, host: h}") else {
            panic!("no event");
        };
        assert_eq!(pattern.event, "agent-lost");
    }

    #[test]
    fn points_at_the_word_that_does_not_fit() {
        let check = |text: &str, at: usize, part: &str| {
            let why = parse(text).unwrap_err();
            assert_eq!(why.at, at, "{why}");
            assert!(why.why.contains(part), "{why}");
        };
        check("depoy", 0, "did you mean 'deploy'?");
        check("deploy agian", 7, "did you mean 'again'?");
        check("remove aps exhibitor-mesos", 7, "did you mean 'app'?");
        check("remove app", 10, "'remove app APP'");
        check("delete znode exhibitor-mesos", 13, "'delete znode PATH'");
        check("wait 30s", 5, "'wait NUMBER s'");
        check("wait until brokr 70 is running", 11, "did you mean 'broker'?");
        check("wait until app x is runing", 20, "did you mean 'running'?");
        check("sing a song", 0, "a step begins with deploy, remove");
        check("remove all apps now", 16, "nothing more is expected");
        check("", 0, "something is missing");
        check("expect an event {event: [}", 0, "");
    }
}
