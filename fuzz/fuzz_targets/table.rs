//! Any blocks as a table, with hashes as they must be: a table or an error, and finding never panics. The first byte of each
//! block says how long it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_journal::Table;
use tocos_journal::blockfile::{self, BlockHeader};
use tocos_journal::sim::SimDisk;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let blocks = std::iter::from_fn(|| {
        let (len, behind) = rest.split_first()?;
        let (block, behind) = behind.split_at_checked(usize::from(*len)).unwrap_or((behind, &[]));
        rest = behind;
        Some(block)
    });
    let disk = SimDisk::new(1);
    let header = BlockHeader { ledger_id: [1; 16], kind: *b"KEYS\0\0\0\x02", event: 9, chain: [2; 32] };
    if blockfile::write(&disk, "table", &header, blocks).is_err() {
        return;
    }
    if let Ok(table) = Table::open(&disk, "table") {
        let _found = table.find(u128::from(table.count()) << 60);
        if let Ok(mut slots) = table.slots(&disk) {
            while let Ok(Some(_slot)) = slots.next_slot() {}
        }
    }
});
