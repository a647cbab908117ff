//! A program that does what its test tells it, and tells what reached it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use stacklab_live::program::{NoMesos, Place, Running, Services, spawn};
use stacklab_live::{Clock, Names, Recorder, Sandbox};
use stacklab_machine::process::{Input, Output};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::{Machine, Outbox, Time};
use tokio::sync::{mpsc, oneshot};

/// Inputs as they come, and the outputs that each leads to.
pub(crate) struct Scripted<F> {
    pub(crate) seen: mpsc::UnboundedSender<Input<u32>>,
    pub(crate) react: F,
}

impl<F: FnMut(&Input<u32>) -> Vec<Output<u32>>> Machine for Scripted<F> {
    type Input = Input<u32>;
    type Output = Output<u32>;

    fn handle(&mut self, _: Time, input: Input<u32>, out: &mut Outbox<Output<u32>>) {
        for output in (self.react)(&input) {
            out.push(output);
        }
        // The test may have seen enough.
        let _ = self.seen.send(input);
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _: Time, _: &mut Outbox<Output<u32>>) {}
}

/// Services that end at once.
struct NoServices;

impl Services for NoServices {
    fn run(
        &self,
        _: ServiceSpec,
        _: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        _: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let _ = events.send(ServiceEvent::Exited { code: 1, message: "none here".to_owned() }).await;
        })
    }
}

/// Starts one on an address.
pub(crate) fn start(
    address: [u8; 4],
    react: impl FnMut(&Input<u32>) -> Vec<Output<u32>> + Send + 'static,
) -> (Running<u32>, mpsc::UnboundedReceiver<Input<u32>>) {
    let (seen, receiver) = mpsc::unbounded_channel();
    let place = Place {
        name: "scripted".to_owned(),
        task: "scripted".to_owned(),
        address: IpAddr::from(address),
        recorder: Recorder::new(Clock::new()),
        names: Names::default(),
        sandbox: Sandbox::new(),
        services: Arc::new(NoServices),
    };
    (spawn(Box::new(Scripted { seen, react }), place, |_| NoMesos), receiver)
}
