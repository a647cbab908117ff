//! The four-letter words of ZooKeeper 3.4: plain questions on the client port, plain text for an answer.

use std::fmt::Write as _;

use super::dump;
use super::listener::Shared;
use super::stats::{Peer, PeerStats, Stats};
use crate::model::{Role, opcode};

/// The version we play.
pub(super) const VERSION: &str =
    "3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on 03/06/2019 16:18 GMT";
const NOT_ALLOWED: &str = "{} is not executed because it is not in the whitelist.\n";
const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests\n";

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Conf,
    Cons,
    Crst,
    Dump,
    Envi,
    Gtmk,
    Isro,
    Mntr,
    Reqs,
    Ruok,
    Srst,
    Srvr,
    Stat,
    /// Followed by eight bytes: the new mask.
    Stmk,
    Wchc,
    Wchp,
    Wchs,
}

impl Word {
    /// The word that a connection begins with, if it does.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            b"conf" => Self::Conf,
            b"cons" => Self::Cons,
            b"crst" => Self::Crst,
            b"dump" => Self::Dump,
            b"envi" => Self::Envi,
            b"gtmk" => Self::Gtmk,
            b"isro" => Self::Isro,
            b"mntr" => Self::Mntr,
            b"reqs" => Self::Reqs,
            b"ruok" => Self::Ruok,
            b"srst" => Self::Srst,
            b"srvr" => Self::Srvr,
            b"stat" => Self::Stat,
            b"stmk" => Self::Stmk,
            b"wchc" => Self::Wchc,
            b"wchp" => Self::Wchp,
            b"wchs" => Self::Wchs,
            _ => return None,
        })
    }
}

/// What a server says to a word; `asking` is the connection that it came through.
pub(super) fn answer(word: Word, shared: &Shared, asking: Peer) -> String {
    let role = shared.ensemble.role(shared.config.id);
    match (word, role) {
        // Each of them may hold a server up for long: since 3.4.10 they must be allowed first.
        (Word::Wchp, _) => NOT_ALLOWED.replace("{}", "wchp"),
        (Word::Wchc, _) => NOT_ALLOWED.replace("{}", "wchc"),
        (Word::Gtmk, _) => shared.stats().trace_mask.to_string(),
        (Word::Stmk, _) => String::new(),
        (Word::Ruok, _) => "imok".to_owned(),
        (Word::Envi, _) => dump::environment(&shared.config),
        (Word::Isro, Role::NotServing) => "null".to_owned(),
        (_, Role::NotServing) => NOT_SERVING.to_owned(),
        (Word::Isro, _) => "rw".to_owned(),
        (Word::Conf, role) => dump::configuration(shared, role),
        (Word::Cons, _) => clients(&shared.stats(), asking, false) + "\n",
        (Word::Crst, _) => {
            shared.stats().reset_peers();
            "Connection stats reset.\n".to_owned()
        }
        (Word::Srst, _) => {
            shared.stats().reset_server();
            "Server stats reset.\n".to_owned()
        }
        // Requests are answered one by one: none is ever outstanding.
        (Word::Reqs, _) => String::new(),
        (Word::Srvr, role) => format!("Zookeeper version: {VERSION}\n{}", summary(shared, role)),
        (Word::Stat, role) => {
            let clients = clients(&shared.stats(), asking, true);
            format!("Zookeeper version: {VERSION}\nClients:\n{clients}\n{}", summary(shared, role))
        }
        (Word::Mntr, role) => monitor(shared, role),
        (Word::Dump, _) => dump::sessions(&shared.ensemble),
        (Word::Wchs, _) => dump::watch_summary(shared),
    }
}

fn summary(shared: &Shared, role: Role) -> String {
    let figures = shared.ensemble.read(|ensemble| ensemble.figures());
    let stats = shared.stats();
    let latency = &stats.latency;
    format!(
        "Latency min/avg/max: {}/{}/{}\nReceived: {}\nSent: {}\nConnections: {}\nOutstanding: 0\nZxid: 0x{:x}\n\
         Mode: {}\nNode count: {}\n",
        latency.min(),
        latency.average(),
        latency.max,
        stats.received,
        stats.sent,
        stats.peers.len(),
        figures.zxid,
        role.mode().unwrap_or_default(),
        figures.nodes,
    )
}

fn monitor(shared: &Shared, role: Role) -> String {
    let (figures, watches, followers) = shared.ensemble.read(|ensemble| {
        (ensemble.figures(), ensemble.watches(shared.config.id).total, ensemble.followers())
    });
    let stats = shared.stats();
    let mut text = format!("zk_version\t{VERSION}\n");
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "zk_{key}\t{value}");
    };
    line("avg_latency", &stats.latency.average());
    line("max_latency", &stats.latency.max);
    line("min_latency", &stats.latency.min());
    line("packets_received", &stats.received);
    line("packets_sent", &stats.sent);
    line("num_alive_connections", &stats.peers.len());
    line("outstanding_requests", &0);
    line("server_state", &role.mode().unwrap_or_default());
    line("znode_count", &figures.nodes);
    line("watch_count", &watches);
    line("ephemerals_count", &figures.ephemerals);
    line("approximate_data_size", &figures.data_size);
    // A JVM's own descriptors come to about this many; the limit is a container's usual one.
    line("open_file_descriptor_count", &(23 + stats.peers.len()));
    line("max_file_descriptor_count", &1_048_576);
    if role == Role::Leader {
        line("followers", &followers);
        line("synced_followers", &followers);
        line("pending_syncs", &0);
    }
    // Nothing is written to a disk, so nothing takes too long there.
    line("fsync_threshold_exceed_count", &0);
    text
}

fn clients(stats: &Stats, asking: Peer, brief: bool) -> String {
    let mut text = String::new();
    for (peer, one) in &stats.peers {
        let reading = u8::from(*peer != asking);
        let (address, received, sent) = (one.address, one.received, one.sent);
        let _ = write!(text, " /{address}[{reading}](queued=0,recved={received},sent={sent}");
        if !brief && one.session != 0 {
            session_figures(&mut text, one);
        }
        text.push_str(")\n");
    }
    text
}

fn session_figures(text: &mut String, one: &PeerStats) {
    let est = one.established.as_millis();
    let _ = write!(text, ",sid=0x{:x},lop={},est={est}", one.session, one.last_operation);
    let _ = write!(text, ",to={}", one.timeout_ms);
    if one.last_xid >= 0 {
        let _ = write!(text, ",lcxid=0x{:x}", one.last_xid);
    }
    let (zxid, response, latency) = (one.last_zxid, one.last_response.as_millis(), &one.latency);
    let _ = write!(text, ",lzxid=0x{zxid:x},lresp={response},llat={}", latency.last);
    let _ = write!(text, ",minlat={},avglat={},maxlat={}", latency.min(), latency.average(), latency.max);
}

/// How `cons` calls an operation.
pub(super) const fn operation(op: i32) -> &'static str {
    match op {
        opcode::CREATE => "CREA",
        opcode::DELETE => "DELE",
        opcode::EXISTS => "EXIS",
        opcode::GET_DATA => "GETD",
        opcode::SET_DATA => "SETD",
        opcode::GET_ACL => "GETA",
        opcode::SET_ACL => "SETA",
        opcode::GET_CHILDREN | opcode::GET_CHILDREN2 => "GETC",
        opcode::SYNC => "SYNC",
        opcode::PING => "PING",
        opcode::CHECK => "CHEC",
        opcode::MULTI => "MULT",
        opcode::SET_WATCHES => "SETW",
        opcode::CLOSE_SESSION => "CLOS",
        _ => "NA",
    }
}
