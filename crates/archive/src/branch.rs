//! Branches. A ledger's log in the archive is one line of history until somebody goes on from an older point of it: after a restore,
//! or when a volume was put back to an old copy. What is written from there on is a new branch, with its own folder, which names
//! its parent and the last event that both have. So nobody ever writes into a history that another one goes on with.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tocos_journal::{Disk, Hash, Position, read_note, write_note};

use crate::hex;

/// The version of the branch object that is written, and the only one so far.
const FORMAT: u32 = 1;
/// The file in the data directory that says which branch it writes to.
const RECORD: &str = "archive-branch";

/// Names a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(u64);

impl BranchId {
    /// The first branch of a ledger.
    #[must_use]
    pub fn first_of(ledger_id: &[u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *ledger_id;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// A new one.
    ///
    /// # Errors
    /// If the operating system has no random bytes.
    pub fn random() -> io::Result<Self> {
        Ok(Self(getrandom::u64()?))
    }
}

impl From<u64> for BranchId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for BranchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for BranchId {
    type Err = NotABranch;

    fn from_str(text: &str) -> Result<Self, NotABranch> {
        hex::decode(text).map(|bytes| Self(u64::from_be_bytes(bytes))).ok_or(NotABranch)
    }
}

/// A text is not the id of a branch, or bytes are not the description of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotABranch;

impl fmt::Display for NotABranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a branch has 16 of the digits 0 to 9 and a to f")
    }
}

impl std::error::Error for NotABranch {}

/// Where a branch leaves its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The branch that it leaves.
    pub branch: BranchId,
    /// The end of what both have: the last such event, and the hash of the frame that ends with it.
    pub at: Position,
}

/// A branch, as the object `branch-<id>.json` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The ledger whose log it is.
    pub ledger_id: [u8; 16],
    /// Its id.
    pub id: BranchId,
    /// Where it leaves another; none for the first branch of a ledger.
    pub parent: Option<Parent>,
    /// When it began, in microseconds since 1970 in UTC, by the clock of the machine that began it.
    pub began_at_us: i64,
}

#[derive(Deserialize, Serialize)]
struct ParentText {
    branch: String,
    event: u64,
    hash: String,
}

#[derive(Deserialize, Serialize)]
struct BranchText {
    format: u32,
    ledger: String,
    branch: String,
    parent: Option<ParentText>,
    began_at: String,
}

/// Why an object does not describe a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchFault {
    /// It was written by a newer version.
    NewerFormat(u32),
    /// Something in it is missing or not as it must be.
    Damaged(String),
}

impl fmt::Display for BranchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewerFormat(format) => write!(f, "it was written by a newer version of tocos (format {format})"),
            Self::Damaged(reason) => write!(f, "it describes no branch: {reason}"),
        }
    }
}

impl std::error::Error for BranchFault {}

impl Branch {
    /// The object's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let began_at = jiff::Timestamp::from_microsecond(self.began_at_us).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let text = BranchText {
            format: FORMAT,
            ledger: hex::encode(&self.ledger_id),
            branch: self.id.to_string(),
            parent: self.parent.map(|parent| ParentText {
                branch: parent.branch.to_string(),
                event: parent.at.event,
                hash: hex::encode(&parent.at.chain),
            }),
            began_at: began_at.to_string(),
        };
        // Strings and numbers have no reason to fail.
        let mut bytes = serde_json::to_vec(&text).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads an object.
    ///
    /// # Errors
    /// [`BranchFault`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BranchFault> {
        #[derive(Deserialize)]
        struct FormatOnly {
            format: u32,
        }
        let damaged = |error: serde_json::Error| BranchFault::Damaged(error.to_string());
        let FormatOnly { format } = serde_json::from_slice(bytes).map_err(damaged)?;
        if format > FORMAT {
            return Err(BranchFault::NewerFormat(format));
        }
        let text: BranchText = serde_json::from_slice(bytes).map_err(damaged)?;
        let field = |name: &str| BranchFault::Damaged(format!("{name} is not as it must be"));
        let parent = text.parent.map(|parent| {
            let branch = parent.branch.parse().map_err(|_| field("parent.branch"))?;
            let chain = hex::decode(&parent.hash).ok_or_else(|| field("parent.hash"))?;
            Ok(Parent { branch, at: Position { event: parent.event, chain } })
        });
        let began_at: jiff::Timestamp = text.began_at.parse().map_err(|_| field("began_at"))?;
        Ok(Self {
            ledger_id: hex::decode(&text.ledger).ok_or_else(|| field("ledger"))?,
            id: text.branch.parse().map_err(|_| field("branch"))?,
            parent: parent.transpose()?,
            began_at_us: began_at.as_microsecond(),
        })
    }

    /// Where its log starts: behind what it shares with its parent, or at the start of the ledger.
    #[must_use]
    pub fn root(&self) -> Position {
        self.parent.map_or_else(|| Position::start(&self.ledger_id), |parent| parent.at)
    }
}

