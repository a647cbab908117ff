//! Why a run failed, in words.

use stacklab_diagnosis::{CAUSES, Code, Diagnosis, Finding};
use stacklab_machine::timeline::Event;

/// Why the run of these events failed; nothing if nothing shows that it did.
pub fn diagnose(_events: &[Event]) -> Option<Diagnosis> {
    None
}

/// What keeps a deployment that goes on from ever ending well.
pub fn settled(_events: &[Event]) -> Option<Code> {
    None
}

/// One finding, on one line: its code and name, if it has one, and what happened.
pub fn line(finding: &Finding) -> String {
    match finding.code {
        Some(code) => {
            let name = CAUSES.iter().find(|cause| cause.code == code).map_or("", |cause| cause.name);
            format!("{code} {name}: {}", finding.text)
        }
        None => finding.text.clone(),
    }
}

/// A diagnosis as a text: the innermost cause first.
pub fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for (depth, finding) in diagnosis.chain.iter().rev().enumerate() {
        let word = if depth == 0 { "" } else { "so " };
        text.push_str(&format!("{word}{}\n", line(finding)));
        for evidence in &finding.evidence {
            text.push_str(&format!("    {}\n", evidence.text));
        }
    }
    for cure in &diagnosis.cure {
        text.push_str(&format!("cure: {cure}\n"));
    }
    text.trim_end().to_owned()
}
