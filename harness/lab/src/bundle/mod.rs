//! What a run leaves behind: a folder from which it can be understood, and run again.

mod folders;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stacklab_machine::timeline::{Timeline, What};

pub use folders::Folders;

use crate::e2e::{Report, resolve};
use crate::scenario::{Backend, Scenario, ScenarioError, Step};

/// How a run was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// Where it ran.
    pub backend: Backend,
    /// Which services were the real ones, by name, on the embedded backend.
    #[serde(default)]
    pub real: Vec<String>,
    /// Where ids, ports and delays came from.
    pub seed: u64,
    /// By how much waits were divided.
    pub pace: u32,
    /// The commit of the checkout, if there is one.
    #[serde(default)]
    pub commit: Option<String>,
    /// Version of this program.
    pub version: String,
    /// Code of the innermost cause that was found.
    #[serde(default)]
    pub cause: Option<String>,
}

/// Everything of a run.
#[derive(Debug)]
pub struct Bundle<'r> {
    /// The scenario as it was run.
    pub scenario: &'r Scenario,
    /// Where other stack files lie.
    pub stacks: &'r Path,
    /// How.
    pub settings: &'r Settings,
    /// What came of it; none of a run that was broken off.
    pub report: Option<&'r Report>,
    /// What happened.
    pub timeline: &'r Timeline,
}

impl Bundle<'_> {
    /// Writes everything into a folder, which is made.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        self.write_scenario(folder)?;
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
        write("options.json", &pretty(&json!(self.settings)))?;
        write("timeline.jsonl", &self.timeline.to_json_lines())?;
        self.write_logs(&folder.join("logs"))?;
        write("REPLAY", &format!("cargo xtask repro {}\n", folder.display()))?;
        let Some(report) = self.report else { return Ok(()) };
        write("verdict.txt", &format!("{}\n", report.verdict))?;
        write("faults.json", &pretty(&self.faults(report)))?;
        if let Some(diagnosis) = &report.diagnosis {
            write("diagnosis.json", &pretty(&json!(diagnosis)))?;
            write("diagnosis.txt", &diagnosis.text())?;
        }
        let tasks = crate::report::table(&report.tasks, &report.services);
        write("tasks.txt", &format!("{tasks}\n"))?;
        write("critical-path.txt", &format!("{}\n", report.critical_path))?;
        report.difference.as_ref().map_or(Ok(()), |difference| write("difference.diff", difference))
    }

    /// The scenario, and beside it every stack file that it names.
    fn write_scenario(&self, folder: &Path) -> io::Result<()> {
        let mut scenario = self.scenario.clone();
        let beside = |stack: &Path| -> io::Result<PathBuf> {
            let name = stack.file_name().unwrap_or(stack.as_os_str());
            let (from, to) = (resolve(stack, self.stacks), folder.join(name));
            if from != to {
                std::fs::copy(from, to)?;
            }
            Ok(Path::new(".").join(name))
        };
        scenario.stack = beside(&scenario.stack)?;
        for step in scenario.steps.iter_mut().chain(&mut scenario.cure) {
            if let Step::Deploy { stack: Some(stack), .. } = step {
                *stack = beside(stack)?;
            }
        }
        std::fs::write(folder.join("scenario.yaml"), scenario.to_yaml())
    }

    fn faults(&self, report: &Report) -> Value {
        let shown = report.hits.iter().map(|hits| {
            let fault = self.scenario.faults.get(hits.index);
            json!({ "fault": fault, "matched": hits.matched, "happened": hits.fired })
        });
        shown.collect()
    }

    /// A file for each who wrote a log.
    fn write_logs(&self, folder: &Path) -> io::Result<()> {
        let mut logs: BTreeMap<String, String> = BTreeMap::new();
        for event in self.timeline.events() {
            if let What::Log { line } = &event.what {
                let log = logs.entry(file_name(&event.who)).or_default();
                log.push_str(line);
                log.push('\n');
            }
        }
        if !logs.is_empty() {
            std::fs::create_dir_all(folder)?;
        }
        logs.iter().try_for_each(|(who, log)| std::fs::write(folder.join(format!("{who}.log")), log))
    }
}

/// A run that left a folder.
#[derive(Clone, Debug)]
pub struct Left {
    /// The scenario.
    pub scenario: Scenario,
    /// How it was run.
    pub settings: Settings,
}

/// Reads the folder that a run left.
///
/// # Errors
/// It is none, or not whole.
pub fn read(folder: &Path) -> Result<Left, ScenarioError> {
    let scenario = Scenario::read(&folder.join("scenario.yaml"))?;
    let path = folder.join("options.json");
    let unreadable = |why| ScenarioError::Unreadable { path: path.clone(), why };
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    let settings = serde_json::from_str(&text).map_err(|why| unreadable(io::Error::other(why)))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Left { scenario: Scenario { name, ..scenario }, settings })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn file_name(who: &str) -> String {
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    who.chars().take(80).map(plain).collect()
}
