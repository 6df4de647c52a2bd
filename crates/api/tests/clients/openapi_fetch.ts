// A transfer, a batch and a list of two users with openapi-fetch and the types that openapi-typescript makes. Takes the service's URL and a key.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [url = "", key = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });

const transfer = await client.POST("/v1/transfers", {
  params: { header: { "Idempotency-Key": "openapi-fetch" } },
  body: { from: "ana", to: "bob", coin: "toco", amount: 5 },
});
if (transfer.data === undefined) throw new Error(transfer.error.detail);
if (transfer.data.to !== "bob" || transfer.data.amount !== 5) throw new Error(JSON.stringify(transfer.data));

const batch = await client.POST("/v1/batch", {
  body: {
    atomic: true,
    operations: [
      { op: "grant", user: "ana", coin: "toco", amount: 2 },
      { op: "transfer", from: "ana", to: "bob", coin: "toco", amount: 2 },
    ],
  },
});
if (batch.data === undefined) throw new Error(batch.error.detail);
if (batch.data.applied !== 2 || batch.data.events === null) throw new Error(JSON.stringify(batch.data));
if (batch.data.events.last !== batch.data.events.first + 1) throw new Error(JSON.stringify(batch.data));

const users = await client.GET("/v1/users", { params: { query: { id: ["bob", "ana"] } } });
if (users.data === undefined) throw new Error(users.error.detail);
if (users.data.users.map((user) => user.id).join() !== "bob,ana") throw new Error(JSON.stringify(users.data));
