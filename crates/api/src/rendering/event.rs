//! The event: the response to every write.

use tocos_ledger::{
    AccountId, Balance, CoinId, Entry, Event, Fact, Micros, Mode, Movement, MovementKind, Right, State, UserId, Whose,
};

use crate::json::Writer;

/// Writes an event as a JSON object.
pub(crate) fn event(out: &mut Writer, event: &Event<'_>, state: &State) {
    out.raw("{");
    if matches!(&event.fact, Fact::Moved(Movement { kind: MovementKind::Hold(_), .. })) {
        out.raw("\"id\":");
        out.integer(event.number);
        out.raw(",");
    }
    out.raw("\"event\":");
    out.integer(event.number);
    out.raw(",\"kind\":");
    out.word(event.kind());
    match &event.fact {
        Fact::Moved(movement) => moved(out, event, movement, state),
        fact => {
            other(out, fact, state);
            super::at(out, event.at);
        }
    }
    super::asked_with(out, event);
    if event.by != 0 {
        out.raw(",\"by\":");
        out.integer(event.by);
    }
    out.raw("}");
}

/// What an account in the state belongs to. An entry knows that itself where its account comes into being with the
/// event: in a dry run the state does not have it.
fn owner_of(account: AccountId, state: &State) -> (UserId, CoinId) {
    let account = state.account(account);
    (account.user, account.coin)
}

fn user(out: &mut Writer, name: &str, user: UserId, state: &State) {
    out.raw(name);
    out.text(&state.user(user).id);
}

fn moved(out: &mut Writer, event: &Event<'_>, movement: &Movement, state: &State) {
    let (owner_a, coin) = movement.a.owner(state);
    let owner_b = movement.b.as_ref().map(|b| b.owner(state).0);
    // Coins that are moved back go from B to A, else from A to B.
    let is_reverse = matches!(movement.kind, MovementKind::Reverse(_));
    let (first, second) = match (owner_b, is_reverse) {
        (Some(owner_b), true) => (owner_b, Some(owner_a)),
        (owner_b, _) => (owner_a, owner_b),
    };
    before_parties(out, &movement.kind);
    let says_from = matches!(movement.kind, MovementKind::Transfer) || (is_reverse && owner_b.is_some());
    user(out, if says_from { ",\"from\":" } else { ",\"user\":" }, first, state);
    let to = match &movement.kind {
        MovementKind::Hold(terms) => terms.to,
        _ => second,
    };
    if says_from && let Some(to) = to {
        user(out, ",\"to\":", to, state);
    }
    out.raw(",\"coin\":");
    out.plain(&state.coin(coin).code);
    out.raw(",\"amount\":");
    out.integer(movement.amount);
    terms(out, movement, event.reference);
    if !says_from && let Some(to) = to {
        user(out, ",\"to\":", to, state);
    }
    super::at(out, event.at);
    out.raw(",\"lots\":");
    super::lots_of(out, movement);
    out.raw(",\"balances\":{");
    let (entry_first, entry_second) = match &movement.b {
        Some(b) if is_reverse => (b, Some(&movement.a)),
        b => (&movement.a, b.as_ref()),
    };
    balance_of(out, entry_first, first, state);
    if let (Some(entry), Some(owner)) = (entry_second, second) {
        out.raw(",");
        balance_of(out, entry, owner, state);
    }
    out.raw("}");
    if entry_first.crossed.is_some() || entry_second.is_some_and(|entry| entry.crossed.is_some()) {
        crossed(out, [Some((entry_first, first)), entry_second.zip(second)], state);
    }
}

/// The thresholds that were crossed, and whose they are.
#[cold]
fn crossed(out: &mut Writer, entries: [Option<(&Entry, UserId)>; 2], state: &State) {
    out.raw(",\"crossed\":[");
    let mut comma = "";
    for (entry, owner) in entries.into_iter().flatten() {
        for crossing in entry.crossed.iter().flatten() {
            out.raw(comma);
            comma = ",";
            user(out, "{\"user\":", owner, state);
            out.raw(",\"threshold\":");
            out.integer(crossing.threshold);
            out.raw(if crossing.is_up { ",\"direction\":\"up\"}" } else { ",\"direction\":\"down\"}" });
        }
    }
    out.raw("]");
}

fn balance_of(out: &mut Writer, entry: &Entry, owner: UserId, state: &State) {
    out.text(&state.user(owner).id);
    out.raw(":");
    super::balance(out, Balance { total: entry.total, held: entry.held });
}

