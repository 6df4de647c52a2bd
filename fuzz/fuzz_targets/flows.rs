//! Any bytes as totals of flows: totals that are written as the same bytes, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_ledger::FlowTotals;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(totals) = FlowTotals::decode(bytes) {
        assert_eq!(totals.encode(), bytes);
    }
});
