// A real service on a new ledger, and a browser to look at it with.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { chromium } from "playwright-core";

export const BINARY = process.env.TOCOS_BINARY ?? new URL("../../target/debug/tocos", import.meta.url).pathname;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The service, with what it takes to stop and start it again at the same address. */
export class Service {
  static async start(options = []) {
    const service = new Service();
    service.folder = mkdtempSync(join(tmpdir(), "tocos-console-test-"));
    service.options = options;
    service.listen = "127.0.0.1:0";
    await service.run();
    return service;
  }

  async run() {
    const file = join(this.folder, "addresses");
    rmSync(file, { force: true });
    this.process = spawn(BINARY, ["serve", "--listen", this.listen, "--internal-listen", "127.0.0.1:0", "--log-level", "warn",
      "--data-dir", join(this.folder, "data"), "--address-file", file, ...this.options], { stdio: ["ignore", "inherit", "inherit"] });
    this.process.on("error", (error) => { throw error; });
    for (let tries = 0; ; tries += 1) {
      try {
        this.url = /^api (.*)$/m.exec(readFileSync(file, "utf8"))[1];
        break;
      } catch (error) {
        if (tries > 400 || this.process.exitCode !== null) throw error;
        await sleep(25);
      }
    }
    this.listen = new URL(this.url).host;
  }

  async kill(signal = "SIGKILL") {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill(signal);
    await ended;
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One request of the API; fails unless it succeeds. */
  async call(method, path, body, key = this.key) {
    const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const response = await fetch(`${this.url}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const json = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(json)}`);
    return json;
  }

  get(path) { return this.call("GET", path); }
  post(path, body = {}) { return this.call("POST", path, body); }
  put(path, body = {}) { return this.call("PUT", path, body); }

  async newKey(right, name = right) {
    return (await this.post("/v1/keys", { right, name })).secret;
  }
}

export function launch() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** With `TOCOS_CONSOLE` the bundle in that folder is looked at, not the one in the binary: no build is needed in between. */
export async function useBundle(context) {
  const folder = process.env.TOCOS_CONSOLE;
  if (!folder) return;
  await context.route((url) => url.pathname === "/" || url.pathname.startsWith("/console/"), async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/") {
      const response = await route.fetch();
      await route.fulfill({ response, body: readFileSync(join(folder, "index.html"), "utf8") });
    } else {
      const end = pathname.endsWith(".js") ? "js" : "css";
      await route.fulfill({ contentType: end === "js" ? "text/javascript" : "text/css", body: gunzipSync(readFileSync(join(folder, `app.${end}.gz`))) });
    }
  });
}

/** Days from now, as the API writes times. */
export const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

/** Names that break what is not careful. */
export const NAMES = {
  script: "<img src=x onerror=alert(1)>",
  arabic: "مريم عبد الرحمن الهاشمي",
  hebrew: "שרה בת־אברהם",
  emoji: "🦊 Renard 👩‍👩‍👧‍👦",
  long: "Wolfeschlegelsteinhausenbergerdorff".repeat(4).slice(0, 128),
};

/** Users with all that their pages can show. */
export async function fill(service) {
  await service.put("/v1/coins/gem", { decimals: 2 });
  const people = [["ana", "Ana García"], ["bob", "Боян Петров"], ["shop", "The Corner Shop"], ["script", NAMES.script], ["arabic", NAMES.arabic], ["hebrew", NAMES.hebrew], ["emoji", NAMES.emoji], ["L".repeat(128), NAMES.long], ["nobody", null], ["li.wei@example.com", "李伟"]];
  for (const [id, name] of people) await service.put(`/v1/users/${encodeURIComponent(id)}`, name ? { name } : {});
  for (const [at, [id]] of people.entries()) await service.post("/v1/grants", { user: id, coin: "toco", amount: 120 + at * 37, reference: `welcome ${at}` });
  await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 30, expires_at: inDays(3), category: "promotional", reference: "autumn campaign" });
  await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 80, expires_at: inDays(12) });
  await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 200, expires_at: inDays(45), category: "promotional" });
  await service.post("/v1/grants", { user: "ana", coin: "toco", amount: 60, expires_at: inDays(120), priority: 60 });
  await service.post("/v1/grants", { user: "ana", coin: "gem", amount: 12_345 });
  await service.post("/v1/spends", { user: "ana", coin: "toco", amount: 24, reference: "order 1001" });
  await service.post("/v1/transfers", { from: "ana", to: "bob", coin: "toco", amount: 10 });
  await service.post("/v1/spends", { user: "ana", coin: "toco", amount: 15, to: "shop", reference: "order 1002" });
  await service.post("/v1/holds", { user: "ana", coin: "toco", amount: 40, timeout_s: 86_400 });
  const hold = await service.post("/v1/holds", { user: "bob", coin: "toco", amount: 25, to: "shop" });
  await service.post(`/v1/holds/${hold.id}/capture`, { amount: 10 });
  await service.put("/v1/schedules/plan%3Aana", { user: "ana", coin: "toco", amount: 100, every_months: 1, expires: "at_next", anchor: inDays(20) });
  await service.put("/v1/users/ana/thresholds/toco", { thresholds: [50, 400] });
  await service.put("/v1/users/ana/spend-limit/toco", { amount: 500, per: "day" });
  for (const amount of [90_000, 80_000]) await service.post("/v1/spends", { user: "bob", coin: "toco", amount }).catch(() => {});
}
