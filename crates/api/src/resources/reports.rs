//! Reports: what is owed to users at the ends of a span, and what changed it, for finance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tocos_engine::{Liability, LiabilityQuery, ReportBasis, ReportError, Step, Unavailable};
use tocos_ledger::Right;

use crate::json::rfc3339_text;
use crate::rendering::{self, Code, LiabilityRows, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Run, event_problem, optional, read_durable, required, unavailable_problem,
};

/// What a report can have a row for.
const BY: &[&str] = &["total", "category", "month", "day"];

pub(crate) static LIABILITY: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        required("coin", FieldType::Coin, "The coin's code."),
        optional("from", FieldType::Time, "The beginning of the span. Default: the time of the ledger's first event."),
        optional(
            "until",
            FieldType::Time,
            "The end of the span: what takes effect at this instant is no longer in it. Default: right behind the ledger's time, so that everything up to now is in it.",
        ),
        optional(
            "by",
            FieldType::Word(BY),
            "`category` gives a row for paid and one for promotional coins, `month` and `day` one for each month or day of the calendar in UTC, of which the first and the last may be cut. Default: `total`.",
        ),
    ],
    body: &[],
    // It may take seconds, and ends when the client goes away.
    run: Run::Streaming(|request| Box::pin(liability(request))),
    summary: "Report what is owed to users",
    about: "Reports what users have of a coin at the beginning and the end of a span, and what changed it. Each row adds up: closing = opening + granted - spent - expired + reversed (+ converted). One report is made at a time.",
    schema: "LiabilityReport",
    refusals: &[Code::CoinNotFound],
};

/// Says that nobody waits any longer, when it is dropped.
struct EndsWithClient(Arc<AtomicBool>);

impl Drop for EndsWithClient {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn liability(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(LIABILITY.query)?;
    let (code, by) = (fields.the_text("coin"), fields.text("by").unwrap_or("total"));
    let (from, until) = (fields.instant("from"), fields.instant("until"));
    let is_empty = || Problem::invalid("until", "the span ends where it begins, or before; give a later time");
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        return Err(is_empty());
    }
    let turn = Arc::clone(&request.app.reports).lock_owned().await;
    let basis = read_durable(&request, |ledger, now| {
        ledger.require_coin(code).map(|coin| (coin, ReportBasis::of(ledger, now)))
    });
    let (coin, basis) = basis.await?.map_err(|refusal| Problem::from(&refusal))?;
    // What happens at this very instant is there.
    let end = basis.now() + 1;
    let until = until.unwrap_or(end);
    if until > end {
        let reason = format!("it is in the future; the ledger's time is {}", rfc3339_text(basis.now()));
        return Err(Problem::invalid("until", reason));
    }
    if from.is_some_and(|from| from >= until) {
        return Err(Problem::invalid("from", "the span ends where it begins, or before; give an earlier time"));
    }
    let (rows, step) = match by {
        "category" => (LiabilityRows::Category, Step::Whole),
        "month" => (LiabilityRows::Month, Step::Month),
        "day" => (LiabilityRows::Day, Step::Day),
        _ => (LiabilityRows::Total, Step::Whole),
    };
    let query = LiabilityQuery { coin, from, until, step };
    let (engine, event) = (request.app.engine.clone(), basis.event());
    let has_gone = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&has_gone);
    let _guard = EndsWithClient(has_gone);
    let making = tokio::task::spawn_blocking(move || {
        let report = engine.liability(basis, &query, &|| ends.load(Ordering::Relaxed));
        drop(turn);
        report
    });
    let made = making.await.map_err(|_panicked| internal("Making the report failed. See the service's log.".into()))?;
    let report = made.map_err(|error| problem(&error))?;
    warn_of(&report);
    Ok(Response::ok(rendering::liability(code, rows, event, &report)))
}

fn internal(detail: String) -> Problem {
    Problem::new(Code::InternalError, detail)
}

/// The report is right, and was slower than it should have been.
fn warn_of(report: &Liability) {
    for problem in &report.problems {
        tracing::warn!(problem, "a summary of flows was not used or not written");
    }
}

fn problem(error: &ReportError) -> Problem {
    match error {
        ReportError::Log(error) => event_problem(error),
        ReportError::Empty { from } => {
            let reason = format!("the ledger begins at {}; give a later time", rfc3339_text(*from));
            Problem::invalid("until", reason)
        }
        ReportError::TooManySpans { most } => {
            Problem::invalid("from", format!("a report has at most {most} rows; give a later time"))
        }
        ReportError::Ended => unavailable_problem(&Unavailable::ShuttingDown),
        ReportError::Unequal { .. } | ReportError::Thread(_) => {
            let words = error.to_string();
            let (first, rest) = words.split_at(words.chars().next().map_or(0, char::len_utf8));
            internal(format!("{}{rest}.", first.to_uppercase()))
        }
    }
}
