//! The OpenAPI document as it is served, and the page that shows it.

use std::io::Read as _;

use flate2::read::GzDecoder;
use http::StatusCode;

use crate::rendering::{Code, Media, Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, Run};

/// Checked in, so that every change of the API shows in a review, and compared by a test with what the code makes. Packed with gzip.
const OPENAPI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));
const HTML: &str = include_str!("docs.html");

pub(crate) static DOCUMENT: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(document(request))),
    summary: "Get the OpenAPI document",
    about: "Returns this document.",
    schema: "OpenApi",
    refusals: &[],
};

pub(crate) static PAGE: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(page(request))),
    summary: "Show the OpenAPI document as a web page",
    about: "Returns an HTML page that shows this document and can send requests.",
    schema: "Page",
    refusals: &[],
};

async fn document(_request: AsyncRequest) -> Result<Response, Problem> {
    let mut text = Vec::new();
    GzDecoder::new(OPENAPI).read_to_end(&mut text).map_err(|error| {
        tracing::error!(%error, "the OpenAPI document in this binary can't be unpacked");
        Problem::new(Code::InternalError, "The document can't be unpacked.")
    })?;
    Ok(Response::new(StatusCode::OK, Media::Json, text))
}

async fn page(_request: AsyncRequest) -> Result<Response, Problem> {
    Ok(Response::new(StatusCode::OK, Media::Html, HTML))
}
