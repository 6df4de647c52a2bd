//! The store as those who read the archive use it: they wait for answers, a request that failed is tried again, and objects are
//! downloaded ahead. A thread of its own does the waiting.

use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::runtime::runtime;
use crate::store::{Listed, Store, StoreError};

/// So many bytes are downloaded ahead at most, or one object if it is larger, of so many objects.
const BYTES_AHEAD: u32 = 48 << 20;
const OBJECTS_AHEAD: usize = 16;
/// How long to wait before each further try of a request that failed.
const PAUSES_MS: [u64; 4] = [200, 800, 2_000, 5_000];
/// The same where somebody waits for the response.
const PAUSES_IN_HASTE_MS: [u64; 1] = [200];

/// A store that is read from threads which may wait. Clones share it.
#[derive(Debug, Clone)]
pub struct Remote {
    store: Store,
    runtime: Handle,
    /// The thread ends when the last clone of this is dropped.
    _stop: Arc<oneshot::Sender<()>>,
}

impl Remote {
    /// Starts the thread that talks to the store.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn new(store: Store) -> io::Result<Self> {
        let runtime = runtime()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new().name("tocos-archive".to_owned()).spawn(move || {
            let _dropped = runtime.block_on(stopped);
            // Names that are being looked up must not keep the process.
            runtime.shutdown_background();
        })?;
        Ok(Self { store, runtime: handle, _stop: Arc::new(stop) })
    }

    /// The URL of the archive.
    #[must_use]
    pub fn url(&self) -> &str {
        self.store.url()
    }

    /// An object's name with the archive's URL, for messages.
    #[must_use]
    pub fn place(&self, name: &str) -> String {
        self.store.place(name)
    }

    fn wait<T: Send + 'static>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let _nobody_waits = tell.send(asked.await);
        });
        told.recv().unwrap_or_else(|gone| {
            let source = Error::Generic { store: "archive", source: Box::new(gone) };
            Err(StoreError::Failed { doing: "waiting for", place: self.store.url().to_owned(), source })
        })
    }

    /// The bytes of an object; none if there is no such object.
    ///
    /// # Errors
    /// [`StoreError`], after some tries.
    pub fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let (store, name) = (self.store.clone(), name.to_owned());
        self.wait(async move { patiently(|| store.get(&name)).await })
    }

    /// As [`get`](Self::get), for a caller who waits so long at most, whatever the store does.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_within(&self, name: &str, limit: Duration) -> Result<Option<Bytes>, StoreError> {
        let (store, name) = (self.store.clone(), name.to_owned());
        self.wait(async move {
            let asked = with_pauses(&PAUSES_IN_HASTE_MS, || store.get(&name));
            tokio::time::timeout(limit, asked).await.unwrap_or_else(|_elapsed| {
                let source = format!("the store did not send it within {} s", limit.as_secs_f64()).into();
                let source = Error::Generic { store: "archive", source };
                Err(StoreError::Failed { doing: "reading", place: store.place(&name), source })
            })
        })
    }

    /// The bytes of an object in a range, cut where the object ends; none if there is no such object.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let (store, name) = (self.store.clone(), name.to_owned());
        self.wait(async move { patiently(|| store.get_range(&name, range.clone())).await })
    }

    /// All objects of the archive, in no order.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let store = self.store.clone();
        self.wait(async move { patiently(|| store.list("", None).try_collect()).await })
    }

    /// Removes an object.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let (store, name) = (self.store.clone(), name.to_owned());
        self.wait(async move { patiently(|| store.remove(&name)).await })
    }

    /// Downloads objects one after the other, ahead of whoever takes them.
    #[must_use]
    pub fn download(&self, objects: Vec<Listed>) -> Download {
        let (give, got) = tokio::sync::mpsc::channel(1);
        let store = self.store.clone();
        let room = Arc::new(Semaphore::new(BYTES_AHEAD as usize));
        self.runtime.spawn(async move {
            let objects = stream::iter(objects).then(move |object| {
                let wanted = u32::try_from(object.bytes).map_or(BYTES_AHEAD, |bytes| bytes.min(BYTES_AHEAD));
                let room = Arc::clone(&room);
                async move { (object, room.acquire_many_owned(wanted).await) }
            });
            let objects = objects.map(|(object, room)| {
                let store = store.clone();
                async move { (patiently(|| store.get(&object.name)).await, room.ok()) }
            });
            let mut objects = pin!(objects.buffered(OBJECTS_AHEAD));
            while let Some(object) = objects.next().await {
                if give.send(object).await.is_err() {
                    return;
                }
            }
        });
        Download { got, room: None }
    }
}

/// Parts of one large object that are being downloaded at once, and their length.
const PARTS_AHEAD: usize = 4;
const PART_BYTES: u64 = 8 << 20;

impl Remote {
    /// Downloads one large object in parts, some ahead of whoever takes them.
    #[must_use]
    pub fn download_parts(&self, object: &Listed) -> Download {
        let (give, got) = tokio::sync::mpsc::channel(1);
        let (store, name, bytes) = (self.store.clone(), object.name.clone(), object.bytes);
        self.runtime.spawn(async move {
            let parts = stream::iter((0..bytes.div_ceil(PART_BYTES)).map(|nth| nth * PART_BYTES)).map(|start| {
                let (store, name) = (store.clone(), name.clone());
                let range = start..bytes.min(start + PART_BYTES);
                async move { (patiently(|| store.get_range(&name, range.clone())).await, None) }
            });
            let mut parts = pin!(parts.buffered(PARTS_AHEAD));
            while let Some(part) = parts.next().await {
                if give.send(part).await.is_err() {
                    return;
                }
            }
        });
        Download { got, room: None }
    }
}

type Downloaded = (Result<Option<Bytes>, StoreError>, Option<OwnedSemaphorePermit>);

/// Objects that are being downloaded; see [`Remote::download`].
#[derive(Debug)]
pub struct Download {
    got: tokio::sync::mpsc::Receiver<Downloaded>,
    /// The room that the object takes which was taken last.
    room: Option<OwnedSemaphorePermit>,
}

impl Download {
    /// The next object; none if it is not there any more, or was the last one.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub fn next_object(&mut self) -> Result<Option<Bytes>, StoreError> {
        self.room = None;
        let Some((bytes, room)) = self.got.blocking_recv() else { return Ok(None) };
        self.room = room;
        bytes
    }
}

/// Asks again a few times, unless that can't help.
async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(ask: impl Fn() -> F) -> Result<T, StoreError> {
    with_pauses(&PAUSES_MS, ask).await
}

async fn with_pauses<T, F: Future<Output = Result<T, StoreError>>>(
    pauses_ms: &[u64],
    ask: impl Fn() -> F,
) -> Result<T, StoreError> {
    for pause in pauses_ms {
        match ask().await {
            Err(StoreError::Failed { source, .. }) if may_pass(&source) => {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
            }
            done => return done,
        }
    }
    ask().await
}

fn may_pass(error: &Error) -> bool {
    !matches!(
        error,
        Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::NotImplemented { .. }
            | Error::NotSupported { .. }
            | Error::InvalidPath { .. }
    )
}
