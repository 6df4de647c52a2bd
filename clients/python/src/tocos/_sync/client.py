"""The synchronous client."""

from __future__ import annotations

from tocos._sync.accounts import Accounts
from tocos._sync.administration import Administration
from tocos._sync.holds import Holds
from tocos._sync.movements import Movements
from tocos._sync.records import Records
from tocos._sync.schedules import Schedules
from tocos._sync.webhooks import Webhooks


class Client(Accounts, Movements, Holds, Schedules, Records, Webhooks, Administration):
    """The synchronous client of a Tocos service: every operation of its API.

    Each write has an idempotency key, one for all its attempts: yours, or one that is made. So it is applied at most once, however
    often the connection breaks.
    """
