//! The live shell of the server.

mod cassandra;
mod keys;
mod link;
mod options;
mod place;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use stacklab_live::program::{Running, spawn};
use stacklab_live::{Clock, Names, Recorder};
use stacklab_machine::http::{Failure, Request};
use stacklab_machine::timeline::What;
use stacklab_stack::server::{Heard, MemoryStore, Mode, Server, ServerConfig};
use tokio::sync::mpsc;

use self::cassandra::CassandraStore;
use self::keys::SystemKeys;
use self::link::{Link, Store};
use self::options::Options;
use crate::client::Streams;

pub use self::cassandra::CassandraConfig;

/// Its name in the timeline.
const NAME: &str = "stack-deploy";
/// How long it may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What a server needs of the world.
#[derive(Clone)]
pub struct Ground {
    /// The timeline.
    pub recorder: Recorder,
    /// Host names of the cluster.
    pub names: Names,
    /// How Cassandra is reached in production mode.
    pub cassandra: CassandraConfig,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Started {
    /// The program.
    pub running: Running<Heard>,
    /// What it had to tell to whoever started it: the first user's key.
    pub printed: mpsc::Receiver<String>,
}

impl Started {
    /// The first user's key, if this is the server's first start with its store; told once only.
    pub fn admin_key(&mut self) -> Option<String> {
        let text = self.printed.try_recv().ok()?;
        text.lines().find_map(|line| line.strip_prefix("Admin user key: ")).map(str::to_owned)
    }
}

/// Starts a server on an address and waits until it answers.
///
/// # Errors
/// It ended, or does not answer; the text is the last line of its log.
pub async fn start(address: IpAddr, config: ServerConfig, ground: &Ground) -> Result<Started, String> {
    let at = SocketAddr::new(address, config.port);
    let mut started = launch(address, config, ground);
    let health = Request::get(format!("http://{at}/health"));
    let healthy = async {
        while let Err(Failure::Refused(_) | Failure::Closed(_)) =
            stacklab_live::http::request(&health, Some(START_LIMIT)).await
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        exit = started.running.exited() => Err(last_words(&ground.recorder, exit.code)),
        healthy = tokio::time::timeout(START_LIMIT, healthy) => match healthy {
            Ok(()) => Ok(started),
            Err(_) => Err(format!("no answer from {at}")),
        },
    }
}

fn launch(address: IpAddr, mut config: ServerConfig, ground: &Ground) -> Started {
    let store = match config.mode {
        Mode::Production => Store::Cassandra(Box::new(CassandraStore::new(ground.cassandra.clone()))),
        Mode::Developer if config.faithful => Store::Memory(MemoryStore::writing_states_once()),
        Mode::Developer => Store::Memory(MemoryStore::new()),
    };
    config.shown_address = SocketAddr::new(address, config.port).to_string();
    let server = Server::new(config, Box::new(SystemKeys));
    let (sender, printed) = mpsc::channel(16);
    let place = place::of(NAME, address, ground);
    let running = spawn(Box::new(server), place, |inbox| Link::new(store, sender, inbox));
    Started { running, printed }
}

/// Why the port cannot be had, if that is why the server ended; in the words of Go.
fn cannot_listen(recorder: &Recorder) -> Option<String> {
    let line = last_words(recorder, 0);
    let (_, why) = line.strip_prefix("cannot listen on ")?.split_once(": ")?;
    let why = why.split(" (os error").next().unwrap_or_default();
    let mut letters = why.chars();
    let first = letters.next()?.to_ascii_lowercase();
    Some(format!("{first}{}", letters.as_str()))
}

fn last_words(recorder: &Recorder, code: i32) -> String {
    let line = recorder.with(|timeline| {
        timeline.events().iter().rev().find_map(|event| match &event.what {
            What::Log { line } if event.who == NAME => Some(line.clone()),
            _ => None,
        })
    });
    line.unwrap_or_else(|| format!("exit code {code}"))
}

/// The command `server`: runs until it ends by itself or is interrupted. The result is the exit code.
pub async fn command(args: &[String], streams: &mut Streams<'_>) -> i32 {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(stop) => {
            streams.complain(&stop.text);
            return stop.code;
        }
    };
    let recorder = Recorder::new(Clock::new());
    let ground = Ground { recorder: recorder.clone(), names: Names::default(), cassandra: options.cassandra };
    let Started { mut running, mut printed } = launch(options.address.ip(), options.config, &ground);
    let mut log = Log { recorder, seen: 0 };
    let mut length = log.recorder.watch();
    loop {
        log.print(streams);
        tokio::select! {
            changed = length.changed() => if changed.is_err() { return 0 },
            Some(text) = printed.recv() => streams.say(&text),
            exit = running.exited() => {
                log.print(streams);
                return match cannot_listen(&log.recorder) {
                    Some(why) => {
                        streams.complain(&format!("panic: listen tcp {}: bind: {why}\n", options.address));
                        2
                    }
                    None => exit.code,
                };
            }
            _ = tokio::signal::ctrl_c() => return 0,
        }
    }
}

/// Prints the server's log as it grows.
struct Log {
    recorder: Recorder,
    seen: usize,
}

impl Log {
    fn print(&mut self, streams: &mut Streams<'_>) {
        for event in self.recorder.events_from(self.seen) {
            self.seen += 1;
            if let What::Log { line } = &event.what {
                let (year, month, day, hour, minute, second, _) = event.at.utc();
                let level = if line.starts_with('[') { "" } else { "[INFO] " };
                streams.complain(&format!(
                    "{year:04}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02} {level}{line}\n"
                ));
            }
        }
    }
}
