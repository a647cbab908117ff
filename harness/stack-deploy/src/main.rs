//! The program `stack-deploy`.

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_stack_deploy::cli::{self, Meant};
use stacklab_stack_deploy::client::{Streams, World};
use stacklab_stack_deploy::server;

/// This process.
struct Process {
    started: Instant,
}

impl World for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(path).ok()
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        stacklab_live::http::request(&request, None).await
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

fn main() -> ExitCode {
    let mut streams = Streams { stdout: &mut io::stdout(), stderr: &mut io::stderr() };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => {
            streams.complain(&format!("cannot start: {why}\n"));
            return ExitCode::from(2);
        }
    };
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let world = Process { started: Instant::now() };
    let code = runtime.block_on(async {
        match cli::run(&args, &world, &mut streams).await {
            Meant::Ended(code) => code,
            Meant::Server(args) => server::command(&args, &mut streams).await,
        }
    });
    runtime.shutdown_background();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
