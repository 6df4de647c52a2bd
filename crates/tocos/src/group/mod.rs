//! The service as a node of a group: connecting to the shared log, joining, and an orderly leave.

mod archive;
mod local;
mod note;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tocos_api::{GroupHandle, NotHandedOver};
use tocos_archive::{Disk, FileDisk};
use tocos_engine::{ClockOptions, Engine, MemberOptions, Opening};
use tocos_group::{Ended, HandedOver, Handle, Leader, Node, Options, Role, Status};
use tocos_sharedlog::postgres;
use tocos_sharedlog::{Fault, SharedLog};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

pub(crate) use archive::{GroupArchive, Putting};
pub(crate) use note::{leave, refuse_members};

use crate::restoring::{is_empty, ledger_in, restore_if_empty, stay_in_branch};
use crate::settings::Config;
use local::LocalLedger;

/// Between two tries to reach the shared log at the start.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// A node that has a ledger serves it after so long although it can't reach the shared log.
const ALONE_AFTER: Duration = Duration::from_secs(10);
/// Threads of the group's runtime. An append passes through three of its tasks: with two threads, which wake each other for each of them, a leader
/// with 64 clients was a tenth slower. While the local files are written no frame goes out, however many there are.
const THREADS: usize = 1;

/// A shared log that was reached, before the ledger is open.
pub(crate) struct Connected {
    runtime: Background,
    log: Arc<postgres::Log>,
    node: String,
}

/// A runtime that may be dropped where nobody may wait.
struct Background(Option<Runtime>);

