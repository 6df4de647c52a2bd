//! What may be used as a name: user ids, coin codes, idempotency keys, display names.

use crate::refusal::Refusal;

/// Longest user id, in bytes.
pub const USER_ID_LENGTH_MAX: usize = 128;
/// Longest coin code, in bytes.
pub const COIN_CODE_LENGTH_MAX: usize = 16;
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 255;
/// Longest display name, in bytes of UTF-8.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest metadata, in bytes of canonical JSON.
pub const METADATA_LENGTH_MAX: usize = 8192;

pub(crate) fn check_user_id(field: &'static str, id: &str) -> Result<(), Refusal> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'~');
    if id.is_empty() || id.len() > USER_ID_LENGTH_MAX {
        return Err(Refusal::invalid(
            field,
            format!("a user id has 1 to {USER_ID_LENGTH_MAX} characters, this one has {}", id.chars().count()),
        ));
    }
    if id.starts_with('@') {
        return Err(Refusal::invalid(field, "ids that begin with @ belong to system accounts".to_owned()));
    }
    match id.chars().find(|c| !u8::try_from(*c).is_ok_and(good)) {
        None => Ok(()),
        Some(c) => Err(Refusal::invalid(
            field,
            format!("a user id is made of A-Z a-z 0-9 . _ - : ~, and {c:?} is none of these"),
        )),
    }
}

pub(crate) fn check_coin_code(field: &'static str, code: &str) -> Result<(), Refusal> {
    let bytes = code.as_bytes();
    let good = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if bytes.is_empty()
        || bytes.len() > COIN_CODE_LENGTH_MAX
        || !bytes[0].is_ascii_lowercase()
        || !bytes.iter().all(good)
    {
        return Err(Refusal::invalid(
            field,
            format!("a coin code has 1 to {COIN_CODE_LENGTH_MAX} of a-z 0-9 _ - and begins with a letter"),
        ));
    }
    Ok(())
}

pub(crate) fn check_idempotency_key(key: &str) -> Result<(), Refusal> {
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_LENGTH_MAX || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err(Refusal::invalid(
            "idempotency_key",
            format!("an idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters"),
        ));
    }
    Ok(())
}

pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    if name.len() > NAME_LENGTH_MAX {
        return Err(Refusal::invalid(
            "name",
            format!("a name has at most {NAME_LENGTH_MAX} bytes of UTF-8, this one has {}", name.len()),
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::invalid("name", "a name has no control characters".to_owned()));
    }
    Ok(())
}

pub(crate) fn check_metadata(metadata: &str) -> Result<(), Refusal> {
    if metadata.len() > METADATA_LENGTH_MAX {
        return Err(Refusal::invalid(
            "metadata",
            format!("metadata has at most {METADATA_LENGTH_MAX} bytes as compact JSON, this has {}", metadata.len()),
        ));
    }
    Ok(())
}
