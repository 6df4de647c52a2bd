//! The object store behind a URL: a bucket and a prefix in it, or a folder.
//!
//! Credentials come by the stores' own conventions: the environment (`AWS_*`, `GOOGLE_*`, `AZURE_*`) or the role of the machine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Certificate, ClientOptions, Error, GetOptions, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, PutPayload, RetryConfig,
};
use url::Url;

/// How long one request may take. An object of 8 MiB passes in it at 70 kB/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Failed requests are tried again by those who make them, who know what is due by then.
const RETRIES_MAX: usize = 1;
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// The schemes that an archive can have, for messages.
const SCHEMES: &str = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER";

/// Why the store could not be used.
#[derive(Debug)]
pub enum StoreError {
    /// The URL, or a setting of the store in the environment, makes no sense: trying again won't help.
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The store did not do what it was asked for. It may do so later.
    Failed {
        /// What was being done, as in "putting".
        doing: &'static str,
        /// The object or folder, with the store's URL.
        place: String,
        /// What the store said.
        source: Error,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl { url, reason } => write!(f, "{url}: {reason}"),
            Self::Failed { doing, place, source } => {
                write!(f, "{doing} {place} failed: {source}")?;
                match source {
                    Error::NotImplemented { .. } | Error::NotSupported { .. } => f.write_str(
                        ". The store must be able to put an object only if its name is free (If-None-Match).",
                    ),
                    Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                        f.write_str(". Check the credentials in the environment, or the rights of the machine's role.")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::BadUrl { .. } => None,
            Self::Failed { source, .. } => Some(source),
        }
    }
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is there now, and lasts.
    Done,
    /// An object of that name was there before. It was left as it is.
    Exists,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name under the archive's prefix.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// When it was put, by the store's clock, in microseconds since 1970 in UTC.
    pub put_at_us: i64,
}

/// The objects of one archive. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    url: String,
    /// Whether lists come in the order of the names, as those of buckets do.
    is_sorted: bool,
}

