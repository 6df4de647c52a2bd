//! The users of a list of ids.

use std::borrow::Cow;
use std::collections::HashSet;

use super::summaries::{LOOKED_AT_MAX, Summaries, coin, page};
use crate::rendering::{Problem, Response};
use crate::routing::{AsyncRequest, Fields, read_settled, wait_durable};

/// Those of these users who exist, in this order, each once.
pub(super) async fn list(
    request: &AsyncRequest,
    fields: &Fields<'_>,
    ids: &[Cow<'_, str>],
) -> Result<Response, Problem> {
    let coin = coin(request, fields.text("coin")).await?;
    let mut users = Summaries::new(coin, fields.flag("closed").unwrap_or(false), ids.len());
    let mut done = HashSet::with_capacity(ids.len());
    let mut shown = Vec::new();
    for some in ids.chunks(LOOKED_AT_MAX) {
        let seen = read_settled(&request.app, |ledger, now| {
            for user in some.iter().filter_map(|id| ledger.find_user(id)) {
                if done.insert(user) {
                    users.put(ledger.state(), user, now, &mut shown);
                    shown.clear();
                }
            }
        });
        wait_durable(request, seen.await?.seen).await?;
    }
    Ok(page(users.finish(None)))
}
