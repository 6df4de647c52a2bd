//! The tables among themselves: one look at all of them. What events say is compared with the ledger elsewhere; here all other tables
//! are compared with what follows from the events.

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
        "what the tables say of themselves",
        "select 'meta is not what the last event says' from {schema}.meta left join {schema}.events on number = last_event
         where last_at is distinct from at or state_event <> last_event or not indexed",
    ),
    (
        "double entry",
        "select 'the entries of event ' || number || ' don''t add up to 0' from {schema}.events
         where coalesce(user_change, 0) + coalesce(other_change, 0) + coalesce(to_issued, 0) + coalesce(to_spent, 0) + coalesce(to_expired, 0) <> 0",
    ),
    (
        "balances after entries",
        "select 'entry ' || line || ' of event ' || event || ' says that ' || user_id || ' has ' || total_after || ' ' || coin || ' and ' || held_after
           || ' held, and the entries up to it make ' || total || ' and ' || held_total
         from (select *, sum(amount) over w as total, sum(held) over w as held_total from {schema}.entries where line <= 2
           window w as (partition by user_id, coin order by event, line)) as e
         where (total_after, held_after) is distinct from (total, held_total)",
    ),
    (
        "accounts",
        "select 'account ' || coalesce(a.user_id, e.user_id) || ' of ' || coalesce(a.coin, e.coin) || ' has ' || coalesce(a.total, 0) || ', '
           || coalesce(a.held, 0) || ' held, and its entries make ' || coalesce(e.total, 0) || ', ' || coalesce(e.held, 0) || ' held'
         from {schema}.accounts a
         full join (select user_id, coin, sum(amount) as total, sum(held) as held from {schema}.entries
           where line <= 2 group by user_id, coin) as e on e.user_id = a.user_id and e.coin = a.coin
         where (coalesce(a.total, 0), coalesce(a.held, 0)) <> (coalesce(e.total, 0), coalesce(e.held, 0))",
    ),
    (
        "last events of accounts",
        "select 'account ' || coalesce(a.user_id, e.user_id) || ' of ' || coalesce(a.coin, e.coin) || ' has last_event ' || coalesce(a.last_event, 0)
           || ', and the last event about it is ' || coalesce(e.last, 0)
         from {schema}.accounts a
         full join (select user_id, coin, max(number) as last from (
             select user_id, coin, number from {schema}.events
               where user_id is not null and coin is not null and kind not in ('extend', 'schedule')
             union all
             select counterpart, coin, number from {schema}.events where counterpart is not null and kind <> 'hold') as n
           group by user_id, coin) as e on e.user_id = a.user_id and e.coin = a.coin
         where a.last_event is distinct from e.last",
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
        "lots of holds",
        "select 'hold ' || id || ' has ' || held || ', and its lots ' || lots from (select id, held, state, h.lots as parts,
           coalesce((select sum((l->>'amount')::bigint) from jsonb_array_elements(h.lots) as l), 0) as lots from {schema}.holds h) as h
         where held <> lots or (state <> 'open' and (held <> 0 or parts <> '[]'))",
    ),
    (
        "holds",
        "select 'hold ' || coalesce(h.id, e.number) || ' is not what its events say' from {schema}.holds h
         full join (select * from {schema}.events where kind = 'hold') as e on e.number = h.id
         left join (select hold_id, max(number) as last, max(number) filter (where kind in ('hold', 'extend')) as timed,
             max(number) filter (where kind = 'capture' and details->>'state' = 'open') as part,
             max(number) filter (where kind in ('release', 'hold_expired') or (kind = 'capture' and details->>'state' = 'captured')) as ended
           from {schema}.events where hold_id is not null group by hold_id) as x on x.hold_id = e.number
         left join {schema}.events t on t.number = x.timed
         left join {schema}.events p on p.number = x.part
         left join {schema}.events z on z.number = x.ended
         left join {schema}.events r on r.number = h.last_event and r.number > x.last and r.kind = 'rollover' and r.user_id = h.user_id and r.coin = h.coin
         where (h.user_id, h.coin, h.amount, h.to_user, h.created_at, h.expires_at, h.ended_at, h.state, h.captured) is distinct from
             (e.user_id, e.coin, e.amount, e.counterpart, e.at, (t.details->>'expires_at')::timestamptz, z.at,
              case z.kind when 'capture' then 'captured' when 'release' then 'released' when 'hold_expired' then 'expired' else 'open' end,
              e.amount - coalesce((p.details->>'held')::bigint, e.amount)
                + case z.kind when 'capture' then least(z.amount, coalesce((p.details->>'held')::bigint, e.amount)) else 0 end)
           or (h.last_event is distinct from x.last and r.number is null)",
    ),
    (
        "totals of coins",
        "select 'coin ' || coalesce(code, e.coin) || ' has issued ' || coalesce(issued, 0) || ', spent ' || coalesce(spent, 0) || ', expired '
           || coalesce(expired, 0) || ', and the entries make ' || coalesce(-i, 0) || ', ' || coalesce(s, 0) || ', ' || coalesce(x, 0)
         from {schema}.coins full join (select coin, sum(to_issued) as i, sum(to_spent) as s, sum(to_expired) as x
           from {schema}.events where coin is not null group by coin) as e on e.coin = code
         where (coalesce(issued, 0), coalesce(spent, 0), coalesce(expired, 0)) <> (coalesce(-i, 0), coalesce(s, 0), coalesce(x, 0))",
    ),
    (
        "rules of coins",
        "select 'coin ' || code || ' does not have the decimals, thresholds and spending limit of its last events' from {schema}.coins
         left join (select distinct on (coin) coin, (details->>'decimals')::smallint as decimals from {schema}.events where kind = 'coin'
           order by coin, number desc) as d on d.coin = code
         left join (select distinct on (coin) coin, nullif((details->'thresholds')::jsonb, 'null') as thresholds from {schema}.events
           where kind = 'thresholds' and user_id is null order by coin, number desc) as t on t.coin = code
         left join (select distinct on (coin) coin, case when amount is not null then jsonb_strip_nulls(jsonb_build_object(
               'amount', amount, 'per', details->>'per', 'hours', (details->>'hours')::bigint)) end as spend_limit
           from {schema}.events where kind = 'spend_limit' and user_id is null order by coin, number desc) as s on s.coin = code
         where (coins.decimals, coins.thresholds, coins.spend_limit) is distinct from (coalesce(d.decimals, 0::smallint), t.thresholds, s.spend_limit)",
    ),
    (
        "rules of accounts",
        "select 'account ' || a.user_id || ' of ' || a.coin || ' does not have the limits, thresholds and spending limit of its last events'
         from {schema}.accounts a
         left join (select distinct on (user_id, coin) user_id, coin, details from {schema}.events where kind = 'limits'
           order by user_id, coin, number desc) as l on l.user_id = a.user_id and l.coin = a.coin
         left join (select distinct on (user_id, coin) user_id, coin, nullif((details->'thresholds')::jsonb, 'null') as thresholds from {schema}.events
           where kind = 'thresholds' and user_id is not null order by user_id, coin, number desc) as t on t.user_id = a.user_id and t.coin = a.coin
         left join (select distinct on (user_id, coin) user_id, coin, case when amount is not null then jsonb_strip_nulls(jsonb_build_object(
               'amount', amount, 'per', details->>'per', 'hours', (details->>'hours')::bigint)) end as spend_limit
           from {schema}.events where kind = 'spend_limit' and user_id is not null order by user_id, coin, number desc) as s
           on s.user_id = a.user_id and s.coin = a.coin
         where (a.floor, a.ceiling, a.frozen, a.thresholds, a.spend_limit) is distinct from (coalesce((details->>'floor')::bigint, 0),
           coalesce((details->>'ceiling')::bigint, 9007199254740991), coalesce((details->>'frozen')::boolean, false), t.thresholds, s.spend_limit)",
    ),
    (
        "grants",
        "select 'grant ' || coalesce(g.event, e.number) || ' is not what its event says' from {schema}.grants g
         full join (select * from {schema}.events where kind in ('grant', 'rollover')) as e on e.number = g.event
         left join (select distinct on (r.number) r.number, s.details from {schema}.events r
           join {schema}.events s on s.kind = 'schedule' and s.schedule_id = r.schedule_id and s.number < r.number
           where r.kind = 'rollover' order by r.number, s.number desc) as p on p.number = e.number
         where (g.kind, g.at, g.user_id, g.coin, g.amount, g.expires_at, g.priority, g.category, g.is_lot, g.schedule_id, g.occurrence, g.due_at,
             g.reference) is distinct from
           (e.kind, e.at, e.user_id, e.coin, e.amount, coalesce((e.details->>'expires_at')::timestamptz, 'infinity'),
            coalesce((e.details->>'priority')::smallint, (p.details->>'priority')::smallint, 50::smallint),
            coalesce(e.details->>'category', p.details->>'category', 'paid'), e.kind = 'rollover' or e.details->'lots' is not null, e.schedule_id,
            (e.details->>'occurrence')::bigint, (e.details->>'due_at')::timestamptz, case e.kind when 'grant' then e.reference end)",
    ),
    (
        "changes of grants",
        "select 'to grant ' || g.event || ' are ' || g.added || ' added and ' || g.reversed || ' reversed, and the events make '
           || coalesce(j.up, 0) || ' and ' || coalesce(r.amount, 0) + coalesce(j.down, 0)
         from {schema}.grants g
         left join (select of_event, sum(amount) as amount from {schema}.events
           where kind = 'reverse' and details->>'of_kind' = 'grant' group by of_event) as r on r.of_event = g.event
         left join (select lot, sum(amount) filter (where direction = 'up') as up, sum(amount) filter (where direction = 'down') as down
           from (select amount, details->>'direction' as direction, (select (l->>'grant')::bigint
               from json_array_elements(details->'lots') as l where l->>'grant' is not null limit 1) as lot
             from {schema}.events where kind = 'adjustment') as a group by lot) as j on j.lot = g.event
         where (g.added, g.reversed) <> (coalesce(j.up, 0), coalesce(r.amount, 0) + coalesce(j.down, 0))",
    ),
    (
        "users",
        "select 'user ' || coalesce(u.id, e.user_id) || ' is not what its events say' from {schema}.users u
         full join (select user_id, min(number) as first, max(number) filter (where kind = 'user') as put, max(number) as last,
             max(number) filter (where kind = 'user_closed') as closed
           from {schema}.events where kind in ('user', 'user_closed') group by user_id) as e on e.user_id = u.id
         left join {schema}.events f on f.number = e.first
         left join {schema}.events p on p.number = e.put
         left join {schema}.events c on c.number = e.closed
         where (u.name, u.metadata::text, u.created_at, u.created_event, u.closed_at, u.last_event) is distinct from
           (p.details->>'name', (p.details->'metadata')::text, f.at, e.first, c.at, e.last)",
    ),
    (
        "schedules",
        "with spans as (select *, lead(event) over (partition by id order by event) as next from {schema}.schedules)
         select 'schedule ' || s.id || ' of event ' || s.event || ' is not what its events say'
         from spans s
         left join (select s.event, max(number) filter (where kind = 'schedule') as put, max(number) filter (where kind = 'grant') as granted,
             max(number) filter (where kind = 'schedule_deleted') as deleted, max(number) filter (where kind = 'schedule_resumed') as resumed,
             max(number) as last
           from spans s join {schema}.events e on e.schedule_id = s.id and e.number >= s.event and e.number < coalesce(s.next, 9223372036854775807)
             and kind in ('schedule', 'schedule_deleted', 'schedule_paused', 'schedule_resumed', 'grant') group by s.event) as x on x.event = s.event
         left join {schema}.events f on f.number = s.event and f.kind = 'schedule' and f.schedule_id = s.id
         left join {schema}.events p on p.number = x.put
         left join {schema}.events g on g.number = x.granted
         left join {schema}.events d on d.number = x.deleted
         left join {schema}.events z on z.number = x.resumed and z.details->>'next_occurrence' is null
         left join {schema}.events c on c.kind = 'user_closed' and c.user_id = s.user_id
         where (s.user_id, s.coin, s.amount, s.anchor, s.created_at, s.plan) is distinct from
             (p.user_id, p.coin, p.amount, (p.details->>'anchor')::timestamptz, f.at,
              coalesce((select jsonb_object_agg(key, value) from jsonb_each(p.details::jsonb) where key in ('every_days', 'every_months',
                'occurrences', 'starts_at', 'ends_at', 'expires', 'expires_after_s', 'priority', 'category', 'rollover_max', 'rollover_expires',
                'rollover_expires_after_s')), '{}'))
           or (s.last_grant, s.last_at) is distinct from (g.number, (g.details->>'due_at')::timestamptz)
           or (s.state = 'ended') is distinct from (s.ended_at is not null) or (s.state <> 'active' and s.next_at is not null)
           or (s.ended_at is not null and s.ended_at is distinct from d.at and s.ended_at is distinct from c.at and s.ended_at is distinct from z.at
             and s.ended_at is distinct from (g.details->>'due_at')::timestamptz)
           or (s.last_event is distinct from x.last and s.last_event is distinct from c.number)",
    ),
    (
        "events of schedules",
        "select 'the schedule ' || schedule_id || ' that event ' || number || ' puts is not there' from {schema}.events
         where kind = 'schedule' and not exists (select from {schema}.schedules s where s.id = schedule_id and s.event <= number)",
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
