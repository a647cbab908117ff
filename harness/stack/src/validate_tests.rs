//! Tests of what is checked before a run.

use super::*;

fn app(id: &str, dependencies: &[&str]) -> Application {
    Application {
        kind: "custom".into(),
        id: id.into(),
        cpu: 1.0,
        mem: 1.0,
        dependencies: dependencies.iter().map(|id| (*id).to_owned()).collect(),
        ..Application::default()
    }
}

fn stack(applications: Vec<Application>) -> Stack {
    let keyed = applications.into_iter().enumerate().map(|(index, app)| (format!("k{index}"), app));
    Stack { name: "s".into(), applications: keyed.collect(), ..Stack::default() }
}

#[track_caller]
fn check_reason(change: impl FnOnce(&mut Application), reason: &str) {
    let mut changed = app("a", &[]);
    change(&mut changed);
    let error = validate(&stack(vec![changed])).unwrap_err();
    assert_eq!(error.to_string(), format!("Invalid application k0: {reason}"));
}

#[test]
fn refuses_in_the_original_words() {
    let instances =
        "Invalid number of application instances: supported are numbers greater than zero and 'all'";
    check_reason(|app| app.kind.clear(), "No application type");
    check_reason(|app| app.tasks.push(crate::Task::default()), "No task runner available for application");
    check_reason(|app| app.id.clear(), "No application ID");
    check_reason(|app| app.cpu = 0.0, "Invalid application CPU");
    check_reason(|app| app.mem = -1.0, "Invalid application Mem");
    check_reason(|app| app.instances = "0".into(), instances);
    check_reason(|app| app.instances = "some".into(), instances);
    check_reason(|app| app.constraints.push(vec![]), "Invalid constraint");
    check_reason(|app| app.constraints.push(vec!["h".into()]), "Unsupported constraint: []");
    let mut all = app("a", &["nowhere"]);
    all.instances = "all".into();
    assert_eq!(validate(&stack(vec![all])), Ok(()));
}

#[track_caller]
fn check_problems(applications: Vec<Application>, skip: &str, expected: &[&str]) {
    let skip: Vec<_> = skip.split_whitespace().map(|pattern| Regex::new(pattern).unwrap()).collect();
    let found: Vec<_> = problems(&stack(applications), &skip).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn finds_what_would_hang() {
    check_problems(vec![], "", &["stack s has no applications"]);
    check_problems(vec![app("a", &["b"]), app("b", &[])], "", &[]);
    check_problems(vec![app("a", &["x"])], "", &["a depends on x, which is the id of no application"]);
    check_problems(vec![app("a", &["x"])], "a", &[]);
    check_problems(vec![app("a", &[]), app("a", &[])], "", &["applications k0 and k1 have the same id a"]);
    let cycle = || vec![app("a", &["b"]), app("b", &["c"]), app("c", &["b"])];
    check_problems(cycle(), "", &["applications depend on each other: b -> c -> b"]);
    check_problems(cycle(), "^c$", &[]);
    check_problems(vec![app("a", &["a"])], "", &["applications depend on each other: a -> a"]);
    let mut diamond = vec![app("a", &["b", "c"]), app("b", &["d"]), app("c", &["d"]), app("d", &[])];
    check_problems(diamond.clone(), "", &[]);
    diamond[3].dependencies.push("a".into());
    check_problems(diamond, "", &["applications depend on each other: a -> b -> d -> a"]);
}

#[test]
fn refuses_what_is_not_played() {
    let mut hooked = app("a", &[]);
    hooked.after_task.push("true".into());
    check_problems(
        vec![hooked],
        "",
        &[
            "a: after_task holds shell commands for the machine that runs the stack; they run only if that was \
           allowed at its start (--allow-hooks)",
        ],
    );
    let mut once = app("a", &[]);
    once.kind = "run-once".into();
    check_problems(
        vec![once],
        "",
        &["a: type run-once is run by Stack Deploy's own Mesos framework, and none is connected here"],
    );
}
