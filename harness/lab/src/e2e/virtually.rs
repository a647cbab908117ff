//! The same scenario in virtual time: no sockets, no clients, so no traces and nothing to look at; but the same steps, the
//! same end, the same cause.

use stacklab_machine::timeline::{Timeline, What};

use super::{NotRun, Options, Report, input};
use crate::input::StackInput;
use crate::judge::{Seen, compare_course, judge};
use crate::redact::{Redactor, ports_in};
use crate::report::{critical_path, running};
use crate::scenario::{Backend, Expect, Scenario};
use crate::sim::{Played, agent_host, play};

/// Runs a scenario in virtual time. The same scenario and seed give the same timeline, to the byte.
///
/// # Errors
/// The scenario was not run at all.
pub fn run_virtually(scenario: &Scenario, options: &Options) -> Result<(Report, Timeline), NotRun> {
    let input = input(scenario, options, Backend::Sim)?;
    let played = play(scenario, &input.stack, &options.stacks, options.seed, options.cure);
    if scenario.expect != Expect::Deployed && played.course.is_without_traces() {
        let why = "it fails when the traces are sent, and in virtual time nobody sends any".to_owned();
        return Err(NotRun::Backend { scenario: scenario.name.clone(), backend: Backend::Sim, why });
    }
    let Played { course, diagnosis, hits, cured, took, mut timeline } = played;
    let seen = Seen { scenario, course: &course, diagnosis: diagnosis.as_ref(), hits: &hits };
    let difference = compare_course(&seen, options, &redactor(scenario, &input));
    let (passed, verdict) = judge(&seen, difference.as_deref());
    let at = stacklab_machine::Time::SIM_START + took;
    timeline.record(at, "lab", None, What::Verdict { passed, text: verdict.clone() });
    let (tasks, services) = running(timeline.events());
    let critical_path = critical_path(timeline.events());
    let frameworks = Vec::new();
    let report = Report {
        passed,
        verdict,
        tasks,
        services,
        frameworks,
        course,
        diagnosis,
        hits,
        cured,
        difference,
        critical_path,
        took,
    };
    Ok((report, timeline))
}

fn redactor(scenario: &Scenario, input: &StackInput) -> Redactor {
    let mut redactor = Redactor::new();
    for index in 0..scenario.cluster.each_agent().len() {
        redactor.host(&agent_host(index), "<agent>");
    }
    redactor.host("127.77.0.1", "<lab>");
    redactor.host("127.77.0.2", "<platform>");
    redactor.host("127.77.0.3", "<platform>");
    redactor.fixed_ports(ports_in(&input.text));
    redactor
}
