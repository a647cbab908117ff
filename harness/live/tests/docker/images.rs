//! Images are built when they are missing, and only then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use stacklab_live::docker::{Image, ImageError, Images};

#[tokio::test(flavor = "multi_thread")]
async fn images_are_built_once() -> Result<(), ImageError> {
    let Some(engine) = crate::engine().await? else { return Ok(()) };
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let all = BTreeSet::from(Image::ALL);
    let none = BTreeMap::new();
    let images = Images::ensure(&engine, &recipes, &all, &none, &|line| eprintln!("{line}")).await?;

    let told = Mutex::new(Vec::new());
    let tell = |line: &str| told.lock().expect("no test panics with it").push(line.to_owned());
    assert_eq!(Images::ensure(&engine, &recipes, &all, &none, &tell).await?, images);
    assert_eq!(told.lock().expect("no test panics with it").as_slice(), [""; 0], "nothing is built twice");

    let found = Images::built(&engine, &recipes).await?;
    for image in Image::ALL {
        let (reference, size) = &found[&image];
        assert_eq!(images.reference(image), Some(reference.as_str()));
        assert!(size.is_some_and(|mb| mb > 50), "{image}");
    }

    let pages = images.ui_files(&engine).await?;
    assert!(
        String::from_utf8_lossy(&pages["index.html"]).contains("/app-"),
        "the page loads the UI's script"
    );
    assert!(pages.keys().any(|path| path.ends_with(".js")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_the_users_is_taken_or_missed() -> Result<(), ImageError> {
    let Some(engine) = crate::engine().await? else { return Ok(()) };
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let mine = crate::sweep::empty_image(&engine).await.expect("an image can be imported");
    let wanted = BTreeSet::from([Image::Kafka]);
    let replaced = BTreeMap::from([(Image::Kafka, mine.to_owned())]);
    let images = Images::ensure(&engine, &recipes, &wanted, &replaced, &|_| ()).await?;
    assert_eq!(images.reference(Image::Kafka), Some(mine));
    assert_eq!(images.reference(Image::Zipkin), None);

    let replaced = BTreeMap::from([(Image::Kafka, "127.0.0.1:1/none:1".to_owned())]);
    let missed = Images::ensure(&engine, &recipes, &wanted, &replaced, &|_| ()).await;
    assert!(matches!(missed, Err(ImageError::NotThere { image: Image::Kafka, .. })), "{missed:?}");
    Ok(())
}
