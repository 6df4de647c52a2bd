//! What a request says, field by field, read against the list of what it may say. The same lists make the
//! OpenAPI document, so neither knows a field that the other doesn't.

use std::borrow::Cow;

use tocos_ledger::{Amount, Micros};

use super::field_type::{FieldType, TypeError, Value};
use crate::json::{Reader, Token};
use crate::rendering::Problem;

/// Whether a field must be there, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// In the body or query.
    Required,
    /// In the body or query, or left out.
    Optional,
    /// In the path of the route; in a batch, where there is no path, beside the others.
    InPath,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub field_type: FieldType,
    pub need: Need,
    /// A sentence for the documentation.
    pub about: &'static str,
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, field_type: FieldType, about: &'static str) -> Field {
    Field { name, field_type, need: Need::Required, about }
}

/// A field that may be left out.
pub(crate) const fn optional(name: &'static str, field_type: FieldType, about: &'static str) -> Field {
    Field { name, field_type, need: Need::Optional, about }
}

/// A field in the path.
pub(crate) const fn in_path(name: &'static str, field_type: FieldType, about: &'static str) -> Field {
    Field { name, field_type, need: Need::InPath, about }
}

/// What every write takes besides.
pub(crate) const METADATA: Field = optional(
    "metadata",
    FieldType::Metadata,
    "A JSON object of your own, stored with the event; at most 8,192 bytes in compact form.",
);

/// What every write takes besides.
pub(crate) const REFERENCE: Field = optional(
    "reference",
    FieldType::Reference,
    "What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.",
);

/// No request has more fields than this.
const FIELDS_MAX: usize = 24;
/// Nearly all have at most so many, which are kept at hand.
const AT_HAND: usize = 10;
/// The bits after those of the fields: members that only operations in a batch have.
const OP_SEEN: usize = FIELDS_MAX;
const KEY_SEEN: usize = FIELDS_MAX + 1;

/// The values of a request's fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    list: &'static [Field],
    values: [Value<'a>; AT_HAND],
    /// Those of the fields behind.
    more: Vec<Value<'a>>,
}

