//! Finding what a hash names.

use std::sync::{Arc, OnceLock};

use crate::blockfile::{
    BLOCK_HEADER_BYTES, BlockFileError, BlockHeader, BlockReader, END_BYTES, read_block, will_read_block,
};
use crate::disk::{Disk, DiskFile};
use crate::table::filter::{self, FILTER_BLOCK_BYTES, FilterBlock};
use crate::table::layout::{
    BLOCK_FRAME_BYTES, DIRECTORY_ENTRY_BYTES, PAGE_SLOTS, SLOT_BYTES, SUMMARY_BYTES, Summary, TABLE_EVENT_MAX,
    event_in, filter_blocks, hash_in, head, header_bytes, partition_bytes, partition_of, partitions_of, slot,
};
use crate::table::slots::Slots;

/// An open table. What it needs in memory of a partition is read when the first hash of that is asked for.
#[derive(Debug)]
pub struct Table {
    name: String,
    place: String,
    file: Arc<dyn DiskFile>,
    header: BlockHeader,
    summary: Summary,
    partitions: Box<[Partition]>,
}

#[derive(Debug)]
struct Partition {
    offset: u64,
    count: u32,
    header: OnceLock<PartitionHeader>,
}

/// What of a partition is kept in memory.
#[derive(Debug)]
struct PartitionHeader {
    filter: Box<[FilterBlock]>,
    /// The heads of its pages.
    pages: Box<[u64]>,
}

/// Whether each partition begins where the one before ends, the first behind the header, and the directory behind the last.
fn follow_each_other(partitions: &[Partition], summary: &Summary) -> bool {
    let end = partitions.iter().try_fold(BLOCK_HEADER_BYTES as u64, |at, partition| {
        (partition.offset == at).then(|| at + partition_bytes(u64::from(partition.count), summary.bits_per_slot))
    });
    end == Some(summary.directory_at)
}

impl Table {
    /// Opens a table and reads its directory. Whether it is of this ledger is for the caller to compare.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::NewerVersion`], [`BlockFileError::Disk`].
    pub fn open(disk: &dyn Disk, name: &str) -> Result<Self, BlockFileError> {
        let place = disk.place(name);
        let damaged = |offset| BlockFileError::Damaged { file: place.clone(), offset };
        let failed = |source| BlockFileError::Disk { doing: "reading", place: place.clone(), source };
        let header = *BlockReader::open(disk, name)?.header();
        let file = disk.open(name).map_err(failed)?;
        let len = file.len().map_err(failed)?;
        let summary_at = len.checked_sub(END_BYTES + SUMMARY_BYTES as u64 + BLOCK_FRAME_BYTES);
        let summary_at = summary_at.ok_or_else(|| damaged(len))?;
        let summary = read_block(&*file, &place, summary_at, SUMMARY_BYTES)?;
        let summary = Summary::decode(&summary).filter(|summary| {
            let directory = summary
                .directory_at
                .checked_add(u64::from(summary.partitions) * DIRECTORY_ENTRY_BYTES as u64 + BLOCK_FRAME_BYTES);
            directory == Some(summary_at)
                && u64::from(summary.partitions) == partitions_of(summary.count)
                && (1..=summary.range.1).contains(&summary.range.0)
                && summary.range.1 <= TABLE_EVENT_MAX
                && summary.range.1 == header.event
                && summary.bits_per_slot <= 64
        });
        let summary = summary.ok_or_else(|| damaged(summary_at))?;
        let directory_bytes = summary.partitions as usize * DIRECTORY_ENTRY_BYTES;
        let directory = read_block(&*file, &place, summary.directory_at, directory_bytes)?;
        let partitions: Box<[Partition]> = directory
            .as_chunks::<DIRECTORY_ENTRY_BYTES>()
            .0
            .iter()
            .map(|entry| Partition {
                offset: u64::from_le_bytes(std::array::from_fn(|at| entry[at])),
                count: u32::from_le_bytes(std::array::from_fn(|at| entry[8 + at])),
                header: OnceLock::new(),
            })
            .collect();
        let slots: u64 = partitions.iter().map(|partition| u64::from(partition.count)).sum();
        if slots != summary.count || !follow_each_other(&partitions, &summary) {
            return Err(damaged(summary.directory_at));
        }
        Ok(Self { name: name.to_owned(), place, file, header, summary, partitions })
    }

