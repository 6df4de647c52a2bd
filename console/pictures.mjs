// The pictures of the README: a ledger with some weeks of history, made on a test clock.
//
//   node pictures.mjs     writes docs/console-*.png
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, Service, useBundle } from "./tests/service.mjs";

const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const DAYS = 34;
const NAMES = [["ana", "Ana García"], ["bob", "Боян Петров"], ["maya", "Maya Lindqvist"], ["omar", "عمر الفاسي"], ["noa", "נועה לוי"], ["zoe", "Zoë Okafor"], ["shop", "The Corner Shop"]];

// The same numbers in each run.
let seed = 20_261_130;
const random = (most) => { seed = (seed * 48_271) % 2_147_483_647; return seed % most; };

const service = await Service.start(["--test-clock"]);
let now = new Date((await service.get("/v1/clock")).ledger_time);
const later = (days) => new Date(now.getTime() + days * 86_400_000).toISOString();
await service.put("/v1/coins/gem", { decimals: 2 });
for (const [id, name] of NAMES) await service.put(`/v1/users/${id}`, { name });
const users = NAMES.slice(0, 6).map(([id]) => id);
for (let day = 0; day < DAYS; day += 1) {
  const operations = [];
  for (const user of users) {
    operations.push({ op: "grant", user, coin: "toco", amount: 40 + random(90), ...(random(3) === 0 ? { expires_at: later(6 + random(40)), category: "promotional" } : {}), reference: `order ${1_000 + day * 7 + random(7)}` });
    operations.push({ op: "spend", user, coin: "toco", amount: 15 + random(70), mode: "up_to", ...(random(4) === 0 ? { to: "shop" } : {}) });
    if (random(3) === 0) operations.push({ op: "grant", user, coin: "gem", amount: 500 + random(4_000) }, { op: "spend", user, coin: "gem", amount: random(2_000) + 1, mode: "up_to" });
  }
  await service.post("/v1/batch", { operations });
  await service.post("/v1/test-clock/advance", { seconds: 82_000 + random(8_000) });
  now = new Date((await service.get("/v1/clock")).ledger_time);
}
await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 30, expires_at: later(3), category: "promotional", reference: "autumn campaign" });
await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 80, expires_at: later(12) });
await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 200, expires_at: later(45), category: "promotional" });
await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 60, expires_at: later(120), priority: 60 });
await service.post("/v1/holds", { user: "ana", coin: "toco", amount: 40, timeout_s: 86_400 });
await service.post("/v1/holds", { user: "maya", coin: "toco", amount: 20, to: "shop" });
await service.put("/v1/schedules/plan%3Aana", { user: "ana", coin: "toco", amount: 100, every_months: 1, expires: "at_next", anchor: later(20) });
await service.post("/v1/spends", { user: "ana", coin: "toco", amount: 24, reference: "order 1421" });
for (const [user, amount] of [["bob", 90_000], ["zoe", 80_000], ["ana", 70_000]]) await service.post("/v1/spends", { user, coin: "toco", amount }).catch(() => {});
await service.get("/v1/users/nobody").catch(() => {});

now = new Date((await service.get("/v1/clock")).ledger_time);
const browser = await launch();
const shot = async (name, colorScheme, height, hash, act) => {
  const context = await browser.newContext({ viewport: { width: 1200, height }, colorScheme, locale: "en-GB", timezoneId: "UTC" });
  await useBundle(context);
  const page = await context.newPage();
  // The page's time is the ledger's.
  await page.clock.install({ time: now });
  await page.goto(`${service.url}/${hash}`);
  await page.waitForTimeout(2_000);
  await act?.(page);
  await page.screenshot({ path: join(docs, name) });
  await context.close();
};
await shot("console-overview.png", "light", 980, "#/");
await shot("console-user.png", "dark", 860, "#/users/ana");
await shot("console-spend.png", "light", 800, "#/users/ana", async (page) => {
  await page.getByRole("button", { name: "Spend", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Amount").fill("70");
  await page.waitForTimeout(1_200);
});
await browser.close();
await service.stop();
