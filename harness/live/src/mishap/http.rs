//! HTTP servers of programs that do not answer as they should.

use stacklab_machine::http::Response;

use super::{Mishaps, Party};
use crate::http::Answer;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// It is answered with this status.
    Status(u16),
    /// It is never answered.
    Hang,
    /// Its connection is closed.
    Close,
}

#[derive(Debug)]
pub(super) struct Rule {
    to: String,
    fault: HttpFault,
    left: u32,
}

impl HttpFault {
    /// What is answered with a status by a fault.
    pub fn response(status: u16) -> Response {
        Response::new(status, "text/html", format!("<html><body>{status} by a planned fault</body></html>\n"))
    }

    /// What is answered instead.
    pub(crate) async fn answer(self) -> Answer {
        match self {
            Self::Status(status) => Answer::Whole(Self::response(status)),
            Self::Hang => std::future::pending().await,
            Self::Close => Answer::Whole(Response::empty(0)),
        }
    }
}

impl Mishaps {
    /// The next requests to a program, by its name or its task's, come to this.
    pub fn break_http(&self, to: &str, fault: HttpFault, times: u32) {
        self.arm().http.push(Rule { to: to.to_owned(), fault, left: times });
    }

    /// What is to become of a request to a program; nothing out of the ordinary mostly.
    pub(crate) fn http_fault(&self, to: &Party) -> Option<HttpFault> {
        if !self.armed() {
            return None;
        }
        let mut rules = self.rules();
        let rule = rules.http.iter_mut().find(|rule| to.is(&rule.to))?;
        let fault = rule.fault;
        rule.left = rule.left.saturating_sub(1);
        rules.http.retain(|rule| rule.left > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_counts() {
        let (mishaps, marathon) = (Mishaps::default(), Party::new("lab", "marathon", "marathon"));
        assert_eq!(mishaps.http_fault(&marathon), None);
        mishaps.break_http("marathon", HttpFault::Status(503), 2);
        mishaps.break_http("marathon", HttpFault::Close, 1);
        assert_eq!(mishaps.http_fault(&Party::new("lab", "mesos-master", "")), None);
        let seen: Vec<_> = (0..4).map(|_| mishaps.http_fault(&marathon)).collect();
        let status = Some(HttpFault::Status(503));
        assert_eq!(seen, [status, status, Some(HttpFault::Close), None]);
    }
}
