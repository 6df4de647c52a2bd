//! What this build is.

use crate::json::Writer;
use crate::rendering::{Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, Run};

pub(crate) static GET: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get the name and version of the service",
    about: "Returns the name, version and commit of the service.",
    schema: "Version",
    refusals: &[],
};

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(GET.query)?;
    let version = request.app.settings.version;
    let mut out = Writer::with_capacity(96);
    out.raw("{\"name\":\"tocos\",\"version\":");
    out.text(version.version);
    out.raw(",\"commit\":");
    out.text(version.commit);
    out.raw("}");
    Ok(Response::ok(out))
}
