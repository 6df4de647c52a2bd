//! What a route is, and finding the one that a path means.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

use hyper::Method;
use tocos_ledger::Right;

use crate::answer::Answer;
use crate::fields::Field;
use crate::problem::{Code, Problem};
use crate::request::{Asked, Call, Decided};
use crate::write::{self, Write};

/// Which of the two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Public,
    Internal,
}

/// The methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::POST => Some(Self::Post),
            // hyper leaves out the body of an answer to HEAD.
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::PUT => Some(Self::Put),
            _ => None,
        }
    }
}

/// An answer on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// How an answer is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// From memory, without waiting for anything but the disk at the end.
    AtOnce(AtOnce),
    /// At once if memory has it, else waiting for whatever it takes.
    AtOnceOrLater(Glance, fn(Call) -> Answering),
    /// Waiting for whatever it takes.
    Later(fn(Call) -> Answering),
    /// For as long as the client stays: who has gone must be noticed meanwhile.
    Lasting(fn(Call) -> Answering),
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// One operation of the ledger.
    Write(&'static Write),
    /// Anything else.
    Other(&'static Endpoint),
}

/// An answer from memory.
pub(crate) type Look = fn(&Asked<'_>) -> Result<Decided, Problem>;

/// An answer from memory, if it is there; all else, problems too, is for the long way.
pub(crate) type Glance = fn(&Asked<'_>) -> Option<Decided>;

/// What is decided at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AtOnce {
    Write(&'static Write),
    Look(Look),
}

impl AtOnce {
    pub(crate) fn decide(self, asked: &Asked<'_>) -> Result<Decided, Problem> {
        match self {
            Self::Write(write) => write::decide(write, asked),
            Self::Look(look) => look(asked),
        }
    }
}

impl Handler {
    pub(crate) const fn run(&self) -> Run {
        match self {
            Self::Write(write) => Run::AtOnce(AtOnce::Write(write)),
            Self::Other(endpoint) => endpoint.run,
        }
    }

    /// What a key must be allowed to do; `None` needs no key.
    pub(crate) const fn right(&self) -> Option<Right> {
        match self {
            Self::Write(write) => Some(write.right),
            Self::Other(endpoint) => endpoint.right,
        }
    }
}

/// What answers a request that is not one operation.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// What a key must be allowed to do; `None` needs no key.
    pub right: Option<Right>,
    /// What may stand in the path and in the query.
    pub query: &'static [Field],
    /// What may stand in the body.
    pub body: &'static [Field],
    /// Makes the answer.
    pub run: Run,
    /// A sentence for the documentation.
    pub about: &'static str,
    /// The name of the answer's schema in the documentation.
    pub answer: &'static str,
    /// Why it may be refused, apart from what holds for every request.
    pub refusals: &'static [Code],
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub verb: Verb,
    /// With `{names}` for the segments that vary.
    pub path: &'static str,
    pub handler: Handler,
}

/// `GET` of a path.
pub(crate) const fn get(path: &'static str, endpoint: &'static Endpoint) -> Route {
    Route { verb: Verb::Get, path, handler: Handler::Other(endpoint) }
}

/// `POST` of something that is not one operation.
pub(crate) const fn post(path: &'static str, endpoint: &'static Endpoint) -> Route {
    Route { verb: Verb::Post, path, handler: Handler::Other(endpoint) }
}

/// `POST` of one operation.
pub(crate) const fn post_write(path: &'static str, write: &'static Write) -> Route {
    Route { verb: Verb::Post, path, handler: Handler::Write(write) }
}

/// `PUT` of one operation.
pub(crate) const fn put_write(path: &'static str, write: &'static Write) -> Route {
    Route { verb: Verb::Put, path, handler: Handler::Write(write) }
}

/// No path has more segments that vary.
const PARAMS_MAX: usize = 2;

/// The segments of a path that stand for the names in a route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    found: [Option<(&'static str, Range<usize>)>; PARAMS_MAX],
}

impl Params {
    /// Names and texts, still escaped as in the path.
    pub(crate) fn iter<'p>(&'p self, path: &'p str) -> impl Iterator<Item = (&'static str, &'p str)> {
        self.found.iter().flatten().map(|(name, range)| (*name, &path[range.clone()]))
    }
}

impl Route {
    fn matches(&self, path: &str) -> Option<Params> {
        let mut params = Params::default();
        let mut free = params.found.iter_mut();
        let mut wanted = self.path.split('/');
        let mut at = 0;
        for segment in path.split('/') {
            let end = at + segment.len();
            let want = wanted.next()?;
            match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
                Some(name) if !segment.is_empty() => *free.next()? = Some((name, at..end)),
                Some(_) => return None,
                None if want == segment => {}
                None => return None,
            }
            at = end + 1;
        }
        wanted.next().is_none().then_some(params)
    }
}

/// A route and what its path holds.
pub(crate) type Found = (usize, Params);

/// Finds the route of a request by its place among `routes`.
///
/// # Errors
/// No such path, or not with this method.
pub(crate) fn find(routes: &'static [Route], method: &Method, path: &str) -> Result<Found, Problem> {
    let verb = Verb::of(method);
    // Most requests are for paths that don't vary, and comparing those is quickest.
    if let Some(at) = routes.iter().position(|route| route.path == path && Some(route.verb) == verb) {
        return Ok((at, Params::default()));
    }
    let mut allowed = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        let Some(params) = route.matches(path) else { continue };
        if Some(route.verb) == verb {
            return Ok((at, params));
        }
        allowed.push(route.verb.as_str());
    }
    if allowed.is_empty() {
        let detail = format!("There is no route {}. GET /docs lists them.", crate::kind::shown(path));
        return Err(Problem::new(Code::NotFound, detail));
    }
    let allow = allowed.join(", ");
    let detail = format!("{method} is not what this route does; it takes {allow}.");
    let mut problem = Problem::new(Code::MethodNotAllowed, detail);
    problem.allow = Some(allow);
    Err(problem)
}
