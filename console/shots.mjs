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
const PAGES = { overview: "#/", users: "#/users", user: "#/users/ana", arabic: "#/users/arabic", long: `#/users/${long}`, events: "#/events", event: "#/events/24", grant: "#/events/22", holds: "#/holds", schedules: "#/schedules", coins: "#/coins", webhooks: "#/webhooks", webhook: "#/webhooks/shop", failing: "#/webhooks/billing", keys: "#/keys", missing: "#/users/none" };
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
    await page.goto(`${url}/${hash}`);
    await page.waitForTimeout(900);
    await page.screenshot({ path: join(folder, `${title}-${name}.png`), fullPage: true });
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
