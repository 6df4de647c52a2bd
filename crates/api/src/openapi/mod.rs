//! The OpenAPI document, made from the same lists that requests are read against, and the page that shows it.

mod document;
mod schemas;

use crate::answer::{Answer, Media};
use crate::problem::Problem;
use crate::request::Call;
use crate::route::{Endpoint, Run};

pub use document::openapi;

/// The document as it is served: checked in, so that every change of the API shows in a review, and compared with
/// what the code makes by a test.
const DOCUMENT: &str = include_str!("../../openapi.json");
const PAGE: &str = include_str!("docs.html");

pub(crate) static GET: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|_call| Box::pin(std::future::ready(Ok(Answer::fixed(Media::Json, DOCUMENT))))),
    about: "This document.",
    answer: "OpenApi",
    refusals: &[],
};

pub(crate) static DOCS: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(docs(call))),
    about: "A page to read this document and to try it out.",
    answer: "Page",
    refusals: &[],
};

async fn docs(_call: Call) -> Result<Answer, Problem> {
    Ok(Answer::fixed(Media::Html, PAGE))
}
