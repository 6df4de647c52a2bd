//! The metrics that need every account: computed from a clone of the state, without the writer's lock and not on the
//! thread that serves, at most every ten seconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tocos_engine::Engine;
use tocos_ledger::{DAY_US, Due, Micros, State};

/// How long a scan counts as fresh.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// The last scan.
#[derive(Debug, Default)]
pub(crate) struct Scan(Mutex<Option<(Instant, Arc<Scanned>)>>);

/// What a scan found; lists are in the order of the coins.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Over all accounts, system accounts included.
    pub balance_sums: Vec<i128>,
    /// What expires within 7 and within 30 days.
    pub expiring: Vec<(u64, u64)>,
    /// When the oldest open hold was made, in microseconds since 1970; 0 for none.
    pub oldest_hold_at: i64,
}

/// The last scan, or a new one if that is old.
pub(crate) async fn fresh(scan: &Scan, engine: &Engine) -> Arc<Scanned> {
    if let Some((at, scanned)) = &*scan.0.lock().unwrap_or_else(PoisonError::into_inner)
        && at.elapsed() < FRESH_FOR
    {
        return Arc::clone(scanned);
    }
    let begun = Instant::now();
    let engine = engine.clone();
    let scanned = tokio::task::spawn_blocking(move || scan_all(&engine)).await.unwrap_or_default();
    let scanned = Arc::new(scanned);
    *scan.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((begun, Arc::clone(&scanned)));
    scanned
}

fn scan_all(engine: &Engine) -> Scanned {
    let look = engine.read(|ledger, now| (ledger.state().clone(), now));
    let Ok(seen) = look else { return Scanned::default() };
    let (state, now) = seen.value;
    let expiring = expiring(&state, now);
    let oldest = state.open_holds().next().map(|(id, _)| id);
    // Not there only in the instant before it is durable.
    let oldest_hold_at = oldest.and_then(|id| engine.event(id).ok()).map_or(0, |event| event.at);
    Scanned { balance_sums: state.sums_of_all_balances(), expiring, oldest_hold_at }
}

/// By coin, what of it expires within 7 and within 30 days.
fn expiring(state: &State, now: Micros) -> Vec<(u64, u64)> {
    let mut sums = vec![(0, 0); state.coins().len()];
    let until = |days: i64| now + days * DAY_US;
    for (at, due) in state.due_before(until(30)) {
        let Due::Lots(id) = due else { continue };
        let account = state.account(id);
        let ends_then = |part: &tocos_ledger::LotAmount| part.lot.marks.expires_at == Some(at);
        let amount: u64 = account.lots(now).filter(ends_then).map(|part| part.amount).sum();
        let Some((within_7d, within_30d)) = sums.get_mut(usize::from(account.coin.0)) else { continue };
        *within_30d += amount;
        if at < until(7) {
            *within_7d += amount;
        }
    }
    sums
}
