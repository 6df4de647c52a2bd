//! Balances, accounts and coins.

use tocos_ledger::{Account, Balance, Coin, LotAmount, SpendLimit, Spending, State, Thresholds, Window};

use crate::json::Writer;

/// `{"total":45,"held":0,"available":45}`.
pub(crate) fn balance(out: &mut Writer, balance: Balance) {
    out.raw("{\"total\":");
    out.integer(balance.total);
    out.raw(",\"held\":");
    out.integer(balance.held);
    out.raw(",\"available\":");
    out.integer(balance.available());
    out.raw("}");
}

/// An account of a user, with its limits and lots.
pub(crate) fn user_account(
    out: &mut Writer,
    state: &State,
    account: &Account,
    balance: Balance,
    lots: impl IntoIterator<Item = LotAmount>,
    spending: Option<Spending>,
) {
    let limits = account.limits();
    out.raw("{\"coin\":");
    out.plain(&state.coin(account.coin).code);
    out.raw(",\"total\":");
    out.integer(balance.total);
    out.raw(",\"held\":");
    out.integer(balance.held);
    out.raw(",\"available\":");
    out.integer(balance.available());
    out.raw(",\"floor\":");
    out.integer(limits.floor);
    out.raw(",\"ceiling\":");
    out.integer(limits.ceiling);
    out.raw(",\"frozen\":");
    out.bool(limits.frozen);
    if let Some(own) = account.own_thresholds() {
        out.raw(",\"thresholds\":");
        thresholds(out, own);
    }
    if let Some(spending) = spending {
        out.raw(",\"spend_limit\":{");
        limit(out, spending.limit);
        out.raw(",\"of\":");
        out.word(if account.own_spend_limit().is_some() { "account" } else { "coin" });
        out.raw(",\"used\":");
        out.integer(spending.used);
        out.raw(",\"left\":");
        out.integer(spending.left);
        out.raw(",\"resets_at\":");
        out.time_or_null(spending.resets_at);
        out.raw("}");
    }
    out.raw(",\"lots\":");
    super::lots(out, lots);
    out.raw("}");
}

/// A coin and where all of it is.
pub(crate) fn coin(out: &mut Writer, coin: &Coin) {
    out.raw("{\"code\":");
    out.plain(&coin.code);
    out.raw(",\"decimals\":");
    out.integer(coin.decimals);
    let figures = [("issued", coin.issued), ("spent", coin.spent), ("expired", coin.expired)];
    for (name, amount) in figures {
        out.raw(",");
        out.word(name);
        out.raw(":");
        out.integer(amount);
    }
    out.raw(",\"outstanding\":");
    out.integer(coin.outstanding());
    out.raw(",\"held\":");
    out.integer(coin.held);
    if let Some(own) = &coin.thresholds {
        out.raw(",\"thresholds\":");
        thresholds(out, own);
    }
    if let Some(own) = coin.spend_limit {
        out.raw(",\"spend_limit\":{");
        limit(out, own);
        out.raw("}");
    }
    out.raw("}");
}

/// `[20,100]`.
pub(super) fn thresholds(out: &mut Writer, thresholds: &Thresholds) {
    out.raw("[");
    for (at, amount) in thresholds.amounts().iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.integer(*amount);
    }
    out.raw("]");
}

/// `"amount":50,"per":"day"`.
pub(super) fn limit(out: &mut Writer, limit: SpendLimit) {
    out.raw("\"amount\":");
    out.integer(limit.amount);
    out.raw(",\"per\":");
    out.word(limit.per.word());
    if let Window::Hours(hours) = limit.per {
        out.raw(",\"hours\":");
        out.integer(hours);
    }
}
