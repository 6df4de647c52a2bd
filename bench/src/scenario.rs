//! The scenarios: which requests are sent.

use crate::http::{Asker, put};
use clap::ValueEnum;
use fastrand::Rng;

/// The scenarios by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The same body as `single` to a bare loop that returns the same bytes for all requests: the least cost of HTTP.
    Bare,
    /// The same body as `single` to a route that parses it and returns the same JSON, without a ledger.
    Noop,
    /// One transfer a request, between users at random.
    Single,
    /// The same, each with an idempotency key.
    Keyed,
    /// The grants with which the users were made, again, each under its idempotency key.
    Repeated,
    /// One transfer a request, all into one account.
    Hot,
    /// Batches as NDJSON, every transfer with a key.
    Batch,
    /// Batches as one JSON document, every transfer with a key.
    BatchJson,
    /// Batches as NDJSON, every transfer into one account.
    BatchHot,
    /// Holds and captures, expiring grants, spends, balances, history and lists, as an app would.
    Mixed,
    /// The first page of the list of users.
    List,
    /// The first page of the users whose name contains what half of them have, as `search` names them.
    FoundHalf,
    /// The same of a name that one user in 50,000 has.
    FoundFew,
    /// The same of a name that nobody has.
    FoundNone,
    /// 100 users at random, by their ids.
    Named,
    /// The first page of the open holds of the first user.
    Holds,
    /// The event that the idempotency key of a user's first grant names.
    FoundByKey,
    /// The event that a reference names, as `lookups` writes them.
    FoundByReference,
    /// A page of one user's history.
    History,
    /// A page of 100 from anywhere in the history of the account that `hot` and `batch-hot` fill.
    HistoryPage,
    /// The same account's balance and lots after an event anywhere in the past.
    Past,
}

impl Name {
    /// How the scenario is written.
    pub(crate) fn as_str(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether its requests name events at random.
    pub(crate) fn needs_events(self) -> bool {
        matches!(self, Self::HistoryPage | Self::Past)
    }

    /// Operations in one request.
    pub(crate) fn operations(self, batch: usize) -> u64 {
        match self {
            Self::Batch | Self::BatchJson | Self::BatchHot => batch as u64,
            _ => 1,
        }
    }
}

/// Makes requests one after another.
pub(crate) struct Source {
    name: Name,
    asker: Asker,
    rng: Rng,
    users: u32,
    batch: usize,
    /// Distinguishes the keys of this run from those of others on the same ledger.
    run: u64,
    /// The last event when the run began.
    events: u64,
    asked: u64,
    body: Vec<u8>,
}

impl Source {
    pub(crate) fn new(name: Name, asker: Asker, seed: u64, users: u32, batch: usize, run: u64, events: u64) -> Self {
        Self { name, asker, rng: Rng::with_seed(seed), users, batch, run, events, asked: 0, body: Vec::new() }
    }

