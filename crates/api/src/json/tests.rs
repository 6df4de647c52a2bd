//! The reader against a second one, and what it refuses.

use super::{Reader, canonical_object};
use proptest::prelude::*;
use serde_json::Value;

/// What our reader makes of a text: whether it is JSON.
fn is_json(text: &str) -> bool {
    let mut reader = Reader::new(text);
    reader.skip().and_then(|_| reader.end()).is_ok()
}

fn canonical(text: &str) -> Option<String> {
    let mut reader = Reader::new(text);
    let object = canonical_object(&mut reader).ok()?;
    reader.end().ok()?;
    Some(object)
}

/// Any JSON value, not too deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_is_json_with_or_without_whitespace(value in value()) {
        prop_assert!(is_json(&value.to_string()));
        prop_assert!(is_json(&serde_json::to_string_pretty(&value).unwrap()));
    }

    /// JSON with one character put in, taken out or replaced: most of it is no JSON any more, and the two readers agree on which.
    #[test]
    fn damaged_json_is_judged_as_serde_judges_it(value in value(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:0-9.eE+ \\\\ntfu\u{1}-]?", cut in 0..2usize) {
        let text = value.to_string();
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at].iter().chain(with.chars().collect::<Vec<_>>().iter()).chain(&chars[(at + cut).min(chars.len())..]).collect();
        // serde gives up on numbers that no float can hold; whether a text is JSON does not depend on that.
        let judged = match serde_json::from_str::<&serde_json::value::RawValue>(&damaged) {
            Ok(_) => true,
            Err(error) if error.to_string().contains("out of range") => return Ok(()),
            Err(_) => false,
        };
        prop_assert_eq!(is_json(&damaged), judged, "{}", damaged);
    }

    #[test]
    fn texts_come_back_as_they_were(text in ".*") {
        let json = Value::from(text.clone()).to_string();
        let mut reader = Reader::new(&json);
        let read = reader.string().unwrap();
        prop_assert_eq!(&*read, &text);
        let mut out = super::Writer::with_capacity(8);
        out.text(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&out.into_string()).unwrap(), text);
    }

    #[test]
    fn the_canonical_form_means_the_same_and_is_its_own(members in prop::collection::btree_map(".*", value(), 0..6)) {
        let object = Value::Object(members.into_iter().collect());
        let compact = canonical(&object.to_string()).unwrap();
        let pretty = canonical(&serde_json::to_string_pretty(&object).unwrap()).unwrap();
        prop_assert_eq!(&compact, &pretty);
        let again = canonical(&compact);
        prop_assert_eq!(again.as_ref(), Some(&compact));
        let meant: Value = serde_json::from_str(&object.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&compact).unwrap(), meant);
    }
}

#[test]
fn names_are_sorted_and_escapes_are_one() {
    let text =
        " { \"b\" : 1 , \"a\\u0062\" : [ true , null , -1.50e+3 ] , \"\\u00e4\\/\" : { } , \"A\" : \"\\u0000\\n\" } ";
    assert_eq!(canonical(text).unwrap(), "{\"A\":\"\\u0000\\n\",\"ab\":[true,null,-1.50e+3],\"b\":1,\"ä/\":{}}");
}

#[test]
fn the_same_name_twice_is_refused_however_it_is_written() {
    assert_eq!(canonical("{\"a\":1,\"\\u0061\":2}"), None);
    assert_eq!(canonical("{\"x\":{\"a\":1,\"b\":2,\"a\":1}}"), None);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "{\"a\":[".repeat(depth / 2), "]}".repeat(depth / 2));
    assert!(canonical(&nested(32)).is_some());
    assert!(canonical(&nested(34)).is_none());
    assert!(!is_json(&"[".repeat(1_000_000)));
}
