//! Each event of the tables, and its double entry, against the feed of the ledger. By how much an event changed held coins follows from
//! the event before; that is compared among the tables.

use super::Check;
use crate::batch::{EVENT_COLUMNS, Entries, put_event};
use crate::copier::{Page, ask};
use crate::event::Event;
use crate::instant;
use crate::postings::postings;
use crate::rows::{COPY_HEADER, Rows, next_row};
use crate::trouble::Trouble;

/// Where the columns are that are not in the event.
const HELD_CHANGES: [&str; 2] = ["user_held_change", "other_held_change"];

/// A row of the tables, column by column.
type Row<'a> = Vec<Option<&'a [u8]>>;

impl Check {
    pub(super) async fn events(&mut self) -> Result<(), Trouble> {
        let last = self.store.meta().await?.last_event;
        let mut after = 0;
        while after < last {
            let target = format!("/v1/events?after={after}&limit=1000");
            let reply = ask(&self.service, target, false).await?.map(|reply| reply.body).unwrap_or_default();
            let page = Page::of(reply)?;
            if page.count() == 0 {
                return Err(Trouble::Away(format!("the service has only event {after}, and the tables are at {last}")));
            }
            let until = (after + page.count() as i64).min(last);
            let columns = EVENT_COLUMNS.join(", ");
            let sql = format!(
                "copy (select {columns} from {{schema}}.events where number > {after} and number <= {until} order by number) to stdout (format binary)"
            );
            let bytes = self.store.copied_out(&sql).await?;
            let wanted = usize::try_from(until - after).unwrap_or(0);
            self.compare_events(page.events().take(wanted), bytes.get(COPY_HEADER.len()..).unwrap_or_default())?;
            after = until;
        }
        Ok(())
    }

    fn compare_events<'e>(&mut self, events: impl Iterator<Item = &'e str>, mut rows: &[u8]) -> Result<(), Trouble> {
        let mut row = next_row(&mut rows);
        for text in events {
            let not_ours = |reason: String| {
                Trouble::Stuck(format!("the feed is not what this version of tocos expects: {reason}"))
            };
            let event = Event::parse(text).map_err(|error| not_ours(error.to_string()))?;
            let number = event.number.cast_signed();
            // None comes twice, and there are none between those of a page.
            let found = match &row {
                Some(found) if number_of(found, "number") == Some(number) => found,
                _ => {
                    self.report.differs(format!("event {number} is not in the tables"));
                    continue;
                }
            };
            let mut entries = Entries::of(&event, &postings(&event).map_err(not_ours)?);
            for (change, column) in [&mut entries.user, &mut entries.other].into_iter().zip(HELD_CHANGES) {
                if let Some(change) = change {
                    change.held = number_of(found, column).unwrap_or(0);
                }
            }
            let at = instant::parse(&event.at).ok_or_else(|| not_ours(format!("event {number} has no time")))?;
            let mut expected = Rows::default();
            put_event(&mut expected, &event, at, text, &entries);
            let bytes = expected.finish();
            let expected = next_row(&mut &bytes[COPY_HEADER.len()..]).unwrap_or_default();
            if *found != expected {
                let columns = EVENT_COLUMNS.iter().zip(found.iter().zip(&expected));
                let other: Vec<&str> =
                    columns.filter(|(_, (found, expected))| found != expected).map(|(column, _)| *column).collect();
                self.report.differs(format!("event {number} has another {} in the tables", other.join(", ")));
            }
            row = next_row(&mut rows);
        }
        Ok(())
    }
}

/// The number in a column.
fn number_of(row: &Row<'_>, column: &str) -> Option<i64> {
    let at = EVENT_COLUMNS.iter().position(|name| *name == column)?;
    let value = (*row.get(at)?)?;
    value.try_into().ok().map(i64::from_be_bytes)
}
