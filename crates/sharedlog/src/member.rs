//! The nodes of a group, as they say it themselves.

use std::time::Duration;

/// What a node says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its name.
    pub node: String,
    /// Random for each start of the process: two processes with one name notice each other by it.
    pub instance: u64,
    /// Where the others can reach it.
    pub url: String,
    /// The last event that it has.
    pub last_event: u64,
    /// Another instance of this name that was seen within this time has the name.
    pub stale_after: Duration,
}

/// What came of an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// All members, this one included.
    Members(Vec<Member>),
    /// Another process has this name, and was there this long ago.
    NameTaken(Duration),
}

/// A node of the group as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub node: String,
    /// Where it can be reached.
    pub url: String,
    /// The last event that it had.
    pub last_event: u64,
    /// How long ago it said so, by the engine's clock.
    pub seen_ago: Duration,
}
