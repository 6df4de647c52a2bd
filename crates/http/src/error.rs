//! Errors of a request or a connection, independent of what it requests.

use std::fmt;

/// Why a request can't be handled. The [`Service`](crate::Service) turns it into a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A header that is read as one value occurs twice. Its name as documents write it.
    HeaderRepeated(&'static str),
    /// HTTP/1.1 without `Host` (RFC 9112, 3.2).
    HostMissing,
    /// A `Host` that is no host (RFC 9112, 3.2).
    HostInvalid,
    /// A body with a `Content-Encoding` (RFC 9110, 15.5.16).
    BodyEncoded,
    /// A body of more bytes than its route takes. The rest of it was not read.
    BodyTooLarge {
        /// The most that the route takes.
        bytes_max: usize,
    },
    /// The rest of a body did not come in time.
    BodyTooSlow,
    /// A body ended before it was complete.
    BodyIncomplete {
        /// Why, as hyper says it.
        reason: String,
    },
    /// All connections together hold as many bytes of large bodies as they may.
    TooManyBodies,
    /// There are as many connections as there may be.
    TooManyConnections,
    /// A service gave a response of unknown length where it must be known. This is a fault of the service.
    ResponseUnsized,
}

impl Error {
    /// Whether something of the request was not read, so that the connection can't be used again.
    #[must_use]
    pub fn leaves_unread(&self) -> bool {
        !matches!(self, Self::BodyEncoded | Self::ResponseUnsized)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderRepeated(name) => write!(f, "the header {name} occurs twice; send it once"),
            Self::HostMissing => f.write_str("HTTP/1.1 takes the header Host, and it is missing"),
            Self::HostInvalid => f.write_str("the header Host is no host, with or without a port"),
            Self::BodyEncoded => f.write_str("bodies are taken as they are; send it without an encoding"),
            Self::BodyTooLarge { bytes_max } => {
                write!(f, "the body has more than {bytes_max} bytes, the most that this route takes")
            }
            Self::BodyTooSlow => f.write_str("the rest of the body did not come in time"),
            Self::BodyIncomplete { reason } => write!(f, "the body is incomplete: {reason}"),
            Self::TooManyBodies => f.write_str("too many large bodies are being sent at the moment"),
            Self::TooManyConnections => f.write_str("there are as many connections as there may be"),
            Self::ResponseUnsized => f.write_str("the response has no length, and this request takes one"),
        }
    }
}

impl std::error::Error for Error {}
