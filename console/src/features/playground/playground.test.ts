import { expect, test } from "vitest";

import { EMPTY_ANSWER, errorOf, readAnswer, withLine } from "@/features/playground/answer";
import {
  bodyOf,
  contentOf,
  EMPTY_START,
  parseValues,
  withCopy,
} from "@/features/playground/column";

const [COLUMN] = EMPTY_START.columns as [(typeof EMPTY_START.columns)[0]];

test("a body has the rendered messages and the JSON parts of the column", () => {
  const column = {
    ...COLUMN,
    model: " m ",
    parameters: '{"top_p": 1}',
    schema: '{"type": "object"}',
  };
  const body = bodyOf(column, [{ role: "user", content: "x" }]);
  expect(body).toMatchObject({ model: "m", top_p: 1, messages: [{ content: "x" }], stream: true });
  expect(body).toHaveProperty("response_format.json_schema.schema.type", "object");
  expect(body).not.toHaveProperty("tools");
});

test("the variables of a content have the types of their values", () => {
  const values = parseValues('{"a": "x", "b": 1, "c": 1.5, "d": [1], "e": {}, "f": true}');
  const { variables } = contentOf(COLUMN, values);
  const types = Object.values(variables ?? {}).map(({ type }) => type);
  expect(types).toEqual(["string", "integer", "number", "list", "object", "boolean"]);
});

test.each([
  ["parameters", "{"],
  ["parameters", "[1]"],
  ["tools", "x"],
] as const)("%s that are %s are named", (part, text) => {
  expect(() => bodyOf({ ...COLUMN, [part]: text }, [])).toThrow(/^(Parameters|Tools): /);
});

test("a copy of the last column has an id of its own", () => {
  const columns = withCopy(EMPTY_START.columns);
  expect(columns.map(({ id }) => id)).toEqual([1, 2]);
  expect(columns[1]?.messages).toEqual(COLUMN.messages);
});

const LINES = [
  'data: {"choices":[{"delta":{"content":"Hé"}}]}',
  ": waiting",
  'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]}}]}',
  'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":"tool_calls"}]}',
  'data: {"choices":[]}',
  "data: [DONE]",
  "data: {",
];

test("a stream is the same however it is cut", async () => {
  const bytes = new TextEncoder().encode(LINES.join("\n\n") + "\n");
  for (const size of [1, 7, bytes.length]) {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) {
          controller.enqueue(bytes.slice(at, at + size));
        }
        controller.close();
      },
    });
    const answer = await readAnswer(stream, () => undefined);
    const toolCalls = [{ name: "f", args: "{}" }];
    expect(answer).toEqual({ text: "Hé", toolCalls, finish: "tool_calls", error: "" });
  }
});

test("errors are shown with what to do", () => {
  expect(withLine(EMPTY_ANSWER, 'data: {"error":{"message":"late"}}').error).toBe("late");
  expect(errorOf({ detail: "No key.", hint: "Make one." }, 422)).toBe("No key. Make one.");
  expect(errorOf({ error: { message: "No model." } }, 404)).toBe("No model.");
  expect(errorOf(null, 500)).toBe("Status 500.");
});
