//! Numbers as JSON and Java write them.

use super::Refusal;

/// Whether a text is a number of JSON.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    digits(whole) && !leading_zero && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// Java's `Double.parseDouble`, without hexadecimal fractions.
pub(crate) fn parse_double(text: &str) -> Result<f64, Refusal> {
    let text = text.trim_matches(|c| c <= ' ');
    if text.is_empty() {
        return Err("empty String".to_owned());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let value = match unsigned {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(sign * f64::INFINITY),
        _ => {
            let digits = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
            let plain = digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'))
                && !digits.starts_with(['-', '+']);
            hex_double(unsigned)
                .or_else(|| digits.parse().ok().filter(|_| plain))
                .map(|value: f64| sign * value)
        }
    };
    value.ok_or_else(|| format!("For input string: \"{text}\""))
}

/// `0x1.8p3`: hexadecimal digits and an exponent of two.
fn hex_double(text: &str) -> Option<f64> {
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let text = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 13 {
        return None;
    }
    let mantissa = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let shift = exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
    Some(mantissa as f64 * 2f64.powi(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_numbers() {
        for number in ["0", "-0", "10", "1.5", "1e2", "1E+2", "-1.25e-3"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "NaN", "0x1"] {
            assert!(!is_number(other), "{other}");
        }
    }

    #[test]
    fn reads_doubles_as_java_does() {
        let cases = [
            (" 5 ", 5.0),
            ("1f", 1.0),
            (".5", 0.5),
            ("-1e3D", -1000.0),
            ("0x1p3", 8.0),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        for (text, value) in cases {
            assert_eq!(parse_double(text), Ok(value), "{text}");
        }
        assert!(parse_double("NaN").is_ok_and(f64::is_nan));
        assert_eq!(parse_double(" "), Err("empty String".to_owned()));
        for other in ["x", "inf", "nan", "--1", "1_0", "0x1"] {
            assert_eq!(parse_double(other), Err(format!("For input string: \"{other}\"")));
        }
    }
}
