//! The files with the flows of segments, added up by day.

use super::walk::flows_of_frame;
use std::io::ErrorKind;
use tocos_journal::blockfile::{self, BlockFileError, BlockHeader, BlockReader};
use tocos_journal::{Disk, FrameView, segment_start};
use tocos_ledger::{AccountId, FlowTotals, Ledger, Micros};

/// What the files say they are.
pub(super) const KIND: [u8; 8] = *b"FLOWS\0\0\x02";
/// What a file that can't be used is called from then on.
const SET_ASIDE: &str = ".damaged";

/// What a summary holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// The time of the first event.
    pub(super) began_at: Micros,
    /// The flows of the events.
    pub(super) totals: FlowTotals,
}

/// What became of reading a summary.
pub(super) enum Found {
    Good(Summary),
    Missing,
    /// The system refused to read it, which may work the next time.
    Unreadable(String),
    /// It is damaged, or of another log.
    Unusable(String),
}

/// The name of the summary of the events up to one, which is the last of a segment.
fn name_of(last: u64) -> String {
    format!("flows-{last:020}.tocos")
}

/// The last event of the summary that has this name.
fn last_of_name(name: &str) -> Option<u64> {
    let last = name.strip_prefix("flows-")?.strip_suffix(".tocos")?.parse().ok()?;
    (name_of(last) == name).then_some(last)
}

/// Reads the summary that has this header.
pub(super) fn read(disk: &dyn Disk, header: &BlockHeader) -> Found {
    match open(disk, header.event) {
        Ok((found, summary)) if found == *header => Found::Good(summary),
        Ok((found, _)) if found.ledger_id != header.ledger_id => Found::Unusable("it is of another ledger".to_owned()),
        Ok(_) => Found::Unusable("no segment of the log ends as it says".to_owned()),
        Err(BlockFileError::Disk { source, .. }) if source.kind() == ErrorKind::NotFound => Found::Missing,
        Err(error @ BlockFileError::Disk { .. }) => Found::Unreadable(error.to_string()),
        Err(error) => Found::Unusable(error.to_string()),
    }
}

fn open(disk: &dyn Disk, last: u64) -> Result<(BlockHeader, Summary), BlockFileError> {
    let name = name_of(last);
    let damaged = || BlockFileError::Damaged { file: disk.place(&name), offset: blockfile::BLOCK_HEADER_BYTES as u64 };
    let mut reader = BlockReader::open(disk, &name)?;
    let header = *reader.header();
    if header.kind != KIND || header.event != last {
        return Err(damaged());
    }
    let summary = reader.next_block()?.and_then(decode).ok_or_else(damaged)?;
    if reader.next_block()?.is_some() {
        return Err(damaged());
    }
    Ok((header, summary))
}

fn decode(block: &[u8]) -> Option<Summary> {
    let (began_at, totals) = block.split_first_chunk::<8>()?;
    Some(Summary { began_at: Micros::from_le_bytes(*began_at), totals: FlowTotals::decode(totals).ok()? })
}

/// Writes a summary. An error is in words.
pub(super) fn write(disk: &dyn Disk, header: &BlockHeader, summary: &Summary) -> Result<(), String> {
    let mut block = summary.began_at.to_le_bytes().to_vec();
    block.extend(summary.totals.encode());
    let written = blockfile::write(disk, &name_of(header.event), header, [block]);
    written.map(|_bytes| ()).map_err(|error| error.to_string())
}

/// Sets a summary aside, and says so in words.
pub(super) fn set_aside(disk: &dyn Disk, header: &BlockHeader, reason: &str) -> String {
    let name = name_of(header.event);
    let aside = format!("{name}{SET_ASIDE}");
    let place = disk.place(&name);
    match disk.rename(&name, &aside).and_then(|()| disk.sync_dir()) {
        Ok(()) => format!(
            "{place} can't be used: {reason}. It is now called {aside} and is made again from the log; remove it when you like"
        ),
        Err(error) => format!("{place} can't be used: {reason}. It is replaced: setting it aside failed: {error}"),
    }
}

/// A summary of a directory, and what the log says that it holds.
pub(crate) struct Compared {
    /// Its file, for messages.
    pub(crate) place: String,
    header: BlockHeader,
    summary: Summary,
    counted: Summary,
    /// The first event of the segment that ends with it.
    first: u64,
    is_of_log: bool,
}

/// The summaries of a directory that can be compared with the events behind one: those of whole segments behind it. One
/// that belongs to no segment is left out: nobody believes it. An error names a file that can't be read, and why.
pub(crate) fn compared(
    disk: &dyn Disk,
    names: &[String],
    (ledger_id, after): ([u8; 16], u64),
) -> Result<Vec<Compared>, (String, String)> {
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| segment_start(name)).collect();
    firsts.sort_unstable();
    let mut found = Vec::new();
    for (name, last) in names.iter().filter_map(|name| Some((name, last_of_name(name)?))) {
        let place = disk.place(name);
        let (header, summary) = open(disk, last).map_err(|error| (place.clone(), error.to_string()))?;
        if header.ledger_id != ledger_id {
            return Err((place, "it is of another ledger".to_owned()));
        }
        let segment = firsts.windows(2).find(|pair| pair[1] - 1 == last).map(|pair| pair[0]);
        if let Some(first) = segment.filter(|first| *first > after) {
            let counted = Summary::default();
            found.push(Compared { place, header, summary, counted, first, is_of_log: false });
        }
    }
    Ok(found)
}

impl Compared {
    /// Adds what a frame's events give, once they are applied.
    pub(crate) fn add(&mut self, ledger: &Ledger, frame: &FrameView<'_>) -> Result<(), String> {
        let range = (self.first, self.header.event);
        if frame.last() < range.0 || frame.first() > range.1 {
            return Ok(());
        }
        if frame.first() == range.0 {
            self.counted.began_at = frame.at_us();
        }
        self.is_of_log |= self.header.event == frame.last() && self.header.chain == frame.hash();
        let state = ledger.state();
        let coin_of = |account: usize| {
            let id = u32::try_from(account).ok().filter(|_| account < state.account_count())?;
            Some(state.account(AccountId(id)).coin)
        };
        let totals = &mut self.counted.totals;
        flows_of_frame(frame, range, coin_of, |flow| totals.add(flow)).map_err(|(_, reason)| reason)
    }

    /// In what way it differs from the log, if it does.
    pub(crate) fn difference(&self) -> Option<&'static str> {
        if !self.is_of_log {
            return Some("no segment of the log ends as it says");
        }
        (self.summary != self.counted).then_some("it says other flows than the log gives")
    }
}
