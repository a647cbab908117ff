//! Inheritance: a child stack laid over its parent.

use crate::{Application, Stack};

/// A merge on which the original's request handler dies: the parent has no `applications`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stack {child} cannot be merged onto {parent}, which has no applications")]
pub struct MergeError {
    /// Name of the stack on top.
    pub child: String,
    /// Name of the stack below.
    pub parent: String,
}

/// Lays a child over its parent, application by application.
///
/// `type`, `instances`, `constraints`, `args`, `env`, `docker` and times of an application that the parent has are never
/// taken from the child. The result has the child's name and no parent.
///
/// # Errors
/// The parent has no applications.
pub fn merge(child: &Stack, parent: &Stack) -> Result<Stack, MergeError> {
    if parent.applications.is_empty() {
        return Err(MergeError { child: child.name.clone(), parent: parent.name.clone() });
    }
    let mut merged = parent.clone();
    merged.name.clone_from(&child.name);
    merged.from.clear();
    for (key, app) in &child.applications {
        match merged.applications.get_mut(key) {
            Some(below) => merge_application(app, below),
            None => {
                merged.applications.insert(key.clone(), app.clone());
            }
        }
    }
    Ok(merged)
}

fn merge_application(child: &Application, merged: &mut Application) {
    let texts = [
        (&child.id, &mut merged.id),
        (&child.version, &mut merged.version),
        (&child.user, &mut merged.user),
        (&child.healthcheck, &mut merged.healthcheck),
        (&child.launch_command, &mut merged.launch_command),
    ];
    for (from, to) in texts {
        take(from, to, String::is_empty);
    }
    for (from, to) in [(child.cpu, &mut merged.cpu), (child.mem, &mut merged.mem)] {
        take(&from, to, |number| *number == 0.0);
    }
    take(&child.ports, &mut merged.ports, Vec::is_empty);
    take(&child.tasks, &mut merged.tasks, Vec::is_empty);
    let lists = [
        (&child.artifact_urls, &mut merged.artifact_urls),
        (&child.additional_artifacts, &mut merged.additional_artifacts),
        (&child.dependencies, &mut merged.dependencies),
        (&child.before_scheduler, &mut merged.before_scheduler),
        (&child.after_scheduler, &mut merged.after_scheduler),
        (&child.before_task, &mut merged.before_task),
        (&child.after_task, &mut merged.after_task),
        (&child.after_tasks, &mut merged.after_tasks),
    ];
    for (from, to) in lists {
        take(from, to, Vec::is_empty);
    }
    for (key, value) in &child.scheduler {
        if value.is_empty() {
            merged.scheduler.remove(key);
        } else {
            merged.scheduler.insert(key.clone(), value.clone());
        }
    }
}

fn take<T: Clone>(from: &T, to: &mut T, is_empty: impl FnOnce(&T) -> bool) {
    if !is_empty(from) {
        to.clone_from(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Stack {
        Stack::parse(text).unwrap().stack
    }

    #[test]
    fn takes_from_the_child_what_the_original_takes() {
        let parent = parse(
            "name: p\napplications:\n  a:\n    type: t\n    id: a\n    cpu: 1\n    mem: 64\n    instances: 2\n    \
             env: {K: parent}\n    scheduler: {keep: k, drop: d, change: c}\n    tasks: {one: {x: 1}}\n    \
             launch_command: parent-cmd\n",
        );
        let child = parse(
            "name: c\nfrom: p\napplications:\n  a:\n    type: other\n    cpu: 2\n    instances: 7\n    env: {K: child}\n    \
             scheduler: {drop: '', change: n, new: x}\n    tasks: {two: {y: 2}}\n  b:\n    type: u\n    id: b\n",
        );
        let merged = merge(&child, &parent).unwrap();
        let app = &merged.applications["a"];
        assert_eq!((merged.name.as_str(), merged.from.as_str()), ("c", ""));
        assert_eq!((app.kind.as_str(), app.cpu, app.mem, app.instances.as_str()), ("t", 2.0, 64.0, "2"));
        assert_eq!(app.env["K"], "parent");
        assert_eq!(app.launch_command, "parent-cmd");
        let flags: Vec<_> = app.scheduler.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(flags, ["change=n", "keep=k", "new=x"]);
        assert_eq!(app.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["two"]);
        assert_eq!(merged.applications["b"].kind, "u");
    }

    #[test]
    fn refuses_an_empty_parent() {
        let error = merge(&parse("name: c"), &parse("name: p")).unwrap_err();
        assert_eq!(error.to_string(), "stack c cannot be merged onto p, which has no applications");
    }
}
