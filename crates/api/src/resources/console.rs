//! The console: a page, its script and its styles, as they were built from `console/` by `cargo xtask console`. It uses the
//! routes of the API like any other client.

use http::StatusCode;

use crate::rendering::{Code, Media, Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, FieldType, Run, in_path};

/// Names the other two files, with a part of their hashes.
const INDEX: &str = include_str!("../../console/index.html");
const SCRIPT: &[u8] = include_bytes!("../../console/app.js.gz");
const STYLE: &[u8] = include_bytes!("../../console/app.css.gz");

pub(crate) static PAGE: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(page(request))),
    summary: "Show the console",
    about: "Returns the page of the console.",
    schema: "Page",
    refusals: &[],
};

pub(crate) static FILE: Endpoint = Endpoint {
    right: None,
    query: &[in_path("file", FieldType::Name, "The file's name, with a part of its hash.")],
    body: &[],
    run: Run::Async(|request| Box::pin(file(request))),
    summary: "Get a file of the console",
    about: "Returns a file of the console, packed with gzip. Its name changes with its content.",
    schema: "Page",
    refusals: &[],
};

async fn page(_request: AsyncRequest) -> Result<Response, Problem> {
    Ok(Response::new(StatusCode::OK, Media::Console, INDEX))
}

async fn file(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(FILE.query)?;
    let name = fields.the_text("file");
    let (media, bytes) = if name.ends_with(".js") { (Media::Script, SCRIPT) } else { (Media::Style, STYLE) };
    // Another version of the page may ask for another version of the file.
    if !INDEX.contains(&format!("\"/console/{name}\"")) {
        let detail = "The console has no such file. Reload the page: the service may have been replaced.";
        return Err(Problem::new(Code::NotFound, detail));
    }
    Ok(Response::new(StatusCode::OK, media, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_only_its_own_files_and_contains_no_script() {
        let loaded: Vec<&str> = INDEX.match_indices("\"/console/app-").map(|(at, _)| &INDEX[at..]).collect();
        assert_eq!(loaded.len(), 2, "{INDEX}");
        for outside in ["http://", "https://", "\"//", "<style", "style=", "onload", "<script>"] {
            assert!(!INDEX.contains(outside), "{outside}");
        }
        assert_eq!((&SCRIPT[..2], &STYLE[..2]), (&[0x1f, 0x8b][..], &[0x1f, 0x8b][..]));
    }

    #[test]
    fn the_console_stays_small() {
        const BYTES_MAX: usize = 120 * 1024;
        let bytes = INDEX.len() + SCRIPT.len() + STYLE.len();
        assert!(bytes <= BYTES_MAX, "{bytes} bytes packed");
    }
}
