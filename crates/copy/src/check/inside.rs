//! The tables among themselves: one look at all of them.

use super::Check;
use crate::trouble::Trouble;

/// A rule that holds for all rows: the query gives those for which it does not, in words, and how many there are.
const RULES: &[(&str, &str)] = &[
    (
        "numbers of events",
        "select 'meta.last_event is ' || last_event || ', and events has ' || n || ' rows up to ' || coalesce(high, 0)
         from {schema}.meta, (select count(*) as n, max(number) as high from {schema}.events) as e
         where (n, coalesce(high, 0)) <> (last_event, last_event)",
    ),
    (
        "events and their bodies",
        "select 'event ' || number || ' is not what its body says' from {schema}.events
         where (number, kind) is distinct from ((body->>'event')::bigint, body->>'kind') or at <> (body->>'at')::timestamptz
           or amount is distinct from (body->>'amount')::bigint or coin is distinct from body->>'coin'
           or user_id is distinct from coalesce(body->>'user', body->>'from') or counterpart is distinct from body->>'to'
           or reference is distinct from body->>'reference' or idempotency_key is distinct from body->>'idempotency_key'",
    ),
    (
        "double entry",
        "select 'the entries of event ' || event || ' add up to ' || sum(amount) || ' ' || coin from {schema}.entries
         group by event, coin having sum(amount) <> 0",
    ),
    (
        "entries of events",
        "select 'event ' || e.number || ' moved ' || e.moved || ', and its entries ' || coalesce(n.moved, 0)
         from (select number, case kind when 'capture' then amount + (body->>'expired')::bigint
             when 'release' then (body->>'expired')::bigint when 'hold_expired' then (body->>'expired')::bigint else amount end as moved
           from {schema}.events where kind in
             ('grant', 'spend', 'transfer', 'capture', 'release', 'hold_expired', 'expire', 'adjustment', 'reverse')) as e
         left join (select event, sum(amount) filter (where amount > 0) as moved from {schema}.entries group by event) as n
           on n.event = e.number
         where e.moved <> coalesce(n.moved, 0)",
    ),
    (
        "balances after entries",
        "select 'entry ' || line || ' of event ' || event || ' says that ' || user_id || ' has ' || total_after || ' ' || coin || ' and ' || held_after
           || ' held, and the entries up to it make ' || total || ' and ' || held_total
         from (select *, sum(amount) over w as total, sum(held) over w as held_total from {schema}.entries
           window w as (partition by user_id, coin order by event, line)) as e
         where (total_after, held_after) <> (total, held_total)",
    ),
    (
        "accounts",
        "select 'account ' || coalesce(a.user_id, e.user_id) || ' of ' || coalesce(a.coin, e.coin) || ' has ' || coalesce(a.total, 0) || ', '
           || coalesce(a.held, 0) || ' held, and its entries make ' || coalesce(e.total, 0) || ', ' || coalesce(e.held, 0) || ' held'
         from {schema}.accounts a
         full join (select user_id, coin, sum(amount) as total, sum(held) as held from {schema}.entries
           where left(user_id, 1) <> '@' group by user_id, coin) as e on e.user_id = a.user_id and e.coin = a.coin
         where (coalesce(a.total, 0), coalesce(a.held, 0)) <> (coalesce(e.total, 0), coalesce(e.held, 0))",
    ),
    (
        "lots of accounts",
        "select 'account ' || coalesce(a.user_id, l.user_id) || ' of ' || coalesce(a.coin, l.coin) || ' has ' || coalesce(a.available, 0)
           || ' available, and plain coins and lots make ' || coalesce(a.plain, 0) + coalesce(l.amount, 0)
         from {schema}.accounts a
         full join (select user_id, coin, sum(amount) as amount from {schema}.lots group by user_id, coin) as l
           on l.user_id = a.user_id and l.coin = a.coin
         where coalesce(a.available, 0) <> coalesce(a.plain, 0) + coalesce(l.amount, 0)",
    ),
    (
        "holds of accounts",
        "select 'account ' || coalesce(a.user_id, h.user_id) || ' of ' || coalesce(a.coin, h.coin) || ' has ' || coalesce(a.held, 0)
           || ' held, and its open holds ' || coalesce(h.held, 0)
         from {schema}.accounts a
         full join (select user_id, coin, sum(held) as held from {schema}.holds where state = 'open' group by user_id, coin) as h
           on h.user_id = a.user_id and h.coin = a.coin
         where coalesce(a.held, 0) <> coalesce(h.held, 0)",
    ),
    (
        "holds",
        "select 'hold ' || id || ' has ' || held || ', and its lots ' || lots from (select id, held, state,
           coalesce((select sum((l->>'amount')::bigint) from jsonb_array_elements(h.lots) as l), 0) as lots from {schema}.holds h) as h
         where held <> lots or (state <> 'open' and held <> 0)",
    ),
    (
        "holds and their events",
        "select 'hold ' || coalesce(h.id, e.number) || ' is not what its event made' from {schema}.holds h
         full join (select * from {schema}.events where kind = 'hold') as e on e.number = h.id
         where (h.user_id, h.coin, h.amount) is distinct from (e.user_id, e.coin, e.amount) or h.to_user is distinct from e.counterpart",
    ),
    (
        "totals of coins",
        "select 'coin ' || code || ' has issued ' || issued || ', spent ' || spent || ', expired ' || expired || ', and the entries make '
           || coalesce(-i, 0) || ', ' || coalesce(s, 0) || ', ' || coalesce(x, 0)
         from {schema}.coins left join (select coin, sum(amount) filter (where user_id = '@issued') as i,
             sum(amount) filter (where user_id = '@spent') as s, sum(amount) filter (where user_id = '@expired') as x
           from {schema}.entries where left(user_id, 1) = '@' group by coin) as e on e.coin = code
         where (issued, spent, expired) <> (coalesce(-i, 0), coalesce(s, 0), coalesce(x, 0))",
    ),
    (
        "grants",
        "select 'grant ' || coalesce(g.event, e.number) || ' is not what its event says' from {schema}.grants g
         full join (select * from {schema}.events where kind in ('grant', 'rollover')) as e on e.number = g.event
         where (g.kind, g.user_id, g.coin, g.amount) is distinct from (e.kind, e.user_id, e.coin, e.amount)",
    ),
    (
        "reversals of grants",
        "select 'of grant ' || g.event || ' are ' || g.reversed || ' reversed, and the events make ' || coalesce(r.amount, 0)
         from {schema}.grants g left join (select of_event, sum(amount) as amount from {schema}.events
           where kind = 'reverse' and body->>'of_kind' = 'grant' group by of_event) as r on r.of_event = g.event
         where g.schedule_id is null and g.reversed <> coalesce(r.amount, 0)",
    ),
    (
        "users",
        "select 'user ' || coalesce(u.id, e.user_id) || ' is not what the last event says' from {schema}.users u
         full join (select distinct on (user_id) user_id, body->>'name' as name from {schema}.events where kind = 'user'
           order by user_id, number desc) as e on e.user_id = u.id
         where u.id is null or e.user_id is null or u.name is distinct from e.name",
    ),
    (
        "closed users",
        "select 'user ' || coalesce(u.id, e.user_id) || ' is closed in one of users and events'
         from (select id, closed_at from {schema}.users where closed_at is not null) as u
         full join (select user_id, at from {schema}.events where kind = 'user_closed') as e on e.user_id = u.id
         where u.closed_at is distinct from e.at",
    ),
    (
        "limits",
        "select 'account ' || a.user_id || ' of ' || a.coin || ' does not have the limits of its last event' from {schema}.accounts a
         left join (select distinct on (user_id, coin) user_id, coin, body from {schema}.events where kind = 'limits'
           order by user_id, coin, number desc) as e on e.user_id = a.user_id and e.coin = a.coin
         where (a.floor, a.ceiling, a.frozen) <> (coalesce((body->>'floor')::bigint, 0),
           coalesce((body->>'ceiling')::bigint, 9007199254740991), coalesce((body->>'frozen')::boolean, false))",
    ),
];

impl Check {
    /// Every rule, for all rows, as of one instant.
    pub(super) async fn inside(&mut self) -> Result<(), Trouble> {
        self.store.run("begin isolation level repeatable read read only").await?;
        let outcome = self.rules().await;
        self.store.run("commit").await?;
        outcome
    }

    async fn rules(&mut self) -> Result<(), Trouble> {
        for (name, sql) in RULES {
            let rows = self
                .store
                .rows(&format!("with found(words) as ({sql}) select words, count(*) over () from found limit 5"), &[])
                .await?;
            let count = rows.first().map_or(0, |row| row.get::<_, i64>(1));
            let named = rows.len() as i64;
            for row in &rows {
                let words: Option<String> = row.get(0);
                self.report
                    .differs(words.unwrap_or_else(|| format!("{name}: a row has no value where there must be one")));
            }
            self.report.count += (count - named).cast_unsigned();
        }
        let events = self.store.rows("select last_event from {schema}.meta", &[]).await?;
        let events: i64 = events.first().map_or(0, |row| row.get(0));
        self.report.compared.push(("events", events.cast_unsigned()));
        self.report.compared.push(("rules of the tables", RULES.len() as u64));
        Ok(())
    }
}
