//! A shared log in PostgreSQL: frames as rows, each appended by one conditional insert.
//!
//! # The URL
//!
//! `postgres://user:password@host:port/database?ledger=NAME&sslmode=verify-full`, as libpq and tokio-postgres have it, with several
//! hosts if there are standbys: `@one:5432,two:5432/`. Each host gets two seconds (`connect_timeout`), the one that was there last
//! first, and only one that takes writes is used (`target_session_attrs=read-write` is the default). A pooler in between must keep
//! sessions apart: statements are prepared, and notifications are listened for.
//!
//! | parameter | |
//! |---|---|
//! | `ledger` | the name of the ledger, `tocos` by default; one database keeps several |
//! | `sslmode` | `disable`; `prefer` (the default) and `require` encrypt and verify nothing, as in libpq; `verify-ca` and `verify-full` verify |
//! | `sslrootcert` | a file of the authorities, as PEM; by default the public ones. With it `require` verifies as `verify-ca` does |
//! | `durability` | `managed` says that the engine replicates below PostgreSQL, where no setting shows it (RDS Multi-AZ, Cloud SQL) |
//! | `partition_frames` | for a new ledger: frames in each partition, 1,000,000 by default; 0 for an engine without partitions |
//!
//! # The tables
//!
//! They are in schema `tocos`, made by [`init`]. Their owner needs no superuser's rights, only that to create a schema in the
//! database. All nodes use one role: who appends also makes and drops partitions.
//!
//! ```text
//! version   version                                            one row; other versions are refused
//! ledgers   ledger, ledger_id, seed, partition_frames, is_loaded, created_at
//! frames    ledger, n, epoch, first_event, last_event, hash, bytes, appended_at     key (ledger, n)
//! lease     ledger, epoch, holder, url, expires_at, handed_to, kept_until           key ledger
//! members   ledger, node, instance, url, last_event, seen_at                        key (ledger, node)
//! ```
//!
//! Frame 0 has the hash of the ledger id and no bytes. `bytes` is stored out of line and uncompressed.
//!
//! # The append
//!
//! ```sql
//! insert into tocos.frames (...) select ...
//!   where exists (select 1 from tocos.frames where ledger = $1 and n = $2 - 1 and hash = $8)
//!   on conflict do nothing
//! ```
//!
//! One row: it is durable. None: somebody else went on. Each is a statement and a transaction of its own, several are under way on
//! one connection. What is pruned is always a prefix, so where frame n-1 is, n is taken or the next number: old numbers stay
//! closed.
//!
//! Nothing on that connection is ever cancelled, by a limit or by us: PostgreSQL would keep the commit, show it, and even acknowledge it,
//! though no standby has it. If somebody else cancels it, PostgreSQL says so in a warning beside the acknowledgement. Therefore any
//! warning ends the connection before the acknowledgement is read. `synchronous_commit` is raised to `on` where it is lower.
//!
//! # Partitions
//!
//! `frames` is partitioned by `(ledger, n)`. Who appends makes the next partition while the current one is being filled; that takes no
//! lock that appends wait for. There is no default partition: making partitions would have to lock it. If a partition is missing, the append fails as
//! [`Fault::Away`](crate::Fault::Away), and the partition is made at once. Pruning drops whole partitions, all that go in one
//! transaction. Its lock excludes appends: none sees frame n-1 before and the place of n after it. It waits 300 ms for the lock at a
//! time, since appends wait behind it.
//!
//! # News
//!
//! Whoever waits for frames listens (`LISTEN`), and asks every 250 ms; every 50 ms where the engine can't notify. The handle that
//! appends notifies after the acknowledgement, on its reading connection, by commits that nobody waits for. Notifying in the appending
//! transaction would cost more: it takes a lock of the whole engine until the standby has the commit.
//!
//! # Other engines
//!
//! The SQL is plain, for engines that understand PostgreSQL's. Aurora and YugabyteDB have partitions; CockroachDB has none like
//! these (`partition_frames=0`). Only PostgreSQL itself is tested.

mod append;
mod channel;
mod client;
mod durability;
mod ledger;
mod load;
mod log;
mod partitions;
mod reading;
mod rights;
mod rows;
mod schema;
mod session;
mod target;
mod tls;
mod verdict;

pub use client::{NotConnected, connect};
pub use load::Frames;
pub use log::Log;
pub use schema::{Initialised, init};

/// Which ledger a URL names.
///
/// # Errors
///
/// [`Fault::Misused`](crate::Fault::Misused) if the URL can't be understood.
pub fn ledger_name(url: &str) -> Result<String, crate::Fault> {
    target::Target::parse(url).map(|target| target.ledger)
}
