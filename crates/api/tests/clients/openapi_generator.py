"""A transfer, a batch and a list of two users through the Python client that OpenAPI Generator makes. Takes the service's URL and a key."""

import sys

from tocos_generated import ApiClient, BatchApi, Configuration, TransfersApi, UsersApi
from tocos_generated.models import (
    BatchGrant,
    BatchOperation,
    BatchRequest,
    BatchTransfer,
    PostV1TransfersRequest,
)

with ApiClient(Configuration(host=sys.argv[1], access_token=sys.argv[2])) as client:
    # What stands for `from`, a word of Python, is the name on the wire.
    transfer = TransfersApi(client).post_v1_transfers(
        PostV1TransfersRequest.model_validate({"from": "ana", "to": "bob", "coin": "toco", "amount": 5}),
        idempotency_key="openapi-generator",
    )
    assert (transfer.var_from, transfer.to, transfer.amount, transfer.kind) == ("ana", "bob", 5, "transfer"), transfer

    grant = BatchGrant.model_validate({"op": "grant", "user": "ana", "coin": "toco", "amount": 2})
    move = BatchTransfer.model_validate({"op": "transfer", "from": "ana", "to": "bob", "coin": "toco", "amount": 2})
    batch = BatchApi(client).post_v1_batch(
        BatchRequest(operations=[BatchOperation(grant), BatchOperation(move)], atomic=True)
    )
    assert (batch.applied, batch.refused) == (2, 0), batch
    assert batch.events is not None and batch.events.last == batch.events.first + 1, batch

    users = UsersApi(client).get_v1_users(id=["bob", "ana"])
    assert [user.id for user in users.users] == ["bob", "ana"], users
