//! Schedulers that are modelled only: Statsd- and Syslog-Mesos. They register, keep what they are told and answer as
//! Stack Deploy's task runners want it; no offer is taken, for there is nothing here that their executors could serve.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use stacklab_machine::Time;
use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::Refusal;

use crate::base::{
    ApiUrl, Context, Framework, Grammar, Habits, Offer, Options, OptionsError, Reconcile, Reply, Setup,
    Stage, Status, Storage, Unknown, Verdict, web,
};

/// Which of them.
pub trait Modelled: Send + fmt::Debug {
    /// Its name in the timeline.
    const NAME: &'static str;
    /// Its name as a framework, and of its document.
    const FRAMEWORK: &'static str;
}

/// Statsd-Mesos 0.1.
#[derive(Debug)]
pub struct Statsd;

impl Modelled for Statsd {
    const NAME: &'static str = "statsd";
    const FRAMEWORK: &'static str = "statsd-kafka";
}

/// Syslog-Mesos 0.1.
#[derive(Debug)]
pub struct Syslog;

impl Modelled for Syslog {
    const NAME: &'static str = "syslog";
    const FRAMEWORK: &'static str = "syslog-kafka";
}

const GRAMMAR: Grammar = Grammar {
    known: &[
        "api",
        "master",
        "user",
        "storage",
        "log.level",
        "framework.name",
        "framework.role",
        "framework.timeout",
    ],
    short: &[],
    unknown: Unknown::Named,
    config_file: None,
};

/// A modelled scheduler.
#[derive(Debug)]
pub struct ModelledScheduler<M> {
    /// What `update` was told.
    config: BTreeMap<String, String>,
    active: bool,
    which: PhantomData<M>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    success: bool,
    message: &'a str,
    value: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    framework_id: Option<&'a str>,
    config: &'a BTreeMap<String, String>,
    active: bool,
}

impl<M: Modelled> ModelledScheduler<M> {
    fn answer_with(&self, message: &str) -> Response {
        web::json(200, &Answer { success: true, message, value: Some(&self.config) })
    }
}

impl<M: Modelled> Framework for ModelledScheduler<M> {
    type Wait = ();

    const HABITS: Habits = Habits {
        name: M::NAME,
        decline_seconds: Some(10.0),
        launch_seconds: None,
        reconcile: Reconcile { spacing: Duration::from_secs(10), tries: 3 },
    };

    fn grammar() -> &'static Grammar {
        &GRAMMAR
    }

    fn start(options: &Options, _: &Context) -> Result<(Self, Setup), OptionsError> {
        let storage = options.get("storage").map_or_else(|| format!("file:{}.json", M::NAME), str::to_owned);
        let setup = Setup {
            api: ApiUrl::parse(options.required("api")?)?,
            master: options.required("master")?.to_owned(),
            storage: Storage::parse(&storage).map_err(|error| error.to_string())?,
            name: options.get("framework.name").unwrap_or(M::FRAMEWORK).to_owned(),
            role: options.get("framework.role").unwrap_or("*").to_owned(),
            user: options.get("user").unwrap_or_default().to_owned(),
            failover_timeout: Duration::from_secs(7 * 24 * 3600),
            principal: None,
            debug: options.get("log.level") == Some("debug"),
        };
        Ok((Self { config: BTreeMap::new(), active: false, which: PhantomData }, setup))
    }

    fn find_files(&mut self, _: &Context) -> Result<(), String> {
        Ok(())
    }

    fn restore(&mut self, document: &Value) -> Result<Option<String>, String> {
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        let config = document["config"].as_object().into_iter().flatten();
        self.config = config.filter_map(text).collect();
        self.active = document["active"].as_bool().unwrap_or_default();
        Ok(document["frameworkId"].as_str().map(str::to_owned))
    }

    fn document(&self, framework_id: Option<&str>) -> String {
        web::compact(&Document { framework_id, config: &self.config, active: self.active })
    }

    fn http(&mut self, _: ExchangeId, request: &Request, stage: &mut Stage<'_>) -> Reply<()> {
        match request.path() {
            "/api/update" => {
                self.config.extend(request.parameters());
                stage.changed();
                Reply::Saved(self.answer_with("Configuration updated"))
            }
            "/api/start" => {
                self.active = true;
                stage.changed();
                Reply::Saved(self.answer_with("Servers started"))
            }
            "/api/stop" => {
                self.active = false;
                stage.changed();
                Reply::Saved(self.answer_with("Servers stopped"))
            }
            "/api/status" => Reply::Now(self.answer_with(if self.active { "active" } else { "inactive" })),
            path => Reply::Now(web::text(404, &format!("404 page not found: {path}\n"))),
        }
    }

    fn reached(&self, (): &(), _: &str) -> bool {
        true
    }

    fn answer(&mut self, (): (), _: bool, _: &mut Stage<'_>) -> Response {
        self.answer_with("")
    }

    fn begin_reconciling(&mut self, _: &mut Stage<'_>) {}

    fn reconciling(&self) -> Vec<(String, Option<String>)> {
        Vec::new()
    }

    fn give_up_reconciling(&mut self, _: &mut Stage<'_>) {}

    fn wants_offers(&self, _: Time) -> bool {
        false
    }

    fn offer(&mut self, _: &Offer, _: &mut Stage<'_>) -> Verdict {
        Verdict::decline(if self.active { "modelled: starts no task" } else { "not started" })
    }

    fn decline_line(&self, _: &Offer, _: &[Refusal]) -> Option<String> {
        None
    }

    fn status(&mut self, _: &Status, _: &mut Stage<'_>) {}
}
