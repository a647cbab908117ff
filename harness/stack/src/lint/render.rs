//! A report for people: findings with the line they are about, the plan as a tree, the sums.

use super::finding::Finding;
use super::stages::{Stages, Step, Total, short};
use super::{Report, Severity};
use crate::Demand;

/// The report as text; ends in a newline.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        write_finding(finding, &mut text);
    }
    if let Some(stages) = &report.stages {
        write_stages(stages, &mut text);
    }
    text.push_str(&summary(report));
    text
}

fn write_finding(finding: &Finding, text: &mut String) {
    let Finding { rule, message, file, at, end, line, .. } = finding;
    text.push_str(&format!("{file}:{at}: {}[{}]: {message}\n", rule.severity, rule.code));
    if line.trim().is_empty() {
        return;
    }
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let column = at.column as usize - 1;
    let (line, skipped) = window(line, column);
    let before: String =
        line.chars().take(column - skipped).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let width = if end.line == at.line { end.column.saturating_sub(at.column).max(1) } else { 1 };
    let carets = "^".repeat((width as usize).min(WIDTH));
    text.push_str(&format!(" {number} | {}\n {margin} | {before}{carets}\n", line.trim_end()));
}

/// How much of a line is shown.
const WIDTH: usize = 240;

/// What is shown of a line around a column, and how many columns are cut off in front.
fn window(line: &str, column: usize) -> (String, usize) {
    let skipped = if column < WIDTH { 0 } else { column - WIDTH / 4 };
    (line.trim_end().chars().skip(skipped).take(WIDTH).collect(), skipped)
}

fn write_stages(stages: &Stages, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    let name = if stages.stack.is_empty() { "the stack" } else { &stages.stack };
    text.push_str(&format!("plan of {name}\n"));
    let last = stages.groups.len();
    for (index, group) in stages.groups.iter().enumerate() {
        let (branch, stem) = if index + 1 == last { ("└─", "   ") } else { ("├─", "│  ") };
        let together = if group.len() > 1 { ", together" } else { "" };
        let when = if index == 0 { "at once".to_owned() } else { "then".to_owned() };
        text.push_str(&format!("{branch} {when}{together}\n"));
        for (index, step) in group.iter().enumerate() {
            write_step(step, stem, index + 1 == group.len(), text);
        }
    }
    for (what, ids) in [("never", &stages.never), ("skipped", &stages.skipped)] {
        if !ids.is_empty() {
            text.push_str(&format!("{what}: {}\n", ids.join(", ")));
        }
    }
    let Stages { total, available, cluster, .. } = stages;
    text.push_str(&format!("asks for {} of {} ({cluster})\n\n", sum(*total), sum(*available)));
}

fn sum(total: Total) -> String {
    format!("{} cpus, {} MB", short(total.cpus), short(total.mem))
}

fn write_step(step: &Step, stem: &str, last: bool, text: &mut String) {
    let (branch, below) = if last { ("└─", "   ") } else { ("├─", "│  ") };
    let after =
        if step.after.is_empty() { String::new() } else { format!(", after {}", step.after.join(" and ")) };
    text.push_str(&format!("{stem}{branch} {} ({}){after}: {}", step.id, step.kind, asked(&step.demand)));
    let together = step.total();
    if step.tasks.iter().any(|(_, demand)| demand.is_some()) {
        text.push_str(&format!("; with its tasks {}", sum(together)));
    }
    text.push('\n');
    for (index, (name, demand)) in step.tasks.iter().enumerate() {
        let branch = if index + 1 == step.tasks.len() { "└─" } else { "├─" };
        let asked = demand.as_ref().map_or("as its framework decides".into(), asked);
        text.push_str(&format!("{stem}{below}{branch} {name}: {asked}\n"));
    }
}

fn asked(demand: &Demand) -> String {
    let mut text = match demand.instances {
        Some(1) => String::new(),
        Some(count) => format!("{count} x "),
        None => "? x ".into(),
    };
    text.push_str(&format!("{} cpus, {} MB", short(demand.cpus), short(demand.mem)));
    for (low, high) in &demand.ports {
        let range = if low == high { low.to_string() } else { format!("{low}-{high}") };
        text.push_str(&format!(", port {range}"));
    }
    match demand.any_ports {
        0 => {}
        1 => text.push_str(", any port"),
        count => text.push_str(&format!(", any {count} ports")),
    }
    if demand.apart {
        text.push_str(", one per agent");
    }
    text
}

fn summary(report: &Report) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let (errors, warnings) = (report.errors(), report.warnings());
    if errors + warnings == 0 {
        return "no errors, no warnings\n".into();
    }
    let worst = report.findings.iter().find(|finding| finding.rule.severity == Severity::Error);
    let code = worst.or(report.findings.first()).map_or("", |finding| finding.rule.code);
    format!(
        "{}, {}; `stack-deploy lint --explain {code}` says more\n",
        count(errors, "error"),
        count(warnings, "warning")
    )
}
