//! The settings of a TOML file, each with its line.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::given::{Given, KEYS, Origin, Value};
use crate::usage::Usage;

/// Reads a file of settings.
///
/// # Errors
/// It can't be read, is no TOML, or something in it is no setting.
pub(super) fn read(path: &Path) -> Result<Given, Usage> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Usage(format!("{shown}: can't be read: {error}")))?;
    parse(&text, &shown)
}

/// Reads the text of a file; `path` is for the errors.
pub(super) fn parse(text: &str, path: &str) -> Result<Given, Usage> {
    let line_at = |byte: usize| 1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(span.start));
        Usage(format!("{path}, line {line}: {}", error.message()))
    })?;
    let mut given = Given::default();
    for (name, value) in table.get_ref() {
        let line = line_at(name.span().start);
        let name: &str = name.get_ref();
        let Some(key) = KEYS.into_iter().find(|key| *key == name) else {
            return Err(Usage(format!(
                "{path}, line {line}: there is no setting `{name}`; the settings are {}",
                KEYS.join(", ")
            )));
        };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Boolean(yes) => yes.to_string(),
            _ => {
                return Err(Usage(format!(
                    "{path}, line {line}, {key}: a setting is a text in quotes, a whole number, true or false"
                )));
            }
        };
        given.0.insert(key, Value { text, origin: Origin::File { path: path.to_owned(), line, key } });
    }
    Ok(given)
}
