// Pictures of every page, to look at: light, dark, and on a phone.
//
//   node shots.mjs FOLDER [URL] [PAGE...]     without a URL a service of the tests is started and filled
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Receiver } from "./tests/receiver.mjs";
import { fill, launch, Service, useBundle } from "./tests/service.mjs";

const [folder = "shots", address = "", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const service = address ? null : await Service.start(["--webhooks-allow-private", "127.0.0.1"]);
const receiver = service && await Receiver.start();
if (service) {
  await fill(service);
  receiver.answers.set("/billing", [500, "<h1>Internal Server Error</h1>"]);
  for (const [id, more] of [["shop", { kinds: ["grant", "spend", "expire"] }], ["warehouse", { batch: 10 }], ["billing", { coins: ["toco"] }]]) await service.put(`/v1/webhooks/${id}`, { url: `${receiver.url}/${id}`, from_event: 1, ...more });
}
const url = address || service.url;
const long = "L".repeat(128);
const PAGES = { overview: "#/", users: "#/users", richest: "#/users?coin=toco&order=-balance", nobody: "#/users?q=nobody-at-all", user: "#/users/ana", arabic: "#/users/arabic", long: `#/users/${long}`, events: "#/events", event: "#/events/24", grant: "#/events/22", holds: "#/holds", schedules: "#/schedules", coins: "#/coins", webhooks: "#/webhooks", webhook: "#/webhooks/shop", failing: "#/webhooks/billing", keys: "#/keys", group: "#/group", missing: "#/users/none" };
// A group as it is told by one of its nodes, which is behind, while another is away.
const members = [["frankfurt-1", 812, 0], ["frankfurt-2", 640, 0.4], ["paris-1", 811, 93]].map(([node, last_event, seen_ago_s], at) => ({ node, url: `http://10.0.0.${at + 1}:8080`, last_event, seen_ago_s }));
const group = { node: "frankfurt-2", role: "follower", epoch: 7, leader: { node: "frankfurt-1", url: "http://10.0.0.1:8080", epoch: 7 }, last_event: 640, tip_event: 812, behind_s: 14.2, lease_age_s: 0, in_flight: 0, appends: 0, healed_frames: 0, faults: 2, rivals: 0, changes: 3, synchronous: true, note: "", members };
const browser = await launch();
for (const [name, width, scheme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 360, "light"]]) {
  const context = await browser.newContext({ viewport: { width, height: 860 }, colorScheme: scheme, locale: "en-GB", timezoneId: "Europe/Madrid" });
  await useBundle(context);
  const page = await context.newPage();
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) console.log(name, message.text()); });
  page.on("pageerror", (error) => console.log(name, error.message));
  for (const [title, hash] of Object.entries(PAGES)) {
    if (only.length && !only.includes(title)) continue;
    await page.goto("about:blank");
    if (title === "group") await page.route("**/v1/cluster", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(group) }));
    await page.goto(`${url}/${hash}`);
    await page.waitForTimeout(900);
    await page.screenshot({ path: join(folder, `${title}-${name}.png`), fullPage: true });
    if (title === "group") {
      await page.goto(`${url}/#/`);
      await page.waitForTimeout(900);
      await page.screenshot({ path: join(folder, `overview-group-${name}.png`), fullPage: true });
      await page.unroute("**/v1/cluster");
    }
    if (title === "user") {
      await page.getByRole("button", { name: "Spend", exact: true }).click();
      await page.getByLabel("Amount").fill("70");
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(folder, `dialog-${name}.png`) });
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log(`${title}-${name}: ${wide} px too wide`);
  }
  await context.close();
}
await browser.close();
await service?.stop();
receiver?.stop();
