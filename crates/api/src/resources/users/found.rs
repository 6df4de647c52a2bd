//! Users who are found by a part of their id or name.

use tocos_engine::Unavailable;
use tocos_ledger::{AccountId, Ledger, Micros, State, UserId};

use super::super::cursor::{self, List, not_of_this_list};
use super::summaries::{LOOKED_AT_FOR_PAGE_MAX, LOOKED_AT_MAX, Summaries, coin, page};
use crate::app::search::{Found, fold_into, folded};
use crate::rendering::{Code, Problem, Response};
use crate::routing::{AsyncRequest, Fields, read_settled, unavailable_problem, wait_durable};

/// A page of them that is being filled.
struct Page<'q> {
    /// What is searched for, folded.
    wanted: &'q str,
    users: Summaries,
    limit: usize,
    looked_at: usize,
    /// The last user that was looked at.
    last: Option<UserId>,
    /// There are more than fit.
    is_full: bool,
    /// Used for each user afresh.
    text: String,
    shown: Vec<AccountId>,
}

/// What is searched for, folded.
pub(super) fn wanted(part: &str) -> Result<String, Problem> {
    let wanted = folded(part);
    if wanted.is_empty() {
        let reason =
            "it consists of accents and characters that cannot be seen, which make no difference; search for a letter";
        return Err(Problem::invalid("q", reason));
    }
    Ok(wanted)
}

/// Everybody whose id or name contains what is wanted, when that is durable.
pub(super) async fn all(request: &AsyncRequest, wanted: &str) -> Result<Vec<UserId>, Problem> {
    let found = search(request, wanted, 0, usize::MAX).await?;
    wait_durable(request, found.seen).await?;
    Ok(found.users)
}

/// Whether a user who was found contains what is wanted still: a rename may have come after the search. `text` is used for each
/// user afresh.
pub(super) fn matches(state: &State, id: UserId, wanted: &str, text: &mut String) -> bool {
    let mut contains = |part: &str| {
        text.clear();
        fold_into(part, text);
        text.contains(wanted)
    };
    contains(&state.user(id).id) || state.profile(id).name.as_deref().is_some_and(contains)
}

/// A page of the users whose id or name contains `part`.
pub(super) async fn list(request: &AsyncRequest, fields: &Fields<'_>, part: &str) -> Result<Response, Problem> {
    let wanted = wanted(part)?;
    let mut from = fields.text("cursor").map_or(Ok(0), |cursor| behind(cursor, &wanted))?;
    let coin = coin(request, fields.text("coin")).await?;
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let users = Summaries::new(coin, fields.flag("closed").unwrap_or(false), limit);
    let (text, shown) = (String::new(), Vec::new());
    let mut page = Page { wanted: &wanted, users, limit, looked_at: 0, last: None, is_full: false, text, shown };
    // One more than fit, since that one says that there are more. If some of them are not wanted, very many more are looked at.
    let mut most = limit + 1;
    loop {
        let found = search(request, &wanted, from, most).await?;
        wait_durable(request, found.seen).await?;
        for some in found.users.chunks(LOOKED_AT_MAX) {
            let seen = read_settled(&request.app, |ledger, now| page.fill(ledger, now, some)).await?.seen;
            wait_durable(request, seen).await?;
            if page.is_full {
                break;
            }
        }
        if page.is_full || found.users.len() < most {
            return Ok(page.finish());
        }
        from = found.users.last().map_or(from, |last| last.0.saturating_add(1));
        most = LOOKED_AT_FOR_PAGE_MAX;
    }
}

/// Searches on a thread that may take its time.
async fn search(request: &AsyncRequest, wanted: &str, from: u32, most: usize) -> Result<Found, Problem> {
    let searching = request.app.search.begin().await;
    let (engine, wanted) = (request.app.engine.clone(), wanted.to_owned());
    let found = tokio::task::spawn_blocking(move || searching.find(&engine, &wanted, from, most));
    match found.await {
        Ok(found) => found.map_err(|unavailable: Unavailable| unavailable_problem(&unavailable)),
        Err(_panicked) => Err(Problem::new(Code::InternalError, "Searching failed. See the service's log.")),
    }
}

