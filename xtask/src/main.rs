//! temporary
use stacklab_lab::{e2e, scenario::Scenario};
#[tokio::main]
async fn main() {
    let path = std::env::args().nth(1).unwrap();
    let scenario = if path.ends_with(".yaml") { Scenario::read(path.as_ref()).unwrap() } else { Scenario::of_stack(path.as_ref()) };
    let recorder = stacklab_live::Recorder::new(stacklab_live::Clock::new());
    let progress = stacklab_lab::report::Progress::start(recorder.clone());
    let options = e2e::Options { pace: stacklab_machine::Pace::FAST, seed: 1, stacks: "fixtures/stacks".into(), snapshots: Some("scenarios/snapshots".into()), bless: true };
    let r = e2e::run(&scenario, &options, &recorder, |_| async {}).await;
    progress.finish().await;
    std::fs::write("/tmp/e2e.jsonl", recorder.with(|t| t.to_json_lines())).unwrap();
    match r { Ok(r) => { println!("{} {} {:?}", r.passed, r.verdict, r.took); }, Err(e) => println!("ERR {e}") }
}
