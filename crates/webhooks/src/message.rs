//! What one request says.

use bytes::Bytes;

use crate::source::Item;

/// A request's id and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The same whenever the same events are delivered to the same endpoint.
    pub(crate) id: String,
    pub(crate) body: Bytes,
}

impl Message {
    /// The events of a request, of which there is at least one. Endpoints that get batches get a list, also of one.
    pub(crate) fn of(endpoint: &str, items: &[Item], is_batch: bool) -> Option<Self> {
        let (first, last) = (items.first()?, items.last()?);
        if !is_batch {
            let body =
                format!("{{\"type\":\"event.{}\",\"timestamp\":\"{}\",\"data\":{}}}", first.kind, first.at, first.json);
            return Some(Self { id: format!("{endpoint}-{}", first.number), body: body.into() });
        }
        let length: usize = items.iter().map(|item| item.json.len() + 1).sum();
        let mut body = String::with_capacity(length + 80);
        body.push_str("{\"type\":\"events\",\"timestamp\":\"");
        body.push_str(&last.at);
        body.push_str("\",\"data\":[");
        for (at, item) in items.iter().enumerate() {
            body.push_str(if at == 0 { "" } else { "," });
            body.push_str(&item.json);
        }
        body.push_str("]}");
        Some(Self { id: format!("{endpoint}-{}-{}", first.number, last.number), body: body.into() })
    }

    /// A request that only shows that requests arrive. Ids of endpoints and times need no escaping.
    pub(crate) fn ping(endpoint: &str, at: &str, timestamp: i64) -> Self {
        let body = format!("{{\"type\":\"ping\",\"timestamp\":\"{at}\",\"data\":{{\"webhook\":\"{endpoint}\"}}}}");
        Self { id: format!("{endpoint}-ping-{timestamp}"), body: body.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u64) -> Item {
        Item { number, kind: "grant", at: format!("T{number}"), json: format!("{{\"event\":{number}}}") }
    }

    #[test]
    fn one_event_is_data_and_several_are_a_list() {
        let one = Message::of("shop", &[item(7)], false).unwrap();
        assert_eq!(
            (one.id.as_str(), &*one.body),
            ("shop-7", br#"{"type":"event.grant","timestamp":"T7","data":{"event":7}}"# as &[u8])
        );
        let two = Message::of("shop", &[item(7), item(9)], true).unwrap();
        let expected: &[u8] = br#"{"type":"events","timestamp":"T9","data":[{"event":7},{"event":9}]}"#;
        assert_eq!((two.id.as_str(), &*two.body), ("shop-7-9", expected));
        assert_eq!(Message::of("shop", &[item(7)], true).unwrap().id, "shop-7-7");
        assert_eq!(Message::of("shop", &[], true), None);
    }
}
