//! The snapshot of a scenario: what a person would have seen, as text, with what may differ taken out. One file a
//! scenario, whatever the backend.

use std::path::{Path, PathBuf};

use similar::TextDiff;
use stacklab_machine::timeline::{Event, What};

use crate::redact::Redactor;

/// Renders what was observed.
pub fn render(events: &[Event], redactor: &Redactor) -> String {
    let mut text = String::new();
    for event in events {
        let section = match &event.what {
            // Why not is the diagnosis' business: the words of those who gave up differ from run to run.
            What::StackFinished { stack, error } => {
                let end = if error.is_none() { "deployed" } else { "failed" };
                format!("== stack {stack}\n{end}\n")
            }
            What::Observed { subject, value } => {
                let shown = redactor.json(value);
                let pretty = serde_json::to_string_pretty(&shown).unwrap_or_default();
                format!("== {}\n{pretty}\n", redactor.text(subject))
            }
            _ => continue,
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&section);
    }
    text
}

/// Where snapshots lie, in insta's format, so that its tools can review them.
#[derive(Clone, Debug)]
pub struct SnapshotFile {
    path: PathBuf,
    scenario: String,
}

impl SnapshotFile {
    /// The snapshot of a scenario in this folder.
    pub fn new(folder: &Path, scenario: &str) -> Self {
        Self { path: folder.join(format!("{scenario}.snap")), scenario: scenario.to_owned() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` if there is none yet.
    pub fn read(&self) -> Option<String> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        // Behind the header, which ends with the second line of dashes.
        let body =
            text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map(|(_, body)| body);
        Some(body.unwrap_or(&text).to_owned())
    }

    /// Writes it anew.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, body: &str) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let header = format!(
            "---\nsource: scenarios/{}.yaml\nexpression: what a person would see\n---\n",
            self.scenario
        );
        std::fs::write(&self.path, header + body)
    }
}

/// The lines in which two snapshots differ, with three lines around each; `None` if they are equal.
pub fn difference(expected: &str, found: &str) -> Option<String> {
    if expected.trim_end() == found.trim_end() {
        return None;
    }
    let diff = TextDiff::from_lines(expected, found);
    Some(diff.unified_diff().context_radius(3).header("snapshot", "this run").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stacklab_machine::Time;
    use stacklab_machine::timeline::Timeline;

    #[test]
    fn shows_what_was_observed_and_how_it_ended() {
        let mut timeline = Timeline::new();
        let at = Time::SIM_START;
        timeline.record(at, "stack-deploy", None, What::StackFinished { stack: "s".into(), error: None });
        let value = serde_json::json!({ "port": 31_999 });
        timeline.record(at, "lab", None, What::Observed { subject: "x".into(), value });
        let text = render(timeline.events(), &Redactor::new());
        assert_eq!(text, "== stack s\ndeployed\n\n== x\n{\n  \"port\": \"<port>\"\n}\n");
        assert_eq!(difference(&text, &text), None);
        assert!(difference("a\nb\n", "a\nc\n").unwrap().contains("-b\n+c\n"));
    }
}
