//! A diagnosis for a terminal.

use std::fmt;

use crate::explain::cause;
use crate::{Diagnosis, Finding};

impl Diagnosis {
    /// The chain as sentences, the evidence of each indented below it, the cure last. Lines are not broken.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (nth, finding) in self.chain.iter().enumerate() {
            let lead = if nth == 0 { "" } else { "because " };
            text.push_str(&format!("{lead}{}{}\n", finding.text, label(finding)));
            for evidence in &finding.evidence {
                for line in evidence.text.lines() {
                    text.push_str(&format!("    {line}\n"));
                }
            }
        }
        if !self.cure.is_empty() {
            text.push_str("what to do:\n");
            for line in &self.cure {
                text.push_str(&format!("  - {line}\n"));
            }
        }
        if let Some(known) = self.code().and_then(cause) {
            text.push_str(&format!("more: cargo xtask explain {}\n", known.code));
        }
        text
    }

    /// The innermost cause in one line: `SL0010 not-enough-memory: …`.
    pub fn summary(&self) -> String {
        let Some(finding) = self.innermost() else { return String::new() };
        match finding.code.and_then(cause) {
            Some(known) => format!("{} {}: {}", known.code, known.name, finding.text),
            None => finding.text.clone(),
        }
    }
}

fn label(finding: &Finding) -> String {
    match (finding.code, finding.code.and_then(cause)) {
        (_, Some(known)) => format!(" [{} {}]", known.code, known.name),
        (Some(code), None) => format!(" [{code}]"),
        (None, _) => String::new(),
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
