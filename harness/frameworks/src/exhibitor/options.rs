//! The command line of the scheduler.

use std::time::Duration;

use crate::base::{ApiUrl, Context, Grammar, Options, OptionsError, Setup, Span, Storage, Unknown};

pub(super) const GRAMMAR: Grammar = Grammar {
    known: &[
        "api",
        "master",
        "user",
        "storage",
        "framework-name",
        "framework-timeout",
        "ensemble-modify-retries",
        "ensemble-modify-backoff",
        "debug",
    ],
    short: &[('a', "api"), ('m', "master"), ('u', "user"), ('d', "debug")],
    unknown: Unknown::InvalidArguments,
    config_file: None,
};

/// How often and how fast a change of the ensemble is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    pub(super) count: u32,
    pub(super) backoff: Duration,
}

/// Reads the options.
pub(super) fn read(options: &Options, context: &Context) -> Result<(Retries, Setup), OptionsError> {
    let invalid = || OptionsError::from("Invalid arguments");
    let master = options.get("master").ok_or_else(invalid)?;
    let timeout = match options.get("framework-timeout") {
        Some(text) => text.parse::<Span>().map_err(|_| invalid())?,
        None => Span::days(30),
    };
    let number = |name: &str, default: u64| match options.get(name) {
        Some(text) => text.parse::<u64>().map_err(|_| invalid()),
        None => Ok(default),
    };
    let retries = Retries {
        count: u32::try_from(number("ensemble-modify-retries", 60)?).map_err(|_| invalid())?,
        backoff: Duration::from_millis(number("ensemble-modify-backoff", 1000)?),
    };
    let api = options.get("api").or_else(|| context.var("EM_API")).ok_or_else(|| {
        OptionsError::from("Undefined API url. Please provide either a CLI --api option or EM_API env.")
    })?;
    let storage = Storage::parse(options.get("storage").unwrap_or("file:exhibitor-mesos.json"))
        .map_err(|error| error.to_string())?;
    let setup = Setup {
        api: ApiUrl::parse(api)?,
        master: master.to_owned(),
        storage,
        name: options.get("framework-name").unwrap_or("exhibitor").to_owned(),
        role: "*".to_owned(),
        user: options.get("user").unwrap_or_default().to_owned(),
        failover_timeout: timeout.duration(),
        principal: None,
        debug: options.debug(),
    };
    Ok((retries, setup))
}
