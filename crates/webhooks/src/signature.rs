//! Signatures and secrets as [Standard Webhooks](https://www.standardwebhooks.com) has them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

/// What a secret as text begins with.
pub const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The value of `webhook-signature`: `v1,` and the signature in Base64 for each secret, separated by a space.
#[must_use]
pub fn sign<'s>(secrets: impl IntoIterator<Item = &'s [u8]>, id: &str, timestamp: i64, body: &[u8]) -> String {
    let head = format!("{id}.{timestamp}.");
    let signatures = secrets.into_iter().map(|secret| {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
        context.update(head.as_bytes());
        context.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// A secret as receivers are given it.
#[must_use]
pub fn secret_text(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(secret))
}

/// Reads a secret.
///
/// # Errors
/// What it has to be, in words that begin with "a secret".
pub fn secret_from_text(text: &str) -> Result<Vec<u8>, String> {
    let wrong = "a secret is whsec_ and behind it 24 to 64 bytes in Base64";
    let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(wrong)?;
    let secret = BASE64_STANDARD.decode(encoded).map_err(|_| wrong)?;
    if SECRET_BYTES.contains(&secret.len()) { Ok(secret) } else { Err(wrong.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // From the test vectors of the reference libraries.
        let secret = secret_from_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign([&secret[..]], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = [7; 24];
        let both =
            sign([&other[..], &secret[..]], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!((parts.len(), parts[1]), (2, signed.as_str()));
    }

    #[test]
    fn secrets_have_24_to_64_bytes_and_a_prefix() {
        for length in [24, 32, 64] {
            let secret = vec![3; length];
            assert_eq!(secret_from_text(&secret_text(&secret)), Ok(secret));
        }
        for text in ["", "whsec_", "abc", "whsec_abc", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_****"] {
            assert!(secret_from_text(text).is_err(), "{text}");
        }
        for length in [23, 65] {
            assert!(secret_from_text(&secret_text(&vec![3; length])).is_err());
        }
    }
}
