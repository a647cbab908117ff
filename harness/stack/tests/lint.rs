//! Whatever a file holds, a check of it ends, and its findings lie in the file.

use proptest::collection::vec;
use proptest::prelude::*;
use stacklab_stack::lint::{LintOptions, Source, explain, lint};

const FULL: &str = include_str!("../../../fixtures/stacks/zipkin-full.stack");

/// A change of a file: which line, and what becomes of it.
#[derive(Clone, Debug)]
enum Change {
    Drop(usize),
    Twice(usize),
    Swap(usize, usize),
    Indent(usize, usize),
    /// What stands behind the first colon.
    Value(usize, String),
    Key(usize, String),
}

fn change() -> impl Strategy<Value = Change> {
    let line = || 0..140_usize;
    let value = prop_oneof![
        "[a-z0-9.,=:*-]{0,8}",
        "\\$\\{[a-z.-]{0,8}\\}?",
        Just("yes".to_owned()),
        Just("0..2".to_owned()),
        Just("30min".to_owned()),
        Just("[]".to_owned()),
        Just("{a: [b, {c: d}]}".to_owned()),
        Just("'ünï ${'".to_owned()),
        Just("|".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1e308".to_owned()),
        Just("${exhibitor-mesos.zkConnect}".to_owned()),
        Just("hostname=atMost:0".to_owned()),
        Just("all".to_owned()),
    ];
    let key = prop_oneof![
        "[a-z_]{0,6}",
        Just("n".to_owned()),
        Just("<<".to_owned()),
        Just("docker".to_owned()),
        Just("instances".to_owned()),
        Just("constraints".to_owned()),
        Just("adminPort".to_owned()),
        Just("type".to_owned()),
    ];
    prop_oneof![
        line().prop_map(Change::Drop),
        line().prop_map(Change::Twice),
        (line(), line()).prop_map(|(a, b)| Change::Swap(a, b)),
        (line(), 0..10_usize).prop_map(|(line, by)| Change::Indent(line, by)),
        (line(), value).prop_map(|(line, value)| Change::Value(line, value)),
        (line(), key).prop_map(|(line, key)| Change::Key(line, key)),
    ]
}

fn changed(changes: &[Change]) -> String {
    let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
    for change in changes {
        let count = lines.len().max(1);
        match change {
            Change::Drop(at) if !lines.is_empty() => drop(lines.remove(at % count)),
            Change::Twice(at) if !lines.is_empty() => lines.insert(at % count, lines[at % count].clone()),
            Change::Swap(a, b) if !lines.is_empty() => lines.swap(a % count, b % count),
            Change::Indent(at, by) => {
                edit(&mut lines, *at, |line| format!("{}{}", " ".repeat(*by), line.trim()))
            }
            Change::Value(at, value) => edit(&mut lines, *at, |line| {
                format!("{}: {value}", line.split(':').next().unwrap_or_default())
            }),
            Change::Key(at, key) => edit(&mut lines, *at, |line| {
                let indent = line.len() - line.trim_start().len();
                let value = line.split_once(':').map_or("", |(_, value)| value);
                format!("{}{key}:{value}", " ".repeat(indent))
            }),
            _ => {}
        }
    }
    lines.join("\n")
}

fn edit(lines: &mut [String], at: usize, change: impl FnOnce(&str) -> String) {
    let count = lines.len().max(1);
    if let Some(line) = lines.get_mut(at % count) {
        *line = change(line);
    }
}

fn check(text: &str, options: &LintOptions) -> Result<(), TestCaseError> {
    let report = lint(text, options);
    prop_assert_eq!(report.errors() + report.warnings(), report.findings.len());
    for finding in &report.findings {
        let text = if finding.file == options.file { text } else { &options.layers[0].text };
        let line = text.lines().nth(finding.at.line as usize - 1).unwrap_or_default();
        prop_assert!(finding.at.line as usize <= text.lines().count().max(1), "{:?}", finding);
        prop_assert!(finding.at.column as usize <= line.chars().count() + 1, "{:?}", finding);
        prop_assert!(finding.end >= finding.at, "{:?}", finding);
        prop_assert!(!finding.message.contains('\n'), "{:?}", finding);
        prop_assert!(explain(finding.rule.code).is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_a_stack_is_checked(changes in vec(change(), 1..6)) {
        check(&changed(&changes), &LintOptions::default())?;
    }

    #[test]
    fn any_change_of_a_layer_is_checked(changes in vec(change(), 1..6), to_stack in vec(change(), 0..3)) {
        let layer = Source { file: "zone".into(), text: changed(&changes) };
        let options = LintOptions { zone: "zipkin-full".into(), layers: vec![layer], ..LintOptions::default() };
        check(&changed(&to_stack), &options)?;
    }

    #[test]
    fn any_text_is_checked(text in "[a-z:\\-\\[\\]{}&*#|>'\"\n \t$é]{0,80}") {
        check(&text, &LintOptions::default())?;
    }
}
