//! One line of a user's history.

use tocos_ledger::{AccountId, Balance, Event, Fact, Movement, Place, State};

use crate::json::Writer;

/// Writes the event as an entry of one account's history. An event that is not about that account, which the log
/// can't lead to, is `null`.
pub(crate) fn history_entry(out: &mut Writer, account: AccountId, event: &Event<'_>, state: &State) {
    let Some((entry, place)) = event.entry_of(account) else {
        out.raw("null");
        return;
    };
    let movement = match &event.fact {
        Fact::Moved(movement) => Some(movement),
        _ => None,
    };
    let (change, held) = movement.map_or((0, 0), |movement| movement.change(place));
    out.raw("{\"event\":");
    out.integer(event.number);
    out.raw(",\"kind\":");
    out.word(event.kind());
    out.raw(",\"coin\":");
    out.plain(&state.coin(state.account(account).coin).code);
    out.raw(",\"amount\":");
    out.integer(change);
    out.raw(",\"held\":");
    out.integer(held);
    out.raw(",\"balance\":");
    super::balance(out, Balance { total: entry.total, held: entry.held });
    out.raw(",\"counterpart\":");
    match movement.and_then(|movement| counterpart(movement, place, state)) {
        Some(name) => out.text(name),
        None => out.raw("null"),
    }
    out.raw(",\"lots\":");
    match movement {
        Some(movement) => super::lots_of(out, movement),
        None => out.raw("[]"),
    }
    super::asked_with(out, event);
    super::at(out, event.at);
    out.raw("}");
}

/// The counterpart: a user or a system account; none if coins only change between held and available.
fn counterpart<'s>(movement: &Movement, place: Place, state: &'s State) -> Option<&'s str> {
    let owner = |account: AccountId| state.user(state.account(account).user).id.as_str();
    match (place, &movement.b) {
        (Place::B, _) => Some(owner(movement.a.account)),
        (_, Some(b)) => Some(owner(b.account)),
        (_, None) => movement.legs.iter().flat_map(|leg| [leg.from, leg.to]).find_map(|place| match place {
            Place::Issued => Some("@issued"),
            Place::Spent => Some("@spent"),
            Place::Expired => Some("@expired"),
            Place::A | Place::B | Place::Hold => None,
        }),
    }
}
