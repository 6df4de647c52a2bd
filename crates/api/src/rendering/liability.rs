//! The liability report as JSON.

use tocos_engine::{Liability, LiabilitySpan};
use tocos_ledger::{Category, FlowKind, Micros, Outstanding};

use super::category_word;
use crate::json::{Writer, rfc3339_text};

/// What a report has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LiabilityRows {
    Total,
    Category,
    Month,
    Day,
}

impl LiabilityRows {
    fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Category => "category",
            Self::Month => "month",
            Self::Day => "day",
        }
    }
}

/// The categories that a row counts.
#[derive(Clone, Copy)]
enum Counted {
    Both,
    One(Category),
}

impl Counted {
    fn of(self, outstanding: &Outstanding) -> i128 {
        match self {
            Self::Both => outstanding.total(),
            Self::One(category) => outstanding.of(category),
        }
    }

    fn flows(self, span: &LiabilitySpan, kind: FlowKind) -> i128 {
        match self {
            Self::Both => Category::ALL.into_iter().map(|category| span.flows.of(category, kind)).sum(),
            Self::One(category) => span.flows.of(category, kind),
        }
    }
}

/// Paid coins come first.
const CATEGORIES: [Category; 2] = [Category::Paid, Category::Promotional];

/// A report, and the event that it is as of.
pub(crate) fn liability(code: &str, by: LiabilityRows, event: u64, report: &Liability) -> Writer {
    let mut out = Writer::with_capacity(1024 + report.spans.len() * 256);
    let whole = whole(&report.spans);
    out.raw("{\"coin\":");
    out.plain(code);
    out.raw(",\"from\":");
    out.time(whole.from);
    out.raw(",\"until\":");
    out.time(whole.until);
    out.raw(",\"by\":");
    out.word(by.word());
    out.raw(",\"event\":");
    out.integer(event);
    out.raw(",\"rows\":[");
    match by {
        LiabilityRows::Total => row(&mut out, "{", &whole, Counted::Both),
        LiabilityRows::Category => {
            for (at, category) in CATEGORIES.into_iter().enumerate() {
                out.raw(if at == 0 { "{\"category\":" } else { ",{\"category\":" });
                out.word(category_word(category));
                row(&mut out, ",", &whole, Counted::One(category));
            }
        }
        LiabilityRows::Month | LiabilityRows::Day => {
            let (name, letters) = if by == LiabilityRows::Month { ("month", 7) } else { ("day", 10) };
            for (at, span) in report.spans.iter().enumerate() {
                out.raw(if at == 0 { "{" } else { ",{" });
                out.word(name);
                out.raw(":");
                out.plain(&date(span.from, letters));
                out.raw(",\"from\":");
                out.time(span.from);
                out.raw(",\"until\":");
                out.time(span.until);
                row(&mut out, ",", span, Counted::Both);
            }
        }
    }
    out.raw("],\"totals\":");
    row(&mut out, "{", &whole, Counted::Both);
    check(&mut out, by, &report.there.outstanding);
    out.raw("}");
    out
}

/// The spans as one.
fn whole(spans: &[LiabilitySpan]) -> LiabilitySpan {
    let mut spans = spans.iter().copied();
    // A report has a span at least.
    let first = spans.next().unwrap_or_default();
    spans.fold(first, |whole, next| LiabilitySpan {
        until: next.until,
        closing: next.closing,
        flows: whole.flows.with(&next.flows),
        ..whole
    })
}

/// `2026-11`, or `2026-11-30`.
fn date(at: Micros, letters: usize) -> String {
    let mut text = rfc3339_text(at);
    text.truncate(letters);
    text
}

/// The numbers of a row, behind what begins it. Whatever was converted makes up for itself unless categories are apart.
fn row(out: &mut Writer, begin: &str, span: &LiabilitySpan, counted: Counted) {
    out.raw(begin);
    out.raw("\"opening\":");
    out.integer(counted.of(&span.opening.outstanding));
    for (kind, name) in [
        (FlowKind::Granted, ",\"granted\":"),
        (FlowKind::Spent, ",\"spent\":"),
        (FlowKind::Expired, ",\"expired\":"),
        (FlowKind::Reversed, ",\"reversed\":"),
    ] {
        out.raw(name);
        out.integer(counted.flows(span, kind));
    }
    if let Counted::One(_) = counted {
        out.raw(",\"converted\":");
        out.integer(counted.flows(span, FlowKind::Converted));
    }
    out.raw(",\"closing\":");
    out.integer(counted.of(&span.closing.outstanding));
    out.raw(",\"held\":");
    out.integer(counted.of(&span.closing.held));
    out.raw("}");
}

/// What all accounts have, and what all flows come to. A report where these differ is none.
fn check(out: &mut Writer, by: LiabilityRows, outstanding: &Outstanding) {
    let both = |out: &mut Writer, amount: i128| {
        out.raw("\"balances\":");
        out.integer(amount);
        out.raw(",\"counted\":");
        out.integer(amount);
        out.raw(",\"equal\":true");
    };
    out.raw(",\"check\":{");
    both(out, outstanding.total());
    if by == LiabilityRows::Category {
        out.raw(",\"categories\":[");
        for (at, category) in CATEGORIES.into_iter().enumerate() {
            out.raw(if at == 0 { "{\"category\":" } else { ",{\"category\":" });
            out.word(category_word(category));
            out.raw(",");
            both(out, outstanding.of(category));
            out.raw("}");
        }
        out.raw("]");
    }
    out.raw("}");
}
