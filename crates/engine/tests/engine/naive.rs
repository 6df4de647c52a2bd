//! What changes what is outstanding and held, told event by event from what each kind of event means, and added up one by one.

use tocos_engine::{Engine, LiabilitySpan, There};
use tocos_ledger::{Category, Event, Fact, FlowKind, GrantTerms, Leg, Micros, Movement, MovementKind, Place};

use Category::{Paid, Promotional};
use FlowKind::{Converted, Expired, Granted, Held, Reversed, Spent};

/// What changed, by how much, and when.
type Change = (Micros, Category, FlowKind, i128);

/// All that changed of the first coin.
pub(crate) struct Sums {
    changes: Vec<Change>,
}

/// Reads all events of a ledger.
pub(crate) fn sums(engine: &Engine) -> Sums {
    let toco: Vec<bool> = engine
        .read(|ledger, _| {
            let state = ledger.state();
            (0..u32::try_from(state.account_count()).unwrap())
                .map(|id| state.account(tocos_ledger::AccountId(id)).coin.0 == 0)
                .collect()
        })
        .unwrap()
        .value;
    let mut changes = Vec::new();
    for stored in engine.events_after(0, usize::MAX).unwrap() {
        let event = stored.decode().unwrap();
        if let Fact::Moved(movement) = &event.fact
            && toco[movement.a.account.0 as usize]
        {
            of_movement(&event, movement, &mut changes);
        }
    }
    Sums { changes }
}

/// How many coins of a category a leg has.
fn coins(leg: &Leg, category: Category) -> i128 {
    if leg.lots.is_empty() {
        return if category == Paid { i128::from(leg.amount) } else { 0 };
    }
    leg.lots.iter().filter(|part| part.lot.marks.category == category).map(|part| i128::from(part.amount)).sum()
}

fn of_movement(event: &Event<'_>, movement: &Movement, changes: &mut Vec<Change>) {
    let at = event.at;
    let legs = |from: Place, to: Place| movement.legs.iter().filter(move |leg| leg.from == from && leg.to == to);
    let sum = |from: Place, to: Place, category| legs(from, to).map(|leg| coins(leg, category)).sum::<i128>();
    let mut change = |at, category, kind, amount: i128| {
        if amount != 0 {
            changes.push((at, category, kind, amount));
        }
    };
    for category in [Promotional, Paid] {
        let moved =
            |is: fn(&Leg) -> bool| movement.legs.iter().filter(move |leg| is(leg)).map(|leg| coins(leg, category));
        let into: i128 = moved(|leg| leg.to == Place::Hold && leg.from != Place::Hold).sum();
        let out: i128 = moved(|leg| leg.from == Place::Hold && leg.to != Place::Hold).sum();
        let at = if let MovementKind::Rollover(terms) = &movement.kind { terms.due_at } else { at };
        change(at, category, Held, into);
        change(at, category, Held, -out);
    }
    match &movement.kind {
        MovementKind::Grant(GrantTerms { marks, occurrence, .. }) => {
            let at = occurrence.map_or(at, |occurrence| occurrence.due_at);
            change(at, marks.category, Granted, i128::from(movement.amount));
        }
        MovementKind::Spend(_) | MovementKind::Capture(_) => {
            for category in [Promotional, Paid] {
                let spent = sum(Place::A, Place::Spent, category) + sum(Place::Hold, Place::Spent, category);
                change(at, category, Spent, spent);
                change(at, category, Expired, sum(Place::Hold, Place::Expired, category));
            }
            let paid_out = sum(Place::A, Place::B, Promotional) + sum(Place::Hold, Place::B, Promotional);
            change(at, Promotional, Converted, -paid_out);
            change(at, Paid, Converted, paid_out);
        }
        MovementKind::Release(_) | MovementKind::HoldExpired(_) => {
            for category in [Promotional, Paid] {
                change(at, category, Expired, sum(Place::Hold, Place::Expired, category));
            }
        }
        MovementKind::LotExpired => {
            for part in &movement.legs.first.lots {
                let marks = part.lot.marks;
                change(marks.expires_at.unwrap(), marks.category, Expired, i128::from(part.amount));
            }
        }
        MovementKind::Rollover(terms) if terms.from.marks.category != terms.to.marks.category => {
            let amount = i128::from(movement.amount);
            change(terms.due_at, terms.from.marks.category, Converted, -amount);
            change(terms.due_at, terms.to.marks.category, Converted, amount);
            let held: i128 = legs(Place::Hold, Place::Hold).map(|leg| i128::from(leg.amount)).sum();
            change(terms.due_at, terms.from.marks.category, Held, -held);
            change(terms.due_at, terms.to.marks.category, Held, held);
        }
        MovementKind::Reverse(terms) => {
            // All coins of the payee of a spend or a capture are plain.
            let is_payment = matches!(terms.of_kind, "spend" | "capture");
            for category in [Promotional, Paid] {
                let given = |to| match (is_payment, category) {
                    (true, Promotional) => 0,
                    (true, Paid) => legs(Place::B, to).map(|leg| i128::from(leg.amount)).sum(),
                    (false, _) => sum(Place::B, to, category),
                };
                let home = sum(Place::B, Place::A, category)
                    + sum(Place::Spent, Place::A, category)
                    + sum(Place::Expired, Place::A, category);
                let gone: i128 = given(Place::A) + given(Place::Spent) + given(Place::Expired);
                change(at, category, Reversed, home - gone - sum(Place::A, Place::Issued, category));
            }
        }
        MovementKind::Adjustment(terms) => {
            let amount = i128::from(movement.amount);
            let grows = terms.scheduled > terms.before;
            change(
                terms.due_at,
                terms.lot.marks.category,
                if grows { Granted } else { Reversed },
                if grows { amount } else { -amount },
            );
        }
        MovementKind::Rollover(_) | MovementKind::Transfer | MovementKind::Hold(_) => {}
    }
}

