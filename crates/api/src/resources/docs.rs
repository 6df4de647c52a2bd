//! The OpenAPI document as it is served, and the page that shows it.

use http::StatusCode;

use crate::rendering::{Media, Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, Run};

/// Checked in, so that every change of the API shows in a review, and compared by a test with what the code makes.
const OPENAPI: &str = include_str!("../../openapi.json");
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
    Ok(Response::new(StatusCode::OK, Media::Json, OPENAPI))
}

async fn page(_request: AsyncRequest) -> Result<Response, Problem> {
    Ok(Response::new(StatusCode::OK, Media::Html, HTML))
}
