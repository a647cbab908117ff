//! Any two stacks merge as the rules say.

use proptest::prelude::*;

use super::*;
use crate::file::strategies::{any_application, any_stack};

/// Two stacks that have some applications in common.
fn pair() -> impl Strategy<Value = (Stack, Stack)> {
    (any_stack(), any_stack(), any_application(), any_application()).prop_map(
        |(mut child, mut parent, above, below)| {
            child.applications.insert("common".into(), above);
            parent.applications.insert("common".into(), below);
            (child, parent)
        },
    )
}

fn either<'a, T>(child: &'a T, parent: &'a T, is_empty: impl Fn(&T) -> bool) -> &'a T {
    if is_empty(child) { parent } else { child }
}

fn check(child: &Application, parent: &Application, merged: &Application) -> Result<(), TestCaseError> {
    // Never taken from the child.
    let kept = |app: &Application| {
        let times = (app.start_time.clone(), app.time_schedule.clone());
        let lists = (app.constraints.clone(), app.args.clone());
        (app.kind.clone(), app.instances.clone(), lists, app.env.clone(), app.docker.clone(), times)
    };
    prop_assert_eq!(kept(merged), kept(parent));
    // The child's, if it has one.
    let texts = |app: &Application| {
        [&app.id, &app.version, &app.user, &app.healthcheck, &app.launch_command].map(String::clone)
    };
    for ((child, parent), merged) in texts(child).iter().zip(&texts(parent)).zip(&texts(merged)) {
        prop_assert_eq!(merged, either(child, parent, String::is_empty));
    }
    let numbers = |app: &Application| [app.cpu, app.mem];
    for ((child, parent), merged) in numbers(child).iter().zip(&numbers(parent)).zip(&numbers(merged)) {
        prop_assert_eq!(merged, either(child, parent, |number| *number == 0.0));
    }
    prop_assert_eq!(&merged.ports, either(&child.ports, &parent.ports, Vec::is_empty));
    prop_assert_eq!(&merged.tasks, either(&child.tasks, &parent.tasks, Vec::is_empty));
    let lists = |app: &Application| {
        let mut lists: Vec<Vec<String>> = app.hooks().iter().map(|(_, lines)| lines.to_vec()).collect();
        lists.extend([&app.artifact_urls, &app.additional_artifacts, &app.dependencies].map(Vec::clone));
        lists
    };
    for ((child, parent), merged) in lists(child).iter().zip(&lists(parent)).zip(&lists(merged)) {
        prop_assert_eq!(merged, either(child, parent, Vec::is_empty));
    }
    // Key by key; an empty value of the child deletes.
    for key in child.scheduler.keys().chain(parent.scheduler.keys()).chain(merged.scheduler.keys()) {
        let expected = match child.scheduler.get(key) {
            Some(value) if value.is_empty() => None,
            Some(value) => Some(value),
            None => parent.scheduler.get(key),
        };
        prop_assert_eq!(merged.scheduler.get(key), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn any_two_stacks_merge_as_the_rules_say((child, parent) in pair()) {
        let merged = merge(&child, &parent).unwrap();
        prop_assert_eq!(&merged.name, &child.name);
        prop_assert!(merged.from.is_empty());
        prop_assert_eq!((&merged.namespace, merged.layer), (&parent.namespace, parent.layer));
        for (key, app) in &merged.applications {
            match (child.applications.get(key), parent.applications.get(key)) {
                (Some(child), Some(parent)) => check(child, parent, app)?,
                (Some(only), None) | (None, Some(only)) => prop_assert_eq!(app, only),
                (None, None) => prop_assert!(false, "{key} comes from nowhere"),
            }
        }
        for key in child.applications.keys().chain(parent.applications.keys()) {
            prop_assert!(merged.applications.contains_key(key));
        }
    }
}