impl Sums {
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn instant(&self, at: usize) -> Micros {
        self.changes[at].0
    }

    pub(crate) fn kinds(&self) -> Vec<FlowKind> {
        self.changes.iter().map(|change| change.2).collect()
    }

    fn there_before(&self, end: Micros) -> There {
        let mut there = There::default();
        for (_, category, kind, amount) in self.changes.iter().filter(|change| change.0 < end) {
            match kind {
                Held => there.held.add(*category, *amount),
                Spent | Expired => there.outstanding.add(*category, -amount),
                Granted | Reversed | Converted => there.outstanding.add(*category, *amount),
            }
        }
        there
    }

    /// Compares a span of a report.
    #[track_caller]
    pub(crate) fn check(&self, span: &LiabilitySpan) {
        for category in [Promotional, Paid] {
            for kind in FlowKind::ALL {
                let of_span = self.changes.iter().filter(|change| {
                    (change.1, change.2) == (category, kind) && (span.from..span.until).contains(&change.0)
                });
                let expected: i128 = of_span.map(|change| change.3).sum();
                assert_eq!(span.flows.of(category, kind), expected, "{category:?} {kind:?} of {span:?}");
            }
            let flow = |kind| span.flows.of(category, kind);
            let closing = span.opening.outstanding.of(category) + flow(Granted) - flow(Spent) - flow(Expired)
                + flow(Reversed)
                + flow(Converted);
            assert_eq!(span.closing.outstanding.of(category), closing, "{span:?}");
            assert_eq!(span.closing.held.of(category), span.opening.held.of(category) + flow(Held), "{span:?}");
        }
        let converted: i128 = [Promotional, Paid].iter().map(|category| span.flows.of(*category, Converted)).sum();
        assert_eq!(converted, 0, "{span:?}");
        assert_eq!(span.opening, self.there_before(span.from), "{span:?}");
        assert_eq!(span.closing, self.there_before(span.until), "{span:?}");
    }
}
