//! What an event says that no other column has: its JSON without the fields that stand in columns of their own.

use crate::event::Event;

/// The fields that have columns. Balances are the totals after the event.
const COLUMNS: &[&str] = &[
    "event",
    "kind",
    "at",
    "user",
    "from",
    "to",
    "coin",
    "amount",
    "hold",
    "of",
    "schedule",
    "reference",
    "idempotency_key",
    "by",
    "balances",
];

/// The other fields of an event as it was written, as a JSON object; nothing if there are none.
pub(crate) fn details(event: &Event<'_>, text: &str) -> Option<String> {
    let is_hold = event.kind == "hold";
    // Plain coins alone, as nearly always, are the amount.
    let is_plain = event.lots.iter().all(|part| part.grant.is_none());
    let mut out = String::new();
    for (name, whole) in Fields::of(text) {
        let stands_elsewhere = match name {
            "lots" => is_plain,
            // A hold has its own number, and holds all of its amount.
            "id" | "held" => is_hold,
            _ => COLUMNS.contains(&name),
        };
        if !stands_elsewhere {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(whole);
        }
    }
    if out.is_empty() {
        return None;
    }
    out.push('}');
    Some(out)
}

/// The fields of a JSON object that was parsed before: each name, and the whole of name and value.
struct Fields<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: text.find('{').map_or(text.len(), |at| at + 1) }
    }

    /// Behind the string that begins here.
    fn end_of_string(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from + 1;
        loop {
            match bytes.get(at) {
                Some(b'\\') => at += 2,
                Some(b'"') => return at + 1,
                Some(_) => at += 1,
                None => return bytes.len(),
            }
        }
    }

    /// Where the value that begins here is over: at a comma, or at the bracket that ends the object.
    fn end_of_value(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (from, 0_usize);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    at = self.end_of_string(at);
                    continue;
                }
                b',' if depth == 0 => break,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.at + self.text.get(self.at..)?.find('"')?;
        let name_end = self.end_of_string(first);
        let end = self.end_of_value(name_end);
        self.at = end + 1;
        Some((self.text.get(first + 1..name_end - 1)?, self.text.get(first..end)?.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rest: &str) -> Option<String> {
        let text = format!(
            r#"{{"event":7,"kind":"spend","user":"a\"}},b","coin":"toco","amount":5,"at":"2026-11-22T17:15:37.820115Z"{rest},"balances":{{"a\"}},b":{{"total":1,"held":0,"available":1}}}},"idempotency_key":"k","by":3}}"#
        );
        details(&Event::parse(&text).unwrap(), &text)
    }

    #[test]
    fn what_has_no_column_is_kept_as_it_was_written() {
        assert_eq!(of(r#","lots":[{"grant":null,"amount":5}]"#), None);
        let lots = r#""lots":[{"grant":2,"amount":5,"expires_at":null,"priority":50,"category":"paid"}]"#;
        assert_eq!(of(&format!(",{lots}")), Some(format!("{{{lots}}}")));
        let more = r#""metadata":{"event":[1,{"a":"}],\\\"{"}],"b":2},"from_the_future":[[],{}]"#;
        assert_eq!(of(&format!(",{more}")), Some(format!("{{{more}}}")));
        assert_eq!(
            of(r#" , "metadata" : { "a" : [ 1 , 2 ] } "#),
            Some(r#"{"metadata" : { "a" : [ 1 , 2 ] }}"#.to_owned())
        );
    }
}
