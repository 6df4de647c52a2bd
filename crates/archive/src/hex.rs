//! Bytes as hexadecimal digits, in small letters.

use std::fmt::Write as _;

/// The digits of bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ok = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of exactly so many digits; none if there are others, or capital ones.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_digits_of_the_right_number_are_read() {
        assert_eq!(encode(&[0x01, 0xfe]), "01fe");
        assert_eq!(decode("01fe"), Some([0x01, 0xfe]));
        for wrong in ["01f", "01fe0", "01FE", "01g0", "0 fe", "01f\u{e9}"] {
            assert_eq!(decode::<2>(wrong), None, "{wrong}");
        }
    }
}
