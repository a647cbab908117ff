//! Requests that are not answered as they should be.

use stacklab_live::mishap::HttpFault;
use stacklab_machine::http::Failure;
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::EventId;

use super::World;
use crate::sim::item::Seat;

#[derive(Debug)]
pub(super) struct Rule {
    to: String,
    fault: HttpFault,
    left: u32,
}

impl World {
    pub(super) fn break_http(&mut self, to: String, fault: HttpFault, times: u32) {
        if let Some(faults) = &mut self.faults {
            faults.http.retain(|rule| rule.left > 0);
            faults.http.push(Rule { to, fault, left: times });
        }
    }

    /// What is to become of a request that has arrived; nothing out of the ordinary mostly.
    pub(in crate::sim) fn http_fault(&mut self, seat: Seat) -> Option<HttpFault> {
        let faults = self.faults.as_ref().filter(|faults| !faults.http.is_empty())?;
        let meant = |rule: &Rule| rule.left > 0 && self.is_called(seat, &rule.to);
        let place = faults.http.iter().position(meant)?;
        let rule = self.faults.as_mut()?.http.get_mut(place)?;
        rule.left -= 1;
        Some(rule.fault)
    }

    /// Whoever still waits for an answer sees the connection close.
    pub(super) fn close_what_hangs(&mut self) {
        let hung = self.faults.as_mut().map(|faults| std::mem::take(&mut faults.hung)).unwrap_or_default();
        for exchange in hung {
            self.fail(exchange, Failure::Closed("the connection was closed".to_owned()), None);
        }
    }

    pub(in crate::sim) fn mistreat(
        &mut self,
        exchange: ExchangeId,
        fault: HttpFault,
        seat: Seat,
        cause: Option<EventId>,
    ) {
        match fault {
            HttpFault::Status(status) => {
                self.respond(seat, exchange, HttpFault::response(status), cause);
            }
            // Its time-out ends it, if it has one.
            HttpFault::Hang => {
                if let Some(faults) = &mut self.faults {
                    faults.hung.push(exchange);
                }
            }
            HttpFault::Close => {
                self.fail(exchange, Failure::Closed("the connection was closed".to_owned()), cause);
            }
        }
    }
}
