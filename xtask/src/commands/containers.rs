//! `cargo xtask images` and `cargo xtask down`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use serde_json::json;
use stacklab_lab::exit::ExitCode;
use stacklab_live::docker::{Engine, Image, Images as Built, Sweeper};

use super::Failed;
use crate::flags::{Down, Images};
use crate::paths;

/// Builds what is missing.
pub(crate) async fn images(flags: &Images) -> Result<ExitCode, Failed> {
    let wanted: Result<BTreeSet<Image>, String> =
        flags.service.iter().map(|part| part.name().parse()).collect();
    let mut wanted = wanted.map_err(|why| Failed::input(anyhow!(why)))?;
    if wanted.is_empty() {
        wanted = Image::ALL.into();
    }
    let engine = Engine::connect().await.map_err(Failed::environment)?;
    Sweeper::dead(&engine).await.map_err(Failed::environment)?;
    let tell = |line: &str| eprintln!("{line}");
    Built::ensure(&engine, &paths::images(), &wanted, &BTreeMap::new(), &tell)
        .await
        .map_err(Failed::environment)?;
    let built = Built::built(&engine, &paths::images()).await.map_err(Failed::environment)?;
    let built = built.into_iter().filter(|(image, _)| wanted.contains(image));
    let sizes = built.map(|(image, (reference, size))| (image, reference, size.unwrap_or(0)));
    if flags.json {
        let shown: Vec<_> = sizes
            .map(|(image, reference, mb)| json!({ "service": image.name(), "image": reference, "mb": mb }))
            .collect();
        println!("{}", json!(shown));
    } else {
        sizes.for_each(|(image, reference, mb)| println!("{:<10} {reference:<34} {mb:>4} MB", image.name()));
    }
    Ok(ExitCode::AsExpected)
}

/// Removes what killed runs left.
pub(crate) async fn down(flags: &Down) -> Result<ExitCode, Failed> {
    let engine = Engine::connect().await.map_err(Failed::environment)?;
    let swept = if flags.all { Sweeper::all(&engine).await } else { Sweeper::dead(&engine).await };
    let swept = swept.map_err(Failed::environment)?;
    let images = if flags.images {
        Built::remove_all(&engine).await.map_err(Failed::environment)?
    } else {
        Vec::new()
    };
    let counts = [
        ("containers", swept.containers.len()),
        ("volumes", swept.volumes.len()),
        ("networks", swept.networks.len()),
        ("images", images.len()),
    ];
    if flags.json {
        println!("{}", json!(BTreeMap::from(counts)));
    } else {
        let words: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        println!("removed {}", words.join(", "));
    }
    Ok(ExitCode::AsExpected)
}
