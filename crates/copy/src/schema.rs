//! The tables and views, and the versions of them. docs/copy.md says what each column means.

/// The version of the tables that this program writes.
pub(crate) const VERSION: i32 = 2;

/// What leads from each version to the next: the first is for tables of version 1. That one was in no release.
pub(crate) const MIGRATIONS: &[&str] = &[];

/// Stands for the schema's name.
const NAME: &str = "{schema}";

/// The statements with the name of the schema in them.
pub(crate) fn within(sql: &str, schema: &str) -> String {
    sql.replace(NAME, &quoted(schema))
}

/// An identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A schema's name as it may be given: what needs no quotes in queries.
pub(crate) fn may_name_schema(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=63).contains(&name.len())
        && name.chars().all(is_plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("pg_")
}

/// All tables. The indexes of `events` come when the ledger has been copied for the first time: until then rows are only
/// added, and that each comes once does not rest on them.
pub(crate) const TABLES: &str = r#"
create table {schema}.meta (
    one boolean primary key default true check (one),
    version integer not null,
    ledger text not null,
    last_event bigint not null,
    state_event bigint not null,
    last_at timestamptz,
    last_fingerprint text not null,
    indexed boolean not null,
    copied_at timestamptz not null default now()
);

create table {schema}.events (
    number bigint not null,
    at timestamptz not null,
    kind text not null,
    user_id text collate "C",
    counterpart text collate "C",
    coin text collate "C",
    amount bigint,
    user_change bigint,
    user_held_change bigint,
    user_total bigint,
    user_held bigint,
    other_change bigint,
    other_held_change bigint,
    other_total bigint,
    other_held bigint,
    to_issued bigint,
    to_spent bigint,
    to_expired bigint,
    hold_id bigint,
    of_event bigint,
    api_key bigint,
    schedule_id text collate "C",
    reference text collate "C",
    idempotency_key text collate "C",
    details json
);

create view {schema}.entries as
select number as event, 1::smallint as line, at, kind, user_id, coin, coalesce(user_change, 0) as amount,
    coalesce(user_held_change, 0) as held, user_total as total_after, coalesce(user_held, 0) as held_after
from {schema}.events where user_change is not null or user_held_change is not null
union all
select number, 2::smallint, at, kind, counterpart, coin, coalesce(other_change, 0), coalesce(other_held_change, 0), other_total,
    coalesce(other_held, 0)
from {schema}.events where other_change is not null or other_held_change is not null
union all
select number, 3::smallint, at, kind, '@issued'::text collate "C", coin, to_issued, 0::bigint, null::bigint, null::bigint
from {schema}.events where to_issued is not null
union all
select number, 4::smallint, at, kind, '@spent'::text collate "C", coin, to_spent, 0::bigint, null::bigint, null::bigint
from {schema}.events where to_spent is not null
union all
select number, 5::smallint, at, kind, '@expired'::text collate "C", coin, to_expired, 0::bigint, null::bigint, null::bigint
from {schema}.events where to_expired is not null;

create table {schema}.coins (
    code text collate "C" primary key,
    decimals smallint not null,
    issued bigint not null,
    spent bigint not null,
    expired bigint not null,
    thresholds jsonb,
    spend_limit jsonb
);

create table {schema}.users (
    id text collate "C" primary key,
    name text,
    metadata json,
    created_at timestamptz not null,
    created_event bigint not null,
    closed_at timestamptz,
    last_event bigint not null
);

create table {schema}.accounts (
    user_id text collate "C" not null,
    coin text collate "C" not null,
    total bigint not null,
    held bigint not null,
    available bigint not null generated always as (total - held) stored,
    plain bigint not null,
    floor bigint not null,
    ceiling bigint not null,
    frozen boolean not null,
    thresholds jsonb,
    spend_limit jsonb,
    last_event bigint not null,
    primary key (user_id, coin)
) with (fillfactor = 70);

create table {schema}.lots (
    user_id text collate "C" not null,
    coin text collate "C" not null,
    grant_event bigint not null,
    expires_at timestamptz not null,
    priority smallint not null,
    category text not null,
    amount bigint not null,
    primary key (user_id, coin, grant_event, expires_at)
);

create table {schema}.holds (
    id bigint primary key,
    user_id text collate "C" not null,
    coin text collate "C" not null,
    amount bigint not null,
    captured bigint not null,
    held bigint not null,
    to_user text collate "C",
    state text not null,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    lots jsonb not null,
    last_event bigint not null
);
create index holds_open on {schema}.holds (user_id, coin) where state = 'open';

