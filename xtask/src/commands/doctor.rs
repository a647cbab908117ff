//! `cargo xtask doctor`.

use serde_json::json;
use stacklab_lab::exit::ExitCode;
use stacklab_live::docker::doctor::{self, Finding, Standing};

use super::Failed;
use crate::flags::Doctor;

/// Says what is there, what is missing, and what to do; environment, if the real services cannot run here.
pub(crate) async fn doctor(flags: &Doctor) -> Result<ExitCode, Failed> {
    let mut findings = doctor::host();
    findings.extend(engine().await?);
    let runs = findings.iter().all(|finding| finding.standing != Standing::Missing);
    if flags.json {
        let shown: Vec<_> = findings
            .iter()
            .map(|f| json!({ "what": f.what, "standing": f.standing.name(), "found": f.found, "cure": f.cure }))
            .collect();
        println!("{}", json!({ "docker": runs, "findings": shown }));
    } else {
        show(&findings);
        let verdict = if runs {
            "the docker backend can run"
        } else {
            "the docker backend cannot run: see what is missing"
        };
        println!("\n{verdict}");
    }
    Ok(if runs { ExitCode::AsExpected } else { ExitCode::Environment })
}

fn show(findings: &[Finding]) {
    for Finding { what, standing, found, cure } in findings {
        println!("{:<8}{what:<17}{found}", standing.name());
        if let Some(cure) = cure {
            println!("{:25}{cure}", "");
        }
    }
}

#[cfg(feature = "docker")]
async fn engine() -> Result<Vec<Finding>, Failed> {
    Ok(doctor::engine(&crate::paths::images()).await)
}

/// Without an engine that answers, all is said; with one, there is more to be looked at.
#[cfg(not(feature = "docker"))]
async fn engine() -> Result<Vec<Finding>, Failed> {
    let answers = stacklab_live::docker::Address::find().and_then(|address| address.probe());
    match answers {
        Err(why) => Ok(vec![Finding::no_engine(&why)]),
        Ok(()) => crate::feature::again_with_docker().map(|_| Vec::new()),
    }
}
