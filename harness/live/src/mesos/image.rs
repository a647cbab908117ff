//! A container whose task brought its image along.

use std::sync::Arc;

use stacklab_machine::service::ServiceEvent;
use stacklab_machine::timeline::What;
use stacklab_mesos::Exit;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::image::ImageTask;
use crate::program::Services;
use crate::recorder::Recorder;

/// Lines that may wait to be written down.
const LINES: usize = 256;
/// What a shell adds to the number of a signal.
const SIGNALS: i32 = 128;

/// It runs. Dropping it kills it.
pub(super) struct Image {
    name: String,
    recorder: Recorder,
    events: mpsc::Receiver<ServiceEvent>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Image {
    /// Starts it, and waits until it runs: an image may have to be pulled first.
    ///
    /// # Errors
    /// There are no containers here, or this one cannot be had.
    pub(super) async fn start(
        services: &Arc<dyn Services>,
        task: ImageTask,
        name: &str,
        recorder: &Recorder,
    ) -> Result<Self, String> {
        let (sender, events) = mpsc::channel(LINES);
        let (stop, stopped) = oneshot::channel();
        let reference = task.image.clone();
        let Some(running) = services.image(task, sender, stopped) else {
            return Err(format!(
                "no program here plays this command, and the Docker image {reference} runs with --backend docker only"
            ));
        };
        let task = tokio::spawn(running);
        let (name, recorder) = (name.to_owned(), recorder.clone());
        let mut image = Self { name, recorder, events, stop: Some(stop), task };
        match image.events.recv().await {
            Some(ServiceEvent::Exited { message, .. }) => Err(message),
            _ => Ok(image),
        }
    }

    pub(super) fn terminate(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It has ended if nobody hears it.
            let _ = stop.send(());
        }
    }

    /// Writes its output down until it ends.
    pub(super) async fn exited(&mut self) -> Exit {
        loop {
            let line = match self.events.recv().await {
                Some(ServiceEvent::Log(line)) => line,
                Some(ServiceEvent::Exited { code, message }) => {
                    if !message.is_empty() {
                        self.recorder.record(&self.name, None, What::Log { line: message });
                    }
                    return if code > SIGNALS { Exit::Signal(code - SIGNALS) } else { Exit::Code(code) };
                }
                Some(ServiceEvent::Started | ServiceEvent::Ready) => continue,
                None => return Exit::Code(1),
            };
            self.recorder.record(&self.name, None, What::Log { line });
        }
    }

    /// Removes the container, if it is still there, and waits for that.
    pub(super) async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        self.task.abort();
    }
}
