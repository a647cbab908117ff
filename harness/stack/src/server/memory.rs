//! A store in memory: developer mode's, and that of tests.

use std::collections::BTreeMap;

use super::store::{RunKey, RunState, StoreError, StoreOp, StoreReply, User};
use crate::{Stack, Variables};

/// How far a run is, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The run as a whole.
    pub state: RunState,
    /// Its applications by id.
    pub applications: BTreeMap<String, RunState>,
    /// Its variables.
    pub variables: Variables,
}

/// Keeps everything in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    stacks: BTreeMap<String, Stack>,
    users: BTreeMap<String, User>,
    runs: BTreeMap<RunKey, Kept>,
    once: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store as the original's developer mode has it: the state of a run can be written once only.
    pub fn writing_states_once() -> Self {
        Self { once: true, ..Self::default() }
    }

    /// How far a run is.
    pub fn run(&self, run: &RunKey) -> Option<&Kept> {
        self.runs.get(run)
    }

    /// Carries out an operation.
    ///
    /// # Errors
    /// Only what the original's store in memory refuses.
    pub fn perform(&mut self, op: StoreOp) -> Result<StoreReply, StoreError> {
        Ok(match op {
            StoreOp::Open { .. } => StoreReply::Done,
            StoreOp::StackNames => StoreReply::Names(self.stacks.keys().cloned().collect()),
            StoreOp::Stack(name) => StoreReply::Stack(self.stacks.get(&name).cloned().map(Box::new)),
            StoreOp::AddStack(stack) => {
                let free = !self.stacks.contains_key(&stack.name);
                if free {
                    self.stacks.insert(stack.name.clone(), *stack);
                }
                StoreReply::Added(free)
            }
            StoreOp::ReplaceStack { name, stack } => {
                self.stacks.insert(name, *stack);
                StoreReply::Done
            }
            StoreOp::Children(parent) => {
                let children = self.stacks.values().filter(|stack| stack.from == parent);
                StoreReply::Names(children.map(|stack| stack.name.clone()).collect())
            }
            StoreOp::RemoveStacks(names) => {
                self.stacks.retain(|name, _| !names.contains(name));
                StoreReply::Done
            }
            StoreOp::AnyUser => StoreReply::Any(!self.users.is_empty()),
            StoreOp::User(name) => StoreReply::User(self.users.get(&name).cloned()),
            StoreOp::PutUser(user) => {
                self.users.insert(user.name.clone(), user);
                StoreReply::Done
            }
            StoreOp::SaveStack { run, state } => {
                if self.once && self.runs.contains_key(&run) {
                    return Err(StoreError("Stack state already exists".into()));
                }
                self.kept(run).state = state;
                StoreReply::Done
            }
            StoreOp::SaveApplication { run, application, state } => {
                self.known(&run)?.applications.insert(application, state);
                StoreReply::Done
            }
            StoreOp::SaveVariables { run, variables } => {
                self.known(&run)?.variables = *variables;
                StoreReply::Done
            }
        })
    }

    fn kept(&mut self, run: RunKey) -> &mut Kept {
        self.runs.entry(run).or_insert_with(|| Kept {
            state: RunState::Staging,
            applications: BTreeMap::new(),
            variables: Variables::default(),
        })
    }

    fn known(&mut self, run: &RunKey) -> Result<&mut Kept, StoreError> {
        self.runs.get_mut(run).ok_or_else(|| StoreError("Stack state does not exist".into()))
    }
}