create table {schema}.grants (
    event bigint primary key,
    at timestamptz not null,
    kind text not null,
    user_id text collate "C" not null,
    coin text collate "C" not null,
    amount bigint not null,
    added bigint not null default 0,
    reversed bigint not null default 0,
    expires_at timestamptz not null,
    priority smallint not null,
    category text not null,
    is_lot boolean not null,
    schedule_id text collate "C",
    occurrence bigint,
    due_at timestamptz,
    reference text collate "C"
);

create table {schema}.schedules (
    event bigint primary key,
    id text collate "C" not null,
    user_id text collate "C" not null,
    coin text collate "C" not null,
    amount bigint not null,
    plan jsonb not null,
    state text not null,
    anchor timestamptz not null,
    next_at timestamptz,
    last_at timestamptz,
    created_at timestamptz not null,
    ended_at timestamptz,
    last_grant bigint,
    last_event bigint not null
);
create index schedules_going_on on {schema}.schedules (id) where state <> 'ended';
create index schedules_of_user on {schema}.schedules (user_id);

create view {schema}.balances as
select a.user_id, u.name, a.coin, c.decimals, a.total, a.held, a.available, a.frozen, u.closed_at is not null as closed
from {schema}.accounts a
join {schema}.coins c on c.code = a.coin
left join {schema}.users u on u.id = a.user_id;

create view {schema}.holdings as
select user_id, coin, 0::bigint as grant_event, 'infinity'::timestamptz as expires_at, 50::smallint as priority, 'paid' as category,
    plain as available, 0::bigint as held
from {schema}.accounts where plain <> 0
union all
select user_id, coin, grant_event, expires_at, priority, category, amount, 0
from {schema}.lots
union all
select h.user_id, h.coin, l.grant_event, coalesce(l.expires_at, 'infinity'), l.priority, l.category, 0, l.amount
from {schema}.holds h
cross join lateral jsonb_to_recordset(h.lots)
    as l(grant_event bigint, expires_at timestamptz, priority smallint, category text, amount bigint)
where h.state = 'open';

create view {schema}.outstanding as
select coin, category, sum(available)::bigint as available, sum(held)::bigint as held, sum(available + held)::bigint as total
from {schema}.holdings
group by coin, category;

create view {schema}.totals as
select c.code as coin, c.decimals, c.issued, c.spent, c.expired, c.issued - c.spent - c.expired as outstanding,
    coalesce(sum(a.held), 0)::bigint as held
from {schema}.coins c
left join {schema}.accounts a on a.coin = c.code
group by c.code;

create view {schema}.movements_by_month as
select date_trunc('month', at at time zone 'UTC')::date as month, coin, kind, count(distinct event) as events,
    coalesce(sum(amount) filter (where amount > 0), 0)::bigint as received,
    coalesce(-sum(amount) filter (where amount < 0), 0)::bigint as given,
    sum(amount)::bigint as net
from {schema}.entries
where left(user_id, 1) <> '@'
group by 1, 2, 3;

create view {schema}.expiring_lots as
select l.user_id, u.name, l.coin, l.amount, l.expires_at, l.category, l.priority, l.grant_event, g.reference
from {schema}.lots l
left join {schema}.users u on u.id = l.user_id
left join {schema}.grants g on g.event = l.grant_event
where l.expires_at < 'infinity';

create view {schema}.open_holds as
select id, user_id, coin, amount, captured, held, to_user, expires_at, created_at
from {schema}.holds
where state = 'open';
"#;

/// What queries need: the name of each, and what makes it.
pub(crate) const INDEXES: &[(&str, &str)] = &[
    ("events_pkey", "alter table {schema}.events add primary key (number)"),
    ("events_of_user", "create index events_of_user on {schema}.events (user_id, number)"),
    (
        "events_of_counterpart",
        "create index events_of_counterpart on {schema}.events (counterpart, number) where counterpart is not null",
    ),
    ("events_at", "create index events_at on {schema}.events using brin (at)"),
    (
        "events_of_reference",
        "create index events_of_reference on {schema}.events (reference) where reference is not null",
    ),
    (
        "events_of_key",
        "create index events_of_key on {schema}.events (idempotency_key) where idempotency_key is not null",
    ),
    ("lots_expiring", "create index lots_expiring on {schema}.lots (expires_at)"),
    ("lots_of_grant", "create index lots_of_grant on {schema}.lots (grant_event)"),
    ("grants_of_user", "create index grants_of_user on {schema}.grants (user_id)"),
    (
        "grants_of_reference",
        "create index grants_of_reference on {schema}.grants (reference) where reference is not null",
    ),
];
