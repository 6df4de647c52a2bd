//! The types of fields in bodies, parameters and paths: how each is read strictly.

use std::borrow::Cow;

use tocos_ledger::{
    COIN_CODE_LENGTH_MAX, MAX_AMOUNT, METADATA_LENGTH_MAX, Micros, NAME_LENGTH_MAX, USER_ID_LENGTH_MAX,
    check_idempotency_key, check_reference, check_schedule_id, check_user_id, check_webhook_id,
};

use tocos_webhooks::secret_from_text;

use crate::json::{Reader, Syntax, Token, canonical_object, parse_rfc3339};

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FieldType {
    /// A user's id.
    User,
    /// A schedule's id.
    Schedule,
    /// A coin's code.
    Coin,
    /// A webhook's id.
    Webhook,
    /// Where a webhook's requests go.
    Url,
    /// What signs a webhook's requests.
    Secret,
    /// A list of some of these words.
    Words(&'static [&'static str]),
    /// A list of at most so many coins' codes.
    Coins(usize),
    /// A display name.
    Name,
    /// Users' ids, at most so many: a parameter that is repeated.
    Users(usize),
    /// The beginning of user ids.
    Prefix,
    /// A part of user ids and display names.
    Part,
    /// Where a list goes on, as a response gave it.
    Cursor,
    /// 1 to 2^53-1.
    Amount,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// The number of an event, from 1.
    Event,
    /// Yes or no.
    Bool,
    /// An instant.
    Time,
    /// The number of an event, or an instant.
    Moment,
    /// The client's JSON object.
    Metadata,
    /// What the client calls a request.
    Reference,
    /// An idempotency key.
    IdempotencyKey,
    /// A list of at most so many whole numbers.
    Amounts(usize),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A value of its field's type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Integer(i64),
    Instant(Micros),
    Bool(bool),
    Integers(Vec<i64>),
}

/// Why a value is not of its field's type.
#[derive(Clone, Debug)]
pub(crate) enum TypeError {
    /// It is not even JSON.
    Syntax(Syntax),
    /// It is something else: words that go on after "field: ".
    Reason(String),
}

impl From<Syntax> for TypeError {
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}

/// Numbers in JSON are exact up to here.
pub(crate) const EXACT_MAX: i64 = (1 << 53) - 1;

