//! Fetching the snapshot and the tables that go with a restored log. All of them could be made again from the log: one that is missing
//! or damaged only makes the next start take longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tocos_journal::{Disk, Hash};

use super::log::UNFINISHED;
use super::{Progress, RestoreError, Stage};
use crate::catalogue::{Catalogue, Part};
use crate::derived::{check, cover};
use crate::fault::{Fault, Faulty};
use crate::names::Name;
use crate::remote::Remote;
use crate::store::Listed;

/// What is fetched, and for which log.
pub(super) struct Fetch<'a> {
    pub(super) remote: &'a Remote,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) ledger_id: [u8; 16],
    /// The hashes of the frames that end with the events of derived files.
    pub(super) ends: &'a BTreeMap<u64, Option<Hash>>,
    pub(super) last_event: u64,
    pub(super) notes: Vec<Faulty>,
}

/// The events of all derived files of a log.
pub(super) fn events(catalogue: &Catalogue, parts: &[Part]) -> BTreeMap<u64, Option<Hash>> {
    catalogue.derived_of(parts).map(|(name, _)| (name.last_event(), None)).collect()
}

impl Fetch<'_> {
    /// All derived files of the log that end in time.
    fn candidates(&self, catalogue: &Catalogue, parts: &[Part]) -> Vec<(Name, Listed)> {
        let is_of_log = |name: Name| {
            let event = name.last_event();
            event <= self.last_event && self.ends.get(&event).is_some_and(Option::is_some)
        };
        let all = catalogue.derived_of(parts).filter(|(name, _)| is_of_log(*name));
        all.map(|(name, listed)| (name, listed.clone())).collect()
    }

    /// Fetches the newest snapshot that is good. Returns its event.
    pub(super) fn snapshot(
        &mut self,
        catalogue: &Catalogue,
        parts: &[Part],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Option<u64>, RestoreError> {
        let mut found = self.candidates(catalogue, parts);
        found.retain(|(name, _)| matches!(name, Name::Snapshot(_)));
        found.sort_by_key(|(name, _)| std::cmp::Reverse(name.last_event()));
        for (name, listed) in &found {
            if self.fetch(*name, listed, progress)? {
                return Ok(Some(name.last_event()));
            }
        }
        Ok(None)
    }

    /// Fetches the tables that tell of the events from 1 on. Returns how many.
    pub(super) fn tables(
        &mut self,
        catalogue: &Catalogue,
        parts: &[Part],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, RestoreError> {
        let found = self.candidates(catalogue, parts);
        let keys: fn(&Name) -> Option<(u64, u64)> = |name| match name {
            Name::Keys(from, to) => Some((*from, *to)),
            _ => None,
        };
        let over: fn(&Name) -> Option<(u64, u64)> = |name| match name {
            Name::Over(from, to) => Some((*from, *to)),
            _ => None,
        };
        let mut count = 0;
        let mentions: fn(&Name) -> Option<(u64, u64)> = |name| match name {
            Name::Mentions(from, to) => Some((*from, *to)),
            _ => None,
        };
        for range_of in [keys, over, mentions] {
            let mut bad = BTreeSet::new();
            'choose: loop {
                let good = found.iter().filter(|(_, listed)| !bad.contains(&listed.name));
                let good: BTreeMap<(u64, u64), &(Name, Listed)> =
                    good.filter_map(|one| Some((range_of(&one.0)?, one))).collect();
                let chosen = cover(good.keys().copied(), self.last_event);
                for range in &chosen {
                    let (name, listed) = good[range];
                    if !self.fetch(*name, listed, progress)? {
                        bad.insert(listed.name.clone());
                        continue 'choose;
                    }
                }
                count += chosen.len() as u64;
                break;
            }
        }
        Ok(count)
    }

    /// Fetches one file, unless it is there. `false` if it is not good; then it is not there.
    fn fetch(&mut self, name: Name, listed: &Listed, progress: &mut dyn FnMut(Progress)) -> Result<bool, RestoreError> {
        let (disk, file) = (Arc::clone(&self.disk), name.file());
        let failed = |source| RestoreError::Disk { place: disk.place(&file), source };
        let event = name.last_event();
        let chain = self.ends.get(&event).copied().flatten();
        let is_there = disk.open(&file).is_ok();
        if is_there && check(&*disk, &file, name, &self.ledger_id, chain).is_ok() {
            return Ok(true);
        }
        let unfinished = format!("{file}{UNFINISHED}");
        let target = disk.create(&unfinished).map_err(failed)?;
        let mut parts = self.remote.download_parts(listed);
        let mut written = 0;
        while let Some(part) = parts.next_object()? {
            target.write_at(&part, written).map_err(failed)?;
            written += part.len() as u64;
            progress(Progress { stage: Stage::Derived, bytes: part.len() as u64, event });
        }
        target.sync().map_err(failed)?;
        let mut checked = check(&*disk, &unfinished, name, &self.ledger_id, chain);
        if written != listed.bytes {
            checked = Err("is missing".to_owned());
        }
        match checked {
            Ok(()) => {
                disk.rename(&unfinished, &file).map_err(failed)?;
                Ok(true)
            }
            Err(reason) => {
                disk.remove(&unfinished).map_err(failed)?;
                self.notes.push(Faulty { object: listed.name.clone(), event, fault: Fault::Derived { reason } });
                Ok(false)
            }
        }
    }
}
