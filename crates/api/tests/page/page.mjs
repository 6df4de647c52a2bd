// What the page at /docs does with the document's text. Run by node; the functions are taken from the page as it is served.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../src/resources/docs.html", import.meta.url), "utf8");
const script = page.match(/<script>([^]*)<\/script>/)[1];
const functions = script.slice(0, script.indexOf("let spec;"));

// As much of a browser as the functions need: text stays text, and is escaped when it is written as HTML.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const html = (node) => typeof node === "string" ? escaped(node)
  : `<${node.tag}>${escaped(node.textContent || "")}${node.children.map(html).join("")}</${node.tag}>`;
const document = {
  createElement: (tag) => ({ tag, children: [], append(...nodes) { this.children.push(...nodes); } }),
};
const { make, formatted, matches } = new Function("document", `${functions}; return { make, formatted, matches };`)(document);
const paragraph = (text) => html(make("p", {}, ...formatted(text)));

assert.equal(paragraph("Takes an `Idempotency-Key`, or `null`."), "<p>Takes an <code>Idempotency-Key</code>, or <code>null</code>.</p>");
assert.equal(paragraph("<img src=x onerror=alert(1)>"), "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
assert.equal(paragraph("`<script>` & co"), "<p><code>&lt;script&gt;</code> &amp; co</p>");
assert.equal(paragraph("one ` alone"), "<p>one ` alone</p>");
assert.equal(paragraph(undefined), "<p></p>");

const operation = { summary: "Move coins from one user to another", description: "Lots keep their grant." };
for (const found of ["", "transfers", "MOVE coins", "post lots"]) assert.ok(matches(found, "post", "/v1/transfers", operation), found);
for (const not of ["holds", "move holds"]) assert.ok(!matches(not, "post", "/v1/transfers", operation), not);
