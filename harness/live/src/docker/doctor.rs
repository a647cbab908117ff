//! What a machine has of what the real services need, what it lacks, and the cure.
//!
//! [`host`] needs none of Docker's packages, and so tells the truth on a machine that has nothing.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use super::{EngineError, host};

/// The oldest Rust that compiles this.
const OLDEST_RUST: (u32, u32) = (1, 89);

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is there.
    Good,
    /// It is not, and it goes without, or is made when it is needed.
    Optional,
    /// It is not, and nothing goes without it.
    Missing,
}

impl Standing {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Optional => "note",
            Self::Missing => "missing",
        }
    }
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing: `docker engine`.
    pub what: String,
    /// How it stands.
    pub standing: Standing,
    /// What is there, or what is wrong.
    pub found: String,
    /// What to do about it.
    pub cure: Option<String>,
}

impl Finding {
    fn good(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), standing: Standing::Good, found: found.into(), cure: None }
    }

    fn lacks(what: &str, standing: Standing, found: impl Into<String>, cure: &str) -> Self {
        let cure = Some(cure.to_owned());
        Self { what: what.to_owned(), standing, found: found.into(), cure }
    }

    /// An engine that cannot be used: the error's first line is what is wrong, the rest the cure.
    pub fn no_engine(why: &EngineError) -> Self {
        let text = why.to_string();
        let (found, cure) = text.split_once("\n  ").unwrap_or((&text, ""));
        Self::lacks("docker engine", Standing::Missing, found, cure)
    }
}

/// Everything but the engine.
pub fn host() -> Vec<Finding> {
    vec![
        rust(),
        c_compiler(),
        loopback(),
        program(
            "mvn",
            "not installed: the images' jars are fetched in a Maven container",
            "on Debian: apt-get install maven",
        ),
        program(
            "mmdebstrap",
            "not installed: the images' Java has to come from a registry",
            "on Debian: apt-get install mmdebstrap",
        ),
    ]
}

fn rust() -> Finding {
    let cure = "install Rust 1.89 or newer: rustup toolchain install stable";
    let said =
        Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())).arg("--version").output();
    match said.ok().filter(|said| said.status.success()) {
        Some(said) => {
            let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
            match rust_version(&version) {
                Some(found) if found >= OLDEST_RUST => Finding::good("rust", version),
                _ => Finding::lacks("rust", Standing::Missing, format!("{version} is too old"), cure),
            }
        }
        None => Finding::lacks("rust", Standing::Missing, "rustc cannot be run", cure),
    }
}

/// Of `rustc 1.89.0 (…)`.
fn rust_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_ascii_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn c_compiler() -> Finding {
    let compiler = ["cc", "gcc", "clang"].into_iter().find_map(host::program);
    match (compiler, host::program("make")) {
        (Some(compiler), Some(_)) => Finding::good("c compiler", format!("{}, make", compiler.display())),
        (compiler, _) => {
            let lacking = if compiler.is_none() { "no C compiler" } else { "no make" };
            let cure = "on Debian: apt-get install build-essential";
            Finding::lacks(
                "c compiler",
                Standing::Missing,
                format!("{lacking}: librdkafka is built from source"),
                cure,
            )
        }
    }
}

/// Each agent has an address of its own: whether more than 127.0.0.1 can be used.
fn loopback() -> Finding {
    let addresses = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 77, 0, 1), Ipv4Addr::new(127, 77, 254, 254)];
    let refused = addresses.into_iter().find_map(|a| TcpListener::bind((a, 0)).err().map(|why| (a, why)));
    match refused {
        None => Finding::good("loopback", "127.0.0.0/8 can be used"),
        Some((address, why)) => Finding::lacks(
            "loopback",
            Standing::Missing,
            format!("{address} cannot be used: {why}"),
            "give the loopback device the whole range: ip addr add 127.0.0.1/8 dev lo; ip link set lo up",
        ),
    }
}