/// The hold or event that it is about, and its state.
fn before_parties(out: &mut Writer, kind: &MovementKind) {
    match kind {
        MovementKind::Hold(_) => out.raw(",\"state\":\"open\""),
        MovementKind::Capture(terms) => {
            out.raw(",\"hold\":");
            out.integer(terms.hold);
            out.raw(if terms.ended { ",\"state\":\"captured\"" } else { ",\"state\":\"open\"" });
        }
        MovementKind::Release(end) => {
            out.raw(",\"hold\":");
            out.integer(end.hold);
            out.raw(",\"state\":\"released\"");
        }
        MovementKind::HoldExpired(end) => {
            out.raw(",\"hold\":");
            out.integer(end.hold);
            out.raw(",\"state\":\"expired\"");
        }
        MovementKind::Reverse(terms) => {
            out.raw(",\"of\":");
            out.integer(terms.of);
            out.raw(",\"of_kind\":");
            out.word(terms.of_kind);
        }
        MovementKind::Grant(_)
        | MovementKind::Spend(_)
        | MovementKind::Transfer
        | MovementKind::LotExpired
        | MovementKind::Rollover(_)
        | MovementKind::Adjustment(_) => {}
    }
}

/// The occurrence of a schedule, when it was due, and what it was to grant.
fn occurrence(out: &mut Writer, schedule: Option<&str>, number: u32, due_at: Micros) {
    out.raw(",\"schedule\":");
    out.text(schedule.unwrap_or_default());
    out.raw(",\"occurrence\":");
    out.integer(number);
    out.raw(",\"due_at\":");
    out.time(due_at);
}

/// What only this kind of movement has to say, behind its amount.
fn terms(out: &mut Writer, movement: &Movement, reference: Option<&str>) {
    use tocos_ledger::Place;
    let expired = |out: &mut Writer| {
        out.raw(",\"expired\":");
        out.integer(movement.expired());
    };
    match &movement.kind {
        MovementKind::Grant(terms) => {
            out.raw(",\"expires_at\":");
            out.time_or_null(terms.marks.expires_at);
            out.raw(",\"priority\":");
            out.integer(terms.marks.priority);
            out.raw(",\"category\":");
            out.word(super::category_word(terms.marks.category));
            if terms.lot {
                out.raw(",\"lot\":true");
            }
            if let Some(of) = &terms.occurrence {
                occurrence(out, reference, of.number, of.due_at);
                out.raw(",\"scheduled\":");
                out.integer(of.scheduled);
            }
        }
        MovementKind::Rollover(terms) => {
            occurrence(out, reference, terms.number, terms.due_at);
            out.raw(",\"expires_at\":");
            out.time_or_null(terms.to.marks.expires_at);
        }
        MovementKind::Adjustment(terms) => {
            out.raw(",\"schedule\":");
            out.text(reference.unwrap_or_default());
            out.raw(",\"due_at\":");
            out.time(terms.due_at);
            out.raw(",\"direction\":");
            out.word(if terms.scheduled > terms.before { "up" } else { "down" });
            out.raw(",\"scheduled_before\":");
            out.integer(terms.before);
            out.raw(",\"scheduled\":");
            out.integer(terms.scheduled);
        }
        MovementKind::Spend(terms) if terms.mode == Mode::UpTo => {
            out.raw(",\"requested\":");
            out.integer(terms.requested);
            out.raw(",\"mode\":\"up_to\"");
        }
        MovementKind::Hold(terms) => {
            out.raw(",\"held\":");
            out.integer(movement.amount);
            out.raw(",\"expires_at\":");
            out.time(terms.expires_at);
        }
        MovementKind::Capture(terms) => {
            out.raw(",\"final\":");
            out.bool(terms.last);
            out.raw(",\"released\":");
            out.integer(movement.legs.amount(Place::Hold, Place::A));
            expired(out);
            out.raw(",\"held\":");
            out.integer(terms.held);
        }
        MovementKind::Release(_) | MovementKind::HoldExpired(_) => expired(out),
        MovementKind::Reverse(terms) => {
            out.raw(",\"remaining\":");
            out.integer(terms.remaining);
            expired(out);
            if terms.taking.mode == Mode::UpTo {
                out.raw(",\"mode\":\"up_to\"");
                if let Some(requested) = terms.requested {
                    out.raw(",\"requested\":");
                    out.integer(requested);
                }
            }
            if terms.taking.debt {
                out.raw(",\"debt\":");
                out.integer(terms.debt);
            }
        }
        MovementKind::Spend(_) | MovementKind::Transfer | MovementKind::LotExpired => {}
    }
}

