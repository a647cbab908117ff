//! The images that the services run from: built from the recipes in `fixtures/images` when they are not there.

mod base;
mod build;
mod error;
mod folder;
mod jars;
mod recipe;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::path::Path;
use std::str::FromStr;

use super::engine::Engine;
use super::labels::RECIPE;
use build::Builder;
use recipe::Recipe;

pub use error::ImageError;

/// What is told while images are made, a line at a time.
pub(crate) type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

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

/// What each service runs from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    references: BTreeMap<Image, String>,
}

impl Images {
    /// What the engine's disk must have free to build them, in units of 1,000,000 bytes.
    pub const NEEDED_MB: u64 = 2_000;

    /// Builds what is missing of `wanted` from the `recipes` (`fixtures/images`), or takes what the user names instead,
    /// and tells `progress` what it does, a line at a time. Where all is there, that takes milliseconds.
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
        let mut references = BTreeMap::new();
        let mut missing = Vec::new();
        let base = Recipe::read(&recipes.join("base"), "")?;
        for &image in wanted {
            if let Some(reference) = replaced.get(&image) {
                base::take(engine, image, reference, progress).await?;
                references.insert(image, reference.clone());
                continue;
            }
            let recipe = Recipe::read(&recipes.join(image.name()), base.hash())?;
            let reference = recipe.reference(image.name());
            if !is_there(engine, &reference).await? {
                missing.push((image, recipe));
            }
            references.insert(image, reference);
        }
        if !missing.is_empty() {
            Builder::new(engine, base, progress).build(&missing).await?;
        }
        Ok(Self { references })
    }

    /// What [`Images::ensure`] would find: each image's reference, and its size in units of 1,000,000 bytes if it is
    /// built. Builds nothing.
    ///
    /// # Errors
    /// A recipe cannot be read, or the engine does not answer.
    pub async fn built(
        engine: &Engine,
        recipes: &Path,
    ) -> Result<BTreeMap<Image, (String, Option<u64>)>, ImageError> {
        let base = Recipe::read(&recipes.join("base"), "")?;
        let mut found = BTreeMap::new();
        for image in Image::ALL {
            let reference = Recipe::read(&recipes.join(image.name()), base.hash())?.reference(image.name());
            let size = size_mb(engine, &reference).await?;
            found.insert(image, (reference, size));
        }
        Ok(found)
    }

    /// Removes every image that was built from a recipe, of this checkout or another, and tells their names. One that
    /// a container runs from stays.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn remove_all(engine: &Engine) -> Result<Vec<String>, ImageError> {
        build::remove_all(engine).await
    }

    /// The image of a service, as `repository:tag`.
    pub fn reference(&self, image: Image) -> Option<&str> {
        self.references.get(&image).map(String::as_str)
    }

    /// The real UI's static files, by path below the root (`index.html`, …), out of the Zipkin image.
    ///
    /// # Errors
    /// There is no Zipkin image, or it has no such files, as one of the user's own may.
    pub async fn ui_files(&self, engine: &Engine) -> Result<BTreeMap<String, Vec<u8>>, ImageError> {
        let reference = self.reference(Image::Zipkin).ok_or(ImageError::NoUi { reference: "none".into() })?;
        transfer::files(engine, reference, "/opt/stacklab/ui").await
    }
}

/// Whether the engine has an image.
async fn is_there(engine: &Engine, reference: &str) -> Result<bool, ImageError> {
    Ok(size_mb(engine, reference).await?.is_some())
}

/// An image's size in units of 1,000,000 bytes, if it is there.
async fn size_mb(engine: &Engine, reference: &str) -> Result<Option<u64>, ImageError> {
    match engine.docker().inspect_image(reference).await {
        Ok(found) => Ok(Some(u64::try_from(found.size.unwrap_or(0)).unwrap_or(0) / 1_000_000)),
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(why) => Err(ImageError::of_engine(engine, "look for an image", &why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_as_services_are() {
        for image in Image::ALL {
            assert_eq!(image.name().parse(), Ok(image));
        }
        assert!("zipkin-web".parse::<Image>().is_err());
    }

    #[test]
    fn every_image_has_a_recipe() -> Result<(), ImageError> {
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
        let base = Recipe::read(&recipes.join("base"), "")?;
        for image in Image::ALL {
            let recipe = Recipe::read(&recipes.join(image.name()), base.hash())?;
            assert!(recipe.has("Dockerfile") && recipe.has("pom.xml"), "{image}");
        }
        for file in ["Dockerfile", "pull", "suite", "packages", "excluded"] {
            assert!(base.has(file), "{file}");
        }
        Ok(())
    }
}
