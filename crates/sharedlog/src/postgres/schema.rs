//! The tables: making them, and making a ledger in them.

use std::sync::Arc;

use super::ledger::{Ledger, VERSION, check_version, find, hex, version};
use super::load::{Frames, load};
use super::partitions;
use super::session::{Purpose, Session};
use super::target::Target;
use crate::fault::Fault;
use crate::frame::{Head, Identity};

/// What [`init`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initialised {
    /// The ledger was not there before.
    pub is_new: bool,
    /// Frames that were loaded this time.
    pub loaded: u64,
}

const TABLES: &str = "
create schema if not exists tocos;
create table tocos.version (version bigint not null);
create table tocos.ledgers (
    ledger text collate \"C\" primary key,
    ledger_id bytea not null unique,
    seed bytea not null,
    partition_frames bigint not null,
    is_loaded boolean not null,
    created_at timestamptz not null default clock_timestamp()
);
create table tocos.lease (
    ledger text collate \"C\" primary key,
    epoch bigint not null,
    holder text not null,
    url text not null,
    expires_at timestamptz not null,
    handed_to text,
    kept_until timestamptz
);
create table tocos.members (
    ledger text collate \"C\" not null,
    node text not null,
    instance bigint not null,
    url text not null,
    last_event bigint not null,
    seen_at timestamptz not null,
    primary key (ledger, node)
);
create table tocos.frames (
    ledger text collate \"C\" not null,
    n bigint not null,
    epoch bigint not null,
    first_event bigint not null,
    last_event bigint not null,
    hash bytea not null,
    bytes bytea not null,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (ledger, n)
)";

/// How often somebody else may do the same at the same moment.
const ATTEMPTS: usize = 5;

/// Makes the tables if they are missing, and the ledger in them. With `from` the ledger's log until now is loaded; after an
/// interruption it goes on where it stopped, and no node can use the log before it is complete. Does nothing for a ledger that is
/// there and complete.
///
/// # Errors
///
/// [`Fault::Misused`] if another ledger has the name, the tables are of another version, or `from` does not fit what is there.
pub async fn init(url: &str, identity: &Identity, from: Option<Frames>) -> Result<Initialised, Fault> {
    let target = Target::parse(url)?;
    if identity.ledger != target.ledger {
        let text = format!("the URL names ledger {}, and this is ledger {}", target.ledger, identity.ledger);
        return Err(Fault::Misused(text));
    }
    let session = Session::connect(&target, Purpose::Lease, &Arc::default()).await?;
    make_tables(&session, &target).await?;
    let (ledger, is_new) = make_ledger(&session, &target, identity, from.is_none()).await?;
    if ledger.is_loaded {
        return Ok(Initialised { is_new, loaded: 0 });
    }
    let Some(frames) = from else {
        let text =
            format!("loading ledger {} was not finished; load it again, it goes on where it stopped", target.ledger);
        return Err(Fault::Misused(text));
    };
    let loaded = load(&target, &ledger, frames).await?;
    session.rows("update tocos.ledgers set is_loaded = true where ledger = $1", &[&target.ledger]).await?;
    Ok(Initialised { is_new, loaded })
}

/// Whether it was done by somebody else at the same moment.
fn is_done_by_another(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| ["23505", "42P06", "42P07"].contains(&code.code()))
}

async fn make_tables(session: &Session, target: &Target) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let missing = "select count(*) = 0 from information_schema.tables where table_schema = 'tocos' and table_name = 'version'";
        let rows = session.rows(missing, &[]).await?;
        let is_missing = rows.first().map(|row| super::rows::value(row, 0)).transpose()?.unwrap_or(true);
        if !is_missing {
            return check_version(version(session).await?);
        }
        let layout = if target.partition_frames == 0 { "" } else { " partition by range (ledger, n)" };
        // What is compressed already gains nothing by being compressed again.
        let sql = format!(
            "{TABLES}{layout};
             alter table tocos.frames alter column bytes set storage external;
             insert into tocos.version values ({VERSION});"
        );
        match session.client.batch_execute(&sql).await {
            Err(error) if !is_done_by_another(&error) => return Err(session.fault(&error)),
            _ => {}
        }
    }
    Err(Fault::Away("others make the tables at the same moment".to_owned()))
}

/// Makes the ledger, its start and its first partitions; gives it as it is then, and whether it was missing.
async fn make_ledger(
    session: &Session,
    target: &Target,
    identity: &Identity,
    is_loaded: bool,
) -> Result<(Ledger, bool), Fault> {
    let mut is_new = false;
    for _ in 0..ATTEMPTS {
        if let Some(ledger) = find(session, target).await? {
            if ledger.identity != *identity {
                let text = format!(
                    "there is a ledger {} with id {}, and this one has id {}; ledger= in the URL names another",
                    target.ledger,
                    hex(&ledger.identity.ledger_id),
                    hex(&identity.ledger_id)
                );
                return Err(Fault::Misused(text));
            }
            return Ok((ledger, is_new));
        }
        let kind =
            session.rows("select relkind::text from pg_class where oid = to_regclass('tocos.frames')", &[]).await?;
        let is_partitioned =
            kind.first().map(|row| super::rows::value::<String>(row, 0)).transpose()?.as_deref() == Some("p");
        let partition_frames = if is_partitioned { target.partition_frames.max(1) } else { 0 };
        let ledger = Ledger { identity: identity.clone(), partition_frames, is_loaded };
        match session.client.batch_execute(&of_ledger(&ledger)).await {
            Ok(()) => is_new = true,
            Err(error) if is_done_by_another(&error) => {}
            Err(error) => return Err(session.fault(&error)),
        }
    }
    Err(Fault::Away("others make the ledger at the same moment".to_owned()))
}

/// The statements that make a ledger: one transaction.
fn of_ledger(ledger: &Ledger) -> String {
    let Ledger { identity, partition_frames, is_loaded } = ledger;
    let (name, id, seed) = (&identity.ledger, hex(&identity.ledger_id), hex(&identity.seed));
    let hash = hex(&Head::start(&identity.ledger_id).hash);
    let partitions: String = if *partition_frames == 0 {
        String::new()
    } else {
        partitions::needed(ledger, 0).map(|index| partitions::make(ledger, index)).collect()
    };
    format!(
        "insert into tocos.ledgers (ledger, ledger_id, seed, partition_frames, is_loaded)
           values ('{name}', '\\x{id}', '\\x{seed}', {partition_frames}, {is_loaded});
         {partitions}
         insert into tocos.frames (ledger, n, epoch, first_event, last_event, hash, bytes)
           values ('{name}', 0, 0, 0, 0, '\\x{hash}', '');"
    )
}