fn program(name: &str, without: &str, cure: &str) -> Finding {
    match host::program(name) {
        Some(path) => Finding::good(name, path.display().to_string()),
        None => Finding::lacks(name, Standing::Optional, without, cure),
    }
}

#[cfg(feature = "docker")]
pub use with_engine::engine;

#[cfg(feature = "docker")]
mod with_engine {
    use std::path::Path;

    use super::{Finding, Standing};
    use crate::docker::{Engine, Images, Sweeper};

    /// The engine, the images built from `recipes`, and what dead labs left.
    pub async fn engine(recipes: &Path) -> Vec<Finding> {
        let engine = match Engine::connect().await {
            Ok(engine) => engine,
            Err(why) => return vec![Finding::no_engine(&why)],
        };
        let mut findings = about(&engine);
        findings.extend(images(&engine, recipes).await);
        findings.push(leftovers(&engine).await);
        findings
    }

    fn about(engine: &Engine) -> Vec<Finding> {
        let about = engine.about();
        let free = about.free_mb.map_or("unknown".to_owned(), |mb| format!("{:.1} GB", mb as f64 / 1e3));
        let version =
            format!("{} (API {}) at {}, on {}", about.version, about.api, about.address, about.system);
        let storage = format!("{}, {free} free in {}", about.storage, about.folder);
        let room = engine.room_for(Images::NEEDED_MB).err().map(|why| why.to_string());
        let storage = match room.as_deref().and_then(|why| why.split_once("\n  ")) {
            Some((found, cure)) => Finding::lacks("storage", Standing::Optional, found, cure),
            None => Finding::good("storage", storage),
        };
        vec![
            Finding::good("docker engine", version),
            Finding::good("permission", "to use the engine, not rootless"),
            storage,
        ]
    }

    async fn images(engine: &Engine, recipes: &Path) -> Vec<Finding> {
        let cure = "cargo xtask images; or the first run that needs it builds it";
        match Images::built(engine, recipes).await {
            Ok(found) => found
                .into_iter()
                .map(|(image, (reference, size))| {
                    let what = format!("image {image}");
                    match size {
                        Some(mb) => Finding::good(&what, format!("{reference}, {mb} MB")),
                        None => Finding::lacks(&what, Standing::Optional, "not built", cure),
                    }
                })
                .collect(),
            Err(why) => vec![Finding::lacks("images", Standing::Missing, why.to_string(), "see above")],
        }
    }

    async fn leftovers(engine: &Engine) -> Finding {
        match Sweeper::leftovers(engine).await {
            Ok(left) if left.count() == 0 => Finding::good("leftovers", "none"),
            Ok(left) => {
                let found = format!(
                    "{} containers, {} volumes, {} networks of runs that were killed",
                    left.containers.len(),
                    left.volumes.len(),
                    left.networks.len()
                );
                Finding::lacks(
                    "leftovers",
                    Standing::Optional,
                    found,
                    "cargo xtask down; or the next run removes them",
                )
            }
            Err(why) => Finding::lacks("leftovers", Standing::Optional, why.to_string(), "docker ps -a"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_versions_are_compared_as_numbers() {
        for (text, enough) in [
            ("rustc 1.89.0 (abc)", true),
            ("rustc 1.9.0", false),
            ("rustc 1.100.0-nightly", true),
            ("rustc", false),
        ] {
            assert_eq!(rust_version(text).is_some_and(|found| found >= OLDEST_RUST), enough, "{text}");
        }
    }

    #[test]
    fn a_missing_engine_comes_with_its_cure() {
        let why = EngineError::NoPermission { address: "unix:///var/run/docker.sock".into() };
        let finding = Finding::no_engine(&why);
        assert_eq!(
            finding.found,
            "no permission to speak to the Docker engine at unix:///var/run/docker.sock"
        );
        assert!(finding.cure.is_some_and(|cure| cure.contains("usermod -aG docker")));
        assert_eq!(finding.standing, Standing::Missing);
    }
}
