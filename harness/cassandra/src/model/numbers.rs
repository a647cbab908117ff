//! Whole numbers of any size: from decimal digits to the two's complement that cells hold, and back.

/// More digits than this are refused: the work grows with their square.
const MAX_DIGITS: usize = 4096;

/// Two's complement, as short as can be, of decimal digits with an optional minus sign.
pub(super) fn varint(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    // Little-endian, base 256.
    let mut size: Vec<u8> = vec![0];
    for digit in digits.bytes() {
        let mut carry = u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        for byte in &mut size {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            size.push(carry as u8);
        }
    }
    size.push(0);
    if negative {
        negate(&mut size);
    }
    while size.len() > 1 {
        let (top, next) = (size[size.len() - 1], size[size.len() - 2]);
        if !(top == 0 && next & 0x80 == 0 || top == 0xff && next & 0x80 != 0) {
            break;
        }
        size.pop();
    }
    size.reverse();
    Some(size)
}

/// `i32` scale and unscaled value of a decimal number: `-1.5e3`.
pub(super) fn decimal(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let mut out = scale.to_be_bytes().to_vec();
    out.extend(varint(&format!("{whole}{fraction}"))?);
    Some(out)
}

/// Whether a number in two's complement is negative, and the decimal digits of its size.
pub(super) fn digits(bytes: &[u8]) -> (bool, Vec<u8>) {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut size: Vec<u8> = bytes.iter().rev().copied().collect();
    if negative {
        negate(&mut size);
    }
    // Base 10^9, the smallest first.
    let mut limbs: Vec<u64> = Vec::new();
    for byte in size.iter().rev() {
        let mut carry = u64::from(*byte);
        for limb in &mut limbs {
            carry += *limb << 8;
            *limb = carry % 1_000_000_000;
            carry /= 1_000_000_000;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut digits: Vec<u8> = Vec::new();
    for (at, limb) in limbs.iter().rev().enumerate() {
        let text = if at == 0 { limb.to_string() } else { format!("{limb:09}") };
        digits.extend(text.bytes().map(|digit| digit - b'0'));
    }
    (negative, digits)
}

/// Turns the sign of a little-endian two's complement number round.
fn negate(size: &mut [u8]) {
    let mut carry = true;
    for byte in size {
        let (value, over) = (!*byte).overflowing_add(u8::from(carry));
        *byte = value;
        carry = over;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_twos_complement() {
        for (text, bytes) in [
            ("0", vec![0u8]),
            ("127", vec![127]),
            ("128", vec![0, 128]),
            ("-1", vec![255]),
            ("-128", vec![128]),
            ("-129", vec![255, 127]),
            ("65536", vec![1, 0, 0]),
        ] {
            assert_eq!(varint(text), Some(bytes), "{text}");
        }
        assert_eq!(decimal("-1.5"), Some(vec![0, 0, 0, 1, 241]));
        assert_eq!(decimal("1e3"), Some(vec![255, 255, 255, 253, 1]));
        assert_eq!(varint("1a"), None);
        for text in ["1", "255", "256", "1234567890123456789012345678901234567890", "1000000000000000000"] {
            let expected: Vec<u8> = text.bytes().map(|digit| digit - b'0').collect();
            let bytes = varint(text).unwrap_or_default();
            assert_eq!(digits(&bytes), (false, expected.clone()));
            assert_eq!(digits(&varint(&format!("-{text}")).unwrap_or_default()), (true, expected));
        }
        assert_eq!(digits(&[]), (false, vec![]));
    }
}
