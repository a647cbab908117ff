//! A program that does what its test tells it, and tells what reached it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use stacklab_live::program::{Inbox, MesosLink, NoMesos, Place, Running, Services, spawn};
use stacklab_live::{Clock, Names, Recorder, Sandbox, Surroundings};
use stacklab_machine::process::{Input, Output};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::{Machine, Outbox, Time};
use tokio::sync::{mpsc, oneshot};

/// Inputs as they come, and the outputs that each leads to.
struct Scripted<E, F> {
    seen: mpsc::UnboundedSender<Input<E>>,
    react: F,
}

impl<E, C, F: FnMut(&Input<E>) -> Vec<Output<C>>> Machine for Scripted<E, F> {
    type Input = Input<E>;
    type Output = Output<C>;

    fn handle(&mut self, _: Time, input: Input<E>, out: &mut Outbox<Output<C>>) {
        for output in (self.react)(&input) {
            out.push(output);
        }
        // The test may have seen enough.
        let _ = self.seen.send(input);
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _: Time, _: &mut Outbox<Output<C>>) {}
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
    start_with(address, react, |_| NoMesos)
}

/// Starts one, and gives the timeline that it records into.
pub(crate) fn start_recorded(
    address: [u8; 4],
    react: impl FnMut(&Input<u32>) -> Vec<Output<u32>> + Send + 'static,
) -> (Running<u32>, Recorder, mpsc::UnboundedReceiver<Input<u32>>) {
    let (seen, receiver) = mpsc::unbounded_channel();
    let place = place(address);
    let recorder = place.recorder.clone();
    (spawn(Box::new(Scripted { seen, react }), place, |_| NoMesos), recorder, receiver)
}

/// Starts one with a way to Mesos.
pub(crate) fn start_with<E, C, L>(
    address: [u8; 4],
    react: impl FnMut(&Input<E>) -> Vec<Output<C>> + Send + 'static,
    link: impl FnOnce(Inbox<E>) -> L,
) -> (Running<E>, mpsc::UnboundedReceiver<Input<E>>)
where
    E: Send + 'static,
    C: Send + 'static,
    L: MesosLink<C> + 'static,
{
    let (seen, receiver) = mpsc::unbounded_channel();
    (spawn(Box::new(Scripted { seen, react }), place(address), link), receiver)
}

fn place(address: [u8; 4]) -> Place {
    Place {
        name: "scripted".to_owned(),
        task: "scripted".to_owned(),
        address: IpAddr::from(address),
        recorder: Recorder::new(Clock::new()),
        names: Names::default(),
        sandbox: Sandbox::new(),
        services: Arc::new(NoServices),
        surroundings: Surroundings::default(),
    }
}
