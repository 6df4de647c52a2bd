//! Filters: whether a hash may be in a partition, told by one line of the cache.
//!
//! A split block Bloom filter as Apache Parquet defines it (<https://parquet.apache.org/docs/file-format/bloomfilter/>):
//! blocks of eight words of 32 bits; each hash sets one bit in each word of one block. With 14 bits a hash one
//! in some 350 that are not there passes.

pub(super) const FILTER_BLOCK_BYTES: usize = 32;

const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// One half of a line of the cache, and never parts of two.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
pub struct FilterBlock(pub(super) [u32; 8]);

const _: () = assert!(size_of::<FilterBlock>() == FILTER_BLOCK_BYTES);

impl FilterBlock {
    /// Something of it: asking many for this at once lets the processor wait for all of them together.
    #[must_use]
    #[inline]
    pub fn touch(&self) -> u32 {
        self.0[0]
    }

    /// Whether the hash of these bits may have been inserted, if this is its block.
    #[must_use]
    #[inline]
    pub fn may_have(&self, bits: &FilterBits) -> bool {
        // All words are looked at, without a branch for each.
        self.0.iter().zip(bits.0).fold(0, |missing, (word, bit)| missing | (bit & !word)) == 0
    }
}

/// The bits that a hash sets in its block, the same in each filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilterBits([u32; 8]);

impl FilterBits {
    /// Those of a hash.
    #[must_use]
    #[inline]
    pub fn of(hash: u128) -> Self {
        let low = hash as u32;
        Self(SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 27)))
    }
}

/// The block of a hash, of so many.
#[inline]
pub(super) fn block_of(hash: u128, blocks: usize) -> usize {
    // Above the bits that choose the bits in the block, below those that choose the partition.
    ((u64::from((hash >> 16) as u32) * blocks as u64) >> 32) as usize
}

#[inline]
pub(super) fn insert(blocks: &mut [FilterBlock], hash: u128) {
    let at = block_of(hash, blocks.len());
    for (word, bit) in blocks[at].0.iter_mut().zip(FilterBits::of(hash).0) {
        *word |= bit;
    }
}

/// Whether the hash may have been inserted. A filter without blocks says that it may.
#[inline]
pub(super) fn may_have(blocks: &[FilterBlock], hash: u128) -> bool {
    blocks.get(block_of(hash, blocks.len())).is_none_or(|block| block.may_have(&FilterBits::of(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes as even as those of keys are.
    fn hashes(from: u64, count: u64) -> impl Iterator<Item = u128> {
        (from..from + count).map(|number| {
            let hash = blake3::hash(&number.to_le_bytes());
            u128::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at])) >> 48
        })
    }

    #[test]
    fn what_was_inserted_passes_and_one_in_350_of_the_others() {
        let count = 1 << 15;
        let mut blocks = vec![FilterBlock::default(); (count as usize * 14).div_ceil(256)];
        for hash in hashes(0, count) {
            insert(&mut blocks, hash);
        }
        assert!(hashes(0, count).all(|hash| may_have(&blocks, hash)));
        let passed = hashes(count, 100_000).filter(|hash| may_have(&blocks, *hash)).count();
        assert!((200..400).contains(&passed), "{passed} of 100,000");
    }

    #[test]
    fn a_filter_without_blocks_lets_all_pass() {
        assert!(may_have(&[], 7));
    }
}
