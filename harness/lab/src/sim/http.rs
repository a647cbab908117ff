//! HTTP in the simulated world: requests go from program to program, or to the master, without sockets.

use std::time::Duration;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input};
use stacklab_machine::timeline::EventId;
use stacklab_mesos::MasterInput;

use super::item::{Due, ProgramId, Seat, ToProgram};
use super::world::{MASTER, World};

/// A request under way.
#[derive(Debug)]
pub(super) struct Exchange {
    from: ProgramId,
    call: CallId,
    /// Who has it: known once it has arrived.
    at: Option<Seat>,
}

impl World {
    pub(super) fn request(
        &mut self,
        from: ProgramId,
        call: CallId,
        request: Request,
        timeout: Option<Duration>,
        cause: Option<EventId>,
    ) {
        let exchange = ExchangeId(self.next_exchange);
        self.next_exchange += 1;
        self.exchanges.insert(exchange, Exchange { from, call, at: None });
        if let Some(timeout) = timeout {
            self.after(timeout, Due::RequestTimeout { exchange }, cause);
        }
        let to = self.seat_of(&request).unwrap_or(Seat::Master);
        self.send(Seat::Program(from), to, Due::Request { exchange, request: Box::new(request) }, cause);
    }

    /// Who listens where a request goes.
    pub(super) fn seat_of(&self, request: &Request) -> Option<Seat> {
        let authority = request.address();
        if *authority == *MASTER {
            return (!self.master_is_gone()).then_some(Seat::Master);
        }
        self.listeners.get(&*authority).map(|program| Seat::Program(*program))
    }

    pub(super) fn request_arrives(&mut self, exchange: ExchangeId, request: Request, cause: Option<EventId>) {
        let Some(seat) = self.seat_of(&request) else {
            let authority = request.authority();
            return self.fail(exchange, Failure::Refused(authority), cause);
        };
        match self.exchanges.get_mut(&exchange) {
            Some(waiting) => waiting.at = Some(seat),
            // Its time was up before it arrived.
            None => return,
        }
        if let Some(fault) = self.http_fault(seat) {
            return self.mistreat(exchange, fault, seat, cause);
        }
        let mut request = request;
        request.make_relative();
        match seat {
            Seat::Program(program) => {
                self.program_hears(program, ToProgram::Any(Input::Http { exchange, request }), cause);
            }
            _ => self.master_hears(MasterInput::Http { exchange, request }, cause),
        }
    }

    pub(super) fn request_times_out(&mut self, exchange: ExchangeId) {
        self.fail(exchange, Failure::TimedOut("no answer in time".to_owned()), None);
    }

    pub(super) fn respond(
        &mut self,
        from: Seat,
        exchange: ExchangeId,
        response: Response,
        cause: Option<EventId>,
    ) {
        self.answer(from, exchange, Ok(response), cause);
    }

    pub(super) fn fail(&mut self, exchange: ExchangeId, why: Failure, cause: Option<EventId>) {
        self.answer(Seat::Master, exchange, Err(why), cause);
    }

    fn answer(
        &mut self,
        from: Seat,
        exchange: ExchangeId,
        result: Result<Response, Failure>,
        cause: Option<EventId>,
    ) {
        let Some(Exchange { from: asker, call, .. }) = self.exchanges.remove(&exchange) else { return };
        let input = ToProgram::Any(Input::HttpReply { call, result });
        self.send(from, Seat::Program(asker), Due::Program(asker, Box::new(input)), cause);
    }

    /// A program ended: who waits for its answer sees the connection close, its own questions are nobody's.
    pub(super) fn connections_close(&mut self, program: ProgramId, cause: Option<EventId>) {
        self.exchanges.retain(|_, exchange| exchange.from != program);
        let seat = Some(Seat::Program(program));
        let waiting: Vec<ExchangeId> =
            self.exchanges.iter().filter(|(_, exchange)| exchange.at == seat).map(|(id, _)| *id).collect();
        for exchange in waiting {
            self.fail(exchange, Failure::Closed("the program ended".to_owned()), cause);
        }
    }
}
