//! Who may do what: API keys, their rights and secrets, and what holds while there are no keys.

mod authenticator;
mod caller;
mod first_key;
mod local;
mod secret;

pub(crate) use authenticator::{Authenticator, WithoutKeys};
pub(crate) use caller::Caller;
pub use first_key::{adopt_first_key, create_first_key, has_keys, new_first_key, recover_key};
pub(crate) use secret::{hash_of, new_secret, token};
