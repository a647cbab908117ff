//! The web UI: the real one's files, served by a process of our own that passes questions on to the query service.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_machine::service::{ServiceEvent, ZipkinSpec};
use stacklab_zipkin::Options;
use tokio::sync::{mpsc, oneshot};

/// Runs it to its end.
pub(in crate::docker) async fn web(
    spec: ZipkinSpec,
    pages: Arc<BTreeMap<String, Vec<u8>>>,
    events: mpsc::Sender<ServiceEvent>,
    mut stop: oneshot::Receiver<()>,
) {
    let tell = async |event| _ = events.send(event).await;
    tell(ServiceEvent::Started).await;
    let log = events.clone();
    let log = Arc::new(move |line| _ = log.try_send(ServiceEvent::Log(line)));
    let options = Options { pages: Some(pages).filter(|pages| !pages.is_empty()), ..Options::default() };
    let component = match stacklab_zipkin::start(&spec, options, log).await {
        Ok(component) => component,
        Err(why) => return tell(ServiceEvent::Exited { code: 1, message: why.to_string() }).await,
    };
    tell(ServiceEvent::Ready).await;
    let asked = async {
        if (&mut stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let exit = tokio::select! {
        exit = component.exited() => Some(exit),
        () = asked => None,
    };
    let exit = match exit {
        Some(exit) => exit,
        None => component.stop().await,
    };
    tell(ServiceEvent::Exited { code: exit.code, message: exit.message }).await;
}
