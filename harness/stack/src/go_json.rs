//! JSON and numbers as Go writes them, and Go's words for JSON that it cannot read.

use serde_json::Value;

use crate::go_syntax;

/// Writes a text with its quotes, `&`, `<` and `>` escaped as Go's encoder does.
pub(crate) fn write_string(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                json.push_str(&format!("\\u{:04x}", c as u32));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

/// A finite number as Go's JSON encoder writes it: exponents only below 1e-6 and from 1e21 on.
pub(crate) fn json_float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = exponent_form(&format!("{value:e}"));
        // Go cleans e-09 up to e-9.
        return text.replace("e-0", "e-").replace("e+0", "e+");
    }
    format!("{value}")
}

/// A number as Go's `%v` prints it: exponents below 1e-4 and from 1e6 on.
pub(crate) fn print_float(value: f64) -> String {
    // The exponent is that of the shortest digits, which Rust's own form has, too.
    print_digits(value, &format!("{value:e}"), || format!("{value}"))
}

/// The same for a number of 32 bits, which needs fewer digits.
pub(crate) fn print_float32(value: f32) -> String {
    print_digits(f64::from(value), &format!("{value:e}"), || format!("{value}"))
}

fn print_digits(value: f64, digits: &str, plain: impl FnOnce() -> String) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let text = exponent_form(digits);
    let exponent: i32 = text.split_once('e').and_then(|(_, digits)| digits.parse().ok()).unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) { text } else { plain() }
}

/// Shortest digits with an exponent of at least two digits: `1.5e+21`.
fn exponent_form(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Reads JSON.
///
/// # Errors
/// In Go's words.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| {
        // Of what Go takes and we do not, such as a letter that is none, the error is ours.
        go_syntax::error(body).unwrap_or_else(|| error.to_string())
    })
}

/// Go's word for the kind of a JSON value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The member of an object by its name, whatever its case, as Go matches keys to fields; null counts as absent.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
        .filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_like_go() {
        let mut json = String::new();
        write_string("a<b>&\"c\"\\\n\u{1}é", &mut json);
        assert_eq!(json, "\"a\\u003cb\\u003e\\u0026\\\"c\\\"\\\\\\n\\u0001é\"");
        assert_eq!([0.1, 256.0, 1e21, 1e-9, 0.0].map(json_float), ["0.1", "256", "1e+21", "1e-9", "0"]);
        assert_eq!([0.1, 16000.0, 1e6, 1e-5].map(print_float), ["0.1", "16000", "1e+06", "1e-05"]);
    }
}
