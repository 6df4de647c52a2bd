// What webhooks are sent to.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

export class Receiver {
  status = 204;
  delayMs = 0;
  readonly #received: Received[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      setTimeout(() => {
        this.#received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(this.status).end();
      }, this.delayMs);
    });
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((done) => receiver.#server.listen(0, "127.0.0.1", done));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Waits for the next request that was not taken yet. */
  async next(): Promise<Received> {
    for (let tries = 0; tries < 400; tries += 1) {
      const first = this.#received.shift();
      if (first) return first;
      await sleep(25);
    }
    throw new Error("no webhook arrived");
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