impl Page<'_> {
    /// Looks at some more of those who were found.
    fn fill(&mut self, ledger: &Ledger, now: Micros, found: &[UserId]) {
        let state = ledger.state();
        for id in found {
            if self.users.count() == self.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX {
                self.is_full = true;
                return;
            }
            self.looked_at += 1;
            self.last = Some(*id);
            // Of a user whose making was lost with the lead there is nothing left.
            let is_there = (id.0 as usize) < state.user_count();
            if is_there && self.users.wants(state, *id) && matches(state, *id, self.wanted, &mut self.text) {
                self.users.put(state, *id, now, &mut self.shown);
                self.shown.clear();
            }
        }
    }

    fn finish(self) -> Response {
        let last = self.last.filter(|_| self.is_full);
        let cursor = last.map(|last| cursor::encode(List::FoundUsers, &format!("{}.{}", last.0, digest(self.wanted))));
        page(self.users.finish(cursor.as_deref()))
    }
}

/// Tells cursors of different searches apart.
fn digest(wanted: &str) -> String {
    blake3::hash(wanted.as_bytes()).to_hex()[..16].to_owned()
}

/// The number of the user with whom the list goes on.
fn behind(cursor: &str, wanted: &str) -> Result<u32, Problem> {
    let decoded = cursor::decode(List::FoundUsers, cursor)?;
    let (last, of) = decoded.split_once('.').ok_or_else(not_of_this_list)?;
    if of != digest(wanted) {
        return Err(Problem::invalid("cursor", "this is the next_cursor of a list with another q"));
    }
    let last: u32 = last.parse().map_err(|_| not_of_this_list())?;
    Ok(last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocos_ledger::{Decision, Operation, Request};

    fn put(ledger: &mut Ledger, user: &str, name: &str) {
        let operation = Operation::PutUser { user, name: Some(name) };
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        let Ok(Decision::Do(event)) = ledger.decide(&request, 1) else { panic!("{user} can be put") };
        ledger.apply(&event).unwrap();
    }

    #[test]
    fn who_was_renamed_after_the_search_or_is_no_more_is_not_shown() {
        let mut ledger = Ledger::new(*b"a seed for tests");
        for (user, name) in [("a", "José"), ("b", "José"), ("jose", "")] {
            put(&mut ledger, user, name);
        }
        let page = |ledger: &Ledger, limit: usize, found: &[u32]| {
            let users = Summaries::new(None, false, limit);
            let (text, shown) = (String::new(), Vec::new());
            let mut page = Page { wanted: "jose", users, limit, looked_at: 0, last: None, is_full: false, text, shown };
            page.fill(ledger, 1, &found.iter().map(|number| UserId(*number)).collect::<Vec<_>>());
            (page.users.count(), page.is_full, page.last.map(|last| last.0))
        };
        assert_eq!(page(&ledger, 10, &[0, 1, 2]), (3, false, Some(2)));
        put(&mut ledger, "a", "Max");
        assert_eq!(page(&ledger, 10, &[0, 1, 2]), (2, false, Some(2)));
        assert_eq!(page(&ledger, 10, &[1, 3, u32::MAX]), (1, false, Some(u32::MAX)));
        // The next page begins behind the last user that was looked at.
        assert_eq!(page(&ledger, 1, &[0, 1, 2]), (1, true, Some(1)));
        assert_eq!(page(&ledger, 2, &[0, 1, 2]), (2, false, Some(2)));
    }

    #[test]
    fn a_cursor_goes_on_behind_its_user_and_belongs_to_what_is_searched_for() {
        let cursor = |text: String| cursor::encode(List::FoundUsers, &text);
        assert_eq!(behind(&cursor(format!("7.{}", digest("ann"))), "ann").unwrap(), 8);
        for wrong in ["7".to_owned(), format!("7.{}", digest("bob")), format!("-1.{}", digest("ann")), String::new()] {
            assert!(behind(&cursor(wrong.clone()), "ann").is_err(), "{wrong}");
        }
    }
}
