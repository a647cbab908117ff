//! Why a run failed, in words.

use stacklab_diagnosis::{CAUSES, Code, Diagnosis, Finding};
use stacklab_machine::timeline::Event;

/// Why the run of these events failed; nothing if nothing shows that it did.
pub fn diagnose(events: &[Event]) -> Option<Diagnosis> {
    stacklab_diagnosis::diagnose(events)
}

/// What keeps a deployment that goes on from ever ending well.
pub fn settled(events: &[Event]) -> Option<Code> {
    stacklab_diagnosis::settled(events)
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

/// A diagnosis as a text for terminals.
pub fn text(diagnosis: &Diagnosis) -> String {
    diagnosis.text().trim_end().to_owned()
}
