//! From the fields of one row to a checked user, whichever format they were written in.

use super::loose::{Loose, shortened};
use super::{BadRow, Notes, Place, ReadOptions, Row};

/// Longest coin code, in bytes.
const COIN_CODE_LENGTH_MAX: usize = 16;
/// Longest display name, in bytes of UTF-8.
const NAME_LENGTH_MAX: usize = 256;
/// The largest amount: 2^53 - 1.
pub(super) const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// Parses and checks the text of one JSON object.
pub(super) fn from_json(text: &[u8], place: Place, options: &ReadOptions, notes: &mut Notes) -> Result<Row, BadRow> {
    let bad = |reason: String| BadRow { place, reason };
    let text = std::str::from_utf8(text)
        .map_err(|error| bad(format!("not UTF-8: byte {} of the row begins no character", error.valid_up_to())))?;
    if text.trim().is_empty() {
        return Err(bad("nothing between two commas".to_owned()));
    }
    let value = serde_json::from_str::<Loose>(text).map_err(|error| bad(json_reason(&error)))?;
    let Loose::Map(fields) = value else {
        return Err(bad(format!(
            "a user is an object with {}, {} and {}, this is {}",
            options.id_column,
            options.name_column,
            options.coins_column,
            value.described()
        )));
    };
    from_fields(fields, place, options, notes).map_err(bad)
}

/// The parser's words, with the position counted within the row.
fn json_reason(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let words = whole.strip_suffix(&position).unwrap_or(&whole);
    if error.line() > 1 {
        format!("not JSON: {words} (its line {}, column {})", error.line(), error.column())
    } else {
        format!("not JSON: {words} (column {})", error.column())
    }
}

fn from_fields(
    fields: Vec<(String, Loose)>,
    place: Place,
    options: &ReadOptions,
    notes: &mut Notes,
) -> Result<Row, String> {
    let (mut id, mut name, mut coins) = (None, None, None);
    for (field, value) in fields {
        let slot = match field.as_str() {
            field if field == options.id_column => &mut id,
            field if field == options.name_column => &mut name,
            field if field == options.coins_column => &mut coins,
            _ => {
                if !options.ignore.contains(&field) {
                    notes.ignored(shortened(&field));
                }
                continue;
            }
        };
        if slot.replace(value).is_some() {
            return Err(format!("the field `{field}` occurs twice"));
        }
    }
    let id = id_from_json(id, &options.id_column)?;
    let name = match name {
        None | Some(Loose::Null) => None,
        Some(Loose::Text(name)) => Some(name),
        Some(other) => {
            return Err(format!("`{}` is a text or null, this is {}", options.name_column, other.described()));
        }
    };
    check_name(name.as_deref())?;
    let coins = match coins {
        None => {
            return Err(format!(
                "the field `{}` is missing; a user without coins has 0 or {{}} there, and --coins-column names another field",
                options.coins_column
            ));
        }
        Some(Loose::Null) => Vec::new(),
        Some(number @ Loose::Number(_)) => {
            vec![(options.coin.clone(), amount_from_json(&options.coins_column, &number)?)]
        }
        Some(Loose::Map(map)) => coins_from_json(map)?,
        Some(other) => {
            let field = &options.coins_column;
            return Err(format!("`{field}` is a whole number or an object by coin, this is {}", other.described()));
        }
    };
    Ok(Row { place, id, name, coins })
}

fn id_from_json(id: Option<Loose>, field: &str) -> Result<String, String> {
    let id = match id {
        None => return Err(format!("the field `{field}` is missing; --id-column names the one that holds the id")),
        Some(Loose::Text(id)) => id,
        Some(Loose::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        Some(other) => return Err(format!("`{field}` is a text or a whole number, this is {}", other.described())),
    };
    check_id(&id)?;
    Ok(id)
}

fn coins_from_json(map: Vec<(String, Loose)>) -> Result<Vec<(String, u64)>, String> {
    let mut coins: Vec<(String, u64)> = Vec::with_capacity(map.len());
    for (code, amount) in map {
        check_coin(&code)?;
        if coins.iter().any(|(earlier, _)| *earlier == code) {
            return Err(format!("the coin `{code}` occurs twice"));
        }
        let amount = amount_from_json(&code, &amount)?;
        coins.push((code, amount));
    }
    Ok(coins)
}

fn amount_from_json(what: &str, value: &Loose) -> Result<u64, String> {
    let Loose::Number(number) = value else {
        return Err(format!("`{what}` is a whole number, this is {}", value.described()));
    };
    if let Some(amount) = number.as_u64() {
        return check_amount(what, amount);
    }
    if number.as_f64().is_some_and(|float| float < 0.0) {
        return Err(format!("`{what}` is {number}; an amount is 0 or more"));
    }
    if number.as_f64().is_some_and(|float| float >= AMOUNT_MAX as f64) {
        return Err(too_big(what, &number.to_string()));
    }
    Err(format!("`{what}` is {number}; amounts are whole numbers of the coin's smallest unit"))
}

/// An amount as CSV writes it: digits only; an empty cell is 0.
pub(super) fn amount_from_text(what: &str, text: &str) -> Result<u64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| too_big(what, text)).and_then(|amount| check_amount(what, amount));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() < text.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{what}` is {}; an amount is 0 or more", shortened(text)));
    }
    Err(format!("`{what}` is \"{}\"; amounts are whole numbers of the coin's smallest unit", shortened(text)))
}

fn check_amount(what: &str, amount: u64) -> Result<u64, String> {
    if amount > AMOUNT_MAX { Err(too_big(what, &amount.to_string())) } else { Ok(amount) }
}

fn too_big(what: &str, amount: &str) -> String {
    format!("`{what}` is {}; the largest amount is {AMOUNT_MAX}", shortened(amount))
}

/// Checks a user id by the ledger's rule for ids.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("the id is empty".to_owned());
    }
    tocos_ledger::check_user_id(id).map_err(|reason| format!("the id \"{}\" is not valid: {reason}", shortened(id)))
}

/// Checks a display name by the ledger's rule for names.
pub(super) fn check_name(name: Option<&str>) -> Result<(), String> {
    let Some(name) = name else { return Ok(()) };
    if name.len() > NAME_LENGTH_MAX {
        return Err(format!("the name has {} bytes, at most {NAME_LENGTH_MAX} are possible", name.len()));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("the name \"{}\" has a control character in it", shortened(name)));
    }
    Ok(())
}

/// Checks a coin code by the ledger's rule for codes.
pub(crate) fn check_coin(code: &str) -> Result<(), String> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if code.len() > COIN_CODE_LENGTH_MAX
        || !code.starts_with(|c: char| c.is_ascii_lowercase())
        || !code.bytes().all(good)
    {
        return Err(format!(
            "\"{}\" is not a coin code: 1 to {COIN_CODE_LENGTH_MAX} of a-z 0-9 _ - beginning with a letter",
            shortened(code)
        ));
    }
    Ok(())
}
