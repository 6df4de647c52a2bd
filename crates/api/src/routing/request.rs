//! A request on its route: its caller, what the path names, and reading it against the fields that it may have.

use std::str;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use tocos_http::{Head, OwnedRequest};

use super::fields::{Field, Fields, percent_decoded};
use super::params::Params;
use crate::access::Caller;
use crate::app::App;
use crate::rendering::{Problem, Response};

/// A request whose response may take a while: it owns what it was made of.
#[derive(Debug)]
pub(crate) struct AsyncRequest {
    pub app: Arc<App>,
    pub caller: Caller,
    pub params: Params,
    pub http: OwnedRequest,
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

/// What a request came to. The response may be sent when event `seen` is durable.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub seen: u64,
    pub response: Result<Response, Problem>,
}

impl Outcome {
    /// A problem that depends on nothing in the ledger.
    pub(crate) const fn refused(problem: Problem) -> Self {
        Self { seen: 0, response: Err(problem) }
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
