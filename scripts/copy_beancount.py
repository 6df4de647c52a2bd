"""What beancount finds in a journal, as JSON: its errors, and the balances of all accounts. Run by the Python that has beancount."""

import json
import sys
from collections import defaultdict

from beancount import loader
from beancount.core.data import Open, Transaction

entries, errors, _ = loader.load_file(sys.argv[1])
balances, events, opened = defaultdict(int), [], []
for entry in entries:
    if isinstance(entry, Open) and "user" in entry.meta:
        opened.append([entry.account, entry.meta["user"]])
    if isinstance(entry, Transaction):
        if "event" in entry.meta:
            events.append(int(entry.meta["event"]))
        for posting in entry.postings:
            balances[posting.account, posting.units.currency] += posting.units.number
print(json.dumps({
    "errors": [str(error) for error in errors][:5], "events": sorted(events), "opened": opened,
    "balances": [[account, currency, str(amount)] for (account, currency), amount in balances.items()],
}))
