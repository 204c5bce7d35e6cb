//! Numbers that no float holds: all that a member can say of them is that they are out of range.

use serde::de::IgnoredAny;

/// As far out as a float can be, but for the zeros in between.
const FURTHEST: [&[u8]; 2] = [b"1e", b"308"];

/// The same bytes with each such number brought as far in as it must, and no byte moved, so that
/// whatever else is wrong is still found where it stands. None without such a number.
pub(super) fn within_floats(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut within = bytes.to_vec();
    let mut rest = within.as_mut_slice();
    let mut found = false;
    while let Some(&first) = rest.first() {
        let is_number = first == b'-' || first.is_ascii_digit();
        let length = match first {
            b'"' => text_length(rest),
            _ if is_number => number_length(rest),
            _ => 1,
        };
        let (token, behind) = rest.split_at_mut(length);
        if is_number && is_beyond(token) {
            bring_in(token);
            found = true;
        }
        rest = behind;
    }
    found.then_some(within)
}

/// Up to the quotation mark that ends it, or to the end.
fn text_length(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    };
    bytes.iter().skip(1).position(ends).map_or(bytes.len(), |before| before + 2)
}

fn number_length(bytes: &[u8]) -> usize {
    let of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    bytes.iter().take_while(|byte| of_number(byte)).count()
}

/// Whether this is a number that is spelt as it should be, and no float holds it.
fn is_beyond(token: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(token).is_ok()
        && serde_json::from_slice::<f64>(token).is_err()
}

/// The number in as many bytes: it has at least those of `1e309`.
fn bring_in(number: &mut [u8]) {
    let [mantissa, exponent] = FURTHEST;
    let digits = usize::from(number[0] == b'-');
    let number = &mut number[digits..];
    number.fill(b'0');
    number[..mantissa.len()].copy_from_slice(mantissa);
    let length = number.len();
    number[length - exponent.len()..].copy_from_slice(exponent);
}
