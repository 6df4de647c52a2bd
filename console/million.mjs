// Fills a new ledger with a million users, and one of them with a history of a million entries, to measure the console on.
//
//   node million.mjs URL [USERS] [ENTRIES]     a running service without keys; the busy user is `busy`
const [url, users = "1000000", entries = "1000000"] = process.argv.slice(2);
const AT_ONCE = 10_000;
const FIRST = ["Ana", "José", "Mei", "Omar", "Zoë", "Ivan", "Noa", "Kofi", "Aiko", "Lena"];
const LAST = ["García", "Sato", "Okafor", "Petrov", "Levy", "Lindqvist", "Haddad", "Nguyen", "Müller", "Rossi", "Novák"];

// The same numbers in each run.
let seed = 20_261_130;
const random = (most) => { seed = (seed * 48_271) % 2_147_483_647; return seed % most; };

async function batch(operations) {
  const response = await fetch(`${url}/v1/batch`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ operations }) });
  const answer = await response.json();
  if (!response.ok || answer.refused > 0) throw new Error(JSON.stringify(answer).slice(0, 500));
}

async function apply(count, operationOf) {
  for (let from = 0; from < count; from += AT_ONCE) {
    await batch(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => operationOf(from + at)));
  }
}

const id = (at) => `user-${String(at).padStart(7, "0")}`;
const soon = new Date(Date.now() + 20 * 86_400_000).toISOString();
await batch([{ op: "user", user: "busy", name: "Busy Bee" }, { op: "grant", user: "busy", coin: "toco", amount: 1_000_000_000 }]);
await apply(Number(users), (at) => ({ op: "user", user: id(at), name: `${FIRST[at % FIRST.length]} ${LAST[at % LAST.length]} ${at}` }));
await apply(Number(users), (at) => ({ op: "grant", user: id(at), coin: "toco", amount: 1 + random(1_000_000), ...(at % 10 === 0 ? { expires_at: soon } : {}) }));
await apply(Number(entries), (at) => at % 3 === 0 ? { op: "grant", user: "busy", coin: "toco", amount: 1 + random(50), reference: `order ${at}` } : { op: "spend", user: "busy", coin: "toco", amount: 1 + random(20) });
console.log(`${users} users, and busy with ${entries} entries`);
