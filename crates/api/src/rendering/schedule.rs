//! Schedules and their occurrences.

use tocos_ledger::{Every, Lasting, Micros, Plan, Schedule, State};

use crate::json::Writer;

/// A schedule that goes on.
pub(crate) fn schedule(out: &mut Writer, schedule: &Schedule, state: &State) {
    out.raw("{\"id\":");
    out.text(&schedule.id);
    out.raw(",\"user\":");
    out.text(&state.user(schedule.user).id);
    out.raw(",\"coin\":");
    out.plain(&state.coin(schedule.coin).code);
    plan(out, &schedule.plan, schedule.anchor);
    out.raw(",\"paused\":");
    out.bool(schedule.paused);
    out.raw(",\"next_at\":");
    out.time_or_null((!schedule.paused).then(|| schedule.next_due()));
    out.raw(",\"last_at\":");
    out.time_or_null(schedule.last_due);
    out.raw("}");
}

/// `,"amount":500,"every_months":1,...`.
pub(super) fn plan(out: &mut Writer, plan: &Plan, anchor: Micros) {
    out.raw(",\"amount\":");
    out.integer(plan.amount);
    match plan.every {
        Every::Once => {}
        Every::Days(days) => {
            out.raw(",\"every_days\":");
            out.integer(days);
        }
        Every::Months(months) => {
            out.raw(",\"every_months\":");
            out.integer(months);
        }
    }
    out.raw(",\"anchor\":");
    out.time(anchor);
    for (name, at) in [(",\"starts_at\":", plan.starts_at), (",\"ends_at\":", plan.ends_at)] {
        if let Some(at) = at {
            out.raw(name);
            out.time(at);
        }
    }
    if let Some(occurrences) = plan.occurrences {
        out.raw(",\"occurrences\":");
        out.integer(occurrences);
    }
    lasting(out, [",\"expires\":", ",\"expires_after_s\":"], plan.lasting);
    out.raw(",\"priority\":");
    out.integer(plan.priority);
    out.raw(",\"category\":");
    out.word(super::category_word(plan.category));
    if let Some(rollover) = plan.rollover {
        out.raw(",\"rollover_max\":");
        out.integer(rollover.max);
        lasting(out, [",\"rollover_expires\":", ",\"rollover_expires_after_s\":"], rollover.lasting);
    }
}

fn lasting(out: &mut Writer, [expires, expires_after_s]: [&'static str; 2], lasting: Lasting) {
    match lasting {
        Lasting::Never => {
            out.raw(expires);
            out.word("never");
        }
        Lasting::AtNext => {
            out.raw(expires);
            out.word("at_next");
        }
        Lasting::After(seconds) => {
            out.raw(expires_after_s);
            out.integer(seconds);
        }
    }
}

/// An occurrence to come.
pub(crate) fn occurrence(out: &mut Writer, schedule: &Schedule, number: u32, at: Micros) {
    out.raw("{\"occurrence\":");
    out.integer(number);
    out.raw(",\"at\":");
    out.time(at);
    out.raw(",\"amount\":");
    out.integer(schedule.plan.amount);
    out.raw(",\"expires_at\":");
    out.time_or_null(schedule.plan.expires_at(schedule.anchor, number));
    out.raw("}");
}
