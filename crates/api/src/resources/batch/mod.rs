//! Many operations in one request: all or none of them, or each for itself.

mod parse;
mod summary;

use http::StatusCode;
use tocos_engine::{AsOf, Batch, BatchRejection, Submitted};
use tocos_ledger::{Refusal, Request, Right};

use crate::access::Caller;
use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::content_type::{self, ContentType};
use crate::routing::{
    AsyncRequest, BodyLimit, Endpoint, Field, FieldType, Fields, Run, Supply, Undecided, optional, unavailable_problem,
    utf8, wait_durable, write,
};
use crate::tracing::RequestSpan;
pub(crate) use parse::OPERATIONS;
use parse::{Options, Parsed};
use summary::Summary;

/// Operations that a batch may have.
pub(crate) const OPERATIONS_MAX: usize = 10_000;

/// A batch of more bytes is read and decided on a thread of its own: small requests need not wait until it has been read,
/// and while one large batch is decided the next is read.
const INLINE_BYTES_MAX: usize = 16 * 1024;

const DRY_RUN: Field =
    optional("dry_run", FieldType::Bool, "Return the response that the request would get, without applying anything.");
/// Options of a batch and its response: fields of a JSON body, parameters with an NDJSON body.
pub(crate) const ATOMIC: Field = optional(
    "atomic",
    FieldType::Bool,
    "Whether the batch is atomic: all operations are applied, or none. If false, each is applied independently. Default: false.",
);
pub(crate) const RESULTS: Field = optional(
    "results",
    FieldType::Word(&["refusals", "all"]),
    "What `results` in the response contains: only the refused operations, or one entry per operation (`all`). Default: `refusals`.",
);

pub(crate) static POST: Endpoint = Endpoint {
    right: Some(Right::Spend),
    query: &[DRY_RUN, ATOMIC, RESULTS],
    body: &[],
    run: Run::Leading(BodyLimit::Batch, |request| Box::pin(post(request))),
    summary: "Apply many operations in one request",
    about: "Applies up to 10,000 operations in order. Send them as JSON, or one per line as `application/x-ndjson`; with NDJSON, \
        `atomic` and `results` are query parameters.",
    schema: "Batch",
    refusals: &[
        Code::InsufficientFunds,
        Code::UserNotFound,
        Code::CoinNotFound,
        Code::HoldNotFound,
        Code::EventNotFound,
        Code::HoldEnded,
        Code::HoldAmountExceeded,
        Code::AlreadyReversed,
        Code::NotReversible,
        Code::AboveCeiling,
        Code::AccountFrozen,
        Code::UserClosed,
        Code::UserNotEmpty,
        Code::SupplyExhausted,
    ],
};

/// The outcome, to be sent when event `seen` is durable.
struct Decision {
    seen: AsOf,
    outcome: Result<Writer, Problem>,
}

async fn post(mut request: AsyncRequest) -> Result<Response, Problem> {
    let body = request.read_body(request.app.settings.limits.batch_bytes_max).await?;
    let span = RequestSpan::of(request.parts()).cloned();
    let step = span.as_ref().map(|span| span.step("decide"));
    let mut supply = Supply::default();
    let (request, decided) = loop {
        let (ours, decided) = if body.len() <= INLINE_BYTES_MAX {
            let decided = decide(&request, &body);
            (request, decided)
        } else {
            let body = body.clone();
            tokio::task::spawn_blocking(move || {
                let decided = decide(&request, &body);
                (request, decided)
            })
            .await
            .map_err(|_panicked| Problem::new(Code::InternalError, "The batch failed. See the service's log."))?
        };
        request = ours;
        match decided {
            Ok(decided) => break (request, decided),
            Err(undecided) => supply.fetch(&request.app, undecided).await?,
        }
    };
    drop((step, supply));
    request.app.sealer.notify();
    let _waiting = span.as_ref().map(|span| span.step("durable"));
    wait_durable(&request, decided.seen).await?;
    decided.outcome.map(|out| Response::json(StatusCode::OK, out))
}

fn decide(request: &AsyncRequest, body: &[u8]) -> Result<Decision, Undecided> {
    let mut query = Fields::new(POST.query);
    query.read_query(request.head().query.unwrap_or_default())?;
    let dry_run = query.flag("dry_run").unwrap_or(false);
    let content_type = content_type::content_type(&request.head())?;
    let text = utf8(body)?;
    let (options, operations) = match content_type {
        ContentType::Json if query.flag("atomic").is_some() || query.text("results").is_some() => {
            let reason = "atomic and results stand in the body of a JSON batch; as parameters they go with NDJSON";
            return Err(Problem::invalid("query", reason).into());
        }
        ContentType::Json => parse::json(text)?,
        ContentType::Ndjson => (Options::of(&query), parse::lines(text)?),
        ContentType::Other => return Err(content_type::unsupported("application/json or application/x-ndjson").into()),
    };
    let key = write::idempotency_key(&request.head())?;
    let next_key = key.map(|key| format!("{key}/{}", operations.len()));
    let how = Batch { atomic: options.atomic, dry_run, next_key: next_key.as_deref() };
    let names = Names::new(key, &operations);
    if how.atomic && key.is_some() {
        refuse_own_keys(&operations)?;
    }
    let requests = Requests::new(&operations, &names, request.caller);
    if how.atomic
        && let Some((operation, problem)) = requests.first_problem()
    {
        return Err(problem.with_integer("operation", operation as i64).into());
    }
    submit(request, requests, how, options.all_results)
}

