//! The one form of a JSON object: names sorted, no whitespace, every text escaped one way. Two requests whose
//! metadata differs only in form are the same request.

use std::borrow::Cow;

use super::{Reader, Syntax, Token, Writer};

/// Reads the next value, an object, and gives its canonical form.
///
/// # Errors
/// Malformed or too deep JSON, or an object with a name twice.
pub(crate) fn canonical_object(reader: &mut Reader<'_>) -> Result<String, Syntax> {
    // Reading over it first bounds the depth for the recursion below.
    let text = reader.clone().skip()?;
    let mut out = Writer::with_capacity(text.len());
    value(reader, &mut out)?;
    Ok(out.into_string())
}

fn value(reader: &mut Reader<'_>, out: &mut Writer) -> Result<(), Syntax> {
    let mut first = true;
    match reader.token()? {
        Token::Object => {
            let mut members: Vec<(Cow<'_, str>, String)> = Vec::new();
            reader.open(b'{')?;
            while let Some(name) = reader.next_name(&mut first)? {
                let mut member = Writer::with_capacity(32);
                value(reader, &mut member)?;
                members.push((name, member.into_string()));
            }
            members.sort_by(|a, b| a.0.cmp(&b.0));
            if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return reader.fault("an object has the same name twice");
            }
            for (at, (name, member)) in members.iter().enumerate() {
                out.raw(if at == 0 { "{" } else { "," });
                out.text(name);
                out.raw(":");
                out.raw(member);
            }
            out.raw(if members.is_empty() { "{}" } else { "}" });
        }
        Token::Array => {
            reader.open(b'[')?;
            out.raw("[");
            let mut comma = "";
            while reader.next_element(&mut first)? {
                out.raw(comma);
                comma = ",";
                value(reader, out)?;
            }
            out.raw("]");
        }
        Token::Text => out.text(&reader.string()?),
        Token::Number => out.raw(reader.number()?),
        Token::Bool => out.raw(if reader.bool()? { "true" } else { "false" }),
        Token::Null => {
            reader.null()?;
            out.raw("null");
        }
    }
    Ok(())
}
