//! The endpoints of a master: which path gives what, and the one classic write, `/teardown`.

use serde_json::{Value, json};
use stacklab_machine::http::{Method, Request, Response, decode_form};
use stacklab_machine::{Outbox, Time};

use super::{metrics, state, summary, texts};
use crate::ids::FrameworkId;
use crate::master::{Master, MasterOutput};

/// Endpoints of a real master that are not played here.
const NOT_PLAYED: [&str; 13] = [
    "api/v1",
    "quota",
    "weights",
    "reserve",
    "unreserve",
    "create-volumes",
    "destroy-volumes",
    "maintenance/schedule",
    "maintenance/status",
    "machine/down",
    "machine/up",
    "observe",
    "help",
];

impl Master {
    /// Answers a request at once.
    pub(crate) fn answer(
        &mut self,
        now: Time,
        request: &Request,
        out: &mut Outbox<MasterOutput>,
    ) -> Response {
        let path = request.path().trim_matches('/').to_owned();
        let under_master = path.strip_prefix("master/");
        match (under_master.is_some(), path.as_str()) {
            (false, "version") => return wrap(request, &state::version(&self.config)),
            (false, "metrics/snapshot") => return snapshot(self, now, request),
            _ => {}
        }
        let name = under_master.unwrap_or(&path);
        let name = name.strip_suffix(".json").unwrap_or(name);
        match name {
            "state" => wrap(request, &state::state(self)),
            "state-summary" => wrap(request, &summary::summary(self)),
            "slaves" => wrap(request, &state::slaves(self, parameter(request, "slave_id").as_deref())),
            "frameworks" => {
                let only = parameter(request, "framework_id");
                wrap(request, &state::frameworks(self, only.as_deref()))
            }
            "tasks" => wrap(request, &summary::tasks(self, &request.query())),
            "roles" => wrap(request, &summary::roles(self)),
            "flags" => wrap(request, &json!({ "flags": state::flags(&self.config) })),
            "health" => Response::empty(200),
            "redirect" => {
                let address = &self.config.address;
                let leader = format!("//{}:{}", address.hostname, address.port);
                Response::empty(307).with_header("location", leader)
            }
            "teardown" => self.teardown(now, request, out),
            other if NOT_PLAYED.contains(&other) => texts::not_implemented(),
            _ => texts::not_found(),
        }
    }

    fn teardown(&mut self, now: Time, request: &Request, out: &mut Outbox<MasterOutput>) -> Response {
        if request.method != Method::Post {
            return texts::method_not_allowed(&["POST"], request.method);
        }
        let form = decode_form(&String::from_utf8_lossy(&request.body));
        let Some((_, id)) = form.into_iter().find(|(key, _)| key == "frameworkId") else {
            return texts::bad_request("Missing 'frameworkId' query parameter in the request body");
        };
        let id = FrameworkId::from(id);
        if !self.frameworks.contains_key(&id) {
            return texts::bad_request("No framework found with specified ID");
        }
        self.remove_framework(now, &id, "teardown by an operator", out);
        Response::empty(200)
    }
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    request.query().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// JSON, or a call of the function that the parameter `jsonp` names.
fn wrap(request: &Request, body: &Value) -> Response {
    match parameter(request, "jsonp") {
        Some(callback) => Response::new(200, "text/javascript", format!("{callback}({body})")),
        None => Response::json(200, body.to_string()),
    }
}

fn snapshot(master: &Master, now: Time, request: &Request) -> Response {
    let timeout = parameter(request, "timeout");
    let units = ["ns", "us", "ms", "secs", "mins", "hrs", "days", "weeks"];
    let is_duration = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        digits.parse::<f64>().is_ok() && units.contains(&&text[digits.len()..])
    };
    match timeout.filter(|text| !is_duration(text)) {
        Some(text) => texts::bad_request(&format!("Invalid timeout '{text}': Invalid duration '{text}'")),
        None => wrap(request, &metrics::snapshot(master, now)),
    }
}
