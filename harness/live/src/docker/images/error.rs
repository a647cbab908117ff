//! Why an image is not there.

use thiserror::Error;

use super::{Image, Images};
use crate::docker::engine::Engine;
use crate::docker::errors::EngineError;

/// Why an image is not there.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The engine cannot be used, or its disk is full.
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
    /// A recipe cannot be read.
    #[error(
        "cannot read the recipe {path}: {why}\n  the recipes are in fixtures/images of the checkout: git status"
    )]
    Recipe {
        /// The file or folder.
        path: String,
        /// What the system says.
        why: String,
    },
    /// There is no Java 8 to build on.
    #[error(
        "no Java 8 runtime to build the images on: {pull} cannot be pulled ({pulling}), nor made of Debian packages \
         ({making})\n  \
         either make a registry reachable (docker pull {pull}), or install mmdebstrap: on Debian, \
         apt-get install mmdebstrap"
    )]
    NoBase {
        /// The image that was to be pulled.
        pull: String,
        /// Why it could not.
        pulling: String,
        /// Why it could not be made.
        making: String,
    },
    /// The jars cannot be had.
    #[error(
        "cannot fetch the jars of {name}: {why}\n  \
         they come from Maven Central by mvn; where it is missing: on Debian, apt-get install maven; a mirror is set in \
         ~/.m2/settings.xml"
    )]
    Jars {
        /// The recipe.
        name: String,
        /// What Maven says.
        why: String,
    },
    /// The engine could not build it.
    #[error("cannot build the image {name}: {why}\n  its recipe is in fixtures/images/{name}")]
    Build {
        /// The recipe.
        name: String,
        /// The last lines of the build.
        why: String,
    },
    /// The image has no UI.
    #[error(
        "the image {reference} has no web UI in /opt/stacklab/ui\n  leave --image zipkin=… out, or put the files there"
    )]
    NoUi {
        /// The image.
        reference: String,
    },
    /// A file of this machine cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
}

impl ImageError {
    /// What the engine says to something that it ought to do.
    pub(super) fn of_engine(engine: &Engine, what: &str, why: &bollard::errors::Error) -> Self {
        let why = format!("cannot {what}: {why}");
        full(engine, &why)
            .unwrap_or_else(|| EngineError::NoAnswer { address: engine.about().address.clone(), why }.into())
    }

    /// What ended a build.
    pub(super) fn of_build(engine: &Engine, name: &str, why: &str) -> Self {
        full(engine, why).unwrap_or_else(|| Self::Build { name: name.to_owned(), why: why.trim().to_owned() })
    }
}

/// A full disk, in the words of the engine.
fn full(engine: &Engine, why: &str) -> Option<ImageError> {
    let about = engine.about();
    why.contains("no space left on device").then(|| {
        let free_mb = about.free_mb.unwrap_or(0);
        let path = about.folder.clone();
        EngineError::DiskFull { path, free_mb, needed_mb: Images::NEEDED_MB }.into()
    })
}
