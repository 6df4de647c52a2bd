//! The users in the order in which they were created, which is that of their numbers.

use std::ops::Range;

use tocos_ledger::{AccountId, Ledger, Micros, UserId};

use super::order::{Last, Order};
use super::summaries::{LOOKED_AT_FOR_PAGE_MAX, LOOKED_AT_MAX, Summaries, coin, page};
use crate::rendering::{Problem, Response};
use crate::routing::{AsyncRequest, Fields, read_settled, wait_durable};

/// A page of them that is being filled.
struct Page<'q> {
    prefix: &'q str,
    users: Summaries,
    limit: usize,
    is_descending: bool,
    /// The number of the user behind whom the page begins.
    behind: Option<u32>,
    /// The numbers that are still to be looked at; nobody knows before the first look.
    left: Option<Range<u32>>,
    looked_at: usize,
    /// The last user that was looked at.
    last: Option<u32>,
    /// Nothing more comes onto it.
    is_done: bool,
    shown: Vec<AccountId>,
}

pub(super) async fn list(request: &AsyncRequest, fields: &Fields<'_>, order: Order) -> Result<Response, Problem> {
    let behind = Last::of(fields)?.map(|last| last.user);
    let coin = coin(request, fields.text("coin")).await?;
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let mut page = Page {
        prefix: fields.text("prefix").unwrap_or_default(),
        users: Summaries::new(coin, fields.flag("closed").unwrap_or(false), limit),
        limit,
        is_descending: order.is_descending,
        behind,
        left: None,
        looked_at: 0,
        last: None,
        is_done: false,
        shown: Vec::new(),
    };
    while !page.is_done {
        let seen = read_settled(&request.app, |ledger, now| page.fill(ledger, now)).await?.seen;
        wait_durable(request, seen).await?;
    }
    Ok(page.finish(fields))
}

impl Page<'_> {
    /// Looks at some more users.
    fn fill(&mut self, ledger: &Ledger, now: Micros) {
        let state = ledger.state();
        // Users are numbered in u32, so the cast is exact.
        let count = state.user_count() as u32;
        let mut left = self.left.take().unwrap_or_else(|| match (self.behind, self.is_descending) {
            (None, _) => 0..count,
            (Some(behind), false) => behind.saturating_add(1)..count,
            (Some(behind), true) => 0..behind.min(count),
        });
        // Of users whose making was lost with the lead there is nothing left.
        left.end = left.end.min(count);
        for _ in 0..LOOKED_AT_MAX {
            let is_full = self.users.count() == self.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX;
            if is_full || left.is_empty() {
                self.is_done = true;
                break;
            }
            let next = if self.is_descending { left.next_back() } else { left.next() };
            let Some(number) = next else { break };
            self.looked_at += 1;
            self.last = Some(number);
            let user = UserId(number);
            if state.user(user).id.starts_with(self.prefix) {
                self.users.put(state, user, now, &mut self.shown);
                self.shown.clear();
            }
        }
        self.left = Some(left);
    }

    fn finish(self, fields: &Fields<'_>) -> Response {
        let goes_on = self.left.is_some_and(|left| !left.is_empty());
        let last = self.last.filter(|_| goes_on).map(|user| Last { user, value: String::new() });
        page(self.users.finish(last.map(|last| last.cursor(fields)).as_deref()))
    }
}
