//! Why something cannot be broken: what was asked, what there is, what to do.

/// Why a reaction was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum CannotBreak {
    /// Nothing is called that.
    #[error("there is no {what} called '{wanted}'; there are: {}. Name one of these, or let the fault wait for it (on:)", list(.there))]
    Nothing { what: &'static str, wanted: String, there: Vec<String> },
    /// There is such a thing, and it cannot be done to it.
    #[error("{what} cannot be broken like that: {why}")]
    NotLikeThat { what: String, why: String },
    /// Something of the environment was in the way.
    #[error("{what} did not work: {why}")]
    Failed { what: String, why: String },
}

impl CannotBreak {
    pub(crate) fn failed(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Failed { what: what.to_owned(), why: why.to_string() }
    }

    pub(crate) fn not_like_that(what: &str, why: &str) -> Self {
        Self::NotLikeThat { what: what.to_owned(), why: why.to_owned() }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
