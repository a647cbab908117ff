//! What is ours goes; what is somebody else's, or belongs to somebody who lives, stays.

use std::collections::{BTreeMap, HashMap};

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use stacklab_live::docker::{CleanUp, Engine, OWNER, Owner, RECIPE, Sweeper};
use tokio::sync::OnceCell;

type Tested = Result<(), Box<dyn std::error::Error>>;

static EMPTY: OnceCell<()> = OnceCell::const_new();

/// An image with nothing in it: its containers are made, and never run. Labelled as ours, so `down --images` removes it.
pub(crate) async fn empty_image(engine: &Engine) -> Result<&'static str, Error> {
    const NAME: &str = "stacklab/empty:test";
    let make = async || {
        let docker = engine.docker();
        if docker.inspect_image(NAME).await.is_ok() {
            return Ok(());
        }
        let label = format!("LABEL {RECIPE}=empty");
        let options = CreateImageOptionsBuilder::new().from_src("-").repo("stacklab/empty").tag("test");
        let nothing = bollard::body_full(Bytes::from_static(&[0; 1024]));
        let made = docker.create_image(Some(options.changes(vec![label]).build()), Some(nothing), None);
        made.try_collect::<Vec<_>>().await.map(|_| ())
    };
    EMPTY.get_or_try_init(make).await.map(|()| NAME)
}

/// A name that no other test and no other run has.
fn name(of: &str) -> String {
    format!("stacklab-test-{}-{of}", std::process::id())
}

async fn container(engine: &Engine, of: &str, labels: BTreeMap<String, String>) -> Result<(), Error> {
    let wanted = ContainerCreateBody {
        image: Some(empty_image(engine).await?.to_owned()),
        cmd: Some(vec!["nothing".to_owned()]),
        labels: Some(labels.into_iter().collect()),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(&name(of)).build();
    engine.docker().create_container(Some(options), wanted).await.map(|_| ())
}

/// The containers of a test, of those it names.
async fn there(engine: &Engine, of: &[&str]) -> Result<Vec<String>, Error> {
    let filter = HashMap::from([("name", of.iter().map(|of| name(of)).collect::<Vec<_>>())]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let found = engine.docker().list_containers(Some(options)).await?;
    let mut names: Vec<String> = found.into_iter().flat_map(|c| c.names.unwrap_or_default()).collect();
    names.sort();
    let prefix = format!("/{}", name(""));
    Ok(names.into_iter().map(|found| found.replacen(&prefix, "", 1)).collect())
}

async fn remove(engine: &Engine, of: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    engine.docker().remove_container(&name(of), Some(options)).await
}

/// Labels of a process that lived in this boot and has ended.
fn of_a_dead(lab: &str) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
    let mut labels = Owner::new(lab).labels();
    let mut child = std::process::Command::new("true").spawn()?;
    let pid = child.id();
    child.wait()?;
    let boot = labels[OWNER].split('/').next().unwrap_or_default().to_owned();
    labels.insert(OWNER.to_owned(), format!("{boot}/{pid}/1"));
    Ok(labels)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_dead_owner_left_is_swept() -> Tested {
    let Some(engine) = crate::engine().await? else { return Ok(()) };
    let all = ["dead", "living", "foreign"];
    assert_eq!(there(&engine, &all).await?, [""; 0]);
    let dead = of_a_dead(&name("lab-dead"))?;
    let living = Owner::new(&name("lab-living"));
    let guard = CleanUp::new(&engine, &living);
    container(&engine, "dead", dead.clone()).await?;
    container(&engine, "living", living.labels()).await?;
    container(&engine, "foreign", BTreeMap::from([("org.other.lab".to_owned(), "x".to_owned())])).await?;
    let volume = VolumeCreateRequest {
        name: Some(name("dead")),
        labels: Some(dead.into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    engine.docker().create_volume(volume).await?;
    assert_eq!(there(&engine, &all).await?, ["dead", "foreign", "living"]);
    assert!(Sweeper::leftovers(&engine).await?.count() >= 2);

    let swept = Sweeper::dead(&engine).await?;
    assert!(swept.volumes.contains(&name("dead")), "{swept:?}");
    assert_eq!(there(&engine, &all).await?, ["foreign", "living"]);

    let swept = guard.finish().await?;
    assert_eq!((swept.containers.len(), swept.volumes.len()), (1, 0));
    assert_eq!(there(&engine, &all).await?, ["foreign"]);
    remove(&engine, "foreign").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_removes_in_a_panic_and_when_it_is_dropped() -> Tested {
    let Some(engine) = crate::engine().await? else { return Ok(()) };
    let all = ["panic", "dropped"];
    for of in all {
        let owner = Owner::new(&name(of));
        let its = engine.clone();
        let running = tokio::spawn(async move {
            let _guard = CleanUp::new(&its, &owner);
            container(&its, of, owner.labels()).await.expect("a container can be made");
            assert_ne!(of, "panic", "as wanted");
            std::future::pending::<()>().await;
        });
        if of == "dropped" {
            wait_for(&engine, of).await?;
            running.abort();
        }
        assert!(running.await.is_err());
        assert_eq!(there(&engine, &[of]).await?, [""; 0], "{of}");
    }
    Ok(())
}

async fn wait_for(engine: &Engine, of: &str) -> Tested {
    for _ in 0..600 {
        if !there(engine, &[of]).await?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("{of} was not made within 30 s").into())
}
