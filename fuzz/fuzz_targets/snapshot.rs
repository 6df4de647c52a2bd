//! Any bytes as blocks of a snapshot: a ledger or an error. The first byte of each 256 says how long a block is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_ledger::{Ledger, SnapshotError};

fuzz_target!(|bytes: &[u8]| {
    let blocks = bytes.chunks(256).map(|block| Ok::<_, SnapshotError>(block.to_vec()));
    if let Ok(ledger) = Ledger::from_blocks([1; 16], blocks) {
        let again: Vec<_> = ledger.state().blocks().collect();
        assert!(!again.is_empty());
    }
});
