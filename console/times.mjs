// How long each view takes until it is shown, and how much of that comes after its answers. For ledgers of any size:
//
//   node times.mjs URL USER     a running service without keys, and a user with a long history; `million.mjs` fills one
//
// Also does what support does with that user, and counts what is pressed.
import { launch, useBundle } from "./tests/service.mjs";
import { button, confirm, done, presses, preview } from "./tests/tab.mjs";

const [url, user] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
await useBundle(context);
const page = await context.newPage();
await page.goto(`${url}/#/coins`);
await page.locator("table.stack tbody tr").first().waitFor();

/** Goes to a view inside the page and waits until all of it is there. */
const view = (hash) => page.evaluate(async (hash) => {
  performance.clearResourceTimings();
  const begun = performance.now();
  if (hash === "#/nowhere") { location.hash = hash; await new Promise((done) => setTimeout(done, 200)); return {}; }
  location.hash = hash;
  await new Promise((done) => {
    const look = () => {
      const isThere = performance.now() - begun > 30 && !document.querySelector(".skeleton") && document.querySelector("main .card, main .tile") && document.querySelector("main tbody tr, main .tile, main .words, main .empty");
      if (isThere) requestAnimationFrame(() => done()); else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const shown = performance.now();
  const answers = performance.getEntriesByType("resource").filter((one) => !one.name.includes("wait_s"));
  const last = Math.max(begun, ...answers.map((one) => one.responseEnd));
  return { all: shown - begun, after: shown - last, bytes: answers.reduce((sum, one) => sum + one.decodedBodySize, 0), requests: answers.length };
}, hash);

for (const [name, hash] of [["users", "#/users"], ["users, from the last id", "#/users?order=-id"], ["users, newest first", "#/users?order=-created"], ["users by balance", "#/users?coin=toco&order=-balance"], ["users by balance, from the least", "#/users?coin=toco&order=balance"], ["search, the first (makes the index)", "#/users?q=garc"], ["search", "#/users?q=sato%209999"], ["search, by balance", "#/users?q=sato&coin=toco&order=-balance"], ["user", `#/users/${user}`], ["user, filtered", `#/users/${user}?kind=grant`], ["events", "#/events"], ["event", "#/events/1000000"], ["event", "#/events/2999999"], ["holds", "#/holds"], ["overview, with the first report", "#/"], ["overview", "#/"]]) {
  // From another page, so that nothing of it is there yet.
  await view("#/nowhere");
  const found = await view(hash);
  console.log(`${name.padEnd(34)} ${found.all.toFixed(0).padStart(6)} ms, ${found.after.toFixed(0).padStart(4)} ms after its answers, ${found.requests} requests, ${(found.bytes / 1024).toFixed(1)} KiB`);
}
// Typing: from the key to the row.
await page.goto(`${url}/#/users`);
await page.locator("table.stack tbody tr").first().waitFor();
const begun = performance.now();
await page.locator("#user-search").fill("user-0777777");
await page.getByRole("row", { name: /user-0777777/ }).waitFor();
console.log(`${"typed search".padEnd(34)} ${(performance.now() - begun).toFixed(0).padStart(6)} ms`);

// The tasks of support, from the user's page.
async function task(name, hash, act) {
  await page.goto("about:blank");
  await page.goto(`${url}/${hash}`);
  await page.locator(".history-table tbody tr").first().waitFor();
  const pressed = await presses(page);
  const begun = performance.now();
  await act();
  console.log(`${name.padEnd(34)} ${(performance.now() - begun).toFixed(0).padStart(6)} ms, ${await pressed()} clicks`);
}
await task("why the balance is what it is", `#/users/${user}`, async () => {
  await button(page, "Why this balance?").click();
  await page.locator(".why").getByText("available =").waitFor();
});
await task("50 coins that expire in 30 days", `#/users/${user}`, async () => {
  await button(page, "Grant").click();
  await page.getByText("30 days", { exact: true }).click();
  await preview(page).getByText("(in 30 days)").waitFor();
  await confirm(page, "Grant").click();
  await done(page);
});
await task("a spend is undone", `#/users/${user}?kind=spend`, async () => {
  await page.getByRole("button", { name: /^Undo event/ }).first().click();
  await preview(page).getByText(/comes? back to/).waitFor();
  await confirm(page, "Undo it").click();
  await done(page);
});
await browser.close();
