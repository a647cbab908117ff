//! Ports that somebody outside Mesos has.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::{CannotBreak, Controls, lock};

/// Ports that the lab holds at most.
const MOST: usize = 1000;

/// Listeners that nobody accepts from. Dropping them frees the ports.
#[derive(Debug, Default)]
pub(crate) struct HeldPorts(Mutex<Vec<TcpListener>>);

impl Controls {
    pub(super) async fn take_port(self: &Arc<Self>, agent: &str, port: u16) -> Result<(), CannotBreak> {
        let index = self.agent(agent).await?;
        let Some(seat) = self.agents.get(index) else { return Ok(()) };
        let address = SocketAddr::new(seat.address, port);
        let failed = |why| CannotBreak::failed(&format!("taking port {port} of {}", seat.name()), why);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let mut held = lock(&self.ports.0);
        if held.len() < MOST {
            held.push(listener);
        }
        Ok(())
    }
}
