//! Where a list goes on: opaque to clients, so that it can change.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::rendering::Problem;

/// Which list a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Users,
    FoundUsers,
    /// In any order but that of their ids.
    OrderedUsers,
    Holds,
    History,
    Schedules,
}

impl List {
    fn letter(self) -> char {
        match self {
            Self::Users => 'u',
            Self::FoundUsers => 'f',
            Self::OrderedUsers => 'r',
            Self::Holds => 'o',
            Self::History => 'h',
            Self::Schedules => 's',
        }
    }
}

/// The cursor behind a list's entry.
pub(crate) fn encode(list: List, last: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}{last}", list.letter()))
}

/// The entry behind which the list goes on.
pub(crate) fn decode(list: List, cursor: &str) -> Result<String, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(list.letter()).map(str::to_owned))
        .ok_or_else(not_of_this_list)
}

/// The problem with a cursor that this list never gave.
pub(crate) fn not_of_this_list() -> Problem {
    Problem::invalid("cursor", "this is not a next_cursor of this list")
}
