//! A measured figure, and how all of them are shown.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::BenchMachine;

/// One measured figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much; not a number (`n/a` in the table, `null` in JSON) where the platform does not tell.
    pub value: f64,
    /// Of what: `s`, `MB`, `deployments/s`, `msgs/s`, `ops/s`.
    pub unit: &'static str,
    /// The same of the real services, where they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real: Option<f64>,
    /// How many times as good as the real services: over 1 ours is faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// How it was measured, and what else there is to know.
    pub note: String,
}

impl Figure {
    pub(super) fn new(name: &str, value: f64, unit: &'static str, note: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value, unit, real: None, ratio: None, note: note.into() }
    }

    /// With what the real services did.
    #[must_use]
    pub(super) fn beside(mut self, real: f64) -> Self {
        let ratio = if self.unit.ends_with("/s") { self.value / real } else { real / self.value };
        (self.real, self.ratio) = (Some(real), Some(ratio).filter(|ratio| ratio.is_finite()));
        self
    }
}

/// The figures for a person, with the machine on the first line.
pub fn table(machine: &BenchMachine, figures: &[Figure]) -> String {
    let mut table = Table::new();
    let beside = figures.iter().any(|figure| figure.real.is_some());
    let mut header = vec!["figure", "value", "unit", "how"];
    if beside {
        header.splice(2..2, ["real", "ratio"]);
    }
    table.load_style(NOTHING).set_header(header);
    for figure in figures {
        let mut row =
            vec![figure.name.clone(), number(figure.value), figure.unit.to_owned(), figure.note.clone()];
        if beside {
            let ratio = figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.1}"));
            row.splice(2..2, [figure.real.map_or_else(String::new, number), ratio]);
        }
        table.add_row(row);
    }
    for numbers in if beside { 1..4 } else { 1..2 } {
        if let Some(column) = table.column_mut(numbers) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{machine}\n\n{}", lines.join("\n"))
}

/// The same for a program: `{"machine": {…}, "figures": [{"name", "value", "unit", "note"}, …]}`.
///
/// # Errors
/// None that is known: everything in it is text and numbers.
pub fn json(machine: &BenchMachine, figures: &[Figure]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct All<'a> {
        machine: &'a BenchMachine,
        figures: &'a [Figure],
    }
    serde_json::to_string_pretty(&All { machine, figures })
}

/// Three digits that count, thousands apart: `0.612`, `48.3`, `612`, `123,456`.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    match value.abs() {
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => thousands(&format!("{value:.0}")),
    }
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn machine() -> BenchMachine {
        BenchMachine {
            cores: 2,
            cpu: Some("AMD EPYC".to_owned()),
            os: "linux 6.1 x86_64".to_owned(),
            build: "release",
        }
    }

    fn figures() -> [Figure; 3] {
        [
            Figure::new("zipkin-full, 1,000 traces", 0.6123, "s", "one run"),
            Figure::new("peak memory", f64::NAN, "MB", "not told here"),
            Figure::new("kafka produce", 1_234_567.4, "msgs/s", "acks 1"),
        ]
    }

    #[test]
    fn shows_a_table() {
        expect![[r#"
            AMD EPYC, 2 cores, linux 6.1 x86_64, release build

             figure                         value  unit    how
             zipkin-full, 1,000 traces      0.612  s       one run
             peak memory                      n/a  MB      not told here
             kafka produce              1,234,567  msgs/s  acks 1"#]]
        .assert_eq(&table(&machine(), &figures()));
    }

    #[test]
    fn shows_the_real_ones_beside() {
        let [whole, memory, produce] = figures();
        expect![[r#"
            AMD EPYC, 2 cores, linux 6.1 x86_64, release build

             figure                         value     real  ratio  unit    how
             zipkin-full, 1,000 traces      0.612     12.4   20.3  s       one run
             peak memory                      n/a                  MB      not told here
             kafka produce              1,234,567  400,000    3.1  msgs/s  acks 1"#]]
        .assert_eq(&table(&machine(), &[whole.beside(12.4), memory, produce.beside(400_000.0)]));
    }

    #[test]
    fn shows_json() {
        expect![[r#"
            {
              "machine": {
                "cores": 2,
                "cpu": "AMD EPYC",
                "os": "linux 6.1 x86_64",
                "build": "release"
              },
              "figures": [
                {
                  "name": "zipkin-full, 1,000 traces",
                  "value": 0.6123,
                  "unit": "s",
                  "note": "one run"
                },
                {
                  "name": "peak memory",
                  "value": null,
                  "unit": "MB",
                  "note": "not told here"
                },
                {
                  "name": "kafka produce",
                  "value": 1234567.4,
                  "unit": "msgs/s",
                  "note": "acks 1"
                }
              ]
            }"#]]
        .assert_eq(&json(&machine(), &figures()).unwrap());
    }

    #[test]
    fn writes_numbers() {
        let written = [0.61234, 9.9, 48.26, 612.4, 99_999.6, 1e6].map(number);
        assert_eq!(written, ["0.612", "9.900", "48.3", "612", "100,000", "1,000,000"]);
    }
}
