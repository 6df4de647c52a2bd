"""The client of Tocos, a credits ledger.

`Client` and `AsyncClient` have every operation of the API. `errors` has an exception for each reason why one is refused, `types` has
the types of requests and responses, and `Webhook` verifies what the service sends.
"""

from tocos import errors, types
from tocos._async.client import AsyncClient
from tocos._async.holds import AsyncHold
from tocos._async.transport import AsyncPages
from tocos._call import parse_time
from tocos._retry import Retry
from tocos._sync.client import Client
from tocos._sync.holds import Hold
from tocos._sync.transport import Pages
from tocos._version import VERSION as __version__
from tocos.errors import ConnectionFailed, InsufficientFunds, Problem, Refused, TocosError, Unavailable, WebhookInvalid
from tocos.webhooks import Webhook

__all__ = [
    "AsyncClient",
    "AsyncHold",
    "AsyncPages",
    "Client",
    "ConnectionFailed",
    "Hold",
    "InsufficientFunds",
    "Pages",
    "Problem",
    "Refused",
    "Retry",
    "TocosError",
    "Unavailable",
    "Webhook",
    "WebhookInvalid",
    "__version__",
    "errors",
    "parse_time",
    "types",
]
