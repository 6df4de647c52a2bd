// Makes src/generated/schema.ts of the OpenAPI document of the service. With --check it writes nothing, and fails if the file is not up to date.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const DOCUMENT = new URL("../../../crates/api/openapi.json", import.meta.url);
const FILE = new URL("../src/generated/schema.ts", import.meta.url);
const HEAD = `// Made by scripts/generate.mjs of crates/api/openapi.json. Do not edit it.
import type { JsonObject, Total } from "../json.js";

`;

const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
for (const operations of Object.values(document.paths)) {
  for (const operation of Object.values(operations)) {
    // Refusals are typed by the classes of errors, and the feed is read as JSON.
    operation.responses = Object.fromEntries(Object.entries(operation.responses).filter(([status]) => status < "300"));
    for (const response of Object.values(operation.responses)) delete response.content?.["text/event-stream"];
  }
}

const reference = (name) => ts.factory.createTypeReferenceNode(name);
const orNull = (node, nullable) =>
  nullable ? ts.factory.createUnionTypeNode([node, ts.factory.createLiteralTypeNode(ts.factory.createNull())]) : node;

const ast = await openapiTS(document, {
  alphabetize: false,
  transform(schema, { path }) {
    const types = [schema.type].flat();
    if (types.includes("object") && !schema.properties && !schema.additionalProperties) return orNull(reference("JsonObject"), types.includes("null"));
    // A coin's supply is at most 2^53-1, and so is every amount; but what was granted over time adds up to more.
    if (schema.format === "int64" && /schemas\/Liability(?!By)/.test(path ?? "")) return reference("Total");
    return undefined;
  },
});
const text = HEAD + astToString(ast);
if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) {
    console.error("src/generated/schema.ts is not what crates/api/openapi.json gives; run npm run generate in clients/typescript");
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
}
