//! The lease and the members. Time is the engine's, as of the statement.

use std::time::Duration;

use super::channel::Channel;
use super::rows::{duration, number, signed, value};
use crate::fault::Fault;
use crate::lease::{Candidate, Lease};
use crate::member::{Announced, Announcement, Member};

const LEASE: &str = "select epoch, holder, url, extract(epoch from expires_at - clock_timestamp())::float8,
       case when kept_until > clock_timestamp() then handed_to end
     from tocos.lease where ledger = $1";

const TAKE: &str = "insert into tocos.lease as l (ledger, epoch, holder, url, expires_at)
     values ($1, $2::bigint + 1, $3, $4, clock_timestamp() + $5::float8 * interval '1 second')
     on conflict (ledger) do update set epoch = greatest(l.epoch + 1, excluded.epoch), holder = excluded.holder,
       url = excluded.url, expires_at = clock_timestamp() + $5::float8 * interval '1 second', handed_to = null,
       kept_until = null
     where l.expires_at <= clock_timestamp()
       and (l.handed_to is null or l.handed_to = excluded.holder or l.kept_until <= clock_timestamp())
     returning epoch";

const RENEW: &str = "update tocos.lease set expires_at = clock_timestamp() + $4::float8 * interval '1 second'
     where ledger = $1 and holder = $2 and epoch = $3 and handed_to is null returning epoch";

const HAND_OVER: &str = "update tocos.lease set expires_at = clock_timestamp(), handed_to = $4,
       kept_until = clock_timestamp() + $5::float8 * interval '1 second'
     where ledger = $1 and holder = $2 and epoch = $3 and handed_to is null returning epoch";

const ANNOUNCE: &str = "insert into tocos.members as m (ledger, node, instance, url, last_event, seen_at)
     values ($1, $2, $3, $4, $5, clock_timestamp())
     on conflict (ledger, node) do update set instance = excluded.instance, url = excluded.url,
       last_event = excluded.last_event, seen_at = clock_timestamp()
     where m.instance = excluded.instance or m.seen_at < clock_timestamp() - $6::float8 * interval '1 second'
     returning instance";

const MEMBERS: &str = "select node, url, last_event, extract(epoch from clock_timestamp() - seen_at)::float8
     from tocos.members where ledger = $1 order by node";

const LEAVE: &str = "delete from tocos.members where ledger = $1 and node = $2 and instance = $3";

/// As the statements take it; a century is long enough.
fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64().min(3.2e9)
}

pub(super) async fn lease(channel: &Channel, ledger: &str) -> Result<Option<Lease>, Fault> {
    let rows = channel.rows(LEASE, &[&ledger]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Lease {
        epoch: number(row, 0)?,
        holder: value(row, 1)?,
        url: value(row, 2)?,
        remaining: duration(row, 3)?,
        handed_to: value(row, 4)?,
    }))
}

pub(super) async fn take(channel: &Channel, ledger: &str, candidate: &Candidate) -> Result<Option<u64>, Fault> {
    let Candidate { node, url, duration, epoch_seen } = candidate;
    let (seen, duration) = (signed(*epoch_seen).min(i64::MAX - 1), seconds(*duration));
    let rows = channel.rows(TAKE, &[&ledger, &seen, node, url, &duration]).await?;
    rows.first().map(|row| number(row, 0)).transpose()
}

pub(super) async fn renew(
    channel: &Channel,
    ledger: &str,
    node: &str,
    epoch: u64,
    duration: Duration,
) -> Result<bool, Fault> {
    let rows = channel.rows(RENEW, &[&ledger, &node, &signed(epoch), &seconds(duration)]).await?;
    Ok(!rows.is_empty())
}

pub(super) async fn hand_over(
    channel: &Channel,
    ledger: &str,
    (node, epoch): (&str, u64),
    to: &str,
    duration: Duration,
) -> Result<bool, Fault> {
    let rows = channel.rows(HAND_OVER, &[&ledger, &node, &signed(epoch), &to, &seconds(duration)]).await?;
    Ok(!rows.is_empty())
}

pub(super) async fn announce(channel: &Channel, ledger: &str, said: &Announcement) -> Result<Announced, Fault> {
    let Announcement { node, instance, url, last_event, stale_after } = said;
    let (instance, last_event, stale) = (instance.cast_signed(), signed(*last_event), seconds(*stale_after));
    let announced = channel.rows(ANNOUNCE, &[&ledger, node, &instance, url, &last_event, &stale]).await?;
    let rows = channel.rows(MEMBERS, &[&ledger]).await?;
    let mut members = Vec::with_capacity(rows.len());
    for row in &rows {
        let seen_ago = duration(row, 3)?;
        members.push(Member { node: value(row, 0)?, url: value(row, 1)?, last_event: number(row, 2)?, seen_ago });
    }
    if announced.is_empty() {
        // If it has left since, it was there a moment ago.
        let other = members.into_iter().find(|member| member.node == *node);
        return Ok(Announced::NameTaken(other.map_or(Duration::ZERO, |member| member.seen_ago)));
    }
    Ok(Announced::Members(members))
}

pub(super) async fn leave(channel: &Channel, ledger: &str, node: &str, instance: u64) -> Result<(), Fault> {
    channel.rows(LEAVE, &[&ledger, &node, &instance.cast_signed()]).await?;
    Ok(())
}
