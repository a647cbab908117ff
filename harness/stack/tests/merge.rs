//! Any two layers merge as the original's rules say: checked against a table of the rules, field by field.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use stacklab_stack::{Application, Docker, Stack, Task, merge};

/// How a field of the child gets into the merged application.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// The child's, unless it is empty.
    ChildWins,
    /// Key by key; an empty value of the child takes the key away.
    ByKey,
    /// The parent's.
    Never,
}

/// Whether a field says something, and what, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Field {
    Value { empty: bool, shown: String },
    Map(BTreeMap<String, String>),
}

fn value<T: std::fmt::Debug + Default + PartialEq>(value: &T) -> Field {
    Field::Value { empty: *value == T::default(), shown: format!("{value:?}") }
}

/// All fields with their rules. A new field of an application does not compile here without one.
fn fields(app: &Application) -> Vec<(&'static str, Rule, Field)> {
    let Application {
        kind,
        id,
        version,
        cpu,
        mem,
        ports,
        instances,
        constraints,
        user,
        healthcheck,
        launch_command,
        args,
        env,
        artifact_urls,
        additional_artifacts,
        scheduler,
        tasks,
        dependencies,
        docker,
        start_time,
        time_schedule,
        before_scheduler,
        after_scheduler,
        before_task,
        after_task,
        after_tasks,
    } = app;
    use Rule::{ByKey, ChildWins, Never};
    vec![
        ("type", Never, value(kind)),
        ("id", ChildWins, value(id)),
        ("version", ChildWins, value(version)),
        ("cpu", ChildWins, value(cpu)),
        ("mem", ChildWins, value(mem)),
        ("ports", ChildWins, value(ports)),
        ("instances", Never, value(instances)),
        ("constraints", Never, value(constraints)),
        ("user", ChildWins, value(user)),
        ("healthcheck", ChildWins, value(healthcheck)),
        ("launch_command", ChildWins, value(launch_command)),
        ("args", Never, value(args)),
        ("env", Never, value(env)),
        ("artifact_urls", ChildWins, value(artifact_urls)),
        ("additional_artifacts", ChildWins, value(additional_artifacts)),
        ("scheduler", ByKey, Field::Map(scheduler.clone())),
        ("tasks", ChildWins, value(tasks)),
        ("dependencies", ChildWins, value(dependencies)),
        ("docker", Never, value(docker)),
        ("start_time", Never, value(start_time)),
        ("time_schedule", Never, value(time_schedule)),
        ("before_scheduler", ChildWins, value(before_scheduler)),
        ("after_scheduler", ChildWins, value(after_scheduler)),
        ("before_task", ChildWins, value(before_task)),
        ("after_task", ChildWins, value(after_task)),
        ("after_tasks", ChildWins, value(after_tasks)),
    ]
}

/// What a field must be after a merge.
fn expected(rule: Rule, child: Field, parent: Field) -> Field {
    match (rule, child, parent) {
        (Rule::Never, _, parent) => parent,
        (Rule::ChildWins, Field::Value { empty: true, .. }, parent) => parent,
        (Rule::ChildWins, child, _) => child,
        (Rule::ByKey, Field::Map(child), Field::Map(parent)) => {
            let names = child.keys().chain(parent.keys());
            let merged = names.filter_map(|name| {
                let value = child.get(name).or(parent.get(name)).filter(|value| {
                    // Only the child takes keys away; an empty value that the parent has itself stays.
                    !value.is_empty() || !child.contains_key(name)
                })?;
                Some((name.clone(), value.clone()))
            });
            Field::Map(merged.collect())
        }
        (Rule::ByKey, _, parent) => parent,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-c]{1,2}"]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec("[a-c]{0,2}", 0..3)
}

fn map() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[a-d]", text(), 0..4)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.1..4.0]
}

fn tasks() -> impl Strategy<Value = Vec<Task>> {
    let task = ("[a-c]", map()).prop_map(|(name, parameters)| {
        let mut task = Task::default();
        task.name.push_str(&name);
        task.parameters.extend(parameters);
        task
    });
    vec(task, 0..3)
}

fn docker() -> impl Strategy<Value = Option<Docker>> {
    prop::option::of(text().prop_map(|image| Docker { image, ..Docker::default() }))
}

prop_compose! {
    fn application()(
        (kind, id, version, user, healthcheck) in (text(), text(), text(), text(), text()),
        (launch_command, instances, start_time, time_schedule) in (text(), text(), text(), text()),
        (cpu, mem, ports, constraints) in (number(), number(), vec(0_i64..4, 0..3), vec(texts(), 0..2)),
        (args, artifact_urls, additional_artifacts, dependencies) in (texts(), texts(), texts(), texts()),
        (env, scheduler, tasks, docker) in (map(), map(), tasks(), docker()),
        (before_scheduler, after_scheduler, before_task, after_task, after_tasks) in
            (texts(), texts(), texts(), texts(), texts()),
    ) -> Application {
        Application {
            kind, id, version, cpu, mem, ports, instances, constraints, user, healthcheck, launch_command, args, env,
            artifact_urls, additional_artifacts, scheduler, tasks, dependencies, docker, start_time, time_schedule,
            before_scheduler, after_scheduler, before_task, after_task, after_tasks,
        }
    }
}

prop_compose! {
    fn stack()(name in "[a-c]{1,3}", from in text(), applications in btree_map("[a-c]", application(), 0..3)) -> Stack {
        Stack { name, from, applications, ..Stack::default() }
    }
}

proptest! {
    #[test]
    fn any_two_layers_merge_as_the_rules_say(child in stack(), parent in stack()) {
        let merged = merge(&child, &parent);
        if parent.applications.is_empty() {
            prop_assert!(merged.is_err(), "the original's handler dies of it");
            return Ok(());
        }
        let merged = merged.expect("the parent has applications");
        prop_assert_eq!(&merged.name, &child.name);
        prop_assert_eq!(merged.from.as_str(), "");
        let mut keys: Vec<_> = child.applications.keys().chain(parent.applications.keys()).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(merged.applications.keys().collect::<Vec<_>>(), keys);
        for (key, app) in &merged.applications {
            match (child.applications.get(key), parent.applications.get(key)) {
                (Some(only), None) | (None, Some(only)) => prop_assert_eq!(app, only),
                (Some(child), Some(parent)) => {
                    for (((name, rule, merged), (_, _, child)), (_, _, parent)) in
                        fields(app).into_iter().zip(fields(child)).zip(fields(parent))
                    {
                        prop_assert_eq!(merged, expected(rule, child, parent), "{} of {}", name, key);
                    }
                }
                (None, None) => prop_assert!(false, "{} is of nobody", key),
            }
        }
    }

    #[test]
    fn a_stack_over_itself_is_itself(stack in stack()) {
        prop_assume!(!stack.applications.is_empty());
        let mut expected = stack.clone();
        expected.from.clear();
        // Its own empty options are taken away.
        for app in expected.applications.values_mut() {
            app.scheduler.retain(|_, value| !value.is_empty());
        }
        prop_assert_eq!(merge(&stack, &stack).expect("it has applications"), expected);
    }
}
