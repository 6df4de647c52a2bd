// A group of two real nodes over a real PostgreSQL, all of it on the loopback and gone when it is stopped.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, Service, sleep } from "./service.mjs";

const INSTALLED = "/usr/lib/postgresql";

async function freePort() {
  const server = createServer();
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Where the newest PostgreSQL of this machine lies. */
function programs() {
  const versions = readdirSync(INSTALLED).filter((name) => existsSync(join(INSTALLED, name, "bin/initdb")));
  return join(INSTALLED, versions.sort((a, b) => Number(b) - Number(a))[0], "bin");
}

/** PostgreSQL refuses to run as root. */
const asPostgres = (program, ...options) => process.getuid() === 0
  ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...options]] : [program, options];

/** Tries until it does not throw, for half a minute. */
async function tried(act) {
  for (let tries = 0; ; tries += 1) {
    try { return await act(); } catch (error) { if (tries > 150) throw error; }
    await sleep(200);
  }
}

/** A node: a service that is stopped, and started again with what it has. */
class Node extends Service {
  async serve({ folder, log, key, name }) {
    Object.assign(this, { folder: join(folder, name), name, key });
    mkdirSync(this.folder);
    this.listen = `127.0.0.1:${await freePort()}`;
    this.options = ["--shared-log", log, "--node", name, "--advertise", `http://${this.listen}`, "--lease-s", "2", "--bootstrap-key-file", join(folder, "key")];
    await this.run();
  }

  async isLevel() {
    const { role, last_event: own, tip_event: tip } = await this.get("/v1/cluster");
    if (!["leader", "follower"].includes(role) || own < tip) throw new Error(`${this.name} is ${role}, at ${own} of ${tip}`);
    return role;
  }
}

export class Group {
  static async start() {
    const group = new Group();
    await group.startDatabase();
    execFileSync(BINARY, ["shared-log", "init", group.log], { stdio: ["ignore", "ignore", "inherit"] });
    group.key = `tocos_1_${randomBytes(20).toString("hex")}`;
    writeFileSync(join(group.folder, "key"), `${group.key}\n`);
    group.nodes = [new Node(), new Node()];
    for (const [at, node] of group.nodes.entries()) {
      await node.serve({ folder: group.folder, log: group.log, key: group.key, name: ["one", "two"][at] });
      // The first one is to lead.
      await tried(() => node.isLevel());
    }
    return group;
  }

  async startDatabase() {
    this.folder = mkdtempSync(join(tmpdir(), "tocos-console-group-"));
    chmodSync(this.folder, 0o711);
    const data = join(this.folder, "database");
    mkdirSync(data);
    if (process.getuid() === 0) execFileSync("chown", ["postgres:", data]);
    const call = (program, ...options) => execFileSync(...asPostgres(join(programs(), program), ...options), { stdio: ["ignore", "ignore", "pipe"], cwd: "/" });
    call("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions");
    const port = await freePort();
    const settings = ["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories=", "fsync=off", "shared_buffers=32MB", "log_min_messages=fatal"];
    const [program, options] = asPostgres(join(programs(), "postgres"), "-D", data, ...settings.flatMap((one) => ["-c", one]));
    this.database = spawn(program, options, { stdio: ["ignore", "ignore", "ignore"], cwd: "/" });
    const sql = (text) => call("psql", "-h", "127.0.0.1", "-p", `${port}`, "-U", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text);
    await tried(() => sql("select 1"));
    sql("create role tocos login");
    sql("create database tocos owner tocos");
    this.log = `postgres://tocos@127.0.0.1:${port}/tocos?ledger=console&sslmode=disable`;
  }

  /** Which node leads, and which follows. */
  async roles() {
    return tried(async () => {
      const roles = await Promise.all(this.nodes.map((node) => node.isLevel()));
      if (roles.filter((role) => role === "leader").length !== 1) throw new Error(`they are ${roles}`);
      const at = roles.indexOf("leader");
      return { leader: this.nodes[at], follower: this.nodes[1 - at] };
    });
  }

  async stop() {
    for (const node of this.nodes ?? []) if (node.process?.exitCode === null && node.process.signalCode === null) await node.kill();
    if (this.database) {
      const ended = new Promise((done) => this.database.once("exit", done));
      // At once, without a checkpoint.
      this.database.kill("SIGQUIT");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
