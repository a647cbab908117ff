//! The smallest scenario that fails for the same reason: in virtual time, faults, steps, applications and agents are left
//! out as long as the innermost cause remains.

use std::path::Path;

use stacklab_diagnosis::Code;
use stacklab_stack::Stack;

use crate::cluster::AgentSpec;
use crate::scenario::{Expect, Scenario, Step};
use crate::sim::play;

/// Runs at the most.
const MOST: usize = 400;

/// What was found.
#[derive(Clone, Debug)]
pub struct Minimal {
    /// The scenario, as small as it gets.
    pub scenario: Scenario,
    /// Its stack.
    pub stack: Stack,
    /// The cause that it still has.
    pub cause: Code,
    /// How many runs it took.
    pub runs: usize,
}

/// The code of the innermost cause of a scenario's failure in virtual time.
pub fn cause(scenario: &Scenario, stack: &Stack, stacks: &Path, seed: u64) -> Option<Code> {
    // What must be found is whatever there is: a step that breaks is no failure of the same kind.
    let played = play(scenario, stack, stacks, seed, false);
    played.diagnosis?.code()
}

/// Makes a scenario smaller. `progress` is told of every step that made it so. `None` if it does not fail for a known
/// cause in virtual time.
pub fn minimise(
    scenario: &Scenario,
    stack: &Stack,
    stacks: &Path,
    seed: u64,
    progress: &mut dyn FnMut(&str),
) -> Option<Minimal> {
    let wanted = cause(scenario, stack, stacks, seed)?;
    let mut search =
        Search { scenario: scenario.clone(), stack: stack.clone(), stacks, seed, wanted, runs: 1, progress };
    search.scenario.steps = scenario.steps();
    loop {
        let before = search.size();
        search.faults();
        search.steps();
        search.applications();
        search.tasks();
        search.agents();
        if search.size() == before || search.runs >= MOST {
            break;
        }
    }
    let Search { scenario, stack, runs, .. } = search;
    Some(Minimal { scenario, stack, cause: wanted, runs })
}

struct Search<'s> {
    scenario: Scenario,
    stack: Stack,
    stacks: &'s Path,
    seed: u64,
    wanted: Code,
    runs: usize,
    progress: &'s mut dyn FnMut(&str),
}

impl Search<'_> {
    fn size(&self) -> usize {
        let tasks: usize = self.stack.applications.values().map(|app| app.tasks.len() + 1).sum();
        let agents: usize = self.scenario.cluster.agents.iter().map(|agent| agent.count).sum();
        self.scenario.faults.len() + self.scenario.steps.len() + tasks + agents
    }

    fn fails(&mut self, scenario: &Scenario, stack: &Stack) -> bool {
        if self.runs >= MOST {
            return false;
        }
        self.runs += 1;
        cause(scenario, stack, self.stacks, self.seed) == Some(self.wanted)
    }

    /// Takes a smaller one if it still fails.
    fn take(&mut self, scenario: Scenario, stack: Stack, without: &str) -> bool {
        let smaller = self.fails(&scenario, &stack);
        if smaller {
            (self.progress)(&format!("without {without} ({} runs)", self.runs));
            (self.scenario, self.stack) = (scenario, stack);
        }
        smaller
    }

    fn faults(&mut self) {
        let (scenario, stack) = (self.scenario.clone(), self.stack.clone());
        if scenario.faults.is_empty() {
            return;
        }
        let fewer = stacklab_faults::minimise(&scenario.faults, |faults| {
            self.fails(&Scenario { faults: faults.to_vec(), ..scenario.clone() }, &stack)
        });
        let left_out = scenario.faults.len() - fewer.len();
        if left_out > 0 {
            (self.progress)(&format!("without {left_out} faults ({} runs)", self.runs));
        }
        self.scenario.faults = fewer;
    }

    fn steps(&mut self) {
        let mut index = 0;
        while index < self.scenario.steps.len() {
            let mut scenario = self.scenario.clone();
            let step = scenario.steps.remove(index);
            let deploys = scenario.steps.iter().any(|step| matches!(step, Step::Deploy { .. }));
            if !deploys || !self.take(scenario, self.stack.clone(), &format!("the step '{step}'")) {
                index += 1;
            }
        }
    }

    fn applications(&mut self) {
        for key in self.stack.applications.keys().cloned().collect::<Vec<_>>() {
            let mut stack = self.stack.clone();
            let Some(gone) = stack.applications.remove(&key) else { continue };
            if stack.applications.is_empty() {
                return;
            }
            for other in stack.applications.values_mut() {
                other.dependencies.retain(|id| *id != gone.id);
            }
            self.take(self.scenario.clone(), stack, &format!("the application {key}"));
        }
    }

    fn tasks(&mut self) {
        for key in self.stack.applications.keys().cloned().collect::<Vec<_>>() {
            let mut index = 0;
            while let Some(task) = self.stack.applications.get(&key).and_then(|app| app.tasks.get(index)) {
                let name = format!("the task {} of {key}", task.name);
                let mut stack = self.stack.clone();
                if let Some(app) = stack.applications.get_mut(&key) {
                    app.tasks.remove(index);
                }
                if !self.take(self.scenario.clone(), stack, &name) {
                    index += 1;
                }
            }
        }
    }

    fn agents(&mut self) {
        let mut each: Vec<AgentSpec> = self.scenario.cluster.each_agent();
        let mut index = 0;
        while index < each.len() && each.len() > 1 {
            let mut fewer = each.clone();
            fewer.remove(index);
            let mut scenario = self.scenario.clone();
            scenario.cluster.agents = alike(&fewer);
            if self.take(scenario, self.stack.clone(), &format!("agent {}", index + 1)) {
                each = fewer;
            } else {
                index += 1;
            }
        }
    }
}

/// Agents that follow each other and are the same, as one entry.
fn alike(agents: &[AgentSpec]) -> Vec<AgentSpec> {
    let mut found: Vec<AgentSpec> = Vec::new();
    for agent in agents {
        match found.last_mut() {
            Some(last) if AgentSpec { count: 1, ..last.clone() } == *agent => last.count += 1,
            _ => found.push(agent.clone()),
        }
    }
    found
}

impl Minimal {
    /// As a scenario of its own, which expects what it was reduced to.
    pub fn expecting(&self, stack: &Path) -> Scenario {
        let cause = crate::scenario::Cause(self.cause);
        Scenario {
            about: format!("{} Made smaller.", self.scenario.about.trim()),
            stack: stack.to_owned(),
            expect: Expect::Failed(cause),
            ..self.scenario.clone()
        }
    }
}
