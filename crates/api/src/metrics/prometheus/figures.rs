//! What is in the books. A poisoned or closing ledger has no figures: they could be ahead of the disk.

use tocos_engine::Engine;
use tocos_ledger::Coin;

use super::Text;
use super::scan::Scanned;

pub(super) fn put(engine: &Engine, scanned: &Scanned, out: &mut Text) {
    let look = engine.read(|ledger, _| {
        let state = ledger.state();
        (state.user_count(), state.account_count(), state.open_hold_count(), state.coins().to_vec())
    });
    let Ok(seen) = look else { return };
    let (users, accounts, holds, coins) = seen.value;
    out.single("tocos_users", "gauge", "Users, closed ones included.", users);
    out.single("tocos_accounts", "gauge", "Accounts: one for each user and coin that met.", accounts);
    out.single("tocos_holds_open", "gauge", "Open holds.", holds);
    let meaning = "When the oldest open hold was made; 0 is none open.";
    out.single("tocos_hold_oldest_timestamp_seconds", "gauge", meaning, scanned.oldest_hold_at as f64 / 1e6);
    of_coins(&coins, out);
    let name = "tocos_coin_balance_sum";
    out.family(
        name,
        "gauge",
        "Sum of all balances of a coin, system accounts included: 0, or something is badly wrong.",
    );
    for (coin, sum) in coins.iter().zip(&scanned.balance_sums) {
        out.sample(name, &format!("coin=\"{}\"", coin.code), sum);
    }
    let name = "tocos_coin_expiring";
    out.family(name, "gauge", "Available coins that expire within a time if nobody spends them.");
    for (coin, (within_7d, within_30d)) in coins.iter().zip(&scanned.expiring) {
        out.sample(name, &format!("coin=\"{}\",within=\"7d\"", coin.code), within_7d);
        out.sample(name, &format!("coin=\"{}\",within=\"30d\"", coin.code), within_30d);
    }
}

fn of_coins(coins: &[Coin], out: &mut Text) {
    type Figure = fn(&Coin) -> i64;
    let figures: [(&str, &str, Figure); 5] = [
        ("tocos_coin_issued", "Coins ever granted, less what was reversed.", |coin| coin.issued as i64),
        ("tocos_coin_spent", "Coins spent, less what was reversed.", |coin| coin.spent as i64),
        ("tocos_coin_expired", "Coins that expired.", |coin| coin.expired as i64),
        ("tocos_coin_outstanding", "Coins that users have, held ones included.", Coin::outstanding),
        ("tocos_coin_held", "Coins reserved by open holds.", |coin| coin.held as i64),
    ];
    for (name, meaning, figure) in figures {
        out.family(name, "gauge", meaning);
        for coin in coins {
            out.sample(name, &format!("coin=\"{}\"", coin.code), figure(coin));
        }
    }
}
