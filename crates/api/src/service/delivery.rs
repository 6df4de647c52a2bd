//! Requests that only the leader of a group can answer: decided here while this node leads, else passed on to the node that does, and
//! tried again while that is safe.
//!
//! What may be tried again: everything, as long as it is certain that nothing was applied. Beyond that only what has an idempotency key
//! or changes nothing, since a second time then does no harm.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use tocos_group::{Leader, Role};
use tocos_http::{Answer, Error, OwnedRequest, ResponseBody, SendError};
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::Instant;

use super::local::{Answered, Local};
use super::wishes::Wishes;
use crate::app::{App, Group};
use crate::rendering::{Code, Media, Problem};
use crate::routing::{BodyLimit, write};

/// For how long a request is tried again, from its beginning on.
const TRIED_FOR: Duration = Duration::from_secs(5);
/// The pause before the second try, and the longest one. A change of the leader ends it early.
const PAUSE_FIRST: Duration = Duration::from_millis(25);
const PAUSE_MAX: Duration = Duration::from_millis(400);
/// How long a node that no longer leads may still take to answer.
const GRACE: Duration = Duration::from_millis(500);
/// How long the leader may take for a write that can't be repeated, and for a read: it may wait for an event of the feed.
const WRITE_MAX: Duration = Duration::from_secs(30);
const READ_MAX: Duration = Duration::from_secs(90);
/// The largest answer that is passed back: a batch with all its results is smaller.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Larger bodies are counted while they are kept.
const UNCOUNTED_BYTES_MAX: usize = 16 * 1024;
/// When asking again makes sense, in seconds.
const RETRY_AFTER_S: u32 = 1;

const FORWARDED_BY: HeaderName = HeaderName::from_static("tocos-forwarded");

/// What became of a request.
#[derive(Debug)]
pub(super) enum Delivered {
    /// This node answered it.
    Here(Answered),
    /// Another node did.
    There(tocos_http::Response),
}

impl Delivered {
    /// A problem that depends on nothing in the ledger.
    pub(super) fn refused(problem: Problem) -> Self {
        Self::Here(Answered::refused(problem))
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Here(Answered { result: Ok(response), .. }) => response.status,
            Self::Here(Answered { result: Err(problem), .. }) => problem.status(),
            Self::There(response) => response.status,
        }
    }

    /// The problem, if this node refused it.
    pub(super) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Here(answered) => answered.result.as_ref().err(),
            Self::There(_) => None,
        }
    }
}

/// What one try came to.
#[derive(Debug)]
enum Attempt {
    /// It is over.
    Over(Delivered),
    /// Certainly nothing was applied; why, in words.
    NotDone(String),
    /// It may have been applied; why, in words, and the answer if there is one.
    Unknown(String, Option<Delivered>),
}

/// Who is to be asked.
enum Target {
    /// This node leads.
    Here,
    At(Leader),
    /// No node that is known; why, in words.
    Nobody(&'static str),
}

/// A request that is being delivered.
#[derive(Debug)]
pub(super) struct Delivery {
    local: Local,
    wishes: Wishes,
    /// Without its body.
    http: OwnedRequest,
    body: Bytes,
    /// A second time does no harm.
    is_repeatable: bool,
    is_write: bool,
    begun: Instant,
}

impl Delivery {
    /// Reads the body, so that it is there for every try.
    ///
    /// # Errors
    /// Whoever sent it may not, or its body can't be read.
    pub(super) async fn begin(local: Local, wishes: Wishes, mut http: OwnedRequest) -> Result<Self, Problem> {
        let begun = Instant::now();
        let app = &local.app;
        app.authenticator.guard(&http.head(), http.peer)?;
        if app.group.as_ref().is_some_and(|group| group.status().role() == Role::Leader) {
            // Where the keys are known, nothing is read of whoever has none.
            local.authorize(&http).await?;
        }
        let limit = local.handler.leading();
        let bytes_max = limit.unwrap_or(BodyLimit::Request).bytes_max(&app.settings.limits);
        let body = http.read_body(bytes_max).await?;
        let head = http.head();
        let is_write = limit.is_some();
        let is_repeatable = !is_write || head.idempotency_key.is_some() || write::dry_run(&head).unwrap_or(false);
        Ok(Self { local, wishes, http, body, is_repeatable, is_write, begun })
    }

