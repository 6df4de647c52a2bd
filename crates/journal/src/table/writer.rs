//! Writing a table from slots in ascending order, holding one partition in memory.

use crate::blockfile::{BlockFileError, BlockHeader, BlockWriter};
use crate::disk::Disk;
use crate::table::filter::{self, FilterBlock};
use crate::table::layout::{
    DIRECTORY_ENTRY_BYTES, PAGE_SLOTS, Summary, add_to_sum, filter_blocks, hash_in, head, header_bytes, partition_of,
    partitions_of,
};

/// What a table will be.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its file's name.
    pub name: String,
    /// What the file says about itself; the event is the last one of the range.
    pub header: BlockHeader,
    /// The first and the last event it covers.
    pub range: (u64, u64),
    /// How many slots it will have.
    pub count: u64,
    /// Bits of the filter for each slot; 0 is no filter, for hashes that are asked for only when they are there.
    pub bits_per_slot: u32,
}

/// A table that is being written. One that is dropped unfinished leaves nothing.
#[derive(Debug)]
pub struct TableWriter<'d> {
    blocks: BlockWriter<'d>,
    spec: TableSpec,
    partitions: u64,
    /// The slots of the partition that is being filled, and which it is.
    slots: Vec<u128>,
    partition: u64,
    directory: Vec<u8>,
    written: u64,
    sum: u128,
    scratch: Vec<u8>,
    filter: Vec<FilterBlock>,
}

impl<'d> TableWriter<'d> {
    /// Begins a table.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`].
    pub fn create(disk: &'d dyn Disk, spec: TableSpec) -> Result<Self, BlockFileError> {
        let blocks = BlockWriter::create(disk, &spec.name, &spec.header)?;
        let partitions = partitions_of(spec.count);
        Ok(Self {
            blocks,
            spec,
            partitions,
            slots: Vec::new(),
            partition: 0,
            directory: Vec::with_capacity(partitions as usize * DIRECTORY_ENTRY_BYTES),
            written: 0,
            sum: 0,
            scratch: Vec::new(),
            filter: Vec::new(),
        })
    }

    /// Adds a slot, which is not below the one before.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`].
    pub fn push(&mut self, slot: u128) -> Result<(), BlockFileError> {
        debug_assert!(self.slots.last().is_none_or(|last| *last <= slot), "slots come in ascending order");
        let partition = partition_of(slot, self.partitions);
        while self.partition < partition {
            self.end_partition()?;
        }
        self.slots.push(slot);
        Ok(())
    }

    fn end_partition(&mut self) -> Result<(), BlockFileError> {
        let slots = std::mem::take(&mut self.slots);
        let count = slots.len() as u64;
        self.directory.extend_from_slice(&self.blocks.offset().to_le_bytes());
        self.directory.extend_from_slice(&(count as u32).to_le_bytes());
        self.directory.extend_from_slice(&[0; 4]);
        if count > 0 {
            self.write_header(&slots)?;
            for page in slots.chunks(PAGE_SLOTS as usize) {
                self.scratch.clear();
                for slot in page {
                    self.scratch.extend_from_slice(&slot.to_le_bytes());
                    self.sum = add_to_sum(self.sum, *slot);
                }
                self.blocks.push(&self.scratch)?;
            }
        }
        self.written += count;
        self.partition += 1;
        self.slots = slots;
        self.slots.clear();
        Ok(())
    }

    fn write_header(&mut self, slots: &[u128]) -> Result<(), BlockFileError> {
        let count = slots.len() as u64;
        self.filter.clear();
        self.filter.resize(filter_blocks(count, self.spec.bits_per_slot) as usize, FilterBlock::default());
        if !self.filter.is_empty() {
            for slot in slots {
                filter::insert(&mut self.filter, hash_in(*slot));
            }
        }
        self.scratch.clear();
        self.scratch.reserve(header_bytes(count, self.spec.bits_per_slot));
        for word in self.filter.iter().flat_map(|block| block.0) {
            self.scratch.extend_from_slice(&word.to_le_bytes());
        }
        for page in slots.chunks(PAGE_SLOTS as usize) {
            self.scratch.extend_from_slice(&head(page[0]).to_le_bytes());
        }
        self.blocks.push(&self.scratch)
    }

    /// Writes the end, and gives the table its name. Returns its size in bytes.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`]. [`BlockFileError::Damaged`] if there were not as many slots as the table was to have.
    pub fn finish(mut self) -> Result<u64, BlockFileError> {
        while self.partition < self.partitions {
            self.end_partition()?;
        }
        if self.written != self.spec.count {
            return Err(BlockFileError::Damaged { file: self.spec.name, offset: self.blocks.offset() });
        }
        let directory_at = self.blocks.offset();
        self.blocks.push(&self.directory)?;
        let summary = Summary {
            range: self.spec.range,
            count: self.spec.count,
            directory_at,
            sum: self.sum,
            bits_per_slot: self.spec.bits_per_slot,
            partitions: self.partitions as u32,
        };
        self.blocks.push(&summary.encode())?;
        self.blocks.finish()
    }
}
