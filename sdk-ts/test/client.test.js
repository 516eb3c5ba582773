import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { Penstock, PenstockError } from "../src/index.js";

const CONTENT = { kind: "text", text: "Hello {{ name }}!", variables: { name: {} } };

/** A server whose answers a test sets: `answer(request)` is [status, document], or null for none. */
async function serving(answer, run) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(request.url);
    const given = answer(request, seen.length);
    if (given === null) return;
    response.writeHead(given[0], { "content-type": "application/json" });
    response.end(typeof given[1] === "string" ? given[1] : JSON.stringify(given[1]));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${server.address().port}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const found = (text = CONTENT.text, number = 1) => [
  200,
  { prompt: {}, version: { number, digest: "d", content: { ...CONTENT, text } }, partials: {} },
];

test("a cached prompt is returned and renewed in the background", async () => {
  await serving((_, count) => found(`${count} {{ name }}`, count), async (url, seen) => {
    const client = new Penstock(url, "pk", { ttlMs: 0 });
    assert.equal((await client.getPrompt("hello")).number, 1);
    assert.equal((await client.getPrompt("hello")).number, 1); // the old one, at once
    while ((await client.getPrompt("hello")).number < 2) await new Promise(setImmediate);
    assert.ok(seen[0].includes("name=hello&version=production"));
  });
});

test("callers at once share one request", async () => {
  await serving(() => found(), async (url, seen) => {
    const client = new Penstock(url, "pk");
    await Promise.all(Array.from({ length: 20 }, () => client.getPrompt("hello")));
    assert.equal(seen.length, 1);
  });
});

test("without a server comes the cached prompt, then the fallback, then an error", async () => {
  let client;
  await serving(() => found(), async (url) => {
    client = new Penstock(url, "pk", { ttlMs: 0 });
    await client.getPrompt("hello");
  });
  assert.equal((await client.getPrompt("hello")).number, 1);
  const own = await client.getPrompt("other", { fallback: "Hi {{ name }}" });
  assert.ok(own.isFallback);
  assert.equal((await own.render({ name: "Ann" })).text, "Hi Ann");
  await assert.rejects(client.getPrompt("third"), PenstockError);
  assert.equal(await client.score({ name: "thumb", value: true, trace_id: "0".repeat(32) }), false);
});

test("a silent server is waited for once, at most the limit", async () => {
  await serving(() => null, async (url, seen) => {
    const client = new Penstock(url, "pk", { timeoutMs: 50 });
    const own = await client.getPrompt("hello", { fallback: "Hi" });
    assert.ok(own.isFallback);
    await client.getPrompt("hello", { fallback: "Hi" });
    assert.equal(seen.length, 1);
  });
});

for (const [what, answer] of Object.entries({
  "no JSON": [200, "<html>"],
  "another document": [200, { version: 7 }],
  "an error": [500, { detail: "broken", code: "internal" }],
  "a wrong key": [401, { detail: "no", code: "unauthenticated" }],
})) {
  test(`the fallback comes for ${what}`, async () => {
    await serving(() => answer, async (url) => {
      const client = new Penstock(url, "pk");
      assert.ok((await client.getPrompt("hello", { fallback: "Hi" })).isFallback);
    });
  });
}

test("a variable that is missing or unknown is named", async () => {
  await serving(() => found(), async (url) => {
    const prompt = await new Penstock(url, "pk").getPrompt("hello");
    await assert.rejects(prompt.render(), { code: "variable_missing" });
    await assert.rejects(prompt.render({ name: "a", other: "b" }), { code: "variable_unknown" });
    await assert.rejects(prompt.render({ name: "a", toString: "b" }), { code: "variable_unknown" });
  });
});

test("rendering is that of the Python library", { skip: !process.env.RENDERED }, async () => {
  const cases = JSON.parse(readFileSync(process.env.RENDERED, "utf8"));
  let count = 0;
  for (const { content, values, rendered } of cases) {
    const answer = [200, { version: { number: 1, digest: "d", content } }];
    // The server renders what this library does not; here that is an error.
    await serving((request) => (request.url.includes("resolve") ? answer : [500, {}]), async (url) => {
      const prompt = await new Penstock(url, "pk").getPrompt("p");
      const done = await prompt.render(values).catch((error) => ({ code: error.code }));
      if (done.code === "upstream_failed") return;
      assert.deepEqual(done, rendered, JSON.stringify(content));
      count += 1;
    });
  }
  console.log(`rendered here: ${count} of ${cases.length}`);
});
