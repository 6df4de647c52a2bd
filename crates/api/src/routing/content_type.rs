//! What a client says its body is.

use http::StatusCode;
use tocos_http::{Head, visible};

use crate::rendering::Problem;

/// The types of bodies that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    Json,
    /// One JSON value a line.
    Ndjson,
    Other,
}

/// What the client says its body is.
///
/// # Errors
/// Text in another encoding than UTF-8.
pub(crate) fn content_type(head: &Head<'_>) -> Result<ContentType, Problem> {
    let Some(value) = head.content_type else { return Ok(ContentType::Other) };
    if value == b"application/json" {
        return Ok(ContentType::Json);
    }
    let mut parts = visible(value).unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let content_type = match essence.as_str() {
        "application/json" => ContentType::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => ContentType::Ndjson,
        other if other.starts_with("application/") && other.ends_with("+json") => ContentType::Json,
        _ => return Ok(ContentType::Other),
    };
    for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
        let is_utf8 =
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.trim_matches('"').eq_ignore_ascii_case(known));
        if name.eq_ignore_ascii_case("charset") && !is_utf8 {
            return Err(unsupported(&format!("{essence} in UTF-8; the header names another charset")));
        }
    }
    Ok(content_type)
}

/// A body that is there must be JSON.
pub(crate) fn require_json(head: &Head<'_>) -> Result<(), Problem> {
    match content_type(head)? {
        ContentType::Json => Ok(()),
        _ => Err(unsupported("application/json")),
    }
}

/// The body is something else than what the route takes.
pub(crate) fn unsupported(wanted: &str) -> Problem {
    Problem::invalid("content-type", format_args!("the body must be {wanted}"))
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}