fn other(out: &mut Writer, fact: &Fact<'_>, state: &State) {
    match fact {
        Fact::UserPut { user: _, id, name, created } => {
            out.raw(",\"user\":");
            out.text(id);
            out.raw(",\"name\":");
            out.text_or_null(*name);
            out.raw(",\"created\":");
            out.bool(*created);
        }
        Fact::UserClosed { user: closed } => user(out, ",\"user\":", *closed, state),
        Fact::CoinPut { coin: _, code, decimals, created } => {
            out.raw(",\"coin\":");
            out.plain(code);
            out.raw(",\"decimals\":");
            out.integer(*decimals);
            out.raw(",\"created\":");
            out.bool(*created);
        }
        Fact::LimitsPut { entry, floor, ceiling, frozen } => {
            let (owner, coin) = entry.owner(state);
            user(out, ",\"user\":", owner, state);
            out.raw(",\"coin\":");
            out.plain(&state.coin(coin).code);
            out.raw(",\"floor\":");
            out.integer(*floor);
            out.raw(",\"ceiling\":");
            out.integer(*ceiling);
            out.raw(",\"frozen\":");
            out.bool(*frozen);
        }
        Fact::ThresholdsPut { whose, thresholds } => {
            whose_rule(out, whose, state);
            out.raw(",\"thresholds\":");
            match thresholds {
                Some(thresholds) => super::account::thresholds(out, thresholds),
                None => out.raw("null"),
            }
        }
        Fact::SpendLimitPut { whose, limit } => {
            whose_rule(out, whose, state);
            match limit {
                Some(limit) => {
                    out.raw(",");
                    super::account::limit(out, *limit);
                }
                None => out.raw(",\"amount\":null"),
            }
        }
        Fact::SchedulePut { number: _, id, user: of, coin, plan, anchor, next } => {
            out.raw(",\"schedule\":");
            out.text(id);
            user(out, ",\"user\":", *of, state);
            out.raw(",\"coin\":");
            out.plain(&state.coin(*coin).code);
            super::schedule::plan(out, plan, *anchor);
            if plan.now {
                out.raw(",\"takes_effect\":\"now\"");
            }
            out.raw(",\"next_at\":");
            out.time(plan.instant(*anchor, *next));
        }
        Fact::ScheduleEnded { number: _, id } | Fact::SchedulePaused { number: _, id } => {
            out.raw(",\"schedule\":");
            out.text(id);
        }
        Fact::ScheduleResumed { number: _, id, next } => {
            out.raw(",\"schedule\":");
            out.text(id);
            out.raw(",\"next_occurrence\":");
            match next {
                Some(next) => out.integer(*next),
                None => out.raw("null"),
            }
        }
        Fact::HoldExtended { hold, account, expires_at } => {
            let (owner, coin) = owner_of(*account, state);
            out.raw(",\"hold\":");
            out.integer(*hold);
            out.raw(",\"state\":\"open\"");
            user(out, ",\"user\":", owner, state);
            out.raw(",\"coin\":");
            out.plain(&state.coin(coin).code);
            out.raw(",\"expires_at\":");
            out.time(*expires_at);
        }
        Fact::WebhookPut(put) => super::webhook::put(out, put, state),
        Fact::WebhookDeleted { number: _, id } => super::webhook::named(out, id),
        Fact::WebhookChanged { number: _, id, change } => super::webhook::changed(out, id, change),
        Fact::KeyCreated { id, name, hash: _, right, expires_at } => {
            out.raw(",\"id\":");
            out.integer(*id);
            out.raw(",\"name\":");
            out.text(name);
            out.raw(",\"right\":");
            out.word(right_word(*right));
            out.raw(",\"expires_at\":");
            out.time_or_null(*expires_at);
        }
        Fact::KeyRevoked { id } => {
            out.raw(",\"id\":");
            out.integer(*id);
        }
        Fact::Leader { epoch, node } => {
            out.raw(",\"epoch\":");
            out.integer(*epoch);
            out.raw(",\"node\":");
            out.text(node);
        }
        Fact::Moved(_) => {}
    }
}

/// A user, if it is an account's rule, and the coin.
fn whose_rule(out: &mut Writer, whose: &Whose, state: &State) {
    let coin = match whose {
        Whose::Account(entry) => {
            let (owner, coin) = entry.owner(state);
            user(out, ",\"user\":", owner, state);
            coin
        }
        Whose::Coin(coin) => *coin,
    };
    out.raw(",\"coin\":");
    out.plain(&state.coin(coin).code);
}

/// The word for a right.
pub(crate) fn right_word(right: Right) -> &'static str {
    match right {
        Right::Read => "read",
        Right::Spend => "spend",
        Right::Grant => "grant",
        Right::Admin => "admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocos_ledger::Ledger;

    #[test]
    fn a_leader_says_epoch_and_node() {
        let mut ledger = Ledger::new([0; 16]);
        ledger.apply(&ledger.leader(6, "b", 0)).unwrap();
        let mut out = Writer::with_capacity(64);
        event(&mut out, &ledger.leader(7, "node-a.2", 1_500_000), ledger.state());
        let expected = r#"{"event":2,"kind":"leader","epoch":7,"node":"node-a.2","at":"1970-01-01T00:00:01.500000Z"}"#;
        assert_eq!(out.into_string(), expected);
    }
}