impl Store {
    /// The archive at a URL. Nothing is asked of the store yet, so one that is away is found out later.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`].
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let shown = without_password(url);
        let bad = |reason: String| StoreError::BadUrl { url: shown.clone(), reason };
        let parsed = Url::parse(url).map_err(|error| bad(format!("this is no URL ({error}); give {SCHEMES}")))?;
        let is_bucket = matches!(parsed.scheme(), "s3" | "gs" | "az");
        if is_bucket && parsed.host_str().is_none_or(str::is_empty) {
            return Err(bad(format!("the bucket is missing; give {SCHEMES}")));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() || parsed.password().is_some() {
            return Err(bad(format!(
                "only a place can be in it, credentials come from the environment; give {SCHEMES}"
            )));
        }
        // The variables of the client are read again: our own options take the place of those.
        let objects: Arc<dyn ObjectStore> = match parsed.scheme() {
            "s3" => {
                forbid_forgotten_http().map_err(bad)?;
                let builder = AmazonS3Builder::from_env().with_client_options(client_options()).with_retry(retries());
                let builder = variables("AWS_").fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_url(url).build().map_err(|error| bad(error.to_string()))?)
            }
            "gs" => {
                let builder =
                    GoogleCloudStorageBuilder::from_env().with_client_options(client_options()).with_retry(retries());
                let builder = variables("GOOGLE_").fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_url(url).build().map_err(|error| bad(error.to_string()))?)
            }
            "az" => {
                let builder =
                    MicrosoftAzureBuilder::from_env().with_client_options(client_options()).with_retry(retries());
                let builder = variables("AZURE_").fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_url(url).build().map_err(|error| bad(error.to_string()))?)
            }
            "file" if parsed.host_str().is_none() && parsed.path().len() > 1 => {
                Arc::new(LocalFileSystem::new().with_fsync(true))
            }
            "file" => {
                return Err(bad("the path of a folder must be absolute, as in file:///var/backups/tocos".to_owned()));
            }
            other => return Err(bad(format!("there are no archives in {other}://; give {SCHEMES}"))),
        };
        let prefix = Path::from_url_path(parsed.path()).map_err(|error| bad(error.to_string()))?;
        Ok(Self { objects, prefix, url: shown.trim_end_matches('/').to_owned(), is_sorted: is_bucket })
    }

    /// The archive under a prefix of a store that is open already.
    #[must_use]
    pub fn of(objects: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { objects, prefix: Path::from(prefix), url: format!("memory:///{prefix}"), is_sorted: true }
    }

    /// The URL, for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An object's name with the archive's URL, for messages.
    #[must_use]
    pub fn place(&self, name: &str) -> String {
        if name.is_empty() { self.url.clone() } else { format!("{}/{name}", self.url) }
    }

    fn path(&self, name: &str) -> Path {
        Path::from_iter(self.prefix.parts().chain(Path::from(name).parts()))
    }

    fn failed<'a>(&'a self, doing: &'static str, name: &'a str) -> impl FnOnce(Error) -> StoreError + 'a {
        move |source| StoreError::Failed { doing, place: self.place(name), source }
    }

    /// Puts an object, if there is none of its name. The store itself sees to that: of two that put it at once, one does it.
    ///
    /// # Errors
    /// [`StoreError::Failed`]. Then it is not known whether the object was put.
    pub async fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StoreError> {
        let payload = PutPayload::from_bytes(bytes);
        match self.objects.put_opts(&self.path(name), payload, PutOptions::from(PutMode::Create)).await {
            Ok(_) => Ok(Put::Done),
            // S3 also says "conflict" when requests for one name meet, and then there may be no object at all.
            Err(error @ Error::AlreadyExists { .. }) => match self.size(name).await? {
                Some(_) => Ok(Put::Exists),
                None => Err(self.failed("putting", name)(error)),
            },
            Err(error) => Err(self.failed("putting", name)(error)),
        }
    }

    /// Begins an object that is put in parts, each but the last of 5 MiB or more. It is there when it is completed. No store can
    /// do this only if the name is free.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn put_in_parts(&self, name: &str) -> Result<Parts, StoreError> {
        let upload = self.objects.put_multipart(&self.path(name)).await.map_err(self.failed("putting", name))?;
        Ok(Parts { upload, place: self.place(name) })
    }

    /// The bytes of an object; none if there is no such object.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.get_with(name, GetOptions::new()).await
    }

    /// The bytes of an object in a range, cut where the object ends; none if there is no such object.
    ///
    /// # Errors
    /// [`StoreError::Failed`], also for a range that begins behind the end.
    pub async fn get_range(&self, name: &str, range: std::ops::Range<u64>) -> Result<Option<Bytes>, StoreError> {
        self.get_with(name, GetOptions::new().with_range(Some(range))).await
    }

    async fn get_with(&self, name: &str, options: GetOptions) -> Result<Option<Bytes>, StoreError> {
        let got = match self.objects.get_opts(&self.path(name), options).await {
            Ok(got) => got.bytes().await,
            Err(error) => Err(error),
        };
        match got {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("reading", name)(error)),
        }
    }

    /// The bytes of an object as they come, for objects that are too large for the memory; none if there is no such object.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn stream(
        &self,
        name: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, StoreError>>>, StoreError> {
        let got = match self.objects.get(&self.path(name)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed("reading", name)(error)),
        };
        let place = self.place(name);
        let failed = move |source| StoreError::Failed { doing: "reading", place: place.clone(), source };
        Ok(Some(got.into_stream().map_err(failed).boxed()))
    }

    /// The length of an object; none if there is no such object.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn size(&self, name: &str) -> Result<Option<u64>, StoreError> {
        match self.objects.head(&self.path(name)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("looking for", name)(error)),
        }
    }

    /// Removes an object. There is no error if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        match self.objects.delete(&self.path(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("removing", name)(error)),
        }
    }

    /// The objects directly under the prefix: those that describe branches.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn list_top(&self) -> Result<Vec<Listed>, StoreError> {
        let listed = self.objects.list_with_delimiter(Some(&self.prefix)).await.map_err(self.failed("listing", ""))?;
        let mut top: Vec<Listed> = listed.objects.iter().filter_map(|meta| self.listed(meta)).collect();
        top.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(top)
    }

    /// The objects of a folder whose names come behind `after` (or all), as they come; in the order of their names only where
    /// [`is_sorted`](Self::is_sorted).
    pub fn list(&self, folder: &str, after: Option<&str>) -> BoxStream<'static, Result<Listed, StoreError>> {
        let path = self.path(folder);
        let metas = match after {
            Some(after) => self.objects.list_with_offset(Some(&path), &self.path(after)),
            None => self.objects.list(Some(&path)),
        };
        let (store, place) = (self.clone(), self.place(folder));
        metas
            .map_err(move |source| StoreError::Failed { doing: "listing", place: place.clone(), source })
            .try_filter_map(move |meta| std::future::ready(Ok(store.listed(&meta))))
            .boxed()
    }

    /// Whether lists come in the order of the names.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    fn listed(&self, meta: &ObjectMeta) -> Option<Listed> {
        let parts: Vec<_> = meta.location.prefix_match(&self.prefix)?.collect();
        let names: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(Listed { name: names.join("/"), bytes: meta.size, put_at_us: meta.last_modified.timestamp_micros() })
    }
}

