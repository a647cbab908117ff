//! What a run leaves of a stored stack in the original's developer mode, which runs the stored object itself.

use std::collections::BTreeMap;

use crate::{Application, Stack, Variables, Yaml};

/// A stack whose started applications have their variables replaced and the values of their tasks turned into texts.
pub(super) fn edited(stack: &Stack, started: &dyn Fn(&str) -> bool, variables: &Variables) -> Stack {
    let mut stack = stack.clone();
    for app in stack.applications.values_mut().filter(|app| started(&app.id)) {
        edit(app, variables);
    }
    stack
}

fn edit(app: &mut Application, variables: &Variables) {
    let resolve = |text: &mut String| *text = variables.resolve(text).into_owned();
    resolve(&mut app.launch_command);
    let resolve_map = |map: &mut BTreeMap<String, String>| map.values_mut().for_each(resolve);
    resolve_map(&mut app.env);
    resolve_map(&mut app.scheduler);
    let hooks = [
        &mut app.args,
        &mut app.before_scheduler,
        &mut app.after_scheduler,
        &mut app.before_task,
        &mut app.after_task,
        &mut app.after_tasks,
    ];
    for lines in hooks {
        lines.iter_mut().for_each(resolve);
    }
    for task in &mut app.tasks {
        resolve_map(&mut task.parameters);
        for (key, value) in task.written.iter_mut().flat_map(|written| &mut written.parameters) {
            let (Yaml::Plain(name) | Yaml::Text(name)) = key else { continue };
            if let Some(text) = task.parameters.get(name) {
                *value = Yaml::Text(text.clone());
            }
        }
    }
}
