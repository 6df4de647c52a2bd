//! What this build is.

use crate::answer::Answer;
use crate::json::Writer;
use crate::problem::Problem;
use crate::request::Call;
use crate::route::{Endpoint, Run};

pub(crate) static GET: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(get(call))),
    about: "Name, version and commit of the service.",
    answer: "Version",
    refusals: &[],
};

async fn get(call: Call) -> Result<Answer, Problem> {
    call.fields(GET.query)?;
    let version = call.app.settings.version;
    let mut out = Writer::with_capacity(96);
    out.raw("{\"name\":\"tocos\",\"version\":");
    out.text(version.version);
    out.raw(",\"commit\":");
    out.text(version.commit);
    out.raw("}");
    Ok(Answer::ok(out))
}