impl FieldType {
    /// Reads the next JSON value. `null` is as good as leaving the field out.
    pub(crate) fn read<'a>(self, reader: &mut Reader<'a>) -> Result<Value<'a>, TypeError> {
        let token = reader.token()?;
        if token == Token::Null {
            reader.null()?;
            return Ok(Value::Absent);
        }
        match (self, token) {
            (Self::Amount | Self::Integer(..) | Self::Event, Token::Number) => {
                let literal = reader.number()?;
                self.integer(literal).map(Value::Integer).map_err(TypeError::Reason)
            }
            (Self::Amounts(most), Token::Array) => Self::list(reader, most).map(Value::Integers),
            (Self::Words(words), Token::Array) => Self::Word(words).texts(reader, words.len()).map(Value::Texts),
            (Self::Coins(most), Token::Array) => Self::Coin.texts(reader, most).map(Value::Texts),
            (Self::Bool, Token::Bool) => Ok(Value::Bool(reader.bool()?)),
            (Self::Metadata, Token::Object) => {
                let canonical = canonical_object(reader)?;
                if canonical.len() > METADATA_LENGTH_MAX {
                    return Err(TypeError::Reason(format!(
                        "metadata has at most {METADATA_LENGTH_MAX} bytes as compact JSON, this has {}",
                        canonical.len()
                    )));
                }
                Ok(Value::Text(Cow::Owned(canonical)))
            }
            (
                Self::User
                | Self::Schedule
                | Self::Coin
                | Self::Webhook
                | Self::Url
                | Self::Secret
                | Self::Name
                | Self::Prefix
                | Self::Part
                | Self::Cursor
                | Self::Reference
                | Self::IdempotencyKey
                | Self::Time
                | Self::Word(_),
                Token::Text,
            ) => self.text(reader.string()?).map_err(TypeError::Reason),
            (_, found) => {
                // The rest may be malformed, which would be the better thing to say.
                reader.skip()?;
                Err(TypeError::Reason(format!("{} was expected, and this is {}", self.noun(), found.as_str())))
            }
        }
    }

    /// A list is read to its end, also behind what is wrong in it: the rest may be malformed.
    fn list(reader: &mut Reader<'_>, most: usize) -> Result<Vec<i64>, TypeError> {
        reader.open(b'[')?;
        let (mut first, mut numbers, mut wrong) = (true, Vec::new(), None);
        while reader.next_element(&mut first)? {
            let found = reader.token()?;
            if found != Token::Number {
                reader.skip()?;
                wrong.get_or_insert_with(|| format!("whole numbers were expected, and one is {}", found.as_str()));
                continue;
            }
            match Self::Integer(-EXACT_MAX, EXACT_MAX).integer(reader.number()?) {
                Ok(_) if numbers.len() == most => {
                    wrong.get_or_insert_with(|| format!("at most {most} numbers were expected"));
                }
                Ok(number) => numbers.push(number),
                Err(reason) => drop(wrong.get_or_insert(reason)),
            }
        }
        wrong.map_or(Ok(numbers), |reason| Err(TypeError::Reason(reason)))
    }

    /// A list of texts of this type. It is read to its end, also behind what is wrong in it.
    fn texts<'a>(self, reader: &mut Reader<'a>, most: usize) -> Result<Vec<Cow<'a, str>>, TypeError> {
        reader.open(b'[')?;
        let (mut first, mut texts, mut wrong) = (true, Vec::new(), None);
        while reader.next_element(&mut first)? {
            let found = reader.token()?;
            if found != Token::Text {
                reader.skip()?;
                wrong.get_or_insert_with(|| format!("texts were expected, and one is {}", found.as_str()));
                continue;
            }
            match self.text(reader.string()?) {
                Ok(_) if texts.len() == most => {
                    wrong.get_or_insert_with(|| format!("at most {most} texts were expected"));
                }
                Ok(Value::Text(text)) => texts.push(text),
                Ok(_) => {}
                Err(reason) => drop(wrong.get_or_insert(reason)),
            }
        }
        wrong.map_or(Ok(texts), |reason| Err(TypeError::Reason(reason)))
    }

    /// Reads a value from a path or a query, where everything is text.
    ///
    /// # Errors
    /// Words that say why it is not of this type.
    pub(crate) fn parse<'a>(self, text: Cow<'a, str>) -> Result<Value<'a>, String> {
        match self {
            Self::Amount | Self::Integer(..) | Self::Event => self.integer(&text).map(Value::Integer),
            Self::Bool => match &*text {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err("true or false was expected".to_owned()),
            },
            Self::Moment => match parse_rfc3339(&text) {
                Some(at) => Ok(Value::Instant(at)),
                None if text.bytes().all(|byte| byte.is_ascii_digit()) => self.integer(&text).map(Value::Integer),
                None => Err("the number of an event or a time like 2026-11-22T13:00:00Z was expected".to_owned()),
            },
            _ => self.text(text),
        }
    }

    fn integer(self, literal: &str) -> Result<i64, String> {
        let (least, most) = self.bounds();
        let digits = literal.strip_prefix('-').unwrap_or(literal);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("a whole number was expected, without point and exponent, not {}", shown(literal)));
        }
        match literal.parse::<i64>() {
            Ok(value) if (least..=most).contains(&value) => Ok(value),
            _ => Err(format!("a whole number from {least} to {most} was expected, not {}", shown(literal))),
        }
    }

    /// How often the parameter may occur.
    pub(crate) fn times_max(self) -> usize {
        match self {
            Self::Users(most) => most,
            _ => 1,
        }
    }

    /// Least and greatest of the numbers.
    pub(crate) fn bounds(self) -> (i64, i64) {
        match self {
            Self::Amount => (1, MAX_AMOUNT as i64),
            Self::Event => (1, EXACT_MAX),
            Self::Integer(least, most) => (least, most),
            _ => (0, EXACT_MAX),
        }
    }

    fn text<'a>(self, text: Cow<'a, str>) -> Result<Value<'a>, String> {
        match self {
            Self::User | Self::Users(_) => check_user_id(&text)?,
            Self::Schedule => check_schedule_id(&text)?,
            Self::Coin => check_coin_code(&text)?,
            Self::Webhook => check_webhook_id(&text)?,
            Self::Secret => {
                secret_from_text(&text)?;
            }
            Self::Reference => check_reference(&text)?,
            Self::IdempotencyKey => check_idempotency_key(&text)?,
            Self::Prefix if text.chars().count() > USER_ID_LENGTH_MAX => {
                return Err(format!("a user id, and so a prefix of one, has at most {USER_ID_LENGTH_MAX} characters"));
            }
            Self::Part => check_part(&text)?,
            Self::Name if text.len() > NAME_LENGTH_MAX => {
                return Err(format!(
                    "a name has at most {NAME_LENGTH_MAX} bytes of UTF-8, this one has {}",
                    text.len()
                ));
            }
            Self::Time => {
                let at = parse_rfc3339(&text)
                    .ok_or_else(|| format!("a time like 2026-11-22T13:00:00Z was expected, not {}", shown(&text)))?;
                return Ok(Value::Instant(at));
            }
            Self::Word(words) if !words.contains(&&*text) => {
                return Err(format!("one of {} was expected, not {}", words.join(", "), shown(&text)));
            }
            _ => {}
        }
        Ok(Value::Text(text))
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Amount | Self::Integer(..) | Self::Event => "a whole number",
            Self::Bool => "true or false",
            Self::Amounts(_) => "an array of whole numbers",
            Self::Metadata => "an object",
            Self::Time | Self::Moment => "a time in a text",
            Self::Users(_) | Self::Words(_) | Self::Coins(_) => "an array of texts",
            Self::User
            | Self::Schedule
            | Self::Coin
            | Self::Webhook
            | Self::Url
            | Self::Secret
            | Self::Name
            | Self::Prefix
            | Self::Part
            | Self::Cursor
            | Self::Reference
            | Self::IdempotencyKey
            | Self::Word(_) => "a text",
        }
    }
}

/// A client's value, truncated so that a response stays small.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// Most characters of what is searched for.
pub(crate) const PART_LENGTH_MAX: usize = 128;

fn check_part(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if !(1..=PART_LENGTH_MAX).contains(&length) {
        return Err(format!("what is searched for has 1 to {PART_LENGTH_MAX} characters, this has {length}"));
    }
    if text.chars().any(char::is_control) {
        return Err("ids and names have no control characters, so none can be searched for".to_owned());
    }
    Ok(())
}

fn check_coin_code(code: &str) -> Result<(), String> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let begins_well = code.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if begins_well && code.len() <= COIN_CODE_LENGTH_MAX && code.bytes().all(good) {
        return Ok(());
    }
    Err(format!(
        "a coin code has 1 to {COIN_CODE_LENGTH_MAX} of a-z 0-9 _ - and begins with a letter, unlike {}",
        shown(code)
    ))
}
