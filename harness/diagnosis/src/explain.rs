//! Looking up a cause by its number or name.

use crate::{CAUSES, Cause, Code};

/// No cause has this number or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCause {
    /// What was asked for.
    pub asked: String,
    /// Names that are near, the nearest first.
    pub near: Vec<&'static str>,
}

impl std::fmt::Display for UnknownCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no cause is called '{}'", self.asked)?;
        if !self.near.is_empty() {
            write!(f, "; there are {}", self.near.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownCause {}

/// Names suggested at most.
const MAX_NEAR: usize = 4;

/// The cause of a number (`SL0031`, in any case, or `31`) or name (`leftover-exhibitor-znode`).
///
/// # Errors
/// There is none; names that are near are suggested.
pub fn explain(text: &str) -> Result<&'static Cause, UnknownCause> {
    let asked = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let number = asked.strip_prefix("sl").unwrap_or(&asked).parse::<u16>().ok();
    let found =
        CAUSES.iter().find(|cause| cause.name == asked || number.is_some_and(|n| cause.code == Code(n)));
    found.ok_or_else(|| UnknownCause { asked: text.trim().to_owned(), near: near(&asked) })
}

/// The cause of a code.
pub fn cause(code: Code) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.code == code)
}

fn near(asked: &str) -> Vec<&'static str> {
    let words: Vec<&str> = asked.split('-').filter(|word| word.len() > 2).collect();
    let score = |name: &'static str| {
        let shared = words.iter().filter(|word| name.contains(**word)).count();
        let distance = strsim::levenshtein(asked, name);
        // A slip of the pen, or words in common.
        (shared > 0 || distance <= asked.len().div_ceil(3)).then_some((
            std::cmp::Reverse(shared),
            distance,
            name,
        ))
    };
    let mut scored: Vec<_> = CAUSES.iter().filter_map(|cause| score(cause.name)).collect();
    scored.sort();
    scored.into_iter().take(MAX_NEAR).map(|(.., name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_number_and_name() {
        for text in ["SL0001", "sl0001", "1", "leftover-exhibitor-znode", "Leftover exhibitor znode"] {
            assert_eq!(explain(text).map(|cause| cause.code), Ok(Code(1)), "{text}");
        }
    }

    #[test]
    fn suggests_what_is_near() {
        let error = explain("leftover-exibitor-znod").unwrap_err();
        assert_eq!(error.near.first(), Some(&"leftover-exhibitor-znode"));
        assert!(explain("memory").unwrap_err().to_string().contains("not-enough-memory"));
        assert_eq!(explain("SL9999").unwrap_err().to_string(), "no cause is called 'SL9999'");
        assert_eq!(explain("").unwrap_err().near, Vec::<&str>::new());
    }
}
