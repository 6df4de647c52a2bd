// Serves the console as it is built from the sources at hand, and passes all other requests on to a running service.
//
//   node dev.mjs [SERVICE] [PORT]     by default http://127.0.0.1:8080 and 5173
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const service = new URL(process.argv[2] ?? "http://127.0.0.1:8080");
const port = Number(process.argv[3] ?? 5173);
const out = mkdtempSync(join(tmpdir(), "tocos-console-"));
const policy = (await fetch(service)).headers.get("content-security-policy");

createServer((asked, response) => {
  if (asked.url === "/") {
    execFileSync("node", [join(here, "build.mjs"), out], { stdio: "inherit" });
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy, "cache-control": "no-cache" });
    response.end(readFileSync(join(out, "index.html")));
    return;
  }
  const file = /^\/console\/app-[0-9a-f]+\.(js|css)$/.exec(asked.url ?? "");
  if (file) {
    response.writeHead(200, { "content-type": file[1] === "js" ? "text/javascript" : "text/css", "content-encoding": "gzip" });
    response.end(readFileSync(join(out, `app.${file[1]}.gz`)));
    return;
  }
  const passed = request({ host: service.hostname, port: service.port, method: asked.method, path: asked.url, headers: asked.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => passed.destroy());
  asked.pipe(passed);
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port} in front of ${service.origin}`));
