//! Any bytes as a record and its blob: an event or an error, and an event encodes to what it was read from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_ledger::{Event, RECORD_BYTES};

fuzz_target!(|bytes: &[u8]| {
    let Some((record, blob)) = bytes.split_first_chunk::<RECORD_BYTES>() else { return };
    let Ok(event) = Event::decode(1, 0, record, blob) else { return };
    let mut written = Vec::new();
    let mut scratch = Vec::new();
    let record = event.encode(&mut scratch, |blob| {
        written.extend_from_slice(blob);
        0
    });
    let again = Event::decode(1, 0, &record, &written).expect("what was encoded can be decoded");
    assert_eq!(again, event);
});