    /// Writes the next request of a connection. `hold` is the hold its last response made, if any.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>, hold: Option<u64>) {
        self.asked += 1;
        self.body.clear();
        match self.name {
            Name::Bare | Name::Noop => self.transfer(out, "/bench/noop", false, false),
            Name::Single => self.transfer(out, "/v1/transfers", false, false),
            Name::Keyed => self.transfer(out, "/v1/transfers", true, false),
            Name::Repeated => {
                let user = user(self.rng.u32(0..self.users));
                put(&mut self.body, format_args!(r#"{{"user":"{user}","coin":"toco","amount":1000000000}}"#));
                let key = format!("bench-grant-{user}");
                self.asker.send(out, "POST", "/v1/grants", "application/json", Some(&key), &self.body);
            }
            Name::Hot => self.transfer(out, "/v1/transfers", false, true),
            Name::Batch => self.ndjson(out, false),
            Name::BatchHot => self.ndjson(out, true),
            Name::BatchJson => self.json(out),
            Name::Mixed => self.mixed(out, hold),
            Name::List => self.asker.get(out, "/v1/users?limit=100"),
            Name::FoundHalf => self.asker.get(out, "/v1/users?limit=100&q=Son"),
            Name::FoundFew => self.asker.get(out, "/v1/users?limit=100&q=quixote"),
            Name::FoundNone => self.asker.get(out, "/v1/users?limit=100&q=Andersen"),
            Name::Named => self.named(out),
            Name::Holds => self.asker.get(out, &format!("/v1/holds?limit=100&user={}", user(0))),
            Name::FoundByKey => {
                let path = format!("/v1/events?idempotency_key=bench-grant-{}", user(self.rng.u32(0..self.users)));
                self.asker.get(out, &path);
            }
            Name::FoundByReference => {
                let path = format!("/v1/events?reference=bench%20order%20{}", user(self.rng.u32(0..self.users)));
                self.asker.get(out, &path);
            }
            Name::History => {
                let path = format!("/v1/users/{}/history?limit=100", user(self.rng.u32(0..self.users)));
                self.asker.get(out, &path);
            }
            Name::HistoryPage => {
                let before = self.rng.u64(1..=self.events);
                self.asker.get(out, &format!("/v1/users/{}/history?limit=100&before={before}", user(0)));
            }
            Name::Past => {
                let at = self.rng.u64(1..=self.events);
                self.asker.get(out, &format!("/v1/users/{}?at={at}", user(0)));
            }
        }
    }

    fn named(&mut self, out: &mut Vec<u8>) {
        let mut path = "/v1/users?limit=100".to_owned();
        for _ in 0..100 {
            path.push_str("&id=");
            path.push_str(&user(self.rng.u32(0..self.users)));
        }
        self.asker.get(out, &path);
    }

    fn pair(&mut self, hot: bool) -> (u32, u32) {
        let from = self.rng.u32(1..self.users);
        if hot {
            return (from, 0);
        }
        let to = self.rng.u32(0..self.users - 1);
        (from, if to >= from { to + 1 } else { to })
    }

    fn transfer(&mut self, out: &mut Vec<u8>, path: &str, keyed: bool, hot: bool) {
        let (from, to) = self.pair(hot);
        let (from, to) = (user(from), user(to));
        put(&mut self.body, format_args!(r#"{{"from":"{from}","to":"{to}","coin":"toco","amount":1}}"#));
        let key = keyed.then(|| format!("{}-{}", self.run, self.asked));
        self.asker.send(out, "POST", path, "application/json", key.as_deref(), &self.body);
    }

    /// Written piece by piece: formatting would cost the generator as much as the ledger takes for the operation.
    fn operation(&mut self, number: usize, hot: bool) {
        let (from, to) = self.pair(hot);
        let (run, asked) = (self.run, self.asked);
        let body = &mut self.body;
        body.extend_from_slice(br#"{"op":"transfer","from":""#);
        put_user(body, from);
        body.extend_from_slice(br#"","to":""#);
        put_user(body, to);
        body.extend_from_slice(br#"","coin":"toco","amount":1,"idempotency_key":""#);
        for (number, end) in [(run, b'-'), (asked, b'-'), (number as u64, b'"')] {
            put_digits(body, number, 1);
            body.push(end);
        }
        body.push(b'}');
    }

    fn ndjson(&mut self, out: &mut Vec<u8>, hot: bool) {
        for number in 0..self.batch {
            self.operation(number, hot);
            self.body.push(b'\n');
        }
        self.asker.send(out, "POST", "/v1/batch", "application/x-ndjson", None, &self.body);
    }

    fn json(&mut self, out: &mut Vec<u8>) {
        put(&mut self.body, format_args!(r#"{{"atomic":false,"operations":["#));
        for number in 0..self.batch {
            if number > 0 {
                self.body.push(b',');
            }
            self.operation(number, false);
        }
        self.body.extend_from_slice(b"]}");
        self.asker.send(out, "POST", "/v1/batch", "application/json", None, &self.body);
    }

    fn mixed(&mut self, out: &mut Vec<u8>, hold: Option<u64>) {
        let who = user(self.rng.u32(0..self.users));
        if let Some(hold) = hold {
            let amount = self.rng.u32(1..5);
            put(&mut self.body, format_args!(r#"{{"amount":{amount}}}"#));
            let path = format!("/v1/holds/{hold}/capture");
            return self.asker.send(out, "POST", &path, "application/json", None, &self.body);
        }
        let path = match self.rng.u32(0..20) {
            0..8 => {
                put(&mut self.body, format_args!(r#"{{"user":"{who}","coin":"toco","amount":5}}"#));
                "/v1/holds"
            }
            8..10 => {
                let body =
                    format_args!(r#"{{"user":"{who}","coin":"toco","amount":9,"expires_at":"2099-01-01T00:00:00Z"}}"#);
                put(&mut self.body, body);
                "/v1/grants"
            }
            10..12 => {
                put(&mut self.body, format_args!(r#"{{"user":"{who}","coin":"toco","amount":2,"mode":"up_to"}}"#));
                "/v1/spends"
            }
            12..18 => return self.asker.get(out, &format!("/v1/users/{who}")),
            18 => return self.asker.get(out, &format!("/v1/users/{who}/history?limit=20")),
            _ => return self.asker.get(out, &format!("/v1/users?limit=20&prefix={who}")),
        };
        self.asker.send(out, "POST", path, "application/json", None, &self.body);
    }

    /// The hold that a response made, in the scenario that goes on to capture it.
    pub(crate) fn hold_in(&self, status: u16, body: &[u8]) -> Option<u64> {
        let id = body.strip_prefix(br#"{"id":"#).filter(|_| self.name == Name::Mixed && status == 201)?;
        let end = id.iter().position(|byte| !byte.is_ascii_digit())?;
        std::str::from_utf8(&id[..end]).ok()?.parse().ok()
    }
}

/// The id of a user, 12 bytes long as ids often are.
pub(crate) fn user(number: u32) -> String {
    format!("user{number:08}")
}

fn put_user(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(b"user");
    put_digits(out, u64::from(number), 8);
}

/// Writes a number with zeros before it, if it has fewer digits than that.
fn put_digits(out: &mut Vec<u8>, mut number: u64, digits_min: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - digits_min)..]);
}

#[cfg(test)]
mod tests {
    use super::{put_digits, put_user, user};

    #[test]
    fn users_written_piece_by_piece_are_called_the_same() {
        for number in [0, 7, 12_345_678, 99_999_999, u32::MAX] {
            let mut out = Vec::new();
            put_user(&mut out, number);
            assert_eq!(String::from_utf8_lossy(&out), user(number));
        }
        let mut out = Vec::new();
        put_digits(&mut out, 0, 1);
        put_digits(&mut out, u64::MAX, 1);
        assert_eq!(String::from_utf8_lossy(&out), format!("0{}", u64::MAX));
    }
}
