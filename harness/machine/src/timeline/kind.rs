//! Names of event kinds and of their fields, for those who look for events by name.

use super::What;

/// Lists every kind once; the compiler sees to it that none and no field is left out.
macro_rules! kinds {
    ($($kind:ident { $($field:ident),* },)*) => {
        /// The kinds in the order of [`KINDS`].
        #[derive(Clone, Copy)]
        enum Number { $($kind),* }

        const NAMES: &[&str] = &[$(stringify!($kind)),*];
        const FIELDS: &[&[&str]] = &[$(&[$(stringify!($field)),*]),*];

        impl What {
            /// The number of its kind, below [`kinds`]`().len()`: for tables. It means nothing outside of the process.
            pub const fn kind(&self) -> usize {
                match self { $(Self::$kind { $($field: _),* } => Number::$kind as usize),* }
            }
        }
    };
}

kinds! {
    RunStarted { scenario, backend, seed, pace },
    StepStarted { step },
    StepFinished { step, error },
    Waiting { for_what },
    StackStarted { stack, zone },
    ApplicationState { application, state, detail },
    Warned { text },
    TaskCall { application, task, call, error },
    StackFinished { stack, error },
    HttpExchange { method, url, status, error, answer },
    AppCreated { app, instances },
    AppRemoved { app },
    DeploymentStarted { deployment, apps },
    DeploymentFinished { deployment, success },
    HealthChanged { app, task, healthy },
    LaunchDelayed { app, delay_ms },
    AgentRegistered { agent, host, resources },
    AgentLost { agent, host, cause },
    FrameworkSubscribed { framework, name, known },
    FrameworkRefused { framework, name, message },
    FrameworkDisconnected { framework, name },
    FrameworkRemoved { framework, name, cause },
    OfferSent { offer, framework, agent, host, resources },
    OfferDeclined { offer, host, offered, refusals },
    OfferRescinded { offer, framework, cause },
    TaskLaunched { task, name, framework, agent, host, resources },
    TaskStatus { task, framework, agent, state, source, reason, message },
    InstanceState { framework, instance, from, to },
    StateRead { storage, framework },
    Log { line },
    FetchStarted { task, count },
    ArtifactsFetched { task, count },
    ArtifactMissing { task, uri, why },
    ProgramStarted { task, program, host },
    ProgramExited { task, program, code },
    ServiceStarted { task, service, address },
    ServiceReady { task, service, address },
    ServiceExited { task, service, code, message },
    ZnodeWritten { server, path, version },
    ZnodeDeleted { server, path },
    SpansReached { stage, spans, of },
    SpanMissing { trace, span, reached },
    Observed { subject, value },
    FaultFired { fault },
    Verdict { passed, text },
}

/// Names of all kinds as they are written, by number: `task-launched`.
pub fn kinds() -> Vec<String> {
    NAMES.iter().map(|name| kebab(name)).collect()
}

/// Names of a kind's own fields as they are written: `for-what`. A `cause` is written as `why`, because every event
/// has a cause of its own.
pub fn fields(kind: usize) -> Vec<String> {
    let written = |name: &&str| if *name == "cause" { "why".to_owned() } else { kebab(name) };
    FIELDS.get(kind).into_iter().flat_map(|names| names.iter()).map(written).collect()
}

fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 3);
    for letter in name.chars() {
        match letter {
            '_' => text.push('-'),
            letter if letter.is_ascii_uppercase() => {
                if !text.is_empty() {
                    text.push('-');
                }
                text.push(letter.to_ascii_lowercase());
            }
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_written() {
        for what in [
            What::AppRemoved { app: "/a".into() },
            What::Waiting { for_what: "x".into() },
            What::FaultFired { fault: "x".into() },
            What::AgentLost { agent: "a".into(), host: "h".into(), cause: "c".into() },
        ] {
            let written = serde_json::to_value(&what).unwrap();
            assert_eq!(written["event"], kinds()[what.kind()]);
            let mut known = fields(what.kind());
            known.sort();
            let names: Vec<&String> = written.as_object().unwrap().keys().filter(|k| *k != "event").collect();
            assert_eq!(names, known.iter().collect::<Vec<_>>());
        }
        assert_eq!(fields(usize::MAX), Vec::<String>::new());
    }
}
