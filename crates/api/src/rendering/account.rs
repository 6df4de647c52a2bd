//! Balances, accounts and coins.

use tocos_ledger::{Account, Balance, Coin, LotAmount, State};

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
    out.raw("}");
}
