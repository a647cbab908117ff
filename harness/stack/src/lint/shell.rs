//! Variables of the shell, and what a shell does to the options that are put behind a command line.

use super::application::RUN_ONCE;
use super::context::Context;
use super::finding::Findings;
use super::rules;
use super::variables::{Phase, texts};

/// Variables that Mesos and Marathon give to a task.
const OF_A_TASK: [&str; 3] = ["$HOST", "$PORT", "$MESOS_"];

/// Looks for shell variables where no shell is, and for options that the shell takes apart.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications() {
        for text in texts(app) {
            let field = text.path[0];
            let of_a_task = match (field, text.phase) {
                ("launch_command" | "scheduler", _) => true,
                // A hook has a shell, but that of the server, which knows no task's variables.
                _ => false,
            };
            let Some(name) = OF_A_TASK.iter().find(|name| text.text.contains(**name)).filter(|_| !of_a_task)
            else {
                continue;
            };
            let place = context.piece(key, &text.path, text.index, name, 0);
            let where_to = match text.phase {
                Phase::Start if field == "before_scheduler" => {
                    "a hook runs on the server's machine, which does not know it"
                }
                Phase::Start => "it is handed over as it stands: put it into the command line",
                _ if field == "tasks" => {
                    "it is sent as it stands: use the variables that applications publish"
                }
                _ => "a hook runs on the server's machine, which does not know it",
            };
            let message = format!("{name}… is a variable of a task's shell, and here is none; {where_to}");
            found.add(rules::NO_SHELL, place, message);
        }
        if app.kind == RUN_ONCE {
            continue;
        }
        for (name, value) in &app.scheduler {
            let path = ["scheduler", name.as_str()];
            if value.is_empty() {
                let message = format!(
                    "--{name} is put on the command line without a value, and takes the next word for it"
                );
                found.add(rules::EMPTY_OPTION, context.key(key, &path), message);
            } else if is_taken_apart(value) {
                let message = format!(
                    "--{name} is put on the command line without quotes, and the shell takes `{value}` apart: quote it"
                );
                found.add(rules::UNQUOTED, context.value(key, &path), message);
            }
        }
    }
}

/// Whether a shell makes of a value something else than one word.
fn is_taken_apart(value: &str) -> bool {
    let mut quote = None;
    let mut escaped = false;
    for c in value.chars() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => {
                return true;
            }
            _ => {}
        }
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_a_shell_leaves_alone() {
        for (value, apart) in [
            ("http://$HOST:$PORT0", false),
            ("a b", true),
            ("'a b'", false),
            ("\"a b\"", false),
            ("a\\ b", false),
            ("30 days", true),
            ("it's", true),
            ("a;b", true),
            ("192.168.50.*", false),
            ("zk:h:2181,i:2181/x", false),
        ] {
            assert_eq!(is_taken_apart(value), apart, "{value}");
        }
    }
}
