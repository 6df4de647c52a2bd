// A bad network between the client and the service, one fault for each request.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * `pass`: nothing. `lost`: the request does not reach the service. `cut`: the service does the work, and no byte of its response arrives.
 * `half`: half of it does. `slow`: the response comes too late for the client. `502`, `503`, `429`: the work is done, and the client is told that.
 * `refused`: 503 with `Retry-After`, and nothing is done.
 */
export type Fault = "pass" | "lost" | "cut" | "half" | "slow" | "502" | "503" | "429" | "refused";

export interface Seen {
  method: string;
  path: string;
  key: string | undefined;
  body: string;
  fault: Fault;
  at: number;
}

export class Proxy {
  readonly seen: Seen[] = [];
  /** The fault of the next request. */
  next: () => Fault = () => "pass";
  slowMs = 400;
  url = "";
  readonly #server: Server;

  private constructor(private readonly target: string) {
    this.#server = createServer((incoming, response) => void this.#pass(incoming, response).catch(() => response.destroy()));
  }

  static async start(target: string): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((done) => proxy.#server.listen(0, "127.0.0.1", done));
    proxy.url = `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`;
    return proxy;
  }

  /** The faults for the next requests; after them everything passes. */
  script(...faults: Fault[]): void {
    this.seen.length = 0;
    this.next = () => faults.shift() ?? "pass";
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.next();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const key = incoming.headers["idempotency-key"] as string | undefined;
    this.seen.push({ method: incoming.method ?? "", path: incoming.url ?? "", key, body: body.toString(), fault, at: performance.now() });
    if (fault === "lost") return void response.destroy();
    if (fault === "refused") return void response.writeHead(503, { "retry-after": "1" }).end("<html>busy</html>");
    const answer = await this.#forward(incoming, body);
    if (fault === "cut") return void response.destroy();
    if (fault === "502" || fault === "503" || fault === "429") return void response.writeHead(Number(fault)).end("<html>no</html>");
    if (fault === "slow") await sleep(this.slowMs);
    response.writeHead(answer.status, answer.headers);
    if (fault === "half") {
      response.write(answer.body.subarray(0, answer.body.length / 2));
      await sleep(5);
      return void response.destroy();
    }
    response.end(answer.body);
  }

  #forward(incoming: IncomingMessage, body: Buffer): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const headers = { ...incoming.headers, host: new URL(this.target).host };
      const outgoing = request(this.target + (incoming.url ?? ""), { method: incoming.method, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
        answer.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}
