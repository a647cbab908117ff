//! What the images are built on: an official Java 8 image, or where no registry answers one made of Debian packages. And the
//! images that a user names instead of ours.

use std::process::Stdio;
use std::time::Duration;

use bollard::query_parameters::CreateImageOptionsBuilder;
use tokio::process::Command;

use super::folder::Folder;
use super::recipe::Recipe;
use super::{Image, ImageError, Tell, is_there, transfer};
use crate::docker::engine::Engine;
use crate::docker::host;

/// How long a registry may be silent: one that cannot be reached is often silent for ever.
const SILENCE: Duration = Duration::from_secs(20);
/// How long the making of the base may take; usually half a minute.
const MAKING: Duration = Duration::from_secs(900);

/// Makes sure that the image a user names is there.
pub(super) async fn take(
    engine: &Engine,
    image: Image,
    reference: &str,
    tell: Tell<'_>,
) -> Result<(), ImageError> {
    if is_there(engine, reference).await? {
        return Ok(());
    }
    tell(&format!("{image}: pulling {reference}"));
    pull(engine, reference).await.map_err(|why| ImageError::NotThere {
        image,
        reference: reference.to_owned(),
        why,
    })
}

/// Pulls an image, unless the registry keeps silent.
pub(super) async fn pull(engine: &Engine, reference: &str) -> Result<(), String> {
    let (name, tag) = match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    };
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let told = engine.docker().create_image(Some(options), None, None);
    transfer::follow(Box::pin(told), SILENCE, |info| match info.error_detail.and_then(|e| e.message) {
        Some(why) => Err(why),
        None => Ok(()),
    })
    .await
}

/// A Java 8 runtime, as an image's reference: the one that the recipe names, or else one made here.
pub(super) async fn java(engine: &Engine, recipe: &Recipe, tell: Tell<'_>) -> Result<String, ImageError> {
    let made = recipe.reference("jre");
    if is_there(engine, &made).await? {
        return Ok(made);
    }
    let official = recipe.lines("pull").into_iter().next().unwrap_or_default();
    if is_there(engine, &official).await? {
        return Ok(official);
    }
    tell(&format!("base: pulling {official}"));
    let pulling = match pull(engine, &official).await {
        Ok(()) => return Ok(official),
        Err(why) => why,
    };
    tell("base: no registry answers; making a Java 8 runtime of Debian packages instead");
    match make(engine, recipe, &made).await {
        Ok(()) => Ok(made),
        Err(making) => Err(ImageError::NoBase { pull: official, pulling, making }),
    }
}

async fn make(engine: &Engine, recipe: &Recipe, reference: &str) -> Result<(), String> {
    if host::program("mmdebstrap").is_none() {
        return Err("mmdebstrap is not installed".into());
    }
    let folder = Folder::new().map_err(|why| why.to_string())?;
    let archive = folder.path().join("base.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=essential", "--aptopt=Acquire::Check-Valid-Until \"false\""]);
    command.args(recipe.lines("excluded").iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
    command.arg(format!("--include={}", recipe.lines("packages").join(",")));
    command.args(recipe.lines("suite")).arg(&archive);
    run(command, MAKING).await?;
    let (name, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
    let label = format!("LABEL {}={}", super::RECIPE, recipe.hash());
    let options =
        CreateImageOptionsBuilder::new().from_src("-").repo(name).tag(tag).changes(vec![label]).build();
    let told = engine.docker().create_image(
        Some(options),
        Some(bollard::body_try_stream(transfer::file(archive))),
        None,
    );
    transfer::follow(Box::pin(told), MAKING, |info| match info.error_detail.and_then(|e| e.message) {
        Some(why) => Err(why),
        None => Ok(()),
    })
    .await
}

/// Runs a program of this machine to its end; the last lines it says are why it failed.
pub(super) async fn run(mut command: Command, limit: Duration) -> Result<(), String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(limit, command.output()).await {
        Ok(output) => output.map_err(|why| format!("{name}: {why}"))?,
        Err(_) => return Err(format!("{name} did not end within {} s", limit.as_secs())),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{name} ended with {}: {}", output.status, last_lines(&String::from_utf8_lossy(&said))))
}

/// What a person wants to see of a long output: Maven's first error, or else the end.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.iter().find_map(|line| line.find("[ERROR]").and_then(|at| line.get(at..))) {
        Some(first) => first.to_owned(),
        None => lines[lines.len().saturating_sub(6)..].join("\n    "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mavens_first_error_says_more_than_its_last() {
        assert_eq!(
            last_lines("[INFO] a\n\u{1b}[0m[ERROR] no such jar\n[ERROR] re-run with -X"),
            "[ERROR] no such jar"
        );
        assert_eq!(last_lines("a\n\n  b\n"), "a\n    b");
    }
}
