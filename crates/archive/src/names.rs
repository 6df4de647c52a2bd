//! The names of the objects under an archive's prefix. Event numbers have 20 digits, as in the files of a data directory, so that
//! the order of the names is the order of the events.
//!
//! | name | content |
//! |---|---|
//! | `branch-<id>.json` | what a branch is, [`crate::branch::Branch`] |
//! | `<branch>/tail-<first event>.tocos` | a piece of a segment: the segment's header, then whole frames, the first of which begins with that event |
//! | `<branch>/log-<first event>.tocos` | the same of a sealed segment, in as few objects as [`LOG_OBJECT_BYTES`] allows |
//! | `<branch>/snapshot-<event>.tocos`, `<branch>/keys-<from>-<to>.tocos`, `<branch>/over-<from>-<to>.tocos`, `<branch>/mentions-<from>-<to>.tocos` | derived files, as in the data directory |
//!
//! A segment of up to [`LOG_OBJECT_BYTES`] is one `log` object, a larger one is several: the first bears the number of the
//! segment's first event, and each of the others goes on where the one before ends. They are put in this order, behind all tails of
//! the segment, so `log` objects are without gaps as far as there are any. Like this each of them is put in one request that only
//! succeeds if the name is free, and needs little memory. No store can do that for an object that is put in parts.

use std::fmt;

use crate::branch::BranchId;

/// The bytes that a `log` object has at most, except that a larger frame gets an object of its own.
pub const LOG_OBJECT_BYTES: u64 = 2 << 20;
/// The bytes that a `tail` object has at most, except that a larger frame gets an object of its own.
pub const TAIL_OBJECT_BYTES: u64 = 8 << 20;

/// What an object of a branch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Frames of a sealed segment; the number of the first event.
    Log(u64),
    /// Frames; the number of the first event.
    Tail(u64),
    /// The state after an event.
    Snapshot(u64),
    /// A table of idempotency keys: the first and the last event.
    Keys(u64, u64),
    /// A table of what is over: the first and the last event.
    Over(u64, u64),
    /// A table of what events mention: the first and the last event.
    Mentions(u64, u64),
}

impl Name {
    /// The name in its branch, which for all but [`Name::Tail`] can be a name in a data directory.
    #[must_use]
    pub fn file(&self) -> String {
        match self {
            Self::Log(first) => format!("log-{first:020}.tocos"),
            Self::Tail(first) => format!("tail-{first:020}.tocos"),
            Self::Snapshot(event) => format!("snapshot-{event:020}.tocos"),
            Self::Keys(from, to) => format!("keys-{from:020}-{to:020}.tocos"),
            Self::Over(from, to) => format!("over-{from:020}-{to:020}.tocos"),
            Self::Mentions(from, to) => format!("mentions-{from:020}-{to:020}.tocos"),
        }
    }

    /// The event that the name ends with: the last one of a snapshot or a table, the first one of frames.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        match self {
            Self::Log(event)
            | Self::Tail(event)
            | Self::Snapshot(event)
            | Self::Keys(_, event)
            | Self::Over(_, event)
            | Self::Mentions(_, event) => *event,
        }
    }

    /// The name under the archive's prefix.
    #[must_use]
    pub fn in_branch(&self, branch: BranchId) -> String {
        format!("{branch}/{}", self.file())
    }

    /// Reads the name of a file of a branch, or of a data directory; none if it is something else.
    #[must_use]
    pub fn parse(file: &str) -> Option<Self> {
        let (kind, rest) = file.strip_suffix(".tocos")?.split_once('-')?;
        let number = |digits: &str| digits.parse().ok().filter(|number| *number > 0);
        let range = |digits: &str| {
            let (from, to) = digits.split_once('-')?;
            let (from, to) = (number(from)?, number(to)?);
            (from <= to).then_some((from, to))
        };
        let name = match kind {
            "log" => Self::Log(number(rest)?),
            "tail" => Self::Tail(number(rest)?),
            "snapshot" => Self::Snapshot(number(rest)?),
            "keys" => range(rest).map(|(from, to)| Self::Keys(from, to))?,
            "over" => range(rest).map(|(from, to)| Self::Over(from, to))?,
            "mentions" => range(rest).map(|(from, to)| Self::Mentions(from, to))?,
            _ => return None,
        };
        // Only the one spelling, with 20 digits.
        (name.file() == file).then_some(name)
    }

    /// Reads a name under the archive's prefix.
    #[must_use]
    pub fn parse_in_branch(name: &str) -> Option<(BranchId, Self)> {
        let (branch, file) = name.split_once('/')?;
        Some((branch.parse().ok()?, Self::parse(file)?))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file())
    }
}

/// The name of the object that describes a branch.
#[must_use]
pub fn branch_object(branch: BranchId) -> String {
    format!("branch-{branch}.json")
}

/// The branch that an object with this name describes.
#[must_use]
pub fn described_branch(name: &str) -> Option<BranchId> {
    name.strip_prefix("branch-")?.strip_suffix(".json")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let branch = BranchId::from(0x12ab);
        let names = [Name::Log(1), Name::Tail(u64::MAX), Name::Snapshot(7), Name::Keys(1, 9), Name::Over(3, 3)];
        for name in names {
            assert_eq!(Name::parse(&name.file()), Some(name));
            assert_eq!(Name::parse_in_branch(&name.in_branch(branch)), Some((branch, name)));
        }
        assert_eq!(Name::Tail(7).in_branch(branch), "00000000000012ab/tail-00000000000000000007.tocos");
        assert_eq!(described_branch(&branch_object(branch)), Some(branch));
    }

    #[test]
    fn other_names_are_not_ours() {
        let others = [
            "log-1.tocos",
            "log-00000000000000000000.tocos",
            "log-99999999999999999999.tocos",
            "log-00000000000000000001.tocos.part",
            "tail-+0000000000000000001.tocos",
            "keys-00000000000000000009-00000000000000000001.tocos",
            "index-00000000000000000001.tocos",
            "lock",
        ];
        for other in others {
            assert_eq!(Name::parse(other), None, "{other}");
        }
        assert_eq!(described_branch("branch-12AB.json"), None);
        assert_eq!(described_branch("branch-00000000000012AB.json"), None);
        assert_eq!(Name::parse_in_branch("x/log-00000000000000000001.tocos"), None);
    }
}
