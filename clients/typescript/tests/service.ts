// A real service on a new ledger.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Tocos, type ClientOptions } from "@tocos/client";

const BINARY = process.env["TOCOS_BINARY"] ?? new URL("../../../target/debug/tocos", import.meta.url).pathname;

export class Service {
  readonly folder = mkdtempSync(join(tmpdir(), "tocos-client-test-"));
  url = "";
  apiKey: string | undefined;
  #process: ChildProcess | undefined;
  #listen = "127.0.0.1:0";

  private constructor(readonly options: string[]) {}

  static async start(...options: string[]): Promise<Service> {
    const service = new Service(options);
    await service.run();
    return service;
  }

  async run(): Promise<void> {
    const file = join(this.folder, "addresses");
    rmSync(file, { force: true });
    const started = spawn(
      BINARY,
      ["serve", "--listen", this.#listen, "--internal-listen", "127.0.0.1:0", "--log-level", "error", "--data-dir", join(this.folder, "data"), "--address-file", file, ...this.options],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    let failure: Error | undefined;
    started.on("error", (error) => (failure = error));
    this.#process = started;
    for (let tries = 0; ; tries += 1) {
      if (failure !== undefined || started.exitCode !== null || tries > 400) throw failure ?? new Error("the service does not listen");
      const address = /^api (.*)$/m.exec(readIfThere(file))?.[1];
      if (address !== undefined) {
        this.url = address;
        this.#listen = new URL(address).host;
        return;
      }
      await sleep(25);
    }
  }

  /** Ends the service; `run` starts it again at the same address. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once("exit", done));
    running.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  client(options: Partial<ClientOptions> = {}): Tocos {
    return new Tocos({ url: this.url, apiKey: this.apiKey, ...options });
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
