//! What several tests report on.
#![allow(dead_code, reason = "each test binary uses a part")]

use stacklab_diagnosis::{Code, Diagnosis, Evidence, Finding};
use stacklab_machine::timeline::EventId;

/// A name that breaks pages which do not take it as text.
pub const HOSTILE: &str = r#"<img src=x onerror="document.title='owned'">"#;

/// A leftover znode, as a chain of two.
pub fn diagnosis() -> Diagnosis {
    let evidence = |text: &str, events: &[u64]| Evidence {
        text: text.into(),
        events: events.iter().copied().map(EventId).collect(),
    };
    Diagnosis {
        chain: vec![
            Finding {
                code: None,
                text: "exhibitor-mesos never subscribed".into(),
                evidence: vec![evidence("Framework has been removed", &[2])],
            },
            Finding {
                code: Some(Code(1)),
                text: "/exhibitor-mesos holds framework id F-0001, which Mesos has completed".into(),
                evidence: vec![evidence("read /exhibitor-mesos", &[1]), evidence("refused F-0001", &[2])],
            },
        ],
        cure: vec!["delete znode /exhibitor-mesos".into(), "deploy again".into()],
    }
}
