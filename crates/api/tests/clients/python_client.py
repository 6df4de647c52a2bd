"""A transfer, a batch and a list of two users through the client that openapi-python-client makes. Takes the service's URL and a key."""

import sys

from tocos_client import AuthenticatedClient
from tocos_client.api.batch import post_v1_batch
from tocos_client.api.transfers import post_v1_transfers
from tocos_client.api.users import get_v1_users
from tocos_client.models import (
    Batch,
    BatchGrant,
    BatchRequest,
    BatchTransfer,
    EventRange,
    PostV1TransfersBody,
    TransferEvent,
    UserList,
)

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])

transfer = post_v1_transfers.sync(
    client=client,
    body=PostV1TransfersBody(from_="ana", to="bob", coin="toco", amount=5),
    idempotency_key="python-client",
)
assert isinstance(transfer, TransferEvent), transfer
assert (transfer.from_, transfer.to, transfer.amount, transfer.kind) == ("ana", "bob", 5, "transfer"), transfer

batch = post_v1_batch.sync(
    client=client,
    body=BatchRequest(
        operations=[
            BatchGrant(op="grant", user="ana", coin="toco", amount=2),
            BatchTransfer(op="transfer", from_="ana", to="bob", coin="toco", amount=2),
        ],
        atomic=True,
    ),
)
assert isinstance(batch, Batch), batch
assert (batch.applied, batch.refused) == (2, 0), batch
assert isinstance(batch.events, EventRange) and batch.events.last == batch.events.first + 1, batch

users = get_v1_users.sync(client=client, id=["bob", "ana"])
assert isinstance(users, UserList) and [user.id for user in users.users] == ["bob", "ana"], users
