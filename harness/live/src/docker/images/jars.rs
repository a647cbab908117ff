//! Fetches what an image holds from Maven Central: with the Maven of this machine, or of a container where it has none.

use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, LogsOptionsBuilder, StartContainerOptions, UploadToContainerOptionsBuilder,
    WaitContainerOptions,
};
use futures_util::StreamExt;
use tokio::process::Command;

use super::folder::Folder;
use super::recipe::Recipe;
use super::{ImageError, Tell, base, transfer};
use crate::docker::engine::Engine;
use crate::docker::host;
use crate::docker::labels::Owner;
use crate::docker::sweep::CleanUp;

/// Maven in a container, where this machine has none.
const MAVEN: &str = "maven:3-eclipse-temurin-17";
/// How long Maven may take for one image.
const LIMIT: Duration = Duration::from_secs(900);

/// Fetches the jars of the recipe `name` into a folder.
pub(super) async fn fetch(
    engine: &Engine,
    name: &str,
    recipe: &Recipe,
    tell: Tell<'_>,
) -> Result<Folder, ImageError> {
    let folder = Folder::new()?;
    let fetched = if host::program("mvn").is_some() {
        tell(&format!("{name}: fetching its jars with mvn"));
        on_host(recipe, folder.path()).await
    } else {
        tell(&format!("{name}: fetching its jars in a container of {MAVEN}, as mvn is not installed"));
        in_container(engine, recipe, folder.path()).await
    };
    fetched.map_err(|why| ImageError::Jars { name: name.to_owned(), why })?;
    // What Maven remembers of its work is nothing to the image.
    let _ = std::fs::remove_dir_all(folder.path().join("target"));
    let _ = std::fs::remove_file(folder.path().join("pom.xml"));
    Ok(folder)
}

fn pom(recipe: &Recipe) -> Result<&[u8], String> {
    recipe.files().get("pom.xml").map(Vec::as_slice).ok_or_else(|| "the recipe has no pom.xml".to_owned())
}

async fn on_host(recipe: &Recipe, folder: &Path) -> Result<(), String> {
    let file = folder.join("pom.xml");
    std::fs::write(&file, pom(recipe)?).map_err(|why| format!("{}: {why}", file.display()))?;
    let mut command = Command::new("mvn");
    command.args(["--quiet", "--batch-mode", "--file"]).arg(&file);
    command.arg(format!("-Dout={}", folder.display())).arg("process-resources");
    base::run(command, LIMIT).await
}

/// The same in a container, which is removed whatever comes of it.
async fn in_container(engine: &Engine, recipe: &Recipe, folder: &Path) -> Result<(), String> {
    if engine.docker().inspect_image(MAVEN).await.is_err() {
        base::pull(engine, MAVEN).await.map_err(|why| format!("{MAVEN} cannot be pulled: {why}"))?;
    }
    let owner = Owner::new(&format!("jars-{}", std::process::id()));
    let guard = CleanUp::new(engine, &owner);
    let fetched = tokio::time::timeout(LIMIT, maven(engine, &owner, recipe)).await;
    let swept = guard.finish().await;
    let archive = fetched.map_err(|_| format!("Maven did not end within {} s", LIMIT.as_secs()))??;
    swept.map_err(|why| why.to_string())?;
    let folder = folder.to_owned();
    let unpacked = tokio::task::spawn_blocking(move || {
        // The archive has the folder itself at its top.
        tar::Archive::new(archive.as_slice()).unpack(&folder)?;
        for entry in std::fs::read_dir(folder.join("out"))? {
            let entry = entry?;
            std::fs::rename(entry.path(), folder.join(entry.file_name()))?;
        }
        std::fs::remove_dir(folder.join("out"))
    });
    unpacked.await.map_err(|why| why.to_string())?.map_err(|why| why.to_string())
}

async fn maven(engine: &Engine, owner: &Owner, recipe: &Recipe) -> Result<Vec<u8>, String> {
    let docker = engine.docker();
    let command = [
        "mvn",
        "--quiet",
        "--batch-mode",
        "--file",
        "/build/pom.xml",
        "-Dout=/build/out",
        "process-resources",
    ];
    let wanted = ContainerCreateBody {
        image: Some(MAVEN.to_owned()),
        entrypoint: Some(Vec::new()),
        cmd: Some(command.map(str::to_owned).to_vec()),
        labels: Some(owner.labels().into_iter().collect()),
        // Where a proxy or a mirror of this machine is on the loopback, it is there too.
        host_config: Some(HostConfig { network_mode: Some("host".to_owned()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let says = |why: bollard::errors::Error| why.to_string();
    let made = docker.create_container(None::<CreateContainerOptions>, wanted).await.map_err(says)?;
    let mut files = std::collections::BTreeMap::from([("build/pom.xml".to_owned(), pom(recipe)?.to_vec())]);
    let settings = std::env::home_dir().map(|home| home.join(".m2/settings.xml"));
    if let Some(settings) = settings.and_then(|path| std::fs::read(path).ok()) {
        files.insert("root/.m2/settings.xml".to_owned(), settings);
    }
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    docker
        .upload_to_container(
            &made.id,
            Some(options),
            bollard::body_try_stream(transfer::context(files, None)),
        )
        .await
        .map_err(says)?;
    docker.start_container(&made.id, None::<StartContainerOptions>).await.map_err(says)?;
    let ended = docker.wait_container(&made.id, None::<WaitContainerOptions>).next().await;
    if let Some(Err(why)) = ended {
        return Err(format!("{why}: {}", last_words(engine, &made.id).await));
    }
    transfer::download(engine, &made.id, "/build/out").await.map_err(says)
}

async fn last_words(engine: &Engine, container: &str) -> String {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("200").build();
    let lines: Vec<String> = engine
        .docker()
        .logs(container, Some(options))
        .filter_map(|l| async { l.ok().map(|l| l.to_string()) })
        .collect()
        .await;
    base::last_lines(&lines.concat())
}
