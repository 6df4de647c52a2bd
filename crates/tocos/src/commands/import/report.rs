//! What an import did, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::list::Notes;

/// The numbers at the end of an import.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// The list was read to its end.
    pub complete: bool,
    /// Good rows that were dealt with.
    pub rows: u64,
    /// Users who were not there before.
    pub users_created: u64,
    /// Users whose name was changed.
    pub users_updated: u64,
    /// Users who were there before and stayed as they are.
    pub users_there: u64,
    /// Grants made now.
    pub grants: u64,
    /// Grants that were made by an earlier run under the same label.
    pub grants_there: u64,
    /// Rows of which the server refused something.
    pub refused_rows: u64,
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// Coins that were not there before.
    pub coins_created: Vec<String>,
    /// Fields that no user has, and how many rows had them.
    pub ignored_fields: BTreeMap<String, u64>,
    /// Columns that were read as coins by their names, where flags name other columns.
    pub coin_columns: Vec<String>,
    /// The list is one page of a longer one.
    pub next_page_exists: bool,
}

impl Summary {
    /// Takes over what was noticed about the file.
    pub(super) fn notice(&mut self, notes: &Notes) {
        self.ignored_fields.clone_from(&notes.ignored_fields);
        self.coin_columns.clone_from(&notes.coin_columns);
        self.next_page_exists = notes.next_page_exists;
    }

    /// One JSON object.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Lines for people.
    pub(crate) fn text(&self, check: bool) -> String {
        let mut text = String::new();
        let mut line = |name: &str, count: u64, words: &str| {
            if count > 0 {
                text.push_str(&format!("{name:<8} {count:>10}{words}\n"));
            }
        };
        if check {
            line("rows", self.rows, " good, nothing sent");
        } else {
            line("users", self.users_created, " created");
            line("users", self.users_updated, " given another name");
            line("users", self.users_there, " already there");
            line("grants", self.grants, " made");
            line("grants", self.grants_there, " already there");
            line("rows", self.refused_rows, " refused");
        }
        line("rows", self.bad_rows, " bad");
        if !self.coins_created.is_empty() {
            text.push_str(&format!("new coins: {}\n", self.coins_created.join(", ")));
        }
        if !self.ignored_fields.is_empty() {
            let fields: Vec<String> =
                self.ignored_fields.iter().map(|(field, count)| format!("{field} ({count} rows)")).collect();
            text.push_str(&format!("left out, since users have no such fields: {}\n", fields.join(", ")));
        }
        if !self.coin_columns.is_empty() {
            let columns = self.coin_columns.join(", ");
            text.push_str(&format!(
                "read as coins by their names: {columns}; --coins-column names the column that holds the amounts\n"
            ));
        }
        if self.next_page_exists {
            text.push_str("This list is one page of a longer one (its next_cursor is set): the rest is missing.\n");
        }
        if !self.complete {
            text.push_str(
                "The import stopped. Run it again when the cause is fixed: it continues, and grants nothing twice.\n",
            );
        }
        if text.is_empty() {
            text.push_str("the list is empty\n");
        }
        text
    }
}
