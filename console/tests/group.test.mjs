// What operators see of a group of nodes in the console: two real nodes over a real PostgreSQL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Group } from "./group.mjs";
import { launch } from "./service.mjs";
import { axe, button, confirm, dialog, done, openTab } from "./tab.mjs";

let group, browser;
before(async () => { [group, browser] = await Promise.all([Group.start(), launch()]); });
after(async () => {
  await browser?.close();
  await group?.stop();
});

async function signedIn(t, of, hash) {
  const page = await openTab(t, browser, of, hash);
  await page.getByLabel("API key").fill(group.key);
  await button(page, "Sign in").click();
  return page;
}

const row = (page, node) => page.getByRole("row", { name: new RegExp(`^${node.name} ${node.url} `) });
/** Behind the lease and the ten seconds after which a node counts as away. */
const PATIENCE = { timeout: 30_000 };

test("a node that is stopped is seen to be away, the other one leads, and all is well again when it is back", async (t) => {
  const { leader, follower } = await group.roles();
  const page = await signedIn(t, follower, "#/group");
  await row(page, leader).filter({ hasText: "leader" }).filter({ hasText: "level" }).waitFor();
  await row(page, follower).filter({ hasText: "follower" }).filter({ hasText: "level" }).waitFor();
  await page.getByText("This node has none.").waitFor();
  await axe(page, "a group that is well");
  // What is done on a node that follows goes to the one that leads, and is seen here.
  await page.getByRole("link", { name: "Users" }).click();
  await button(page, "New user").click();
  await dialog(page).getByLabel("Id", { exact: true }).fill("ana");
  await confirm(page, "Make user").click();
  await done(page);
  await page.getByRole("heading", { level: 1, name: "ana" }).waitFor();

  await leader.kill();
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await page.locator(".attention").getByText(new RegExp(`Node ${leader.name} was last seen \\d+ s ago`)).waitFor(PATIENCE);
  await axe(page, "an overview with a node that is away");
  await page.locator(".attention").getByRole("link", { name: leader.name }).click();
  await row(page, leader).filter({ hasText: "away" }).waitFor();
  await row(page, follower).filter({ hasText: "leader" }).filter({ hasText: "level" }).waitFor(PATIENCE);
  // It leads, and takes writes.
  await page.goto(`${follower.url}/#/users/ana`);
  await button(page, "Grant").click();
  await confirm(page, "Grant").click();
  await done(page);

  await leader.run();
  await page.getByRole("link", { name: "Group" }).click();
  await row(page, leader).filter({ hasText: "follower" }).filter({ hasText: "level" }).waitFor(PATIENCE);
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await page.getByText("Newest events").waitFor();
  await page.locator(".attention").waitFor({ state: "detached" });
  assert.equal((await tolerant(() => leader.get("/v1/users/ana"))).coins.toco, 50);
});

test("the lead is handed over on request", async (t) => {
  const { leader, follower } = await group.roles();
  const page = await signedIn(t, leader, "#/group");
  await row(page, leader).filter({ hasText: "leader" }).waitFor();
  await button(page, "Hand the lead over").click();
  await confirm(page, "Hand over").click();
  await row(page, follower).filter({ hasText: "leader" }).waitFor(PATIENCE);
  await row(page, leader).filter({ hasText: "follower" }).waitFor(PATIENCE);
});

/** A node that was just started may have to find its place first. */
async function tolerant(ask) {
  for (let tries = 0; ; tries += 1) {
    try { return await ask(); } catch (error) { if (tries > 50) throw error; }
    await new Promise((next) => setTimeout(next, 100));
  }
}
