//! What a route is, finding it, and reading a request against the fields it may have.

pub(crate) mod content_type;
mod field_type;
mod fields;
mod handler;
mod params;
mod reading;
mod request;
mod route;
pub(crate) mod write;

pub(crate) use field_type::{EXACT_MAX, FieldType, PART_LENGTH_MAX, TypeError, Value, shown};
pub(crate) use fields::{Extras, Field, Fields, METADATA, Need, REFERENCE, in_path, optional, required};
pub(crate) use handler::{BodyLimit, Endpoint, Handler, Later, Run};
pub(crate) use params::Params;
pub(crate) use reading::{
    Supply, Undecided, event_problem, from_disk, reached, read, read_durable, read_names, read_settled, read_user,
    read_user_durable, unavailable_problem, wait_durable,
};
pub(crate) use request::{AsyncRequest, Noted, Outcome, SyncRequest, utf8};
pub(crate) use route::{Route, Router, Verb, delete_write, get, post, post_write, put, put_write};
pub(crate) use write::Write;
