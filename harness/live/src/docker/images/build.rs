//! Builds images: the base and the jars at the same time, then each service on both.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use tokio::sync::Mutex;

use super::folder::Folder;
use super::recipe::Recipe;
use super::{Image, ImageError, Images, RECIPE, Tell, base, is_there, jars, transfer};
use crate::docker::engine::Engine;

/// How long a step of a build may be silent.
const SILENCE: Duration = Duration::from_secs(300);

/// Builds the images of one call.
pub(super) struct Builder<'a> {
    engine: &'a Engine,
    base: Recipe,
    tell: Tell<'a>,
    /// Maven's store on this machine knows no two of it at a time.
    maven: Mutex<()>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(engine: &'a Engine, base: Recipe, tell: Tell<'a>) -> Self {
        Self { engine, base, tell, maven: Mutex::new(()) }
    }

    /// Builds them all, or none that is not complete.
    pub(super) async fn build(&self, missing: &[(Image, Recipe)]) -> Result<(), ImageError> {
        self.engine.room_for(Images::NEEDED_MB)?;
        let names: Vec<&str> = missing.iter().map(|(image, _)| image.name()).collect();
        (self.tell)(&format!("building the images of {}; they are kept for the next run", names.join(", ")));
        let base = tokio::sync::OnceCell::new();
        let base = || base.get_or_try_init(|| self.base());
        // The base first, so that it is under way while the jars come.
        let services = missing.iter().map(|(image, recipe)| async {
            let jars = async {
                let _one = self.maven.lock().await;
                jars::fetch(self.engine, image.name(), recipe, self.tell).await
            };
            let (base, jars) = futures_util::future::try_join(base(), jars).await?;
            self.image(image.name(), recipe, base, Some(jars)).await.map(|_| ())
        });
        futures_util::future::try_join_all(services).await.map(|_| ())
    }

    /// What the services are built on.
    async fn base(&self) -> Result<String, ImageError> {
        let reference = self.base.reference("base");
        if is_there(self.engine, &reference).await? {
            return Ok(reference);
        }
        let java = base::java(self.engine, &self.base, self.tell).await?;
        self.image("base", &self.base, &java, None).await
    }

    async fn image(
        &self,
        name: &str,
        recipe: &Recipe,
        base: &str,
        jars: Option<Folder>,
    ) -> Result<String, ImageError> {
        let started = Instant::now();
        let reference = recipe.reference(name);
        (self.tell)(&format!("{name}: building {reference}"));
        let options = BuildImageOptionsBuilder::new()
            .dockerfile("Dockerfile")
            .t(&reference)
            .buildargs(&HashMap::from([("BASE", base)]))
            .labels(&HashMap::from([(RECIPE, recipe.hash())]))
            // No step needs a network, and a machine may have none to give.
            .networkmode("none")
            .rm(true)
            .forcerm(true)
            .build();
        let files: BTreeMap<String, Vec<u8>> = recipe.files().clone();
        let context = transfer::context(files, jars.as_ref().map(|folder| folder.path().to_owned()));
        let mut said = String::new();
        let told = self.engine.docker().build_image(options, None, Some(bollard::body_try_stream(context)));
        let built = transfer::follow(Box::pin(told), SILENCE, |info| {
            said.push_str(&info.stream.unwrap_or_default());
            match info.error_detail.and_then(|e| e.message) {
                Some(why) => Err(why),
                None => Ok(()),
            }
        });
        let built = built.await;
        built.map_err(|why| {
            ImageError::of_build(self.engine, name, &format!("{why}\n    {}", base::last_lines(&said)))
        })?;
        (self.tell)(&format!("{name}: built in {:.1} s", started.elapsed().as_secs_f64()));
        Ok(reference)
    }
}

/// Removes all images of ours; the base last, as the others stand on it.
pub(super) async fn remove_all(engine: &Engine) -> Result<Vec<String>, ImageError> {
    let docker = engine.docker();
    let failed = |why| ImageError::of_engine(engine, "list the images", &why);
    let options = ListImagesOptionsBuilder::new().filters(&HashMap::from([("label", vec![RECIPE])])).build();
    let mut found: Vec<String> = docker
        .list_images(Some(options))
        .await
        .map_err(failed)?
        .into_iter()
        .flat_map(|i| i.repo_tags)
        .collect();
    found.retain(|tag| tag.starts_with("stacklab/"));
    found.sort_by_key(|tag| {
        (tag.starts_with("stacklab/jre:"), tag.starts_with("stacklab/base:"), tag.clone())
    });
    let mut removed = Vec::new();
    for tag in found {
        let answer = docker.remove_image(&tag, Some(RemoveImageOptionsBuilder::new().build()), None).await;
        match answer {
            Ok(_) => removed.push(tag),
            // Somebody else was first, or a container runs from it.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
            Err(why) => return Err(ImageError::of_engine(engine, &format!("remove {tag}"), &why)),
        }
    }
    Ok(removed)
}
