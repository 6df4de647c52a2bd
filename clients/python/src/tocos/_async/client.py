"""The asynchronous client."""

from __future__ import annotations

from tocos._async.accounts import Accounts
from tocos._async.administration import Administration
from tocos._async.holds import Holds
from tocos._async.movements import Movements
from tocos._async.records import Records
from tocos._async.schedules import Schedules
from tocos._async.webhooks import Webhooks


class AsyncClient(Accounts, Movements, Holds, Schedules, Records, Webhooks, Administration):
    """The asynchronous client of a Tocos service: every operation of its API.

    Each write has an idempotency key, one for all its attempts: yours, or one that is made. So it is applied at most once, however
    often the connection breaks.
    """
