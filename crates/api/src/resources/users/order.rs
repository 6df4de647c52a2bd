//! The orders of the list of users, and where a list in one of them goes on.

use super::super::cursor::{self, List, not_of_this_list};
use crate::rendering::Problem;
use crate::routing::Fields;

/// The orders as requests write them.
pub(super) const WORDS: &[&str] = &["id", "-id", "created", "-created", "balance", "-balance"];

/// By what users are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Id,
    /// When they were created: their numbers.
    Created,
    /// The total of one coin.
    Balance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub by: By,
    pub is_descending: bool,
}

impl Order {
    pub(super) const BY_ID: Self = Self { by: By::Id, is_descending: false };
    pub(super) const OLDEST_FIRST: Self = Self { by: By::Created, is_descending: false };

    /// The requested order, if there is one.
    pub(super) fn of(fields: &Fields<'_>) -> Result<Option<Self>, Problem> {
        let Some(word) = fields.text("order") else { return Ok(None) };
        let (name, is_descending) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
        let by = match name {
            "created" => By::Created,
            "balance" => By::Balance,
            _ => By::Id,
        };
        if by == By::Balance && fields.text("coin").is_none() {
            return Err(Problem::invalid("order", "a balance is of a coin, so this needs coin"));
        }
        Ok(Some(Self { by, is_descending }))
    }
}

/// The last user of a page: the number, and by what the user stands where it does, as text.
pub(super) struct Last {
    pub user: u32,
    pub value: String,
}

impl Last {
    /// Where the list goes on as it was requested.
    pub(super) fn of(fields: &Fields<'_>) -> Result<Option<Self>, Problem> {
        let Some(cursor) = fields.text("cursor") else { return Ok(None) };
        let decoded = cursor::decode(List::OrderedUsers, cursor)?;
        let mut parts = decoded.splitn(3, '.');
        let (Some(of), Some(user), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(not_of_this_list());
        };
        if of != digest(fields) {
            return Err(Problem::invalid("cursor", "this is the next_cursor of a list with another order, coin or q"));
        }
        let user = user.parse().map_err(|_| not_of_this_list())?;
        Ok(Some(Self { user, value: value.to_owned() }))
    }

    /// The cursor behind this user.
    pub(super) fn cursor(&self, fields: &Fields<'_>) -> String {
        cursor::encode(List::OrderedUsers, &format!("{}.{}.{}", digest(fields), self.user, self.value))
    }
}

/// Tells cursors of different lists apart.
fn digest(fields: &Fields<'_>) -> String {
    // None of these has control characters.
    let of = ["order", "coin", "q"].map(|name| fields.text(name).unwrap_or_default()).join("\n");
    blake3::hash(of.as_bytes()).to_hex()[..16].to_owned()
}
