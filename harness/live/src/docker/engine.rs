//! A checked connection to the engine.

use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::address::Address;
use super::errors::EngineError;

/// The engine's oldest API that has everything that is asked of it: that of engine 20.10.
const OLDEST_API: (u32, u32) = (1, 41);
/// How long an answer may take; builds and the like are streams and not meant.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How long the first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// What a run needs for logs and data, in units of 1,000,000 bytes.
const RUN_NEEDS_MB: u64 = 500;

/// A Docker engine that can run the services. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    about: About,
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its address, as `DOCKER_HOST` would have it.
    pub address: String,
    /// Its version: `20.10.24`.
    pub version: String,
    /// Its newest API: `1.41`.
    pub api: String,
    /// Its system and kernel.
    pub system: String,
    /// How it stores images: `overlay2`.
    pub storage: String,
    /// Its data folder.
    pub folder: String,
    /// Free space there, in units of 1,000,000 bytes, if it can be told.
    pub free_mb: Option<u64>,
}

impl Engine {
    /// Connects, and makes sure that the services can run there.
    ///
    /// # Errors
    /// There is no engine, no permission, or the engine is one that cannot do it: each with what to do.
    pub async fn connect() -> Result<Self, EngineError> {
        let address = Address::find()?;
        address.probe()?;
        let no_answer = |why: String| EngineError::NoAnswer { address: address.to_string(), why };
        let docker = dial(&address).map_err(|why| no_answer(why.to_string()))?;
        let first = tokio::time::timeout(FIRST_ANSWER, async {
            let version = docker.version().await?;
            let docker = docker.negotiate_version().await?;
            let info = docker.info().await?;
            Ok::<_, bollard::errors::Error>((docker, version, info))
        });
        let (docker, version, info) = match first.await {
            Ok(answer) => answer.map_err(|why| no_answer(why.to_string()))?,
            Err(_) => return Err(no_answer(format!("nothing within {} s", FIRST_ANSWER.as_secs()))),
        };
        let folder = info.docker_root_dir.unwrap_or_default();
        let kernel = info.kernel_version.unwrap_or_default();
        let about = About {
            address: address.to_string(),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            system: format!("{}, kernel {kernel}", info.operating_system.unwrap_or_default()),
            storage: info.driver.unwrap_or_default(),
            free_mb: free_mb(&folder),
            folder,
        };
        check(&about, &kernel, &info.security_options.unwrap_or_default(), super::host::kernel().as_deref())?;
        let engine = Self { docker, about };
        engine.room_for(RUN_NEEDS_MB)?;
        Ok(engine)
    }

    /// A connection of its own: one belongs to the runtime that made it.
    ///
    /// # Errors
    /// The socket is gone.
    pub(crate) fn again(&self) -> Result<Self, EngineError> {
        let no_answer = |why: bollard::errors::Error| EngineError::NoAnswer {
            address: self.about.address.clone(),
            why: why.to_string(),
        };
        let docker =
            Docker::connect_with_unix(&self.about.address, TIMEOUT.as_secs(), &self.docker.client_version())
                .map_err(no_answer)?;
        Ok(Self { docker, about: self.about.clone() })
    }

    /// The engine's client.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// What the engine says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Makes sure that the engine's disk has room, where that can be told.
    ///
    /// # Errors
    /// It has not.
    pub fn room_for(&self, needed_mb: u64) -> Result<(), EngineError> {
        match free_mb(&self.about.folder) {
            Some(free_mb) if free_mb < needed_mb => {
                Err(EngineError::DiskFull { path: self.about.folder.clone(), free_mb, needed_mb })
            }
            _ => Ok(()),
        }
    }
}

fn dial(address: &Address) -> Result<Docker, bollard::errors::Error> {
    Docker::connect_with_unix(&address.to_string(), TIMEOUT.as_secs(), API_DEFAULT_VERSION)
}

/// Compares an API version such as `1.41` with the oldest that will do.
fn new_enough(api: &str) -> bool {
    let mut parts = api.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST_API,
        _ => false,
    }
}

/// Whether this engine can run the services on the loopback of the kernel `here`.
fn check(about: &About, kernel: &str, security: &[String], here: Option<&str>) -> Result<(), EngineError> {
    let address = about.address.clone();
    let has = |option: &str| security.iter().any(|s| s.split(',').any(|part| part == option));
    if !new_enough(&about.api) {
        return Err(EngineError::TooOld { address, version: about.version.clone(), api: about.api.clone() });
    }
    if has("name=rootless") {
        return Err(EngineError::Rootless { address });
    }
    if has("name=userns") {
        return Err(EngineError::UserNamespaces { address });
    }
    // Docker Desktop and its like: Linux in a virtual machine, with the socket passed on.
    if here != Some(kernel) && !kernel.is_empty() {
        let here = here.unwrap_or(std::env::consts::OS).to_owned();
        return Err(EngineError::OtherMachine { address, engine: about.system.clone(), here });
    }
    Ok(())
}

/// Free space under a folder of this machine, in units of 1,000,000 bytes.
fn free_mb(folder: &str) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(api: &str) -> About {
        About {
            address: "unix:///s".into(),
            version: "v".into(),
            api: api.into(),
            system: "Linux, kernel k".into(),
            ..About::default()
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (api, enough) in [
            ("1.41", true),
            ("1.40", false),
            ("1.9", false),
            ("1.100", true),
            ("2.0", true),
            ("", false),
            ("x.y", false),
        ] {
            assert_eq!(check(&about(api), "k", &[], Some("k")).is_ok(), enough, "{api}");
        }
    }

    #[test]
    fn an_engine_with_another_loopback_is_refused() {
        let security = |text: &str| vec!["name=seccomp,profile=default".to_owned(), text.to_owned()];
        let found = |options: &[String], here| check(&about("1.41"), "k", options, here);
        assert_eq!(found(&security("name=cgroupns"), Some("k")), Ok(()));
        assert!(matches!(found(&security("name=rootless"), Some("k")), Err(EngineError::Rootless { .. })));
        assert!(matches!(
            found(&security("name=userns"), Some("k")),
            Err(EngineError::UserNamespaces { .. })
        ));
        assert!(matches!(found(&[], Some("other")), Err(EngineError::OtherMachine { .. })));
        assert!(matches!(found(&[], None), Err(EngineError::OtherMachine { .. })));
    }
}
