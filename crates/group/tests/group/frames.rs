//! Frames of the model ledger: events that apply an amount under a key, and events that say who leads.

use bytes::Bytes;
use tocos_group::LocalFrame;
use tocos_sharedlog::{Hash, Identity};

pub(crate) fn identity() -> Identity {
    Identity { ledger: "test".to_owned(), ledger_id: [7; 16], seed: [9; 16] }
}

/// The hash at the start of the log.
pub(crate) fn start() -> Hash {
    *blake3::hash(&identity().ledger_id).as_bytes()
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Op {
        key: u64,
        amount: u64,
    },
    /// Says who leads and since when, so that no two of them are the same, even under one epoch (where the engine forgot a lease).
    Lead {
        epoch: u64,
        by: u64,
    },
}

/// The events of a frame as its bytes say, in front of them what comes before it.
pub(crate) fn encode(prev: Hash, first_event: u64, durable: u64, events: &[Event]) -> LocalFrame {
    let mut bytes = prev.to_vec();
    bytes.extend(first_event.to_le_bytes());
    bytes.extend(durable.to_le_bytes());
    for event in events {
        let (tag, a, b) = match event {
            Event::Op { key, amount } => (1, *key, *amount),
            Event::Lead { epoch, by } => (2, *epoch, *by),
        };
        bytes.push(tag);
        bytes.extend(a.to_le_bytes());
        bytes.extend(b.to_le_bytes());
    }
    let hash = *blake3::hash(&bytes).as_bytes();
    let last_event = first_event + events.len() as u64 - 1;
    LocalFrame { first_event, last_event, prev, hash, durable, bytes: bytes.into() }
}

/// Takes a frame apart; none if it is damaged.
pub(crate) fn decode(bytes: &Bytes) -> Option<(LocalFrame, Vec<Event>)> {
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let prev = bytes.get(..32)?.try_into().ok()?;
    let (first_event, durable) = (number(32)?, number(40)?);
    let mut events = Vec::new();
    for at in (48..bytes.len()).step_by(17) {
        let (a, b) = (number(at + 1)?, number(at + 9)?);
        events.push(match bytes[at] {
            1 => Event::Op { key: a, amount: b },
            2 => Event::Lead { epoch: a, by: b },
            _ => return None,
        });
    }
    let last_event = (first_event + events.len() as u64).checked_sub(1)?;
    let hash = *blake3::hash(bytes).as_bytes();
    let frame = LocalFrame { first_event, last_event, prev, hash, durable, bytes: bytes.clone() };
    (!events.is_empty()).then_some((frame, events))
}

#[test]
fn a_frame_that_was_encoded_is_decoded() {
    let events = [Event::Lead { epoch: 3, by: 4 }, Event::Op { key: 1, amount: 2 }];
    let frame = encode(start(), 5, 4, &events);
    assert_eq!(decode(&frame.bytes), Some((frame.clone(), events.to_vec())));
    assert_eq!(decode(&frame.bytes.slice(..50)), None);
}
