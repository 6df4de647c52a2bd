//! Flows added up by the spans of a report.

use tocos_ledger::{Category, CoinId, Flow, FlowKind, FlowTotals, Micros, Outstanding};

/// What flows of one span come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanFlows {
    sums: [[i128; FlowKind::ALL.len()]; Category::ALL.len()],
}

impl SpanFlows {
    /// The flows of a kind and a category.
    #[must_use]
    pub fn of(&self, category: Category, kind: FlowKind) -> i128 {
        self.sums[category as usize][kind as usize]
    }

    /// These and those of another span.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (sums, others) in self.sums.iter_mut().zip(&other.sums) {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self
    }

    fn add(&mut self, category: Category, kind: FlowKind, amount: i128) {
        self.sums[category as usize][kind as usize] += amount;
    }

    /// Adds all that these change to what is outstanding and held.
    fn change(&self, there: &mut There) {
        for category in Category::ALL {
            for kind in FlowKind::ALL {
                there.outstanding.add(category, kind.change(self.of(category, kind)));
            }
            there.held.add(category, self.of(category, FlowKind::Held));
        }
    }
}

/// What there is at some instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// What users have, held coins included.
    pub outstanding: Outstanding,
    /// What of it is held.
    pub held: Outstanding,
}

/// One span of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiabilitySpan {
    /// Its first instant.
    pub from: Micros,
    /// The instant behind it.
    pub until: Micros,
    /// What there was at its beginning.
    pub opening: There,
    /// What changed it.
    pub flows: SpanFlows,
    /// What there was at its end.
    pub closing: There,
}

/// The spans of a report with what is before and behind them.
pub(super) struct Spans {
    coin: CoinId,
    /// The instants between them.
    cuts: Vec<Micros>,
    /// One more than cuts: what is before the first comes first.
    flows: Vec<SpanFlows>,
}

impl Spans {
    /// Spans between these instants, which ascend.
    pub(super) fn new(coin: CoinId, cuts: Vec<Micros>) -> Self {
        let flows = vec![SpanFlows::default(); cuts.len() + 1];
        Self { coin, cuts, flows }
    }

    /// The place of the span that an instant is in.
    fn place(&self, at: Micros) -> usize {
        self.cuts.partition_point(|cut| *cut <= at)
    }

    /// Adds a flow, if it is of the coin.
    pub(super) fn add(&mut self, flow: &Flow) {
        if flow.coin == self.coin {
            let place = self.place(flow.at);
            self.flows[place].add(flow.category, flow.kind, i128::from(flow.amount));
        }
    }

    /// Adds totals. Adds nothing and says no if one of them is of flows in several spans.
    pub(super) fn add_totals(&mut self, totals: &FlowTotals) -> bool {
        let is_in_one = |first, last| self.place(first) == self.place(last);
        if !totals.of_coin(self.coin).all(|(_, _, total)| is_in_one(total.first, total.last)) {
            return false;
        }
        for (category, kind, total) in totals.of_coin(self.coin) {
            let place = self.place(total.first);
            self.flows[place].add(category, kind, total.amount);
        }
        true
    }

    /// What all flows come to.
    pub(super) fn all(&self) -> There {
        let mut all = There::default();
        self.flows.iter().for_each(|flows| flows.change(&mut all));
        all
    }

    /// The spans, without what is before and behind them.
    pub(super) fn into_spans(self) -> Vec<LiabilitySpan> {
        let mut closing = There::default();
        if let Some(before) = self.flows.first() {
            before.change(&mut closing);
        }
        let bounds = self.cuts.windows(2).zip(self.flows.iter().skip(1));
        let span = |(bounds, flows): (&[Micros], &SpanFlows)| {
            let opening = closing;
            flows.change(&mut closing);
            LiabilitySpan { from: bounds[0], until: bounds[1], opening, flows: *flows, closing }
        };
        bounds.map(span).collect()
    }
}
