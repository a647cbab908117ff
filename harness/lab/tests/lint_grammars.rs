//! What `lint` says of times, ids, ranges, maps, constraints and storages is what the frameworks' own readers say.

use proptest::prelude::*;
use stacklab_frameworks::base::{
    Constraints, Dialect, Period, Range, Span, Storage, TextMap, decimal, expand, expand_filtered,
};
use stacklab_stack::lint::{LintOptions, lint};

/// Whether a code is found in a stack with this parameter of a task, or this option of the scheduler.
fn finds(code: &str, kind: &str, block: &str, name: &str, text: &str) -> bool {
    let quoted = format!("'{}'", text.replace('\'', "''"));
    let place = match block {
        "tasks" => format!("tasks:\n      t:\n        {name}: {quoted}"),
        _ => format!("scheduler:\n      {name}: {quoted}"),
    };
    let stack = format!(
        "name: s\napplications:\n  a:\n    type: {kind}\n    id: a\n    cpu: 1\n    mem: 1\n    \
         launch_command: scheduler\n    {place}\n"
    );
    let report = lint(&stack, &LintOptions::default());
    assert!(report.stages.is_some(), "{stack}");
    report.findings.iter().any(|finding| finding.rule.code == code && finding.path.ends_with(name))
}

fn task(code: &str, kind: &str, name: &str, text: &str) -> bool {
    finds(code, kind, "tasks", name, text)
}

const EXHIBITOR: &str = "exhibitor-mesos-0.1.x";
const KAFKA: &str = "kafka-mesos-0.9.x";
const DSE: &str = "dse-mesos-0.2.x";
const ZIPKIN: &str = "zipkin-mesos-0.1.x";

proptest! {
    #[test]
    fn times(text in "[0-9]{0,3} ?(ms|s|m|min|minutes?|h|hours?|d|days|sec|µs|w|x|)( |s)?") {
        prop_assert_eq!(task("SD100", KAFKA, "timeout", &text), text.parse::<Period>().is_err(), "period {:?}", text);
        prop_assert_eq!(task("SD100", DSE, "timeout", &text), text.parse::<Span>().is_err(), "duration {:?}", text);
    }

    #[test]
    fn ids(text in "([0-9]{1,2}|[0-9](\\.\\.)[0-9]|,| |x|-)(,[0-9]|,|\\.\\.[0-9]{1,4}|)") {
        // A range that runs backwards names nobody, which nobody means.
        let number = |text: &str| text.parse::<u32>().ok();
        let backwards = |part: &str| {
            part.split_once("..").is_some_and(|(low, high)| number(high).is_some_and(|high| number(low) > Some(high)))
        };
        prop_assume!(!text.split(',').any(backwards));
        let plain = expand(&text, &[]).is_ok_and(|ids| !ids.is_empty());
        prop_assert_eq!(task("SD101", EXHIBITOR, "id", &text), !plain, "{:?}", text);
        let filtered = expand_filtered(&text, &[], |_| false, |_, _| None).is_ok_and(|ids| !ids.is_empty());
        prop_assert_eq!(task("SD101", KAFKA, "id", &text), !filtered, "{:?}", text);
    }

    #[test]
    fn ranges(text in "[0-9]{1,4}(\\.\\.[0-9]{0,4})?(, ?[0-9]{1,4})?,?x?") {
        prop_assert_eq!(task("SD104", ZIPKIN, "port", &text), Range::parse_list(&text).is_err(), "{:?}", text);
        prop_assert_eq!(task("SD104", KAFKA, "port", &text), text.parse::<Range>().is_err(), "{:?}", text);
    }

    #[test]
    fn numbers(text in "-?[0-9]{0,3}(\\.[0-9]?)?(e[0-9])?x? ?") {
        prop_assert_eq!(task("SD104", KAFKA, "cpus", &text), decimal(&text).is_err(), "{:?}", text);
    }

    #[test]
    fn maps(text in "([ab ]{0,2}|=|,|\\\\|a=b|,c=d|\\\\,|\\\\=){1,6}") {
        let read = TextMap::parse(&text);
        prop_assert_eq!(task("SD117", ZIPKIN, "env", &text), read.is_err(), "{:?}", text);
        let without = read.is_ok_and(|map| map.iter().any(|(_, value)| value.is_none()));
        prop_assert_eq!(task("SD110", ZIPKIN, "env", &text), without, "{:?}", text);
    }

    #[test]
    fn constraints(
        text in "(hostname|rack)(=|)(unique|uniq|like:r[1-3]|like:\\(|unlike:r|cluster|cluster:r1|groupBy|groupBy:2|groupBy:x|atMost:2|)(,dc=unique|,|)"
    ) {
        for (kind, dialect) in
            [(EXHIBITOR, Dialect::All), (KAFKA, Dialect::Last), (DSE, Dialect::AllAndAtMost), (ZIPKIN, Dialect::All)]
        {
            let bad = Constraints::parse(&text, dialect).is_err();
            prop_assert_eq!(task("SD105", kind, "constraints", &text), bad, "{} {:?}", kind, text);
        }
    }

    #[test]
    fn storages(text in "(zk|file|s3|):?/{0,2}(h:2181|h:1,i:2)?(/x|/|)") {
        prop_assert_eq!(finds("SD120", DSE, "scheduler", "storage", &text), Storage::parse(&text).is_err(), "{:?}", text);
    }
}
