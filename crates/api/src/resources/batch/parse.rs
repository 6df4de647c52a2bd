//! Reading the operations of a batch. An invalid operation affects only itself, as a refused one does; only if
//! the text is not JSON, the whole batch is invalid.

use std::borrow::Cow;

use super::{ATOMIC, OPERATIONS_MAX, RESULTS};
use crate::json::{Reader, Syntax, Token};
use crate::rendering::Problem;
use crate::resources::{
    coins, events, grants, holds, limits, schedules, spend_limits, spends, thresholds, transfers, users,
};
use crate::routing::{Extras, Field, Fields, TypeError, Value, Write, shown};

/// What an operation of a batch may be, the most frequent first.
pub(crate) static OPERATIONS: &[&Write] = &[
    &transfers::TRANSFER,
    &grants::GRANT,
    &spends::SPEND,
    &holds::HOLD,
    &holds::CAPTURE,
    &holds::RELEASE,
    &holds::EXTEND,
    &users::PUT,
    &users::CLOSE,
    &coins::PUT,
    &limits::PUT,
    &spend_limits::PUT,
    &spend_limits::PUT_FOR_COIN,
    &thresholds::PUT,
    &thresholds::PUT_FOR_COIN,
    &events::REVERSE,
    &schedules::PUT,
    &schedules::DELETE,
    &schedules::PAUSE,
    &schedules::RESUME,
];

/// Options of a batch and its response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub atomic: bool,
    pub all_results: bool,
}

impl Options {
    pub(super) fn of(fields: &Fields<'_>) -> Self {
        Self { atomic: fields.flag("atomic").unwrap_or(false), all_results: fields.text("results") == Some("all") }
    }
}

/// One operation.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub write: &'static Write,
    pub fields: Fields<'a>,
    pub extras: Extras<'a>,
}

/// One operation, or why it is none.
pub(super) type Parsed<'a> = Result<Named<'a>, Problem>;

fn malformed(syntax: Syntax) -> Problem {
    Problem::invalid("body", syntax)
}

/// Reads `{"atomic":...,"operations":[...],"results":...}`.
pub(super) fn json(text: &str) -> Result<(Options, Vec<Parsed<'_>>), Problem> {
    let mut reader = Reader::new(text);
    if reader.token().map_err(malformed)? != Token::Object {
        return Err(Problem::invalid("body", "an object with operations was expected"));
    }
    let (mut atomic, mut results) = (None, None);
    let mut operations: Option<Vec<Parsed<'_>>> = None;
    reader.open(b'{').map_err(malformed)?;
    let mut first = true;
    while let Some(name) = reader.next_name(&mut first).map_err(malformed)? {
        let twice = || Problem::invalid(name.clone(), "this field occurs twice");
        match &*name {
            "atomic" if atomic.is_none() => atomic = Some(option(&mut reader, &ATOMIC)?),
            "results" if results.is_none() => results = Some(option(&mut reader, &RESULTS)?),
            "operations" if operations.is_none() => operations = Some(list(&mut reader)?),
            "atomic" | "results" | "operations" => return Err(twice()),
            other => {
                let reason = "no such field; the fields are atomic, operations, results";
                return Err(Problem::invalid(other.chars().take(64).collect::<String>(), reason));
            }
        }
    }
    reader.end().map_err(malformed)?;
    let operations = operations.ok_or_else(|| Problem::invalid("operations", "this field is missing"))?;
    if operations.is_empty() {
        return Err(no_operations());
    }
    let options = Options {
        atomic: atomic == Some(Value::Bool(true)),
        all_results: results == Some(Value::Text(Cow::Borrowed("all"))),
    };
    Ok((options, operations))
}

fn option<'a>(reader: &mut Reader<'a>, field: &'static Field) -> Result<Value<'a>, Problem> {
    field.field_type.read(reader).map_err(|error| match error {
        TypeError::Syntax(syntax) => malformed(syntax),
        TypeError::Reason(reason) => Problem::invalid(field.name, reason),
    })
}

