//! A growing array in chunks that are shared between clones until one of them writes.

use std::hint::black_box;
use std::sync::Arc;

/// Rows in a chunk. A write after a clone copies one chunk: at most about 24 KiB.
const CHUNK: usize = 512;

#[derive(Clone, Debug)]
pub(crate) struct Chunked<T> {
    chunks: Vec<Arc<[T]>>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone + Default> Chunked<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Row `at`, which must exist.
    #[inline]
    pub(crate) fn get(&self, at: u32) -> &T {
        let at = at as usize;
        &self.chunks[at / CHUNK][at % CHUNK]
    }

    /// Row `at` if it exists: for numbers that come from outside.
    #[inline]
    pub(crate) fn find(&self, at: u32) -> Option<&T> {
        ((at as usize) < self.len).then(|| self.get(at))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: u32) -> &mut T {
        let at = at as usize;
        &mut Arc::make_mut(&mut self.chunks[at / CHUNK])[at % CHUNK]
    }

    /// Prefetches what writing row `at` reads first: whether its chunk is shared.
    #[inline]
    pub(crate) fn touch(&self, at: u32) {
        black_box(self.chunks.get(at as usize / CHUNK).map(Arc::strong_count));
    }

    pub(crate) fn push(&mut self, row: T) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push((0..CHUNK).map(|_| T::default()).collect());
        }
        let at = self.len;
        self.len += 1;
        Arc::make_mut(&mut self.chunks[at / CHUNK])[at % CHUNK] = row;
    }

    /// Adds rows: whether a chunk is shared is asked once for each chunk.
    pub(crate) fn extend(&mut self, rows: Vec<T>) {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let at = self.len % CHUNK;
            let count = rows.len().min(CHUNK - at);
            if self.len == self.chunks.len() * CHUNK {
                self.chunks.push((0..CHUNK).map(|_| rows.next().unwrap_or_default()).collect());
            } else {
                let chunk = Arc::make_mut(&mut self.chunks[self.len / CHUNK]);
                for (place, row) in chunk[at..].iter_mut().zip(rows.by_ref().take(count)) {
                    *place = row;
                }
            }
            self.len += count;
        }
    }

    /// Takes the last rows away again, down to `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        for at in len..self.len {
            Arc::make_mut(&mut self.chunks[at / CHUNK])[at % CHUNK] = T::default();
        }
        self.len = self.len.min(len);
        self.chunks.truncate(self.len.div_ceil(CHUNK));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).take(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_added_one_by_one_and_many_at_once_and_clones_keep_theirs(
            steps in prop::collection::vec((any::<bool>(), 0..1_500usize), 0..8)
        ) {
            let (mut chunked, mut model) = (Chunked::default(), Vec::new());
            for (is_at_once, count) in steps {
                let (shared, before) = (chunked.clone(), model.clone());
                let rows: Vec<usize> = (model.len()..model.len() + count).collect();
                model.extend(&rows);
                if is_at_once {
                    chunked.extend(rows);
                } else {
                    rows.into_iter().for_each(|row| chunked.push(row));
                }
                prop_assert_eq!(chunked.len(), model.len());
                prop_assert_eq!(chunked.iter().copied().collect::<Vec<_>>(), model.clone());
                prop_assert!(model.last().is_none_or(|last| chunked.get(*last as u32) == last));
                prop_assert_eq!(shared.iter().copied().collect::<Vec<_>>(), before);
            }
        }
    }
}
