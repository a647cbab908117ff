//! Numbers as Java reads them, with Java's words for what is none.

/// The text is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("For input string: \"{0}\"")]
pub struct NumberError(String);

/// Reads a decimal number, whole or not; no infinity, and nothing that is no number.
pub fn decimal(text: &str) -> Result<f64, NumberError> {
    let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| NumberError(text.to_owned()))
}

/// Reads a whole number that is not negative.
pub fn whole(text: &str) -> Result<u64, NumberError> {
    text.parse().map_err(|_| NumberError(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        assert_eq!((decimal("0.5"), whole("10")), (Ok(0.5), Ok(10)));
        for text in ["", "x", "NaN", "inf"] {
            assert_eq!(decimal(text).unwrap_err().to_string(), format!("For input string: \"{text}\""));
        }
        assert_eq!(whole("-1").unwrap_err().to_string(), "For input string: \"-1\"");
    }
}
