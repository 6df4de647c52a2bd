//! Walking all slots of a table.

use crate::blockfile::{BlockFileError, BlockReader};
use crate::table::layout::{PAGE_SLOTS, SLOT_BYTES, Summary, add_to_sum, event_in};

/// The slots of a table in ascending order, each verified; see [`crate::Table::slots`].
#[derive(Debug)]
pub struct Slots {
    reader: BlockReader,
    /// How many slots the partitions have that are still to come.
    partitions: std::vec::IntoIter<u32>,
    /// Pages of the partition that are still to be read.
    pages_left: u64,
    page: Vec<u128>,
    next: usize,
    summary: Summary,
    sum: u128,
    count: u64,
    last: u128,
    place: String,
}

impl Slots {
    pub(super) fn new(reader: BlockReader, partitions: Vec<u32>, summary: Summary, place: String) -> Self {
        let partitions = partitions.into_iter();
        Self { reader, partitions, pages_left: 0, page: Vec::new(), next: 0, summary, sum: 0, count: 0, last: 0, place }
    }

    /// The next slot, or nothing behind the last one: then the whole file was as it was written.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::Disk`].
    pub fn next_slot(&mut self) -> Result<Option<u128>, BlockFileError> {
        while self.next == self.page.len() {
            if !self.read_page()? {
                return Ok(None);
            }
        }
        let slot = self.page[self.next];
        self.next += 1;
        Ok(Some(slot))
    }

    fn read_page(&mut self) -> Result<bool, BlockFileError> {
        while self.pages_left == 0 {
            let Some(count) = self.partitions.next() else {
                self.read_end()?;
                return Ok(false);
            };
            if count > 0 {
                self.pages_left = u64::from(count).div_ceil(PAGE_SLOTS);
                self.block()?;
            }
        }
        self.pages_left -= 1;
        let (last, range) = (self.last, self.summary.range);
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        page.extend(self.block()?.as_chunks::<SLOT_BYTES>().0.iter().map(|slot| u128::from_le_bytes(*slot)));
        let in_order = page.first().is_none_or(|first| *first >= last) && page.is_sorted();
        if !in_order || !page.iter().all(|slot| (range.0..=range.1).contains(&event_in(*slot))) {
            return Err(self.damaged());
        }
        self.sum = page.iter().fold(self.sum, |sum, slot| add_to_sum(sum, *slot));
        self.count += page.len() as u64;
        self.last = page.last().copied().unwrap_or(last);
        (self.page, self.next) = (page, 0);
        Ok(true)
    }

    /// The directory, the summary, and the end of the file.
    fn read_end(&mut self) -> Result<(), BlockFileError> {
        self.page.clear();
        self.next = 0;
        while self.reader.next_block()?.is_some() {}
        if self.sum != self.summary.sum || self.count != self.summary.count {
            return Err(self.damaged());
        }
        Ok(())
    }

    fn block(&mut self) -> Result<&[u8], BlockFileError> {
        let damaged = BlockFileError::Damaged { file: self.place.clone(), offset: self.reader.offset() };
        self.reader.next_block()?.ok_or(damaged)
    }

    fn damaged(&self) -> BlockFileError {
        BlockFileError::Damaged { file: self.place.clone(), offset: self.reader.offset() }
    }
}
