//! Secrets of API keys. They are shown once; a hash is all that is kept.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// What is kept of a secret. It has 256 random bits, so a fast hash is as good as a slow one.
pub(crate) fn hash_of(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// 256 random bits.
///
/// # Errors
/// Words that say why the operating system gave no random bytes.
pub(crate) fn new_secret() -> Result<String, String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| format!("The operating system gave no random bytes: {error}."))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// What a client sends: the key's id finds it, the secret proves it.
pub(crate) fn token(id: u16, secret: &str) -> String {
    format!("tocos_{id}_{secret}")
}