impl Background {
    fn get(&self) -> anyhow::Result<&Runtime> {
        self.0.as_ref().ok_or_else(|| anyhow!("the group's threads have ended"))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A node of a group that has joined.
pub(crate) struct Group {
    runtime: Background,
    log: Arc<postgres::Log>,
    handle: Handle,
}

impl Connected {
    /// Reaches the shared log that the settings name; none for a ledger that is alone. Waits as long as it takes, or until opening is called
    /// off.
    ///
    /// # Errors
    /// It is there and can't be used, or the data directory belongs to another group.
    pub(crate) fn reach(config: &Config, opening: &Opening) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.group.shared_log else { return Ok(None) };
        let node = config.group.name().map_err(|usage| anyhow!("{usage}"))?;
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("tocos-group").enable_all().build();
        let runtime = Background(Some(runtime.context("the group's threads can't be started")?));
        tracing::info!(node, "joining the group of the shared log {url}");
        let mut said = None;
        let log = loop {
            match runtime.get()?.block_on(postgres::Log::connect(url.as_str())) {
                Ok(log) => break log,
                Err(Fault::Away(reason)) if !opening.is_called_off() => {
                    if said.as_ref() != Some(&reason) {
                        tracing::warn!("the shared log can't be reached, trying again: {reason}");
                        said = Some(reason);
                    }
                    std::thread::sleep(TRY_EVERY);
                }
                Err(fault) => return Err(anyhow!("{fault}")),
            }
        };
        let connected = Self { runtime, log: Arc::new(log), node };
        connected.claim(config)?;
        Ok(Some(connected))
    }

    /// Fills an empty directory from the archive, if there is one, and notes to which group it belongs.
    fn claim(&self, config: &Config) -> anyhow::Result<()> {
        let identity = self.log.identity();
        let disk = open_disk(&config.data_dir)?;
        note::check(&disk, identity)?;
        // A node that has its files needs no archive to start: it may be away.
        if let Some(archive) = &config.archive
            && config.restore_from.is_none()
            && is_empty(&config.data_dir)?
        {
            self.fill(archive.store.url(), &config.data_dir).context("archive")?;
        }
        note::write(&disk, identity)
    }

    /// Fills an empty directory from an archive, if that has a ledger.
    fn fill(&self, url: &str, data_dir: &Path) -> anyhow::Result<()> {
        let identity = self.log.identity();
        let Some(ledger_id) = ledger_in(url)? else { return Ok(()) };
        if ledger_id != identity.ledger_id {
            return Err(anyhow!(
                "{url} has another ledger than the shared log ({}). Give the archive of this group, or one that is empty",
                identity.ledger
            ));
        }
        if let Some(restored) = restore_if_empty(url, data_dir)? {
            stay_in_branch(url, data_dir, &restored)?;
        }
        Ok(())
    }

    /// What the engine has to know.
    pub(crate) fn member(&self) -> MemberOptions {
        let identity = self.log.identity();
        MemberOptions { node: self.node.clone(), ledger_id: identity.ledger_id, seed: identity.seed }
    }

    /// Joins with an open ledger. Returns when the node leads or has what the shared log has; without a shared log that can be reached, when
    /// it has been tried for a while.
    ///
    /// # Errors
    /// Another process has this node's name, or the ledger is too old, or broken.
    pub(crate) fn join(self, config: &Config, engine: &Engine, opening: &Opening) -> anyhow::Result<Group> {
        let Self { runtime, log, node } = self;
        let member = engine.member().ok_or_else(|| anyhow!("the ledger was not opened as a member of a group"))?;
        let clock = ClockOptions { gap_max: config.clock_gap_max, trusts_kernel: config.clock_trust_kernel };
        let local = Arc::new(LocalLedger::new(member, clock));
        let mut instance = [0; 8];
        getrandom::fill(&mut instance)
            .map_err(|error| anyhow!("the operating system gave no random bytes: {error}"))?;
        // PostgreSQL's integers are signed.
        let instance = u64::from_le_bytes(instance) >> 1;
        let url = config.group.url(config.listen);
        let options = Options::new(&node, &url, instance, config.group.lease);
        let handle = {
            let _entered = runtime.get()?.enter();
            Node::start(Arc::clone(&log) as Arc<dyn SharedLog>, local, options)
        };
        let group = Group { runtime, log, handle };
        group.wait_until_level(engine, opening)?;
        Ok(group)
    }
}

impl Group {
    fn wait_until_level(&self, engine: &Engine, opening: &Opening) -> anyhow::Result<()> {
        const EVERY: Duration = Duration::from_millis(20);
        let runtime = self.runtime.get()?;
        let begun = Instant::now();
        let mut said = begun;
        loop {
            let ended = runtime.block_on(async { timeout(EVERY, self.handle.ended()).await });
            if let Ok(ended) = ended {
                return Err(anyhow!("{}", why(ended)));
            }
            let figures = self.handle.status().figures();
            let is_level = figures.last_event >= figures.tip_event && engine.durable_event() >= figures.tip_event;
            match figures.role {
                Role::Leader | Role::Diverged => return Ok(()),
                Role::Follower if is_level && figures.leader.is_some() => return Ok(()),
                _ if opening.is_called_off() => return Ok(()),
                _ => {}
            }
            let has_ledger = engine.durable_event() > 0;
            if has_ledger && figures.tip_event <= figures.last_event && begun.elapsed() > ALONE_AFTER {
                tracing::warn!(
                    "there is no leader that can be reached; serving reads as of event {}",
                    figures.last_event
                );
                return Ok(());
            }
            if said.elapsed() > ALONE_AFTER {
                said = Instant::now();
                tracing::info!(event = figures.last_event, of = figures.tip_event, "reading the shared log");
            }
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.handle.status()
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    pub(crate) fn log(&self) -> Arc<postgres::Log> {
        Arc::clone(&self.log)
    }

    /// The runtime of what goes on beside the requests.
    pub(crate) fn runtime(&self) -> anyhow::Result<&Runtime> {
        self.runtime.get()
    }
}

/// Why a node ended.
pub(crate) fn why(ended: Result<(), Ended>) -> String {
    match ended {
        Ok(()) => "the node has left its group".to_owned(),
        Err(ended) => ended.to_string(),
    }
}

/// What the API needs of the group.
pub(crate) fn api_handle(group: &Group, lease: Duration) -> GroupHandle {
    let handle = group.handle();
    GroupHandle::new(group.status(), move || {
        let handle = handle.clone();
        Box::pin(async move { hand_over(&handle, lease).await })
    })
}

/// Lets another node lead, and waits until it does, so that what comes can be forwarded to it.
pub(crate) async fn hand_over(handle: &Handle, lease: Duration) -> Result<Leader, NotHandedOver> {
    let to = match handle.hand_over().await {
        HandedOver::To(node) => node,
        HandedOver::NoSuccessor => {
            return Err(NotHandedOver::NoSuccessor("no other node of the group was there lately".to_owned()));
        }
        HandedOver::Lost => {
            return Err(NotHandedOver::NoSuccessor("the lease was lost before it could be handed over".to_owned()));
        }
        HandedOver::NotLeading => return Err(NotHandedOver::NotLeader),
    };
    tracing::info!(to, "handed the lead over");
    let status = handle.status();
    let mut changes = status.subscribe();
    let another_leads = async {
        loop {
            if let Some(leader) = status.leader().filter(|leader| leader.node == to) {
                return Some(leader);
            }
            if changes.changed().await.is_err() {
                return None;
            }
        }
    };
    match timeout(lease * 2, another_leads).await {
        Ok(Some(leader)) => Ok(leader),
        _ => Err(NotHandedOver::NoSuccessor(format!("{to} was handed the lead, and does not lead yet"))),
    }
}

/// Says in the log what happens to the node, until it ends.
pub(crate) async fn report(status: Status) {
    let mut changes = status.subscribe();
    let (mut role, mut epoch) = (Role::Joining, 0);
    loop {
        let figures = status.figures();
        let leader = figures.leader.as_ref().map_or("none", |leader| leader.node.as_str());
        if figures.role != role || figures.epoch != epoch {
            (role, epoch) = (figures.role, figures.epoch);
            match role {
                Role::Diverged => tracing::error!(
                    epoch,
                    leader,
                    "the group went on without events that this node knows were acknowledged: {}. It serves nothing until an operator \
                     has decided: see `tocos shared-log lost`",
                    figures.note
                ),
                _ => tracing::info!(role = role.as_str(), epoch, leader, event = figures.last_event, "group"),
            }
        }
        if changes.changed().await.is_err() || role == Role::Stopped {
            return;
        }
    }
}

fn open_disk(data_dir: &Path) -> anyhow::Result<Arc<dyn Disk>> {
    let disk =
        FileDisk::open(data_dir).with_context(|| format!("the data directory {} can't be used", data_dir.display()))?;
    Ok(Arc::new(disk))
}
