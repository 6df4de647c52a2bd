//! What lists of users show of each: id, name, coins.

use bytes::Bytes;
use http::StatusCode;
use tocos_http::ResponseBody;
use tocos_ledger::{AccountId, CoinId, Micros, State, UserId};

use super::totals;
use crate::json::Writer;
use crate::rendering::{Media, Problem, Response};
use crate::routing::{AsyncRequest, read_names};

/// Users that are looked at before the ledger is let go for a moment.
pub(super) const LOOKED_AT_MAX: usize = 256;
/// The most users that one page reads, however few of them match: it then ends early, with a cursor.
pub(super) const LOOKED_AT_FOR_PAGE_MAX: usize = 65_536;

/// The users of a page, as JSON.
pub(super) struct Summaries {
    /// Only users with an account of this coin, and only that account.
    coin: Option<CoinId>,
    with_closed: bool,
    count: usize,
    out: Writer,
}

impl Summaries {
    /// For a page of about so many.
    pub(super) fn new(coin: Option<CoinId>, with_closed: bool, expected: usize) -> Self {
        let mut out = Writer::with_capacity(64 + expected * 64);
        out.raw("{\"users\":[");
        Self { coin, with_closed, count: 0, out }
    }

    /// How many there are by now.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether a user is one of those wanted.
    pub(super) fn wants(&self, state: &State, id: UserId) -> bool {
        let has = |coin| state.accounts_of(id).any(|account| state.account(account).coin == coin);
        (self.with_closed || !state.user(id).closed) && self.coin.is_none_or(has)
    }

    /// The accounts of a user that would be shown, added to `shown`; `None` if the user is none of those wanted.
    fn accounts<'s>(&self, state: &State, id: UserId, shown: &'s mut Vec<AccountId>) -> Option<&'s [AccountId]> {
        if state.user(id).closed && !self.with_closed {
            return None;
        }
        let first = shown.len();
        let coin = self.coin;
        shown.extend(
            state.accounts_of(id).filter(|account| coin.is_none_or(|coin| state.account(*account).coin == coin)),
        );
        let accounts = &mut shown[first..];
        if coin.is_some() && accounts.is_empty() {
            return None;
        }
        // They came the oldest last.
        accounts.reverse();
        Some(accounts)
    }

    /// Adds a user, if it is one of those wanted, and the accounts to those shown.
    pub(super) fn put(&mut self, state: &State, id: UserId, now: Micros, shown: &mut Vec<AccountId>) -> bool {
        let Some(accounts) = self.accounts(state, id, shown) else { return false };
        let shown = accounts.iter().map(|account| (*account, state.account(*account).balance(now).total));
        self.put_user(state, id, shown);
        true
    }

    /// Adds a user, if it is one of those wanted, with this total of the coin that users must have.
    pub(super) fn put_with_total(&mut self, state: &State, id: UserId, total: i64) {
        let account = self.coin.and_then(|coin| state.account_of(id, coin));
        if let Some(account) = account.filter(|_| self.with_closed || !state.user(id).closed) {
            self.put_user(state, id, std::iter::once((account, total)));
        }
    }

    fn put_user(&mut self, state: &State, id: UserId, shown: impl Iterator<Item = (AccountId, i64)>) {
        let out = &mut self.out;
        out.raw(if self.count == 0 { "{\"id\":" } else { ",{\"id\":" });
        out.text(&state.user(id).id);
        out.raw(",\"name\":");
        out.text_or_null(state.profile(id).name.as_deref());
        out.raw(",\"coins\":");
        totals(out, state, shown);
        out.raw("}");
        self.count += 1;
    }

    /// The page as JSON.
    pub(super) fn finish(mut self, next_cursor: Option<&str>) -> Bytes {
        self.out.raw("],\"next_cursor\":");
        match next_cursor {
            Some(cursor) => self.out.plain(cursor),
            None => self.out.raw("null"),
        }
        self.out.raw("}");
        self.out.into_bytes()
    }
}

/// A page as a response.
pub(super) fn page(body: Bytes) -> Response {
    Response { status: StatusCode::OK, media: Media::Json, body: ResponseBody::Whole(body), replayed: false }
}

/// The coin that users must have.
pub(super) async fn coin(request: &AsyncRequest, code: Option<&str>) -> Result<Option<CoinId>, Problem> {
    let Some(code) = code else { return Ok(None) };
    let found = read_names(request, |ledger, _| ledger.require_coin(code)).await?;
    found.map(Some).map_err(|refusal| Problem::from(&refusal))
}