/// What an operation of a batch says besides its fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras<'a> {
    pub idempotency_key: Option<Cow<'a, str>>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(list: &'static [Field]) -> Self {
        debug_assert!(list.len() <= FIELDS_MAX, "a request has at most {FIELDS_MAX} fields");
        let behind = list.len().saturating_sub(AT_HAND);
        Self { list, values: Default::default(), more: vec![Value::Absent; behind] }
    }

    fn place(&mut self, at: usize) -> Option<&mut Value<'a>> {
        let behind = at.checked_sub(AT_HAND);
        behind.map_or_else(|| self.values.get_mut(at), |behind| self.more.get_mut(behind))
    }

    fn set(&mut self, at: usize, value: Value<'a>) {
        if let Some(place) = self.place(at) {
            *place = value;
        }
    }

    /// Adds to a list that has at most so many texts. Says `false` if it is full.
    fn add(&mut self, at: usize, text: Cow<'a, str>, most: usize) -> bool {
        match self.place(at) {
            Some(Value::Texts(texts)) if texts.len() == most => false,
            Some(Value::Texts(texts)) => {
                texts.push(text);
                true
            }
            _ => {
                self.set(at, Value::Texts(vec![text]));
                true
            }
        }
    }

    #[inline]
    fn at(&self, at: usize) -> &Value<'a> {
        self.values.get(at).or_else(|| self.more.get(at.wrapping_sub(AT_HAND))).unwrap_or(&Value::Absent)
    }

    /// Reads a JSON object that is the whole body.
    pub(crate) fn read_body(&mut self, text: &'a str) -> Result<(), Problem> {
        let mut reader = Reader::new(text);
        self.read_object(&mut reader, None)?;
        reader.end().map_err(|syntax| Problem::invalid("body", syntax))
    }

    /// Reads the next object. With `extras` it is an operation of a batch: it names what a path would name, and
    /// `op` and `idempotency_key` besides.
    pub(crate) fn read_object(
        &mut self,
        reader: &mut Reader<'a>,
        extras: Option<&mut Extras<'a>>,
    ) -> Result<(), Problem> {
        let malformed = |syntax| Problem::invalid("body", syntax);
        if reader.token().map_err(malformed)? != Token::Object {
            return Err(Problem::invalid("body", "an object was expected"));
        }
        reader.open(b'{').map_err(malformed)?;
        self.read_members(reader, true, 0, extras)
    }

    /// Reads the rest of an operation whose first member, its `op`, has been read.
    pub(crate) fn read_behind_op(&mut self, reader: &mut Reader<'a>, extras: &mut Extras<'a>) -> Result<(), Problem> {
        self.read_members(reader, false, 1 << OP_SEEN, Some(extras))
    }

    fn read_members(
        &mut self,
        reader: &mut Reader<'a>,
        mut first: bool,
        mut seen: u32,
        mut extras: Option<&mut Extras<'a>>,
    ) -> Result<(), Problem> {
        let malformed = |syntax| Problem::invalid("body", syntax);
        let in_batch = extras.is_some();
        // Most clients name the fields in the order of the list.
        let mut next = 0;
        loop {
            if let Some(field) = self.list.get(next)
                && (in_batch || field.need != Need::InPath)
                && reader.eat_name(&mut first, field.name)
            {
                mark(&mut seen, next, field.name)?;
                self.set(next, read_value(reader, field, field.name)?);
                next += 1;
                continue;
            }
            if let Some(extras) = &mut extras
                && reader.eat_name(&mut first, "idempotency_key")
            {
                mark(&mut seen, KEY_SEEN, "idempotency_key")?;
                extras.idempotency_key = idempotency_key(reader)?;
                continue;
            }
            let Some(name) = reader.next_name(&mut first).map_err(malformed)? else { return Ok(()) };
            let found = self.list.iter().position(|field| field.name == name);
            next = found.map_or(next, |at| at + 1);
            let at = match found {
                Some(at) if in_batch || self.list[at].need != Need::InPath => at,
                _ => match (&mut extras, &*name) {
                    (Some(_), "op") => {
                        reader.skip().map_err(malformed)?;
                        mark(&mut seen, OP_SEEN, &name)?;
                        continue;
                    }
                    (Some(extras), "idempotency_key") => {
                        mark(&mut seen, KEY_SEEN, &name)?;
                        extras.idempotency_key = idempotency_key(reader)?;
                        continue;
                    }
                    _ => return Err(self.unknown(&name, in_batch)),
                },
            };
            mark(&mut seen, at, &name)?;
            self.set(at, read_value(reader, &self.list[at], &name)?);
        }
    }

    fn unknown(&self, name: &str, in_batch: bool) -> Problem {
        let known: Vec<&str> =
            self.list.iter().filter(|field| in_batch || field.need != Need::InPath).map(|field| field.name).collect();
        let known = if known.is_empty() {
            "there are no fields here".to_owned()
        } else {
            format!("the fields are {}", known.join(", "))
        };
        Problem::invalid(cut(name), format_args!("no such field; {known}"))
    }

    /// Sets a field that the path names.
    pub(crate) fn set_from_path(&mut self, name: &str, value: Cow<'a, str>) -> Result<(), Problem> {
        let Some(at) = self.list.iter().position(|field| field.name == name) else { return Ok(()) };
        let value = self.list[at].field_type.parse(value).map_err(|reason| Problem::invalid(name, reason))?;
        self.set(at, value);
        Ok(())
    }

    /// Reads a query string.
    pub(crate) fn read_query(&mut self, query: &'a str) -> Result<(), Problem> {
        let mut seen = 0u32;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent_decoded(name, true).map_err(|reason| Problem::invalid("query", reason))?;
            let Some(at) = self.list.iter().position(|field| field.name == name && field.need != Need::InPath) else {
                return Err(self.unknown(&name, false));
            };
            let field_type = self.list[at].field_type;
            let times_max = field_type.times_max();
            if times_max == 1 {
                mark(&mut seen, at, &name)?;
            }
            let value = percent_decoded(value, true)
                .and_then(|value| field_type.parse(value))
                .map_err(|reason| Problem::invalid(name.clone(), reason))?;
            match value {
                Value::Text(text) if times_max > 1 => {
                    if !self.add(at, text, times_max) {
                        let reason = format_args!("this parameter occurs more than {times_max} times");
                        return Err(Problem::invalid(name, reason));
                    }
                }
                value => self.set(at, value),
            }
        }
        Ok(())
    }

    /// Whether all fields that must be there are.
    pub(crate) fn check_complete(&self) -> Result<(), Problem> {
        for (field, value) in self.list.iter().zip(self.values.iter().chain(&self.more)) {
            if field.need != Need::Optional && *value == Value::Absent {
                return Err(Problem::invalid(field.name, "this field is missing"));
            }
        }
        Ok(())
    }

    /// The names are known where this is inlined, and cheap to compare.
    #[inline]
    fn value(&self, name: &str) -> &Value<'a> {
        let at = self.list.iter().position(|field| field.name == name);
        debug_assert!(at.is_some(), "{name} is in the list of fields");
        at.map_or(&Value::Absent, |at| self.at(at))
    }

    /// Metadata and reference, which every write takes, at the end of its list.
    #[inline]
    pub(crate) fn metadata_and_reference(&self) -> [Option<&str>; 2] {
        let behind = self.list.len();
        [(METADATA, 2), (REFERENCE, 1)].map(|(field, from_end)| {
            let at = behind.wrapping_sub(from_end);
            debug_assert!(
                self.list.get(at).is_some_and(|last| last.name == field.name),
                "{} is at its place",
                field.name
            );
            match self.at(at) {
                Value::Text(text) => Some(&**text),
                _ => None,
            }
        })
    }

    /// A text that may be left out.
    #[inline]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text that is there, since the list says so and [`Fields::check_complete`] has looked.
    #[inline]
    pub(crate) fn the_text(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// An amount or the number of an event.
    #[inline]
    pub(crate) fn number(&self, name: &str) -> Option<Amount> {
        self.integer(name).and_then(|value| u64::try_from(value).ok())
    }

    /// An amount or number that is there, since the list says so and [`Fields::check_complete`] has looked.
    #[inline]
    pub(crate) fn the_number(&self, name: &str) -> Amount {
        self.number(name).unwrap_or_default()
    }

    pub(crate) fn instant(&self, name: &str) -> Option<Micros> {
        match self.value(name) {
            Value::Instant(at) => Some(*at),
            _ => None,
        }
    }

    /// A list of whole numbers that may be left out.
    pub(crate) fn amounts(&self, name: &str) -> Option<&[i64]> {
        match self.value(name) {
            Value::Integers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The texts of a parameter that may be repeated, in the order in which they came; `None` if there is none.
    pub(crate) fn texts(&self, name: &str) -> Option<&[Cow<'a, str>]> {
        match self.value(name) {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}

fn read_value<'a>(reader: &mut Reader<'a>, field: &Field, name: &str) -> Result<Value<'a>, Problem> {
    field.field_type.read(reader).map_err(|error| match error {
        TypeError::Syntax(syntax) => Problem::invalid("body", syntax),
        TypeError::Reason(reason) => Problem::invalid(name.to_owned(), reason),
    })
}

/// An idempotency key inside of a batch; the ledger checks its form.
fn idempotency_key<'a>(reader: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>, Problem> {
    let malformed = |syntax| Problem::invalid("body", syntax);
    match reader.token().map_err(malformed)? {
        Token::Null => reader.null().map(|()| None).map_err(malformed),
        Token::Text => reader.string().map(Some).map_err(malformed),
        found => {
            reader.skip().map_err(malformed)?;
            let reason = format_args!("a text was expected, and this is {}", found.as_str());
            Err(Problem::invalid("idempotency_key", reason))
        }
    }
}

/// Notes that a field was there; twice is once too often.
fn mark(seen: &mut u32, at: usize, name: &str) -> Result<(), Problem> {
    if *seen & 1 << at != 0 {
        return Err(Problem::invalid(name, "this field occurs twice"));
    }
    *seen |= 1 << at;
    Ok(())
}

/// A name as it came, bounded.
fn cut(name: &str) -> String {
    const NAME_CHARACTERS_MAX: usize = 64;
    name.chars().take(NAME_CHARACTERS_MAX).collect()
}

/// Undoes percent escapes, and in queries the `+` for a space.
pub(crate) fn percent_decoded(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, String> {
    if !text.bytes().any(|byte| byte == b'%' || (plus_is_space && byte == b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (byte, rest) {
            (b'%', [high, low, behind @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
                    return Err("% needs two hexadecimal digits after it".to_owned());
                };
                // Two hexadecimal digits are one byte.
                bytes.push((high << 4 | low) as u8);
                rest = behind;
            }
            (b'%', _) => return Err("% needs two hexadecimal digits after it".to_owned()),
            (b'+', _) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "its percent escapes are not UTF-8".to_owned())
}
