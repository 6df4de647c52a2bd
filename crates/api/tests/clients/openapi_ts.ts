// A transfer, a batch and a list of two users through the client that @hey-api/openapi-ts makes. Takes the service's URL and a key.
import { client } from "./sdk/client.gen";
import { getV1Users, postV1Batch, postV1Transfers } from "./sdk";

const [url = "", key = ""] = process.argv.slice(2);
client.setConfig({ baseUrl: url, auth: key });

async function main(): Promise<void> {
  const transfer = await postV1Transfers({
    headers: { "Idempotency-Key": "openapi-ts" },
    body: { from: "ana", to: "bob", coin: "toco", amount: 5 },
    throwOnError: true,
  });
  if (transfer.data.to !== "bob" || transfer.data.amount !== 5) throw new Error(JSON.stringify(transfer.data));

  const batch = await postV1Batch({
    body: {
      atomic: true,
      operations: [
        { op: "grant", user: "ana", coin: "toco", amount: 2 },
        { op: "transfer", from: "ana", to: "bob", coin: "toco", amount: 2 },
      ],
    },
    throwOnError: true,
  });
  if (batch.data.applied !== 2 || batch.data.events === null) throw new Error(JSON.stringify(batch.data));
  if (batch.data.events.last !== batch.data.events.first + 1) throw new Error(JSON.stringify(batch.data));

  const users = await getV1Users({ query: { id: ["bob", "ana"] }, throwOnError: true });
  if (users.data.users.map((user) => user.id).join() !== "bob,ana") throw new Error(JSON.stringify(users.data));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
