//! A store in memory that fails by a seed: errors before and after a put was done, delays, and moments at which the one who asks is
//! killed. It checks that nothing is ever overwritten.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// What fails, shared by all who use the store.
#[derive(Debug)]
pub(in crate::put) struct Faults {
    rng: fastrand::Rng,
    /// Of so many requests one fails, one is slow, one never ends.
    one_in: Option<u32>,
    /// No request ever gets a response.
    is_gone: bool,
    objects: BTreeMap<Path, Bytes>,
}

/// The store as those use it who are tested.
#[derive(Clone, Debug)]
pub(in crate::put) struct FaultyStore {
    inner: Arc<InMemory>,
    faults: Arc<Mutex<Faults>>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Works,
    /// Nothing is done.
    Fails,
    /// It is done, and the response is lost.
    Lost,
    /// It is not done, and no response ever comes.
    Hangs,
    /// It is done, and no response ever comes.
    DoneAndHangs,
}

impl FaultyStore {
    pub(in crate::put) fn new(seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        let faults = Faults { rng, one_in: None, is_gone: false, objects: BTreeMap::new() };
        Self { inner: Arc::new(InMemory::new()), faults: Arc::new(Mutex::new(faults)) }
    }

    /// One in so many requests fails, in one way or another; none from now on with `None`.
    pub(in crate::put) fn fail(&self, one_in: Option<u32>) {
        self.faults.lock().unwrap().one_in = one_in;
    }

    /// No request gets a response from now on, or all do again.
    pub(in crate::put) fn go(&self, is_gone: bool) {
        self.faults.lock().unwrap().is_gone = is_gone;
    }

    /// The objects as they are, without faults.
    pub(in crate::put) fn inner(&self) -> Arc<InMemory> {
        Arc::clone(&self.inner)
    }

    async fn fate(&self) -> Fate {
        let (fate, delay_ms) = {
            let Faults { rng, one_in, is_gone, .. } = &mut *self.faults.lock().unwrap();
            if *is_gone {
                return Fate::Hangs;
            }
            let Some(one_in) = *one_in else { return Fate::Works };
            let fate = match rng.u32(0..one_in * 2) {
                0 => Fate::Fails,
                1 => Fate::Lost,
                2 if rng.bool() => Fate::Hangs,
                2 => Fate::DoneAndHangs,
                _ => Fate::Works,
            };
            (fate, if rng.u32(0..one_in) == 0 { rng.u64(0..20_000) } else { rng.u64(0..50) })
        };
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        fate
    }

    /// What comes back from a request that was done.
    async fn respond<T>(fate: Fate, result: Result<T>) -> Result<T> {
        match fate {
            Fate::Works => result,
            Fate::Fails | Fate::Lost => Err(failure()),
            Fate::Hangs | Fate::DoneAndHangs => hang().await,
        }
    }

    /// The same for requests that change nothing.
    async fn before(&self) -> Result<()> {
        match self.fate().await {
            Fate::Works => Ok(()),
            Fate::Fails | Fate::Lost => Err(failure()),
            Fate::Hangs | Fate::DoneAndHangs => hang().await,
        }
    }

    /// Nothing that was there may be other bytes now.
    async fn check(&self, location: &Path) {
        let now = self.inner.get(location).await.unwrap().bytes().await.unwrap();
        let mut faults = self.faults.lock().unwrap();
        let before = faults.objects.entry(location.clone()).or_insert_with(|| now.clone());
        assert!(*before == now, "{location} was overwritten");
    }
}

/// As the client of a real store does when its patience ends.
async fn hang<T>() -> Result<T> {
    tokio::time::sleep(Duration::from_secs(120)).await;
    Err(failure())
}

fn failure() -> Error {
    Error::Generic { store: "faulty", source: "503 slow down".into() }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        assert_eq!(options.mode, PutMode::Create, "{location} is put only if it is absent");
        let fate = self.fate().await;
        if matches!(fate, Fate::Fails | Fate::Hangs) {
            return Self::respond(fate, Err(failure())).await;
        }
        let result = self.inner.put_opts(location, payload, options).await;
        self.check(location).await;
        Self::respond(fate, result).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.before().await?;
        let upload = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(FaultyUpload { upload, store: self.clone(), location: location.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.before().await?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, _locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        unreachable!("the service never removes anything")
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, prefix) = (self.clone(), prefix.cloned());
        let listed = async move {
            store.before().await?;
            Ok::<_, Error>(store.inner.list(prefix.as_ref()))
        };
        futures_util::stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.before().await?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        unreachable!("the service copies nothing within the store")
    }
}

#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    store: FaultyStore,
    location: Path,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (store, part) = (self.store.clone(), self.upload.put_part(data));
        Box::pin(async move {
            store.before().await?;
            part.await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fate = self.store.fate().await;
        if matches!(fate, Fate::Fails | Fate::Hangs) {
            return FaultyStore::respond(fate, Err(failure())).await;
        }
        let result = self.upload.complete().await;
        self.store.check(&self.location).await;
        FaultyStore::respond(fate, result).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.store.before().await?;
        self.upload.abort().await
    }
}