/// An object that is being put in parts.
#[derive(Debug)]
pub struct Parts {
    upload: Box<dyn MultipartUpload>,
    place: String,
}

impl Parts {
    /// Puts the next part.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; then [`abort`](Self::abort) it.
    pub async fn put(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let place = &self.place;
        let failed = |source| StoreError::Failed { doing: "putting", place: place.clone(), source };
        self.upload.put_part(bytes.into()).await.map_err(failed)
    }

    /// Makes the object of the parts.
    ///
    /// # Errors
    /// [`StoreError::Failed`]. Then it is not known whether the object was put.
    pub async fn complete(&mut self) -> Result<(), StoreError> {
        let place = &self.place;
        let failed = |source| StoreError::Failed { doing: "putting", place: place.clone(), source };
        self.upload.complete().await.map_err(failed).map(|_| ())
    }

    /// Lets the parts go, as far as the store can be reached; what stays is removed by a rule of the bucket.
    pub async fn abort(&mut self) {
        let _left_to_the_bucket = self.upload.abort().await;
    }
}

/// The variables of the environment with a prefix, their names in small letters as object_store knows them.
fn variables(prefix: &'static str) -> impl Iterator<Item = (String, String)> {
    let texts =
        std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    texts
        .filter(move |(key, value)| key.starts_with(prefix) && !value.is_empty())
        .map(|(key, value)| (key.to_lowercase(), value))
}

/// The store's client refuses plain HTTP with words that don't say what to do.
fn forbid_forgotten_http() -> Result<(), String> {
    let is_allowed = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|text| matches!(text.as_str(), "true" | "1"));
    let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find(|name| std::env::var(name).is_ok_and(|url| url.starts_with("http://")));
    match plain {
        Some(name) if !is_allowed => Err(format!(
            "{name} is without TLS; give an https:// address, or set AWS_ALLOW_HTTP=true for a store on this machine"
        )),
        _ => Ok(()),
    }
}

fn retries() -> RetryConfig {
    RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() }
}

/// Trusts the authorities that the operating system trusts, if it has any, and the public ones that are built in.
fn client_options() -> ClientOptions {
    // Another room may have chosen one already, which does as well.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let options = ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|root| Certificate::from_der(root).ok())
        .fold(options, ClientOptions::with_root_certificate)
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _refused = parsed.set_password(Some("***"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests;
