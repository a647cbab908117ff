//! A task with an image of its own: its output, its end, and that nothing stays.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use bollard::query_parameters::ListContainersOptionsBuilder;
use stacklab_live::docker::{CleanUp, Docker, Image, Images, Owner};
use stacklab_live::program::Services;
use stacklab_live::{Clock, ImageTask, Recorder};
use stacklab_machine::service::ServiceEvent;
use tokio::sync::{mpsc, oneshot};

use crate::engine;

type Tested = Result<(), Box<dyn std::error::Error>>;

/// What a task said, and how it ended.
async fn run(docker: &Docker, task: ImageTask, stop_at: &str) -> (Vec<String>, Option<(i32, String)>) {
    let (sender, mut events) = mpsc::channel(64);
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let running = docker.image(task, sender, stopped).expect("there are containers");
    let running = tokio::spawn(running);
    let (mut said, mut end) = (Vec::new(), None);
    while let Some(event) = events.recv().await {
        match event {
            ServiceEvent::Log(line) => {
                if line == stop_at {
                    stop.take().map(|stop| stop.send(()));
                }
                said.push(line);
            }
            ServiceEvent::Exited { code, message } => end = Some((code, message)),
            _ => {}
        }
    }
    running.await.expect("it does not panic");
    (said, end)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_an_image_of_the_users() -> Tested {
    let Some(engine) = engine().await? else { return Ok(()) };
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let wanted = BTreeSet::from([Image::ZooKeeper]);
    let images = Images::ensure(&engine, &recipes, &wanted, &BTreeMap::new(), &|_: &str| {}).await?;
    let image = images.reference(Image::ZooKeeper).expect("it was built").to_owned();
    let owner = Owner::new(&format!("stacklab-test-{}-task", std::process::id()));
    let (clean_up, labels) = (CleanUp::new(&engine, &owner), owner.labels());
    let recorder = Recorder::new(Clock::new());
    let docker = Docker::new(engine.clone(), images, owner, recorder, BTreeMap::new());
    let task = |line: &str| ImageTask {
        task: "t".to_owned(),
        image: image.clone(),
        address: "127.77.37.1".to_owned(),
        host_network: true,
        command: vec![line.to_owned()],
        shell: true,
        environment: vec![("GREETING".to_owned(), "hello".to_owned())],
        memory: Some(64),
        ..ImageTask::default()
    };

    let (said, end) = run(&docker, task("echo $GREETING; exit 3"), "").await;
    assert_eq!((said, end), (vec!["hello".to_owned()], Some((3, "hello".to_owned()))));

    let (said, end) =
        run(&docker, task("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"), "up").await;
    assert_eq!((said, end), (vec!["up".to_owned(), "bye".to_owned()], Some((0, String::new()))));

    let missing = ImageTask { image: "stacklab.invalid/none:1".to_owned(), ..task("x") };
    let (said, end) = run(&docker, missing, "").await;
    let (code, message) = end.expect("an end");
    assert!(
        said.is_empty()
            && code == 126
            && message.starts_with("the image stacklab.invalid/none:1 cannot be pulled: "),
        "{code} {message}"
    );

    clean_up.finish().await?;
    let labels = labels.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let filter = HashMap::from([("label", labels)]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let found = engine.docker().list_containers(Some(options)).await?;
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}