    /// Tries until the outcome is known or another try is not safe. `is_in_doubt`: it may have been applied already.
    pub(super) async fn run(self, mut is_in_doubt: bool) -> Delivered {
        let app = &*self.local.app;
        let Some(group) = &app.group else { return self.here().await.unwrap_or_unknown() };
        let _kept = match self.keep(group) {
            Ok(permit) => permit,
            Err(problem) => return Delivered::refused(problem),
        };
        let mut changes = group.status().subscribe();
        let mut pause = PAUSE_FIRST;
        loop {
            changes.borrow_and_update();
            let attempt = match self.target(group) {
                Target::Here => self.here().await,
                Target::At(_) if self.http.head().forwarded_by.is_some() => {
                    Attempt::Over(Delivered::refused(not_leader("it was passed on to a node that does not lead")))
                }
                Target::Nobody(reason) if self.http.head().forwarded_by.is_some() => {
                    Attempt::Over(Delivered::refused(not_leader(reason)))
                }
                Target::At(leader) => self.there(app, group, &leader, &mut changes).await,
                Target::Nobody(reason) => Attempt::NotDone(reason.to_owned()),
            };
            let (reason, answer) = match attempt {
                Attempt::Over(delivered) => return delivered,
                Attempt::NotDone(reason) => (reason, None),
                Attempt::Unknown(reason, answer) if !self.is_repeatable => {
                    return answer.unwrap_or_else(|| Delivered::refused(outcome_unknown(&reason)));
                }
                Attempt::Unknown(reason, answer) => {
                    is_in_doubt = true;
                    (reason, answer)
                }
            };
            if self.begun.elapsed() + pause >= TRIED_FOR {
                tracing::warn!(
                    request_id = self.http.id.as_str(),
                    reason,
                    is_in_doubt,
                    "a request of the group was given up"
                );
                app.counters.forward_given_up();
                return match answer {
                    Some(answer) => answer,
                    None if is_in_doubt && self.is_write => Delivered::refused(outcome_unknown(&reason)),
                    None => Delivered::refused(not_leader(&reason)),
                };
            }
            tracing::debug!(
                request_id = self.http.id.as_str(),
                reason,
                is_in_doubt,
                "a request of the group is tried again"
            );
            app.counters.forward_retried();
            tokio::select! {
                _changed = changes.changed() => pause = PAUSE_FIRST,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
            }
        }
    }

