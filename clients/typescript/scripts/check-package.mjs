// Reads what `npm pack --json` says. Nothing but the package is published: no test, no dependency, and its licence and types with it.
import { readFileSync } from "node:fs";

const [{ files }] = JSON.parse(readFileSync(0, "utf8"));
const paths = files.map(({ path }) => path);
const wrong = paths.filter((path) => !/^(?:dist\/|src\/|README\.md$|LICENSE$|package\.json$)/.test(path));
const missing = ["dist/index.js", "dist/index.d.ts", "src/index.ts", "README.md", "LICENSE", "package.json"].filter((path) => !paths.includes(path));
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
if (wrong.length || missing.length || manifest.dependencies || !manifest.repository?.url) {
  console.error(`the package has ${wrong.join(" ") || "nothing wrong"}, lacks ${missing.join(" ") || "nothing"}; its manifest:`, manifest);
  process.exit(1);
}
console.log(`${manifest.name}@${manifest.version}: ${paths.length} files, ${manifest.repository.url}`);
