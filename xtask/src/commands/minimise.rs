//! `cargo xtask minimise`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use serde_json::json;
use stacklab_lab::e2e::stack_path;
use stacklab_lab::exit::ExitCode;
use stacklab_lab::input::read_stack_as_it_is;
use stacklab_lab::minimise::minimise as smaller;

use super::Failed;
use super::repro::wanted;
use crate::flags::Minimise;
use crate::paths;

/// Leaves out what the failure does not need, and writes what is left.
pub(crate) fn minimise(flags: &Minimise) -> Result<ExitCode, Failed> {
    let wanted = wanted(&flags.what)?;
    let seed = flags.seed.unwrap_or(wanted.seed);
    let stack =
        read_stack_as_it_is(&stack_path(&wanted.scenario, &paths::stacks())).map_err(Failed::input)?;
    let mut progress = |line: &str| eprintln!("{line}");
    let found = smaller(&wanted.scenario, &stack.stack, &paths::stacks(), seed, &mut progress);
    let Some(found) = found else {
        let name = &wanted.scenario.name;
        return Err(Failed::input(anyhow!("{name} does not fail in virtual time for a cause that is known")));
    };
    let name = format!("{}-small", wanted.scenario.name);
    let folder = flags.output.clone().unwrap_or_else(|| paths::left().join("minimised"));
    let stack = format!("{name}.stack");
    let scenario = found.expecting(&PathBuf::from(format!("./{stack}")));
    let path = folder.join(format!("{name}.yaml"));
    let write = || {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(&stack), found.stack.print())?;
        std::fs::write(&path, scenario.to_yaml())
    };
    write().with_context(|| format!("cannot write {}", path.display())).map_err(Failed::environment)?;
    let agents: usize = scenario.cluster.agents.iter().map(|agent| agent.count).sum();
    let left = json!({
        "scenario": path,
        "cause": found.cause,
        "runs": found.runs,
        "faults": scenario.faults.len(),
        "steps": scenario.steps.len(),
        "agents": agents,
        "applications": found.stack.applications.len(),
    });
    if flags.json {
        println!("{left}");
    } else {
        println!(
            "{}: {} after {} runs: {} faults, {} steps, {agents} agents, {} applications",
            path.display(),
            found.cause,
            found.runs,
            scenario.faults.len(),
            scenario.steps.len(),
            found.stack.applications.len(),
        );
        println!("again: cargo xtask e2e {} --backend sim --seed {seed}", path.display());
    }
    Ok(ExitCode::AsExpected)
}