/// An atomic batch under a key is done once as a whole, which an operation with a key of its own would contradict.
fn refuse_own_keys(operations: &[Parsed<'_>]) -> Result<(), Problem> {
    let has_own = |parsed: &Parsed<'_>| parsed.as_ref().is_ok_and(|named| named.extras.idempotency_key.is_some());
    let Some(operation) = operations.iter().position(has_own) else { return Ok(()) };
    let reason =
        "an atomic batch under an Idempotency-Key is one whole; leave out the keys of its operations, or the header";
    Err(Problem::invalid("idempotency_key", reason).with_integer("operation", operation as i64))
}

/// Idempotency keys of operations that have none of their own, from the key of the whole batch.
struct Names {
    names: Vec<String>,
}

impl Names {
    fn new(key: Option<&str>, operations: &[Parsed<'_>]) -> Self {
        let names = key.map(|key| (0..operations.len()).map(|at| format!("{key}/{at}")).collect());
        Self { names: names.unwrap_or_default() }
    }
}

/// The operations in the ledger's words, and those that can't be put so.
struct Requests<'v> {
    requests: Vec<Request<'v>>,
    /// By place of the operation, in order.
    problems: Vec<(usize, Problem)>,
    count: usize,
}

impl<'v> Requests<'v> {
    fn new(operations: &'v [Parsed<'_>], names: &'v Names, caller: Caller) -> Self {
        let mut requests = Vec::with_capacity(operations.len());
        let mut problems = Vec::new();
        for (at, parsed) in operations.iter().enumerate() {
            let name = names.names.get(at).map(String::as_str);
            let request = parsed.as_ref().map_err(Clone::clone).and_then(|operation| {
                caller.require(operation.write.right)?;
                let [metadata, reference] = operation.fields.metadata_and_reference();
                Ok(Request {
                    operation: (operation.write.operation)(&operation.fields)?,
                    key: operation.extras.idempotency_key.as_deref().or(name),
                    metadata,
                    reference,
                    by: caller.key,
                })
            });
            match request {
                Ok(request) => requests.push(request),
                Err(problem) => problems.push((at, problem)),
            }
        }
        Self { requests, problems, count: operations.len() }
    }

    fn first_problem(&self) -> Option<(usize, Problem)> {
        self.problems.first().cloned()
    }
}

fn submit(
    request: &AsyncRequest,
    requests: Requests<'_>,
    how: Batch<'_>,
    all_results: bool,
) -> Result<Decision, Undecided> {
    let mut events = Writer::with_capacity(if all_results { requests.count * 256 } else { 0 });
    let submitted = request.app.engine.submit_batch(&requests.requests, how, |event, state| {
        let start = events.len();
        if all_results {
            rendering::event(&mut events, event, state);
        }
        start..events.len()
    });
    let results: Vec<Result<Submitted<_>, Refusal>> = match submitted {
        Ok(results) => results,
        Err(BatchRejection::Refused { operation, refusal, seen }) => {
            let problem = Problem::from(&refusal).with_integer("operation", operation as i64);
            return Ok(Decision { seen, outcome: Err(problem) });
        }
        Err(BatchRejection::Unavailable(unavailable)) => return Err(Undecided::of(unavailable)),
    };
    let seen = match results.iter().flatten().map(|submitted| submitted.seen).max() {
        Some(seen) => seen,
        // All were refused, for reasons that must be durable before the response is sent.
        None => request.app.engine.read(|_, _| ()).map_err(|unavailable| unavailable_problem(&unavailable))?.seen,
    };
    let mut outcome = Summary::new(requests.count, all_results);
    let mut problems = requests.problems.into_iter().peekable();
    let mut results = results.into_iter();
    for at in 0..requests.count {
        if let Some((_, problem)) = problems.next_if(|(place, _)| *place == at) {
            request.app.counters.refused(&problem);
            outcome.refused(at, &problem);
            continue;
        }
        match results.next() {
            Some(Ok(submitted)) => {
                request.app.counters.replayed(u64::from(submitted.replayed));
                outcome.done(&submitted, events.written(submitted.rendered.clone()));
            }
            Some(Err(refusal)) => {
                let problem = Problem::from(&refusal);
                request.app.counters.refused(&problem);
                outcome.refused(at, &problem);
            }
            None => {}
        }
    }
    Ok(Decision { seen, outcome: Ok(outcome.into_json()) })
}
