//! Old keys that leave the memory between the time they were looked up ahead and the time a batch is decided.

use super::Ahead;
use crate::open::{EngineOptions, Recovered, recover};
use crate::snapshot;
use crate::tables::{TableOptions, Tables};
use crate::throttle::Throttle;
use crate::writer::{Batch, Writer};
use std::ops::Range;
use std::sync::Arc;
use tocos_journal::sim::SimDisk;
use tocos_journal::{Appender, Disk, NewLedger};
use tocos_ledger::{Ledger, Operation, Request};

/// So many that the keys before them leave the memory: more than there is room for in it at first.
const KEYS: u64 = 15_000;

/// Puts a user under each of these keys, looked up ahead in these tables. Returns how many were replayed.
fn put(writer: &mut Writer, tables: &Tables, numbers: Range<u64>) -> usize {
    let names: Vec<String> = numbers.map(|number| format!("name-{number}")).collect();
    let put = |name| Operation::PutUser { user: name, name: None };
    let request = |name| Request { operation: put(name), key: Some(name), metadata: None, reference: None, by: 0 };
    let requests: Vec<_> = names.iter().map(|name| request(name)).collect();
    let ahead = Ahead::of(&requests, writer.ledger.key_hasher(), tables);
    let results = writer.submit_batch((&requests, ahead), Batch::default(), |_, _| ()).unwrap();
    results.into_iter().filter(|result| result.as_ref().unwrap().replayed).count()
}

fn commit(writer: &mut Writer, appender: &mut Appender) {
    let frame = writer.seal().unwrap();
    appender.append(&frame).unwrap();
    writer.advance_durable(frame.last());
}

#[test]
fn a_key_is_known_though_it_left_the_memory_after_it_was_looked_up() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let options = EngineOptions {
        test_clock: true,
        tables: TableOptions { keys_in_memory: 20, unit_keys: 16 },
        ..EngineOptions::new("/nowhere")
    };
    let new = NewLedger { ledger_id: *b"TEST\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07", seed: [9; 16] };
    let Recovered { parts, mut appender, .. } = recover(Arc::clone(&disk), &options, Some(new)).unwrap();
    let mut writer = parts.writer;
    let none = Arc::clone(writer.tables());
    assert_eq!(put(&mut writer, &none, 0..KEYS), 0);
    commit(&mut writer, &mut appender);
    // This batch looks its keys up now, when all are in memory and no table tells of them.
    let throttle = Throttle::default();
    throttle.lift();
    let range = (1, writer.last_event());
    let tables = snapshot::make_tables(&*disk, &parts.reader, &Ledger::new([9; 16]), range, &throttle).unwrap();
    drop(writer.add_tables(&tables));
    let newest = Arc::clone(writer.tables());
    assert_eq!(put(&mut writer, &newest, KEYS..3 * KEYS), 0);
    commit(&mut writer, &mut appender);
    assert_eq!(writer.ledger.known("name-7"), None, "it is still in memory, and this tests nothing");
    // And it is decided after they left.
    assert_eq!(put(&mut writer, &none, 0..100), 100);
}
