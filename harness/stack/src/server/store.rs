//! What the server keeps: stacks, users, and how far runs have come. Values only; a store carries them out.

use crate::{Stack, Variables};

/// What is asked of a store. Each is done as a whole or not at all, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreOp {
    /// Connect, and make what is missing (keyspace, tables). The first operation. [`StoreReply::Done`].
    Open {
        /// Where it is, each `host` or `host:port`.
        contact_points: Vec<String>,
    },
    /// Names of all stacks. [`StoreReply::Names`].
    StackNames,
    /// One stack. [`StoreReply::Stack`].
    Stack(String),
    /// Add a stack, unless there is one of its name. [`StoreReply::Added`].
    AddStack(Box<Stack>),
    /// Put a stack over the one of its name. [`StoreReply::Done`].
    ReplaceStack {
        /// Under this name, whatever the stack's own.
        name: String,
        /// The stack.
        stack: Box<Stack>,
    },
    /// Names of the stacks whose parent is this one. [`StoreReply::Names`].
    Children(String),
    /// Remove stacks. [`StoreReply::Done`].
    RemoveStacks(Vec<String>),
    /// Whether there is any user. [`StoreReply::Any`].
    AnyUser,
    /// One user. [`StoreReply::User`].
    User(String),
    /// Write a user over one of its name. [`StoreReply::Done`].
    PutUser(User),
    /// Write how far a run is. [`StoreReply::Done`].
    SaveStack {
        /// Of which run.
        run: RunKey,
        /// How far.
        state: RunState,
    },
    /// Write how far an application of a run is. [`StoreReply::Done`].
    SaveApplication {
        /// Of which run.
        run: RunKey,
        /// The application's id.
        application: String,
        /// How far.
        state: RunState,
    },
    /// Write a run's variables. [`StoreReply::Done`].
    SaveVariables {
        /// Of which run.
        run: RunKey,
        /// All of them.
        variables: Box<Variables>,
    },
}

/// What states are kept under: one run of a stack in a zone overwrites the one before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunKey {
    /// Name of the stack.
    pub stack: String,
    /// The zone; empty for none.
    pub zone: String,
}

/// How far a run or one of its applications is; the number is what the original stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Under way.
    Staging = 0,
    /// Deployed.
    Running = 1,
    /// Failed.
    Failed = 2,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Lower-case hexadecimal SHA-1 of the key.
    pub key_hash: String,
    /// Role.
    pub role: Role,
}

/// What a user may do; the number is what the original stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin = 0,
    /// Everything but managing users.
    Regular = 1,
}

/// What a store answers.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreReply {
    /// Done.
    Done,
    /// Whether it was added: false if the name is taken.
    Added(bool),
    /// Whether there is any.
    Any(bool),
    /// Names, in no particular order.
    Names(Vec<String>),
    /// A stack as it was added; `None` if there is none of that name.
    Stack(Option<Box<Stack>>),
    /// A user; `None` if there is none of that name.
    User(Option<User>),
}

/// Why a store did not do it, in the words that a client is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
