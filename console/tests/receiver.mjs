// What webhooks deliver to, in this process.
import { createServer } from "node:http";

/** Takes what is delivered. What it answers can be changed for each path; it is 204 otherwise. */
export class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.got = [];
    receiver.answers = new Map();
    receiver.server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (text) => { body += text; });
      request.on("end", () => {
        const { pathname } = new URL(request.url, "http://receiver");
        receiver.got.push({ pathname, headers: request.headers, body, json: JSON.parse(body) });
        const [status, text, headers = {}] = receiver.answers.get(pathname) ?? [204, ""];
        response.writeHead(status, { "content-type": "text/html", ...headers });
        response.end(text);
      });
    });
    await new Promise((listens) => receiver.server.listen(0, "127.0.0.1", listens));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }

  stop() { this.server.closeAllConnections(); this.server.close(); }

  at(pathname) { return this.got.filter((one) => one.pathname === pathname); }

  /** The numbers of the events that arrived. */
  events(pathname) { return this.at(pathname).filter((one) => one.json.type !== "ping").flatMap((one) => [one.json.data].flat().map((event) => event.event)); }
}
