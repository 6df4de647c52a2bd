//! The archive of a group: whoever leads puts, and prunes the shared log behind it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tocos_archive::Reader;
use tocos_archive::put::{self, Figures, Uploader};
use tocos_archive::store::Store;
use tocos_group::{Role, Status};
use tocos_sharedlog::SharedLog;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Frames stay in the shared log for so long, also when they are archived.
const KEPT_FOR: Duration = Duration::from_secs(7 * 86_400);
/// How often frames are pruned. Finding out that none may go costs the engine little.
const PRUNE_EVERY: Duration = Duration::from_secs(10);

/// Puts while this node leads.
pub(crate) struct GroupArchive {
    current: Current,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// How the uploader is doing that runs at the moment, if one does.
type Current = Arc<Mutex<Option<Arc<put::Status>>>>;

/// What putting needs.
pub(crate) struct Putting {
    pub store: Store,
    pub reader: Reader,
    pub every: Duration,
}

impl GroupArchive {
    /// Starts to watch whether this node leads.
    pub(crate) fn start(putting: Putting, log: Arc<dyn SharedLog>, status: Status, runtime: &Handle) -> Self {
        let (stop, stopped) = watch::channel(false);
        let current = Current::default();
        let task = runtime.spawn(run(putting, log, status, Arc::clone(&current), stopped));
        Self { current, stop, task }
    }

    /// How it is doing; nothing while another node puts.
    pub(crate) fn figures(&self) -> impl Fn() -> Figures + Send + Sync + 'static {
        let current = Arc::clone(&self.current);
        move || locked(&current).as_ref().map(|status| status.figures()).unwrap_or_default()
    }

    /// The last event that is known to be in the archive; none while another node puts.
    pub(crate) fn archived_event(&self) -> impl Fn() -> Option<u64> + Send + Sync + 'static {
        let current = Arc::clone(&self.current);
        move || locked(&current).as_ref().and_then(|status| status.archived_event())
    }

    /// Puts what is not in the archive yet, if this node put until now.
    pub(crate) async fn end(self) {
        let _gone = self.stop.send(true);
        let _panicked = self.task.await;
    }
}

fn locked(current: &Current) -> std::sync::MutexGuard<'_, Option<Arc<put::Status>>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run(
    putting: Putting,
    log: Arc<dyn SharedLog>,
    status: Status,
    current: Current,
    mut stopped: watch::Receiver<bool>,
) {
    let mut changes = status.subscribe();
    let mut uploader: Option<Uploader> = None;
    loop {
        let leads = matches!(status.role(), Role::Leader | Role::HandingOver) && !*stopped.borrow();
        match (leads, uploader.take()) {
            (true, None) => {
                let leads = status.clone();
                let options = put::Options::every(putting.every).in_group(move || leads.leads());
                match Uploader::start(putting.store.clone(), putting.reader.clone(), options) {
                    Ok(started) => {
                        *locked(&current) = Some(Arc::clone(started.status()));
                        uploader = Some(started);
                    }
                    Err(error) => tracing::error!("the archive's thread can't be started: {error}"),
                }
            }
            (false, Some(running)) => {
                // Now all that this node acknowledged is in its files.
                let _panicked = tokio::task::spawn_blocking(move || running.end()).await;
                *locked(&current) = None;
            }
            (_, unchanged) => uploader = unchanged,
        }
        if *stopped.borrow() {
            return;
        }
        tokio::select! {
            biased;
            _ = stopped.changed() => {}
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(PRUNE_EVERY) => {
                let archived = uploader.as_ref().and_then(|uploader| uploader.status().archived_event());
                if let Some(event) = archived {
                    match log.prune(event, KEPT_FOR).await {
                        Ok(0) => {}
                        Ok(frames) => tracing::info!(frames, "archived frames left the shared log"),
                        Err(fault) => tracing::warn!("the shared log was not pruned: {fault}"),
                    }
                }
            }
        }
    }
}