fn list<'a>(reader: &mut Reader<'a>) -> Result<Vec<Parsed<'a>>, Problem> {
    if reader.token().map_err(malformed)? != Token::Array {
        return Err(Problem::invalid("operations", "an array of operations was expected"));
    }
    reader.open(b'[').map_err(malformed)?;
    let mut operations = Vec::with_capacity(operations_in(reader.rest()));
    let mut first = true;
    while reader.next_element(&mut first).map_err(malformed)? {
        if operations.len() == OPERATIONS_MAX {
            return Err(too_many_operations());
        }
        let nth = operations.len() as i64;
        operation(reader, &mut operations).map_err(|syntax| malformed(syntax).with_integer("operation", nth))?;
    }
    Ok(operations)
}

/// About how many operations a text of this length has.
fn operations_in(text: &str) -> usize {
    const OPERATION_BYTES: usize = 96;
    (text.len() / OPERATION_BYTES + 1).min(OPERATIONS_MAX)
}

/// Reads one operation a line; empty lines are nothing.
pub(super) fn lines(text: &str) -> Result<Vec<Parsed<'_>>, Problem> {
    let mut operations = Vec::with_capacity(operations_in(text));
    for (at, line) in lines_of(text).enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if operations.len() == OPERATIONS_MAX {
            return Err(too_many_operations());
        }
        let mut reader = Reader::new(line);
        let nth = operations.len() as i64;
        let read = operation(&mut reader, &mut operations).and_then(|()| reader.end());
        read.map_err(|syntax| {
            let reason = format_args!("line {}: {syntax}", at + 1);
            Problem::invalid("body", reason).with_integer("operation", nth)
        })?;
    }
    if operations.is_empty() {
        return Err(no_operations());
    }
    Ok(operations)
}

/// The text between line breaks.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain(std::iter::once(text.len()));
    ends.scan(0, |start, end| Some(&text[std::mem::replace(start, end + 1)..end]))
}

fn no_operations() -> Problem {
    Problem::invalid("operations", format_args!("a batch has 1 to {OPERATIONS_MAX} operations, this one has none"))
}

fn too_many_operations() -> Problem {
    Problem::invalid("operations", format_args!("a batch has at most {OPERATIONS_MAX} operations; send several"))
}

/// Adds the next value, which should be an operation, to those before it.
///
/// # Errors
/// The text is no JSON.
fn operation<'a>(reader: &mut Reader<'a>, operations: &mut Vec<Parsed<'a>>) -> Result<(), Syntax> {
    let start = reader.clone();
    let parsed = named(reader);
    if parsed.is_err() {
        // Whatever is wrong with it, the next one begins behind it.
        *reader = start;
        reader.skip()?;
    }
    operations.push(parsed);
    Ok(())
}

fn named<'a>(reader: &mut Reader<'a>) -> Parsed<'a> {
    let mut ahead = reader.clone();
    let (op, is_first) = op(&mut ahead).map_err(malformed)?;
    let op = op.ok_or_else(|| Problem::invalid("op", "an operation is an object whose op says what to do"))?;
    let Some(write) = OPERATIONS.iter().find(|write| write.op.is_some_and(|name| name == op)) else {
        let known: Vec<&str> = OPERATIONS.iter().filter_map(|write| write.op).collect();
        let reason = format!("no such operation {}; the operations are {}", shown(&op), known.join(", "));
        return Err(Problem::invalid("op", reason));
    };
    let mut named = Named { write, fields: Fields::new(write.fields), extras: Extras::default() };
    if is_first {
        *reader = ahead;
        named.fields.read_behind_op(reader, &mut named.extras)?;
    } else {
        named.fields.read_object(reader, Some(&mut named.extras))?;
    }
    named.fields.check_complete()?;
    Ok(named)
}

/// The operation's name, and whether it is the first member, as it nearly always is: then `reader` stands behind it.
fn op<'a>(reader: &mut Reader<'a>) -> Result<(Option<Cow<'a, str>>, bool), Syntax> {
    if reader.token()? != Token::Object {
        return Ok((None, false));
    }
    reader.open(b'{')?;
    let (mut first, mut is_first) = (true, true);
    loop {
        if !reader.eat_name(&mut first, "op") {
            let Some(name) = reader.next_name(&mut first)? else { return Ok((None, false)) };
            if name != "op" {
                is_first = false;
                reader.skip()?;
                continue;
            }
        }
        let op = if reader.token()? == Token::Text { Some(reader.string()?) } else { None };
        return Ok((op, is_first));
    }
}
