//! A request on its route: its caller, what the path names, and reading it against the fields that it may have.

use std::str;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::request::Parts;
use tocos_engine::AsOf;
use tocos_http::{Head, OwnedRequest};

use super::fields::{Field, Fields, percent_decoded};
use super::params::Params;
use crate::access::Caller;
use crate::app::App;
use crate::rendering::{Code, Problem, Response};

/// A request whose response may take a while: it owns what it was made of.
#[derive(Debug)]
pub(crate) struct AsyncRequest {
    pub app: Arc<App>,
    pub caller: Caller,
    pub params: Params,
    pub http: OwnedRequest,
    pub noted: Noted,
}

/// The event that a response is as of: the last one that anything in it depends on. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted(
    /// One more than the event; 0 before anything was read.
    Arc<AtomicU64>,
);

impl Noted {
    /// The response depends on everything up to this event.
    pub(crate) fn note(&self, event: u64) {
        self.0.fetch_max(event.saturating_add(1), Ordering::Relaxed);
    }

    /// `None` if the response depends on nothing in the ledger.
    pub(crate) fn event(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }
}

impl AsyncRequest {
    pub(crate) fn head(&self) -> Head<'_> {
        self.http.head()
    }

    /// Method, target and headers.
    pub(crate) fn parts(&self) -> &Parts {
        &self.http.parts
    }

    /// Parses path and query against the list of the allowed fields.
    pub(crate) fn fields(&self, list: &'static [Field]) -> Result<Fields<'_>, Problem> {
        let uri = &self.http.parts.uri;
        read_fields(list, &self.params, uri.path(), uri.query())
    }

    /// The body as a whole.
    pub(crate) async fn read_body(&mut self, bytes_max: usize) -> Result<Bytes, Problem> {
        self.http.read_body(bytes_max).await.map_err(Problem::from)
    }
}

/// A request that is responded to from memory, at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyncRequest<'a> {
    pub app: &'a App,
    pub caller: Caller,
    pub head: &'a Head<'a>,
    pub params: &'a Params,
    pub body: &'a [u8],
}

impl<'a> SyncRequest<'a> {
    /// As [`AsyncRequest::fields`].
    pub(crate) fn fields(&self, list: &'static [Field]) -> Result<Fields<'a>, Problem> {
        read_fields(list, self.params, self.head.path, self.head.query)
    }
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the response is as of: it may be sent when that is durable. `None` if it depends on nothing in the ledger.
    pub seen: Option<AsOf>,
    pub response: Result<Response, Problem>,
}

impl Outcome {
    /// Whether another node of the group can answer this: the operation was not decided because this node does not lead, or, if it
    /// `is_repeatable`, its storage has failed.
    pub(crate) fn is_for_another(&self, is_repeatable: bool) -> bool {
        let code = self.response.as_ref().err().map(|problem| problem.code);
        code == Some(Code::NotLeader) || (is_repeatable && code == Some(Code::StorageUnavailable))
    }

    /// A problem that depends on nothing in the ledger.
    pub(crate) const fn refused(problem: Problem) -> Self {
        Self { seen: None, response: Err(problem) }
    }
}

fn read_fields<'a>(
    list: &'static [Field],
    params: &'a Params,
    path: &'a str,
    query: Option<&'a str>,
) -> Result<Fields<'a>, Problem> {
    let mut fields = Fields::new(list);
    set_path(&mut fields, params, path)?;
    fields.read_query(query.unwrap_or_default())?;
    fields.check_complete()?;
    Ok(fields)
}

/// Sets what the path names.
pub(crate) fn set_path<'a>(fields: &mut Fields<'a>, params: &'a Params, path: &'a str) -> Result<(), Problem> {
    for (name, text) in params.iter(path) {
        let text = percent_decoded(text, false).map_err(|reason| Problem::invalid(name, reason))?;
        fields.set_from_path(name, text)?;
    }
    Ok(())
}

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(body)
        .map_err(|error| Problem::invalid("body", format_args!("it is not UTF-8 at byte {}", error.valid_up_to())))
}
