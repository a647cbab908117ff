//! The command line of the scheduler.

use crate::base::{
    ApiUrl, ConfigFile, Context, Grammar, Options, OptionsError, Period, Setup, Storage, Unknown,
};

pub(super) const GRAMMAR: Grammar = Grammar {
    known: &[
        "api",
        "master",
        "storage",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "principal",
        "secret",
        "debug",
        "bind-address",
        "log",
        "genTraces",
    ],
    short: &[],
    unknown: Unknown::Named,
    config_file: Some(ConfigFile { name: "zipkin-mesos.properties", refuses_existing: true }),
};

/// Reads the options.
pub(super) fn read(options: &Options, _: &Context) -> Result<Setup, OptionsError> {
    let api = options.required("api")?;
    let master = options.required("master")?;
    let timeout = match options.get("framework-timeout") {
        None => Period::days(30),
        Some(text) => text.parse().map_err(|_| OptionsError::from("Invalid framework-timeout"))?,
    };
    let storage = Storage::parse(options.get("storage").unwrap_or("file:zipkin-mesos.json"))
        .map_err(|error| error.to_string())?;
    Ok(Setup {
        api: ApiUrl::parse(api)?,
        master: master.to_owned(),
        storage,
        name: options.get("framework-name").unwrap_or("zipkin").to_owned(),
        role: options.get("framework-role").unwrap_or("*").to_owned(),
        user: String::new(),
        failover_timeout: timeout.duration(),
        principal: options.get("principal").map(str::to_owned),
        debug: options.debug(),
    })
}
