//! With a real Docker engine: images are built once, and nothing is left behind. Without one, the tests say that they are
//! skipped; in CI they fail then.

mod images;
mod sweep;
mod task;

use stacklab_live::docker::{Engine, EngineError};

/// The engine of this machine, or a word on why the test has nothing to test.
#[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
async fn engine() -> Result<Option<Engine>, EngineError> {
    match Engine::connect().await {
        Ok(engine) => Ok(Some(engine)),
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => Err(why),
        Err(why) => {
            eprintln!("skipped: {why}");
            Ok(None)
        }
    }
}
