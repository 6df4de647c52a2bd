//! A node's handle of the log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::append::{Appender, Events};
use super::channel::Channel;
use super::ledger::{Ledger, check_version, find, version};
use super::reading::{self, Reader};
use super::session::Purpose;
use super::target::Target;
use super::{durability, partitions, rights};
use crate::fault::Fault;
use crate::frame::{Head, Identity, NewFrame, Read};
use crate::lease::{Candidate, Lease};
use crate::member::{Announced, Announcement};
use crate::shared_log::{Appending, Durability, SharedLog};

/// Between two notifications at least. Each costs the engine a commit, though nobody waits for it.
const TELL: Duration = Duration::from_millis(2);

const TELL_ALL: &str = "select pg_notify($1, '')";

/// A shared log in PostgreSQL. It has a connection each for appends, for the lease and for reading, and one for partitions; they
/// are made when they are needed.
pub struct Log {
    target: Arc<Target>,
    ledger: Ledger,
    appender: Appender,
    leasing: Channel,
    reading: Arc<Channel>,
    reader: Reader,
    upkeep: Arc<Channel>,
    /// They end with the handle.
    tasks: [JoinHandle<()>; 2],
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Log {
    /// Connects to a ledger that `init` has made. Needs a tokio runtime, which it goes on using.
    ///
    /// # Errors
    ///
    /// [`Fault::Misused`] if the URL can't be understood, the ledger is not there or not loaded completely, the tables are of another
    /// version, or the engine does not let us in; [`Fault::Away`] if it can't be reached.
    pub async fn connect(url: &str) -> Result<Self, Fault> {
        let target = Arc::new(Target::parse(url)?);
        let channel = |purpose| Channel::new(Arc::clone(&target), purpose);
        let reading = channel(Purpose::Read);
        let session = reading.session().await?;
        let looking = async {
            check_version(version(&session).await?)?;
            find(&session, &target).await
        };
        let ledger = reading.bounded(&session, looking).await?.ok_or_else(|| {
            Fault::Misused(format!("there is no ledger {}; `tocos shared-log init` makes it", target.ledger))
        })?;
        if !ledger.is_loaded {
            let text =
                format!("loading ledger {} was not finished; `tocos shared-log init` goes on with it", target.ledger);
            return Err(Fault::Misused(text));
        }
        let (reading, upkeep) = (Arc::new(reading), Arc::new(channel(Purpose::Upkeep)));
        let (reached, needed) = watch::channel(None);
        let appended = Arc::new(Notify::new());
        let events = Events { appended: Arc::clone(&appended), reached };
        let (appender, appending) = Appender::new(Arc::clone(&target), ledger.clone(), events);
        // It ends by itself, when what is under way has been told.
        tokio::spawn(appending);
        let tasks = [
            tokio::spawn(tell(Arc::clone(&reading), target.channel(), appended)),
            tokio::spawn(partitions::keep(Arc::clone(&upkeep), ledger.clone(), needed)),
        ];
        let leasing = channel(Purpose::Lease);
        let reader = Reader::new(Arc::clone(&reading), ledger.clone());
        Ok(Self { target, ledger, appender, leasing, reading, reader, upkeep, tasks })
    }

    fn name(&self) -> &str {
        &self.target.ledger
    }
}

/// Tells those who wait that something was appended. Not in the appending commits: notifying takes a lock that is held until the
/// commit is on the standby.
async fn tell(channel: Arc<Channel>, name: String, appended: Arc<Notify>) {
    loop {
        appended.notified().await;
        match channel.rows(TELL_ALL, &[&name]).await {
            // The engine can't do it; everybody asks instead.
            Err(Fault::Misused(_)) => return,
            // Nobody is told this time; everybody asks now and then.
            Ok(_) | Err(Fault::Away(_)) => sleep(TELL).await,
        }
    }
}

#[async_trait]
impl SharedLog for Log {
    fn identity(&self) -> &Identity {
        &self.ledger.identity
    }

    fn append(&self, frame: NewFrame) -> Appending {
        self.appender.append(frame)
    }

    async fn tip(&self) -> Result<Head, Fault> {
        reading::end(&self.reading, self.name(), reading::LAST).await
    }

    async fn first(&self) -> Result<Head, Fault> {
        reading::end(&self.reading, self.name(), reading::FIRST).await
    }

    async fn head(&self, n: u64) -> Result<Option<Head>, Fault> {
        reading::one(&self.reading, self.name(), n).await
    }

    async fn read(&self, after: u64, bytes_max: usize) -> Result<Read, Fault> {
        self.reader.read(after, bytes_max).await
    }

    async fn wait(&self, after: u64, at_most: Duration) -> Result<(), Fault> {
        self.reader.wait(after, at_most).await
    }

    async fn lease(&self) -> Result<Option<Lease>, Fault> {
        rights::lease(&self.leasing, self.name()).await
    }

    async fn take_lease(&self, candidate: &Candidate) -> Result<Option<u64>, Fault> {
        rights::take(&self.leasing, self.name(), candidate).await
    }

    async fn renew_lease(&self, node: &str, epoch: u64, duration: Duration) -> Result<bool, Fault> {
        rights::renew(&self.leasing, self.name(), node, epoch, duration).await
    }

    async fn hand_over(&self, node: &str, epoch: u64, to: &str, duration: Duration) -> Result<bool, Fault> {
        let is_handed_over = rights::hand_over(&self.leasing, self.name(), (node, epoch), to, duration).await?;
        if is_handed_over {
            // The others need not wait until they look at the lease again. If they are not told, they do.
            let _untold = self.leasing.rows(TELL_ALL, &[&self.target.channel()]).await;
        }
        Ok(is_handed_over)
    }

    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Fault> {
        rights::announce(&self.leasing, self.name(), announcement).await
    }

    async fn leave(&self, node: &str, instance: u64) -> Result<(), Fault> {
        rights::leave(&self.leasing, self.name(), node, instance).await
    }

    async fn prune(&self, event: u64, age: Duration) -> Result<u64, Fault> {
        partitions::prune(&self.upkeep, &self.ledger, event, age).await
    }

    async fn durability(&self) -> Result<Durability, Fault> {
        durability::durability(&self.leasing, self.target.is_managed).await
    }
}