/// Which branch a data directory writes to: the file `archive-branch` in it, lines of text. Without the file it is the first
/// branch of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalRecord {
    /// The branch.
    pub branch: BranchId,
    /// Where it leaves its parent; none for the first branch of a ledger.
    pub parent: Option<Parent>,
}

impl LocalRecord {
    /// Reads the record of a data directory, if it has one.
    ///
    /// # Errors
    /// If the file can't be read, or is not such a record.
    pub fn read(disk: &dyn Disk) -> io::Result<Option<Self>> {
        let Some(bytes) = read_note(disk, RECORD)? else { return Ok(None) };
        let parsed = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "it is not the record of a branch");
        parsed.map(Some).ok_or_else(malformed)
    }

    /// That of a directory that goes on writing to a branch.
    #[must_use]
    pub fn of(branch: &Branch) -> Self {
        Self { branch: branch.id, parent: branch.parent }
    }

    /// Writes the record, in place of one that is there. Durable when it returns.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, disk: &dyn Disk) -> io::Result<()> {
        write_note(disk, RECORD, self.text().as_bytes())
    }

    /// The file's name with its directory, for messages.
    #[must_use]
    pub fn place(disk: &dyn Disk) -> String {
        disk.place(RECORD)
    }

    fn text(&self) -> String {
        match &self.parent {
            Some(Parent { branch, at }) => {
                let hash: &Hash = &at.chain;
                format!("{}\nparent {branch} {} {}\n", self.branch, at.event, hex::encode(hash))
            }
            None => format!("{}\n", self.branch),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let branch = lines.next()?.parse().ok()?;
        let parent = match lines.next() {
            Some(line) => {
                let mut words = line.strip_prefix("parent ")?.split(' ');
                let branch = words.next()?.parse().ok()?;
                let at = Position { event: words.next()?.parse().ok()?, chain: hex::decode(words.next()?)? };
                if words.next().is_some() {
                    return None;
                }
                Some(Parent { branch, at })
            }
            None => None,
        };
        lines.next().is_none().then_some(Self { branch, parent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocos_journal::sim::SimDisk;

    fn parent() -> Parent {
        Parent { branch: BranchId::from(7), at: Position { event: 12, chain: [0xab; 32] } }
    }

    #[test]
    fn a_branch_is_read_as_it_was_written() {
        for parent in [None, Some(parent())] {
            let branch =
                Branch { ledger_id: [3; 16], id: BranchId::from(9), parent, began_at_us: 1_700_000_000_123_456 };
            assert_eq!(Branch::decode(&branch.encode()), Ok(branch));
        }
    }

    #[test]
    fn the_object_is_the_json_that_others_can_read() {
        let branch = Branch {
            ledger_id: *b"fixture ledger 1",
            id: BranchId::first_of(b"fixture ledger 1"),
            parent: None,
            began_at_us: 1_700_000_000_000_000,
        };
        let expected = concat!(
            r#"{"format":1,"ledger":"66697874757265206c65646765722031","branch":"6669787475726520","#,
            r#""parent":null,"began_at":"2023-11-14T22:13:20Z"}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(branch.encode()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_branch_is_named() {
        let newer = br#"{"format":2,"anything":[]}"#;
        assert_eq!(Branch::decode(newer), Err(BranchFault::NewerFormat(2)));
        let good = String::from_utf8(
            Branch { ledger_id: [3; 16], id: BranchId::from(9), parent: Some(parent()), began_at_us: 0 }.encode(),
        )
        .unwrap();
        let wrong = [
            good.replace("0303", "03"),
            good.replace("1970-", "when-"),
            good.replace("abab", "ABAB"),
            good.replace("\"branch\":\"0000000000000009\"", "\"branch\":\"9\""),
            good[..good.len() - 3].to_owned(),
        ];
        for text in wrong {
            assert!(matches!(Branch::decode(text.as_bytes()), Err(BranchFault::Damaged(_))), "{text}");
        }
    }

    #[test]
    fn the_record_of_a_directory_lasts_and_is_replaced() {
        let disk = SimDisk::new(1);
        assert_eq!(LocalRecord::read(&disk).unwrap(), None);
        let first = LocalRecord { branch: BranchId::from(1), parent: None };
        first.write(&disk).unwrap();
        let second = LocalRecord { branch: BranchId::from(2), parent: Some(parent()) };
        second.write(&disk).unwrap();
        disk.crash();
        assert_eq!(LocalRecord::read(&disk).unwrap(), Some(second));
    }

    #[test]
    fn a_record_that_is_none_is_an_error() {
        for text in ["", "12\n", "0000000000000001\nparent 2\n", "0000000000000001\n\n"] {
            let disk = SimDisk::new(1);
            disk.put(RECORD, text.as_bytes());
            assert_eq!(LocalRecord::read(&disk).unwrap_err().kind(), io::ErrorKind::InvalidData, "{text:?}");
        }
    }
}
