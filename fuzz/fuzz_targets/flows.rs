//! Any bytes as totals of flows: totals that are written as the same bytes, or an error. And as a record with its blob: the flows of
//! an event are the same whether it is decoded or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_ledger::{CoinId, Event, Flow, FlowTotals};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(totals) = FlowTotals::decode(bytes) {
        assert_eq!(totals.encode(), bytes);
    }
    let Some((record, blob)) = bytes.split_first_chunk::<64>() else { return };
    let mut read = Vec::new();
    let is_read = Event::read_flows(7, record, blob, |_| Some(CoinId(0)), |flow| read.push(*flow)).is_ok();
    if let Ok(event) = Event::decode(1, 7, record, blob) {
        let flows: Vec<Flow> = event.flows(|_| Some(CoinId(0))).into_iter().flatten().collect();
        assert!(is_read && flows.len() == read.len(), "{event:?}");
    }
});
