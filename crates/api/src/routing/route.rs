//! What a route is, and finding the one that a path means.

use http::Method;

use super::handler::{Endpoint, Handler};
use super::params::Params;
use super::write::Write;
use crate::rendering::{Code, Problem};

/// The methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::POST => Some(Self::Post),
            // hyper leaves out the body of a response to HEAD.
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::PUT => Some(Self::Put),
            Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }
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

/// `PUT` of something whose response says more than its event.
pub(crate) const fn put(path: &'static str, endpoint: &'static Endpoint) -> Route {
    Route { verb: Verb::Put, path, handler: Handler::Other(endpoint) }
}

/// `POST` of one operation.
pub(crate) const fn post_write(path: &'static str, write: &'static Write) -> Route {
    Route { verb: Verb::Post, path, handler: Handler::Write(write) }
}

/// `PUT` of one operation.
pub(crate) const fn put_write(path: &'static str, write: &'static Write) -> Route {
    Route { verb: Verb::Put, path, handler: Handler::Write(write) }
}

/// `DELETE` of something, as one operation.
pub(crate) const fn delete_write(path: &'static str, write: &'static Write) -> Route {
    Route { verb: Verb::Delete, path, handler: Handler::Write(write) }
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

/// No path that doesn't vary is longer.
const FIXED_LENGTH_MAX: usize = 31;

/// The routes of a listener, and the quickest way through them.
#[derive(Debug)]
pub(crate) struct Router {
    routes: &'static [Route],
    /// Places of the routes whose paths don't vary, by the length of the path, writes first: most requests are for those.
    fixed: [Vec<usize>; FIXED_LENGTH_MAX + 1],
}

impl Router {
    pub(crate) fn new(routes: &'static [Route]) -> Self {
        let mut places: Vec<usize> = (0..routes.len()).filter(|at| !routes[*at].path.contains('{')).collect();
        places.sort_by_key(|at| routes[*at].verb != Verb::Post);
        let mut fixed = [const { Vec::new() }; FIXED_LENGTH_MAX + 1];
        for at in places {
            debug_assert!(routes[at].path.len() <= FIXED_LENGTH_MAX, "{} is found more slowly", routes[at].path);
            if let Some(same_length) = fixed.get_mut(routes[at].path.len()) {
                same_length.push(at);
            }
        }
        Self { routes, fixed }
    }

    /// The route at a place that [`Router::find`] gave.
    pub(crate) fn route(&self, place: usize) -> &'static Route {
        &self.routes[place]
    }

    /// Method and path of each route, in order.
    pub(crate) fn labels(&self) -> Vec<(&'static str, &'static str)> {
        self.routes.iter().map(|route| (route.verb.as_str(), route.path)).collect()
    }

    /// The place of the route that a request is for, and what its path holds.
    ///
    /// # Errors
    /// No such path, or not with this method.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<(usize, Params), Problem> {
        let verb = Verb::of(method);
        let is_it = |at: &&usize| {
            let route = &self.routes[**at];
            route.path == path && Some(route.verb) == verb
        };
        if let Some(at) = self.fixed.get(path.len()).and_then(|same_length| same_length.iter().find(is_it)) {
            return Ok((*at, Params::default()));
        }
        let mut allowed = Vec::new();
        for (at, route) in self.routes.iter().enumerate() {
            let Some(params) = route.matches(path) else { continue };
            if Some(route.verb) == verb {
                return Ok((at, params));
            }
            allowed.push(route.verb.as_str());
        }
        if allowed.is_empty() {
            let detail = format!("There is no route {}. GET /docs lists them.", super::field_type::shown(path));
            return Err(Problem::new(Code::NotFound, detail));
        }
        let allow = allowed.join(", ");
        let detail = format!("This route does not support {method}; it supports {allow}.");
        let mut problem = Problem::new(Code::MethodNotAllowed, detail);
        problem.allow = Some(allow);
        Err(problem)
    }
}
