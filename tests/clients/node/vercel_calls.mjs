// Vercel's AI SDK with its providers for OpenAI (chat and Responses), Anthropic and Google.
// Prints each result as JSON: row, provider, test, outcome, reason.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import assert from "node:assert/strict";
import { z } from "zod";

// A failed stream rejects more than what is awaited, and is reported once.
process.on("unhandledRejection", () => {});
globalThis.AI_SDK_LOG_WARNINGS = false;
const { PENSTOCK_GATEWAY: gateway, PENSTOCK_KEY: apiKey, PENSTOCK_BEHIND: providers } = process.env;
// As in suites/over.py.
const hello = "Hello!";
const twice = "What is the value of magic of input 3?\nx-sim-tool-calls: 2";
const describe = 'Describe the city "Köln" with 1086000 inhabitants.';
const openai = createOpenAI({ baseURL: `${gateway}/v1`, apiKey });
const anthropic = createAnthropic({ baseURL: `${gateway}/v1`, apiKey });
const google = createGoogleGenerativeAI({ baseURL: `${gateway}/v1beta`, apiKey });
const ROWS = {
  "AI SDK, OpenAI chat": (id) => openai.chat(id),
  "AI SDK, Responses": (id) => openai.responses(id),
  "AI SDK, Anthropic": (id) => anthropic(id),
  "AI SDK, Gemini": (id) => google(id),
};
const City = z.object({ name: z.string(), inhabitants: z.number().int() });
const KOELN = { name: "Köln", inhabitants: 1086000 };

class Magic {
  inputs = [];
  tools = {
    magic: tool({
      description: "Applies a magic function to an input.",
      inputSchema: z.object({ input: z.number().int() }),
      execute: async ({ input }) => {
        this.inputs.push(input);
        return input + 2;
      },
    }),
  };
  check(text) {
    assert.equal(this.inputs.length, 2);
    assert(this.inputs.includes(3));
    assert(text);
  }
}

const TESTS = {
  test_chat: async (model) => {
    const { text, usage } = await generateText({ model, prompt: hello, maxRetries: 0 });
    assert(text && usage.outputTokens > 0);
  },
  test_stream: async (model) => {
    const result = streamText({ model, prompt: hello, maxRetries: 0, onError() {} });
    let text = "";
    for await (const piece of result.textStream) text += piece;
    assert(text && (await result.usage).outputTokens > 0);
  },
  test_parallel_tools: async (model) => {
    const magic = new Magic();
    const asked = { model, prompt: twice, tools: magic.tools, stopWhen: stepCountIs(3) };
    magic.check((await generateText({ ...asked, maxRetries: 0 })).text);
  },
  test_parallel_tools_in_a_stream: async (model) => {
    const magic = new Magic();
    const asked = { model, prompt: twice, tools: magic.tools, stopWhen: stepCountIs(3) };
    magic.check(await streamText({ ...asked, maxRetries: 0, onError() {} }).text);
  },
  test_structured_output: async (model) => {
    const output = Output.object({ schema: City });
    const answer = await generateText({ model, prompt: describe, output, maxRetries: 0 });
    assert.deepEqual(answer.output, KOELN);
  },
};

const results = [];
for (const [row, connect] of Object.entries(ROWS)) {
  // Its Google provider takes an id with a slash as a whole resource name.
  const prefix = row.endsWith("Gemini") ? "models/" : "";
  for (const provider of providers.split(",")) {
    for (const [test, run] of Object.entries(TESTS)) {
      const result = { row, provider, test, outcome: "passed", reason: "" };
      await run(connect(`${prefix}${provider}/sim-small`)).catch((error) => {
        result.outcome = "failed";
        result.reason = `${error.stack}\n${error.responseBody ?? ""}`;
      });
      results.push(result);
    }
  }
}
console.log(JSON.stringify(results));