    /// Its file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file as an operator finds it, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What its file says about itself.
    #[must_use]
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The first and the last event it covers.
    #[must_use]
    pub fn range(&self) -> (u64, u64) {
        self.summary.range
    }

    /// How many slots it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.summary.count
    }

    /// The sum of its slots; see [`crate::add_to_sum`].
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.summary.sum
    }

    /// The bytes of memory that its filters and the heads of its pages take once all of them have been read.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let partitions = self.partitions.iter();
        let headers: usize = partitions.map(|one| header_bytes(u64::from(one.count), self.summary.bits_per_slot)).sum();
        (headers + size_of_val(&*self.partitions)) as u64
    }

    /// The last event that this hash names, if it names any. Reads the disk only if its filter has something like it.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::Disk`]: then it is not known.
    pub fn find(&self, hash: u128) -> Result<Option<u64>, BlockFileError> {
        let wanted = slot(hash, TABLE_EVENT_MAX);
        let Some((partition, header)) = self.candidate(hash)? else { return Ok(None) };
        // The last page that begins at or before the slot. Pages with one head are rare: then the one before may have it.
        let mut behind = header.pages.partition_point(|page| *page <= head(wanted));
        while let Some(page) = behind.checked_sub(1) {
            if let Some(found) = self.find_in_page(partition, page as u64, wanted)? {
                return Ok((hash_in(found) == hash).then(|| event_in(found)));
            }
            behind = page;
        }
        Ok(None)
    }

    /// The events after event `after` that this hash names, in ascending order, `limit` of them at most.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::Disk`]: then it is not known.
    pub fn find_after(&self, hash: u128, after: u64, limit: usize) -> Result<Vec<u64>, BlockFileError> {
        let mut found = Vec::new();
        if after >= self.summary.range.1 {
            return Ok(found);
        }
        let Some((partition, header)) = self.candidate(hash)? else { return Ok(found) };
        let (from, to) = (slot(hash, after + 1), slot(hash, TABLE_EVENT_MAX));
        for page in self.first_page(partition, header, from)?..header.pages.len() {
            if header.pages[page] > head(to) {
                break;
            }
            let (offset, slots) = self.page(partition, page as u64);
            let bytes = read_block(&*self.file, &self.place, offset, slots * SLOT_BYTES)?;
            let slots = bytes.as_chunks::<SLOT_BYTES>().0.iter().map(|slot| u128::from_le_bytes(*slot));
            for slot in slots.skip_while(|slot| *slot < from) {
                if slot > to || found.len() == limit {
                    return Ok(found);
                }
                found.push(event_in(slot));
            }
        }
        Ok(found)
    }

    /// The page that may be the first to end behind a slot: the last that begins at or before it.
    fn first_page(
        &self,
        partition: &Partition,
        header: &PartitionHeader,
        wanted: u128,
    ) -> Result<usize, BlockFileError> {
        // Heads do not tell the pages of one hash apart: their first slots are read, by halves.
        let mut low = header.pages.partition_point(|page| *page < head(wanted));
        let mut high = header.pages.partition_point(|page| *page <= head(wanted));
        while low < high {
            let middle = low.midpoint(high);
            let (offset, slots) = self.page(partition, middle as u64);
            let bytes = read_block(&*self.file, &self.place, offset, slots * SLOT_BYTES)?;
            let first = bytes.as_chunks::<SLOT_BYTES>().0.first().map_or(0, |slot| u128::from_le_bytes(*slot));
            if first <= wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// Whether finding a hash will read the disk: only if the filter has something like it. If so, the disk begins to fetch what will
    /// be read. Asked of many hashes before the first is looked for, their reads take the time of few.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::Disk`].
    pub fn prepare(&self, hash: u128) -> Result<bool, BlockFileError> {
        let wanted = slot(hash, TABLE_EVENT_MAX);
        let Some((partition, header)) = self.candidate(hash)? else { return Ok(false) };
        let behind = header.pages.partition_point(|page| *page <= head(wanted));
        let Some(page) = behind.checked_sub(1) else { return Ok(false) };
        let (offset, slots) = self.page(partition, page as u64);
        will_read_block(&*self.file, offset, slots * SLOT_BYTES);
        Ok(true)
    }

    /// The partition that may have a hash.
    fn candidate(&self, hash: u128) -> Result<Option<(&Partition, &PartitionHeader)>, BlockFileError> {
        let at = partition_of(slot(hash, TABLE_EVENT_MAX), u64::from(self.summary.partitions)) as usize;
        let Some(partition) = self.partitions.get(at).filter(|partition| partition.count > 0) else { return Ok(None) };
        let header = self.partition_header(partition)?;
        Ok(filter::may_have(&header.filter, hash).then_some((partition, header)))
    }

    /// The last slot of a page that is not above the one wanted.
    fn find_in_page(&self, partition: &Partition, page: u64, wanted: u128) -> Result<Option<u128>, BlockFileError> {
        let (offset, slots) = self.page(partition, page);
        let bytes = read_block(&*self.file, &self.place, offset, slots * SLOT_BYTES)?;
        let slots = bytes.as_chunks::<SLOT_BYTES>().0;
        let behind = slots.partition_point(|slot| u128::from_le_bytes(*slot) <= wanted);
        Ok(behind.checked_sub(1).map(|at| u128::from_le_bytes(slots[at])))
    }

    /// Where a page's block is, and how many slots it has.
    fn page(&self, partition: &Partition, page: u64) -> (u64, usize) {
        let count = u64::from(partition.count);
        let slots = PAGE_SLOTS.min(count - page * PAGE_SLOTS);
        let page_bytes = PAGE_SLOTS * SLOT_BYTES as u64 + BLOCK_FRAME_BYTES;
        let first = partition.offset + header_bytes(count, self.summary.bits_per_slot) as u64 + BLOCK_FRAME_BYTES;
        (first + page * page_bytes, slots as usize)
    }

    fn partition_header<'t>(&'t self, partition: &'t Partition) -> Result<&'t PartitionHeader, BlockFileError> {
        if let Some(header) = partition.header.get() {
            return Ok(header);
        }
        let (count, bits) = (u64::from(partition.count), self.summary.bits_per_slot);
        let bytes = read_block(&*self.file, &self.place, partition.offset, header_bytes(count, bits))?;
        let (filter, pages) = bytes.split_at(filter_blocks(count, bits) as usize * FILTER_BLOCK_BYTES);
        let words = |block: &[u8; FILTER_BLOCK_BYTES]| {
            let words = block.as_chunks::<4>().0;
            FilterBlock(std::array::from_fn(|at| u32::from_le_bytes(words[at])))
        };
        let header = PartitionHeader {
            filter: filter.as_chunks().0.iter().map(words).collect(),
            pages: pages.as_chunks().0.iter().map(|head| u64::from_le_bytes(*head)).collect(),
        };
        Ok(partition.header.get_or_init(|| header))
    }

    /// The block of the filter that tells whether this hash may be there. None where it was not read yet, or there is none: then
    /// it may.
    #[must_use]
    pub fn filter_block(&self, hash: u128) -> Option<&FilterBlock> {
        let at = partition_of(slot(hash, 0), u64::from(self.summary.partitions)) as usize;
        let blocks = &self.partitions.get(at)?.header.get()?.filter;
        blocks.get(filter::block_of(hash, blocks.len()))
    }

    /// Reads what it needs in memory of its partitions, one with each step, so that the requests to come need not.
    pub fn warm_up(&self) -> impl Iterator<Item = Result<(), BlockFileError>> {
        let filled = self.partitions.iter().filter(|partition| partition.count > 0);
        filled.map(|partition| self.partition_header(partition).map(|_header| ()))
    }

    /// All slots in order, read and verified from the first byte of the file to the last.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn slots(&self, disk: &dyn Disk) -> Result<Slots, BlockFileError> {
        let reader = BlockReader::open(disk, &self.name)?;
        let counts = self.partitions.iter().map(|partition| partition.count).collect();
        Ok(Slots::new(reader, counts, self.summary, self.place.clone()))
    }
}