    /// Counts a large body while it is kept.
    fn keep<'g>(&self, group: &'g Group) -> Result<Option<SemaphorePermit<'g>>, Problem> {
        if self.body.len() <= UNCOUNTED_BYTES_MAX {
            return Ok(None);
        }
        let bytes = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        group.kept_bytes.try_acquire_many(bytes).map(Some).map_err(|_none| Error::TooManyBodies.into())
    }

    fn target(&self, group: &Group) -> Target {
        let figures = group.status().figures();
        match (figures.role, figures.leader) {
            // Also when the process was stopped for a while: then another node may have led since.
            (Role::Leader, _) if self.wishes.from_leader && !group.status().leads() => {
                Target::Nobody("this node has not renewed its lease")
            }
            (Role::Leader, _) => Target::Here,
            (Role::Diverged, _) => Target::Nobody("this node was left behind by its group"),
            (Role::Candidate, _) => Target::Nobody("this node is about to lead"),
            (_, Some(leader)) if leader.node != figures.node && !leader.url.is_empty() => Target::At(leader),
            _ => Target::Nobody("the group has no leader"),
        }
    }

    /// Has this node answer.
    async fn here(&self) -> Attempt {
        let answered = self.local.answer(self.http.again(self.body.clone()), &self.wishes, None).await;
        let code = answered.result.as_ref().err().map(|problem| problem.code);
        match code {
            Some(Code::NotLeader) => Attempt::NotDone("this node no longer leads".to_owned()),
            Some(code @ (Code::OutcomeUnknown | Code::StorageUnavailable)) => {
                let reason = format!("this node answered {}", code.as_str());
                Attempt::Unknown(reason, Some(Delivered::Here(answered)))
            }
            _ => Attempt::Over(Delivered::Here(answered)),
        }
    }

    /// Has another node decide.
    async fn there(&self, app: &App, group: &Group, leader: &Leader, changes: &mut watch::Receiver<u64>) -> Attempt {
        app.counters.forwarded();
        let own = group.status().figures().node;
        let by = HeaderValue::from_str(&own).unwrap_or(HeaderValue::from_static("-"));
        let sending = async {
            let sent =
                group.client.send(&leader.url, &self.http.parts, &self.http.id, (FORWARDED_BY, by), self.body.clone());
            match sent.await {
                Ok(answer) => self.passed_back(answer).await,
                Err(error) => Err(error),
            }
        };
        let until = if !self.is_write {
            Instant::now() + READ_MAX
        } else if self.is_repeatable {
            self.begun + TRIED_FOR
        } else {
            Instant::now() + WRITE_MAX
        };
        tokio::select! {
            passed_back = sending => match passed_back {
                Ok(attempt) => attempt,
                Err(SendError::NotSent(reason)) => Attempt::NotDone(format!("{} can't be reached: {reason}", leader.node)),
                Err(SendError::Cut(reason)) => {
                    Attempt::Unknown(format!("the connection to {} broke: {reason}", leader.node), None)
                }
            },
            () = another_leads(group, leader, changes) => {
                Attempt::Unknown(format!("{} did not answer and no longer leads", leader.node), None)
            }
            () = tokio::time::sleep_until(until) => {
                Attempt::Unknown(format!("{} did not answer in time", leader.node), None)
            }
        }
    }

    /// What the answer of another node means.
    async fn passed_back(&self, answer: Answer) -> Result<Attempt, SendError> {
        let status = answer.status;
        let media = answer.header("content-type").and_then(|value| value.to_str().ok()).and_then(Media::of);
        let mut response = tocos_http::Response::new(status, media.map_or(Media::UNKNOWN, Media::as_str), Bytes::new());
        response.headers = answer.headers();
        if media == Some(Media::Events) && status == StatusCode::OK {
            response.body = ResponseBody::Chunks(answer.chunks());
            return Ok(Attempt::Over(Delivered::There(response)));
        }
        let body = answer.whole(ANSWER_BYTES_MAX).await?;
        let code = (status == StatusCode::SERVICE_UNAVAILABLE).then(|| code_of(&body)).flatten();
        response.body = ResponseBody::Whole(body);
        let delivered = Delivered::There(response);
        let said = || format!("the leader answered {status} {}", code.map_or("", Code::as_str));
        Ok(match (status, code) {
            (_, Some(Code::NotLeader | Code::Recovering)) => Attempt::NotDone(said()),
            (_, Some(Code::OutcomeUnknown | Code::ShuttingDown | Code::StorageUnavailable)) => {
                Attempt::Unknown(said(), Some(delivered))
            }
            // What stands between the nodes says nothing about the write.
            (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, _) | (StatusCode::SERVICE_UNAVAILABLE, None) => {
                Attempt::Unknown(said(), None)
            }
            _ => Attempt::Over(delivered),
        })
    }
}

impl Attempt {
    /// What there is to say when this was the only try.
    fn unwrap_or_unknown(self) -> Delivered {
        match self {
            Self::Over(delivered) | Self::Unknown(_, Some(delivered)) => delivered,
            Self::NotDone(reason) => Delivered::refused(not_leader(&reason)),
            Self::Unknown(reason, None) => Delivered::refused(outcome_unknown(&reason)),
        }
    }
}

/// Ready some time after another node began to lead than the one that was asked, or the same one under another epoch.
async fn another_leads(group: &Group, asked: &Leader, changes: &mut watch::Receiver<u64>) {
    while group.status().leader().is_none_or(|leader| leader == *asked) {
        if changes.changed().await.is_err() {
            // Nobody writes the status any more.
            std::future::pending::<()>().await;
        }
    }
    tokio::time::sleep(GRACE).await;
}

/// The code of a problem.
fn code_of(body: &[u8]) -> Option<Code> {
    let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
    let word = problem.get("code")?.as_str()?;
    Code::ALL.into_iter().find(|code| code.as_str() == word)
}

fn not_leader(reason: &str) -> Problem {
    let detail =
        format!("Only the leader of the group can answer this, and {reason}. Nothing was applied. Retry in a moment.");
    Problem::new(Code::NotLeader, detail).retry_after_s(RETRY_AFTER_S)
}

fn outcome_unknown(reason: &str) -> Problem {
    let detail = format!(
        "The request was passed on to the leader of the group, and what became of it is unknown: {reason}. A write may or may not have \
         been applied. Repeat it with the same idempotency key to find out."
    );
    Problem::new(Code::OutcomeUnknown, detail).retry_after_s(RETRY_AFTER_S)
}
