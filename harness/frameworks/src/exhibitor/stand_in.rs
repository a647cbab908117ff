//! An Exhibitor 1.5.5 as far as the ensemble needs it: arguments, REST answers, and what ZooKeeper it would run.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stacklab_machine::http::{Request, Response};
use stacklab_machine::service::{ZooKeeperPeer, ZooKeeperSpec};

use super::config::SharedConfig;
use super::server::Config;
use crate::base::web;

/// State of the ZooKeeper of an Exhibitor, with Exhibitor's codes and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZooKeeperState {
    /// Not in the list of servers, or no install directory: nothing is to run here.
    Latent,
    /// To be run, but not there.
    Down,
    /// There, but without a quorum.
    NotServing,
    /// Answers `imok`.
    Serving,
}

impl ZooKeeperState {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Latent => 0,
            Self::Down => 1,
            Self::NotServing => 2,
            Self::Serving => 3,
        }
    }

    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Latent => "latent",
            Self::Down => "down",
            Self::NotServing => "not serving",
            Self::Serving => "serving",
        }
    }
}

/// What the command line said.
#[derive(Clone, Debug)]
pub(super) struct Arguments {
    /// Its own name, under which it stands in the list of servers.
    pub(super) hostname: String,
    pub(super) port: u16,
    /// Where the shared configuration is kept; `None` keeps it in memory.
    pub(super) shared: Option<SharedNode>,
    /// Time between two looks at it.
    pub(super) config_check: Duration,
}

/// The node of the shared configuration.
#[derive(Clone, Debug)]
pub(super) struct SharedNode {
    pub(super) connect: String,
    pub(super) path: String,
}

impl Arguments {
    /// Reads the arguments; the error is what the executor's TASK_FAILED says.
    pub(super) fn read(config: &Config, host: &str) -> Result<Self, String> {
        let get = |name: &str| config.exhibitor.get(name).map(String::as_str);
        let creation = |text: &str| format!("com.netflix.exhibitor.standalone.ExhibitorCreatorExit: {text}");
        let shared = match get("configtype") {
            Some("zookeeper") => {
                let need = |name: &str| {
                    get(name).ok_or_else(|| creation(&format!("--{name} must be specified for zookeeper")))
                };
                let path = need("zkconfigzpath")?.trim_end_matches('/');
                let node = format!("{path}/configs/config");
                Some(SharedNode { connect: need("zkconfigconnect")?.to_owned(), path: node })
            }
            Some("file" | "none") => None,
            Some(other) => return Err(creation(&format!("Configuration type not supported here: {other}"))),
            None => {
                return Err("com.netflix.exhibitor.standalone.MissingConfigurationTypeException: \
                            Configuration type (-c or --configtype) must be specified"
                    .into());
            }
        };
        let port = get("port").and_then(|port| port.parse().ok()).unwrap_or(8080);
        let check = get("configcheckms").and_then(|ms| ms.parse().ok()).unwrap_or(30_000);
        let hostname = get("hostname").unwrap_or(host).to_owned();
        Ok(Self { hostname, port, shared, config_check: Duration::from_millis(check) })
    }
}

/// The answer of `config/get-state`.
pub(super) fn get_state(config: &SharedConfig, hostname: &str, running: bool) -> Vec<u8> {
    let own = config.servers();
    let id = own.of_host(hostname).and_then(|entry| entry.id.parse::<i64>().ok()).unwrap_or(-1);
    let mut fields = Map::new();
    fields.insert("rollInProgress".into(), false.into());
    fields.insert("rollStatus".into(), "n/a".into());
    fields.insert("rollPercentDone".into(), 0.into());
    fields.insert("hostname".into(), hostname.into());
    fields.insert("serverId".into(), id.into());
    config.write_fields(&mut fields);
    let state = json!({
        "version": "v1.5.5",
        "running": running,
        "backupActive": false,
        "standaloneMode": false,
        "extraHeadingText": "",
        "nodeMutationsAllowed": true,
        "config": fields,
    });
    state.to_string().into_bytes()
}

/// The answer of `cluster/state`: how this Exhibitor's own ZooKeeper does.
pub(super) fn own_state(state: ZooKeeperState, leader: bool) -> Response {
    web::json(
        200,
        &json!({
            "switches": {"restarts": true, "cleanup": true, "backups": true},
            "state": state.code(),
            "description": state.description(),
            "isLeader": leader,
        }),
    )
}

/// One entry of `cluster/status`.
pub(super) fn status_entry(hostname: &str, state: &Value) -> Value {
    let down = ZooKeeperState::Down;
    let code = state["state"].as_u64().unwrap_or(u64::from(down.code()));
    json!({
        "code": code,
        "description": state["description"].as_str().unwrap_or(down.description()),
        "hostname": hostname,
        "isLeader": state["isLeader"].as_bool().unwrap_or(false),
    })
}

/// The user interface, in so far as somebody looks whether it is there.
pub(super) fn page(hostname: &str) -> Response {
    let body = format!(
        "<!DOCTYPE html>\n<html>\n<head><title>Exhibitor for ZooKeeper</title></head>\n\
         <body><h1>Exhibitor for ZooKeeper</h1><p>{hostname}</p></body>\n</html>\n"
    );
    Response::new(200, "text/html", body)
}

/// Reads the body of `config/set`.
pub(super) fn new_config(old: &SharedConfig, request: &Request) -> Option<SharedConfig> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let mut config = old.clone();
    config.update(body.as_object()?);
    Some(config)
}

/// The ZooKeeper that the configuration wants here: none without an install directory or an entry of this host.
pub(super) fn wanted_zookeeper(config: &SharedConfig, hostname: &str) -> Option<ZooKeeperSpec> {
    if config.text("zookeeperInstallDirectory").is_empty() {
        return None;
    }
    let servers = config.servers();
    let own = servers.of_host(hostname)?;
    let (connect_port, election_port) = (config.port("connectPort"), config.port("electionPort"));
    let peer = |id: &str, host: &str| {
        Some(ZooKeeperPeer { id: id.parse().ok()?, host: host.to_owned(), connect_port, election_port })
    };
    let mut extra = config.extra();
    extra.insert("dataDir".into(), config.text("zookeeperDataDirectory").to_owned());
    let log_directory = config.text("zookeeperLogDirectory");
    if !log_directory.is_empty() {
        extra.insert("dataLogDir".into(), log_directory.to_owned());
    }
    Some(ZooKeeperSpec {
        server_id: own.id.parse().ok()?,
        host: hostname.to_owned(),
        client_port: config.port("clientPort"),
        servers: servers.servers.iter().filter_map(|entry| peer(&entry.id, &entry.host)).collect(),
        extra,
    })
}
