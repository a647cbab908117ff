//! Requests that change which stacks are stored.

use std::collections::BTreeSet;

use stacklab_machine::http::Response;
use stacklab_machine::process::ExchangeId;

use super::body::Body;
use super::flow::{EMPTY_KEY, Flow, Step, required_name};
use super::store::{StoreOp, StoreReply};
use super::{Mode, Out, Server, reply};
use crate::{Stack, layers};

impl Server {
    pub(super) fn create_stack(
        &mut self,
        exchange: ExchangeId,
        body: &[u8],
        out: &mut Out,
    ) -> Result<(), String> {
        let mut body = Body::read(body, "CreateStackRequest")?;
        let file = body.text("stackfile");
        body.check()?;
        let stack = Stack::parse(&file).map_err(|error| error.to_string())?.stack;
        self.store_stack(exchange, Box::new(stack), out)
    }

    pub(super) fn create_layer(
        &mut self,
        exchange: ExchangeId,
        body: &[u8],
        out: &mut Out,
    ) -> Result<(), String> {
        let mut body = Body::read(body, "CreateLayerRequest")?;
        let (file, layer, parent) = (body.text("stackfile"), body.text("layer"), body.text("parent"));
        body.check()?;
        let mut stack = Stack::parse(&file).map_err(|error| error.to_string())?.stack;
        stack.layer = layers::level(&layer).ok_or_else(|| format!("Invalid layer: {layer}"))?;
        stack.from = parent;
        self.store_stack(exchange, Box::new(stack), out)
    }

    fn store_stack(&mut self, exchange: ExchangeId, stack: Box<Stack>, out: &mut Out) -> Result<(), String> {
        if self.config.mode == Mode::Production {
            self.check_key(&stack.name)?;
        }
        if self.config.mode == Mode::Production && !stack.from.is_empty() {
            self.ask(StoreOp::Stack(stack.name.clone()), Flow { exchange, step: Step::AddName(stack) }, out);
        } else {
            self.add_stack(exchange, stack, out);
        }
        Ok(())
    }

    fn add_stack(&mut self, exchange: ExchangeId, stack: Box<Stack>, out: &mut Out) {
        let step = Step::Add { name: stack.name.clone() };
        self.ask(StoreOp::AddStack(stack), Flow { exchange, step }, out);
    }

    pub(super) fn remove_stack(
        &mut self,
        exchange: ExchangeId,
        body: &[u8],
        out: &mut Out,
    ) -> Result<(), String> {
        let mut body = Body::read_anyhow(body, "RemoveStackRequest");
        let name = required_name(&mut body)?;
        let step = Step::RemoveCheck { name: name.clone(), force: body.flag("force") };
        self.ask(StoreOp::Stack(name), Flow { exchange, step }, out);
        Ok(())
    }

    /// Cassandra takes no empty key.
    pub(super) fn check_key(&self, key: &str) -> Result<(), String> {
        if key.is_empty() { Err(EMPTY_KEY.into()) } else { Ok(()) }
    }

    /// The same, for requests that change what is stored.
    pub(super) fn go_on_changing(
        &mut self,
        exchange: ExchangeId,
        step: Step,
        answer: StoreReply,
        out: &mut Out,
    ) -> Result<(), Response> {
        let refuse = |text: String| Err(reply::error(400, &text));
        match (step, answer) {
            (Step::AddName(stack), StoreReply::Stack(None)) => {
                self.ask(
                    StoreOp::Stack(stack.from.clone()),
                    Flow { exchange, step: Step::AddParent(stack) },
                    out,
                );
                Ok(())
            }
            (Step::AddName(stack), _) => refuse(format!("Stack {} already exists", stack.name)),
            (Step::AddParent(stack), StoreReply::Stack(Some(_))) => {
                self.add_stack(exchange, stack, out);
                Ok(())
            }
            (Step::AddParent(stack), _) => refuse(format!("Parent stack {} does not exist", stack.from)),
            (Step::Add { name }, StoreReply::Added(false)) => refuse(match self.config.mode {
                Mode::Production => format!("Stack {name} already exists"),
                Mode::Developer => "Stack already exists".to_owned(),
            }),
            (Step::RemoveCheck { name, .. }, StoreReply::Stack(None)) => refuse(match self.config.mode {
                Mode::Production => format!("Stack {name} does not exist"),
                Mode::Developer => "Stack does not exist".to_owned(),
            }),
            (Step::RemoveCheck { name, force }, StoreReply::Stack(Some(_))) => {
                let seen = BTreeSet::from([name.clone()]);
                let step = Step::RemoveChildren { name: name.clone(), force, seen, rest: Vec::new() };
                self.ask(StoreOp::Children(name), Flow { exchange, step }, out);
                Ok(())
            }
            (Step::RemoveChildren { name, force, seen, rest }, StoreReply::Names(children)) => {
                self.remove_children(exchange, Removing { name, force, seen, rest }, children, out)
            }
            (step, answer) => self.go_on_with_users(exchange, step, answer, out),
        }
    }

    fn remove_children(
        &mut self,
        exchange: ExchangeId,
        removing: Removing,
        mut children: Vec<String>,
        out: &mut Out,
    ) -> Result<(), Response> {
        let Removing { name, force, mut seen, mut rest } = removing;
        children.sort();
        if !force && !children.is_empty() {
            let list = children.join("\n");
            let text = format!(
                "There are stacks depending on {name}. Either remove them first or force deletion. \
                 Dependant stacks:\n{list}"
            );
            return Err(reply::error(400, &text));
        }
        rest.extend(children.into_iter().filter(|child| seen.insert(child.clone())));
        let (op, step) = match rest.pop() {
            Some(next) => (StoreOp::Children(next), Step::RemoveChildren { name, force, seen, rest }),
            None => (StoreOp::RemoveStacks(seen.into_iter().collect()), Step::Done),
        };
        self.ask(op, Flow { exchange, step }, out);
        Ok(())
    }
}

/// A stack that is to be removed, with all below it if that is wanted.
struct Removing {
    name: String,
    force: bool,
    /// What will be removed.
    seen: BTreeSet<String>,
    /// Those of them whose children are not known.
    rest: Vec<String>,
}
