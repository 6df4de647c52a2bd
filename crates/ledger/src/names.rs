//! What may be used as a name: user ids, coin codes, idempotency keys, display names.

use core::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::refusal::Refusal;

/// Longest user id, in characters; each has up to 4 bytes.
pub const USER_ID_LENGTH_MAX: usize = 128;
/// Longest id of a schedule, in characters; each has up to 4 bytes.
pub const SCHEDULE_ID_LENGTH_MAX: usize = USER_ID_LENGTH_MAX;
/// Longest coin code, in bytes.
pub const COIN_CODE_LENGTH_MAX: usize = 16;
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 255;
/// Longest display name, in bytes of UTF-8.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest metadata, in bytes of canonical JSON.
pub const METADATA_LENGTH_MAX: usize = 8192;
/// Longest reference, in characters; each has up to 4 bytes.
pub const REFERENCE_LENGTH_MAX: usize = 255;
/// Longest name of a node, in bytes.
pub const NODE_NAME_LENGTH_MAX: usize = 63;

/// ASCII bytes that are allowed inside a user id and do not depend on normalisation.
const PLAIN_IN_USER_ID: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b' ';
    while byte < 0x7f {
        table[byte as usize] = !matches!(byte, b'/' | b'?' | b'#');
        byte += 1;
    }
    table
};

/// Checks a user id: 1 to 128 characters of printable Unicode in NFC, not beginning with `@`, not `.` or `..`, without `/`, `?`,
/// `#`, and without spaces at its ends. Printable is what people can see: no characters of the categories Cc, Cf, Co, Cn,
/// Zl and Zp, and none that are drawn as nothing (Default_Ignorable_Code_Point of Unicode, and the blank U+2800), so that
/// no two ids look alike. That leaves out joiners and the selectors of emoji.
///
/// # Errors
/// What is wrong and what to do, in words that begin with "a user id".
pub fn check_user_id(id: &str) -> Result<(), String> {
    let bytes = id.as_bytes();
    let ends_plain = matches!((bytes.first(), bytes.last()), (Some(first), Some(last)) if !matches!(first, b' ' | b'@') && *last != b' ');
    let is_plain = ends_plain
        && bytes.len() <= USER_ID_LENGTH_MAX
        && bytes.iter().all(|byte| PLAIN_IN_USER_ID[usize::from(*byte)])
        && !matches!(id, "." | "..");
    if is_plain { Ok(()) } else { check_any_user_id(id) }
}

#[cold]
fn check_any_user_id(id: &str) -> Result<(), String> {
    let length = id.chars().count();
    if !(1..=USER_ID_LENGTH_MAX).contains(&length) {
        return Err(format!("a user id has 1 to {USER_ID_LENGTH_MAX} characters, this one has {length}"));
    }
    if id.starts_with('@') {
        return Err("a user id does not begin with @: such ids belong to system accounts".to_owned());
    }
    if matches!(id, "." | "..") {
        return Err("a user id is not . or ..: no client could name it in a path".to_owned());
    }
    if id.starts_with(char::is_whitespace) || id.ends_with(char::is_whitespace) {
        return Err("a user id has no spaces at its ends; remove them".to_owned());
    }
    if let Some((at, c)) = id.chars().enumerate().find(|(_, c)| !may_be_in_user_id(*c)) {
        let code = u32::from(c);
        return Err(format!(
            "a user id is made of printable characters other than / ? #, and character {} of this one is U+{code:04X}; \
             leave it out",
            at + 1
        ));
    }
    if !unicode_normalization::is_nfc(id) {
        let at = id.nfc().zip(id.chars()).position(|(normal, c)| normal != c).unwrap_or(length - 1);
        return Err(format!(
            "a user id is in Unicode's normal form NFC, and this one is not from character {} on; normalize it before \
             it is sent",
            at + 1
        ));
    }
    Ok(())
}

/// Checks a schedule's id: schedules are named like users.
///
/// # Errors
/// What is wrong and what to do, in words that begin with "a schedule's id".
pub fn check_schedule_id(id: &str) -> Result<(), String> {
    check_user_id(id).map_err(|reason| reason.replace("a user id", "a schedule's id"))
}

/// What is required of the id of a schedule where it is read back.
pub(crate) fn may_name_schedule(id: &str) -> bool {
    (1..=4 * SCHEDULE_ID_LENGTH_MAX).contains(&id.len())
}

/// Characters that are drawn as nothing although their category is one of letters, marks or symbols: what
/// DerivedCoreProperties.txt of Unicode lists as Default_Ignorable_Code_Point beside format characters, and the blank of
/// Braille.
const BLANK: [RangeInclusive<char>; 9] = [
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{e0100}'..='\u{e01ef}',
];

/// Whether people can see it: no control characters, none without a width of its own, none without a meaning.
fn may_be_in_user_id(c: char) -> bool {
    !matches!(c, '/' | '?' | '#') && is_printable(c)
}

fn is_printable(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    !matches!(
        c.general_category(),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned
    ) && !BLANK.iter().any(|range| range.contains(&c))
}

/// Checks a reference: 1 to 255 printable characters, as those of a user id, with any punctuation.
///
/// # Errors
/// What is wrong and what to do, in words that begin with "a reference".
pub fn check_reference(reference: &str) -> Result<(), String> {
    if (1..=REFERENCE_LENGTH_MAX).contains(&reference.len())
        && reference.bytes().all(|byte| (b' '..0x7f).contains(&byte))
    {
        return Ok(());
    }
    let length = reference.chars().count();
    if !(1..=REFERENCE_LENGTH_MAX).contains(&length) {
        return Err(format!("a reference has 1 to {REFERENCE_LENGTH_MAX} characters, this one has {length}"));
    }
    match reference.chars().enumerate().find(|(_, c)| !is_printable(*c)) {
        None => Ok(()),
        Some((at, c)) => Err(format!(
            "a reference is made of printable characters, and character {} of this one is U+{:04X}; leave it out",
            at + 1,
            u32::from(c)
        )),
    }
}

/// Checks the name of a node: 1 to 63 of `A-Z a-z 0-9 . _ -`.
///
/// # Errors
/// What is wrong and what to do, in words that begin with "a node's name".
pub fn check_node_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if may_name_node(name) && name.bytes().all(good) {
        return Ok(());
    }
    Err(format!("a node's name has 1 to {NODE_NAME_LENGTH_MAX} of A-Z a-z 0-9 . _ -"))
}

/// What is required of the name of a node where it is read back: the characters may change with a later version, the length may not.
pub(crate) fn may_name_node(name: &str) -> bool {
    (1..=NODE_NAME_LENGTH_MAX).contains(&name.len())
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

/// Checks an idempotency key: 1 to 255 printable ASCII characters.
///
/// # Errors
/// What it has to be, in words that begin with "an idempotency key".
pub fn check_idempotency_key(key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_LENGTH_MAX || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err(format!("an idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters"));
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
