// Builds the console into the crate that serves it: a page, one script, one stylesheet, and the licences of what is in them.
//
//   node build.mjs            writes crates/api/console
//   node build.mjs FOLDER     writes there instead
//
// Fails if what a browser loads is larger than it may be. The same sources and lock file give the same bytes everywhere: gzip is done by a library of the lock file, not by Node's zlib.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { gzipSync } from "fflate";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ? resolve(process.argv[2]) : join(here, "../crates/api/console");
mkdirSync(out, { recursive: true });
/** Bytes of the script and the stylesheet as they are sent. */
const PACKED_MAX = 300 * 1_024;

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  outdir: "out",
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "iife",
  target: ["chrome116", "firefox124", "safari17.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
});

const names = {};
const sizes = [];
let total = 0;
for (const file of result.outputFiles) {
  const end = file.path.endsWith(".js") ? "js" : "css";
  const hash = createHash("sha256").update(file.contents).digest("hex").slice(0, 12);
  names[end] = `/console/app-${hash}.${end}`;
  const packed = gzipSync(file.contents, { level: 9, mem: 9, mtime: 0 });
  packed[9] = 255; // No operating system.
  writeFileSync(join(out, `app.${end}.gz`), packed);
  total += packed.length;
  sizes.push(`app.${end}: ${file.contents.length} bytes, ${packed.length} packed`);
}
const page = readFileSync(join(here, "src/index.html"), "utf8").replace("STYLE", names.css).replace("SCRIPT", names.js);
writeFileSync(join(out, "index.html"), page);

// Of each package that is in the bundle.
const packages = new Set(Object.keys(result.metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean));
const notices = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").replaceAll("\r\n", "\n").trim()}\n`;
});
writeFileSync(join(out, "licenses.txt"), `The console contains these libraries.\n\n${notices.join(`\n${"-".repeat(72)}\n\n`)}`);
sizes.push(`${total} bytes packed in all, of at most ${PACKED_MAX}`);
for (const line of sizes) console.log(line);
if (total > PACKED_MAX) throw new Error("the console is too large");
console.log(`written to ${relative(process.cwd(), out) || "."}`);
