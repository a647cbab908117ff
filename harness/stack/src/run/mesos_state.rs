//! What is read of the Mesos master's state: the agents, for `instances: all`.

use serde_json::Value;

use crate::{Agent, go_json};

/// The agents, as far as the original looks at them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MesosState {
    /// How many are connected and active.
    pub(super) activated: i64,
    /// All of them, active or not, in the state's order.
    pub(super) agents: Vec<Agent>,
}

/// Reads `state.json`.
///
/// # Errors
/// In Go's words.
pub(super) fn read(body: &[u8]) -> Result<MesosState, String> {
    let state = go_json::parse(body)?;
    let activated = go_json::field(&state, "activated_slaves").and_then(Value::as_f64).unwrap_or(0.0) as i64;
    let mut agents = Vec::new();
    for slave in go_json::field(&state, "slaves").and_then(Value::as_array).into_iter().flatten() {
        let hostname =
            go_json::field(slave, "hostname").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut agent = Agent { hostname, ..Agent::default() };
        for (name, value) in
            go_json::field(slave, "attributes").and_then(Value::as_object).into_iter().flatten()
        {
            let Value::String(text) = value else {
                let kind = go_json::kind(value);
                let place = "Go struct field Slave.slaves.attributes of type string";
                return Err(format!("json: cannot unmarshal {kind} into {place}"));
            };
            agent.attributes.insert(name.clone(), text.clone());
        }
        agents.push(agent);
    }
    Ok(MesosState { activated, agents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_agents_and_refuses_scalars() {
        let state =
            read(br#"{"activated_slaves":1.0,"slaves":[{"hostname":"a","attributes":{"rack":"1"}}]}"#)
                .unwrap();
        assert_eq!((state.activated, state.agents[0].attributes["rack"].as_str()), (1, "1"));
        assert_eq!(
            read(br#"{"slaves":[{"attributes":{"rack":1}}]}"#).unwrap_err(),
            "json: cannot unmarshal number into Go struct field Slave.slaves.attributes of type string"
        );
        assert_eq!(read(b"404 Not Found.").unwrap_err(), "invalid character 'N' after top-level value");
    }
}
