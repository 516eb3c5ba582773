import { describe, expect, it } from "vitest";

import { EXTRAS, hasExtra, withChoice, withExtra } from "@/features/playground/request/bodyEdits";
import { isObject, parseBody, write } from "@/features/playground/request/json";
import { SURFACES } from "@/features/playground/request/surfaces";

describe("the example of each surface", () => {
  for (const surface of SURFACES) {
    it(`${surface.name} adds and removes its parts, and nothing else`, () => {
      const begin = withChoice(surface, surface.example, "sim/sim-small", false);
      for (const { id } of EXTRAS.filter(({ id }) => surface[id])) {
        const added = withExtra(surface, begin, id, true);
        expect(hasExtra(surface, begin, id)).toBe(false);
        expect(hasExtra(surface, added, id)).toBe(true);
        expect(withExtra(surface, added, id, false)).toEqual(begin);
      }
    });
  }

  it("names model and stream where the format has them", () => {
    const [chat] = SURFACES;
    const gemini = SURFACES.find(({ id }) => id === "gemini");
    if (!chat || !gemini) throw new Error("both exist");
    const body = withChoice(chat, { stream: true, top_p: 1 }, "a/b", false);
    expect(body).toEqual({ model: "a/b", top_p: 1 });
    expect(withChoice(gemini, { contents: [] }, "a/b", true)).toEqual({ contents: [] });
    expect(gemini.path("a/b", true)).toBe("/v1beta/models/a/b:streamGenerateContent?alt=sse");
  });

  it("leaves a body of another shape as it is", () => {
    const [chat] = SURFACES;
    if (!chat) throw new Error("it exists");
    for (const body of [{ messages: "text" }, { messages: [] }, { messages: [{ content: "x" }] }]) {
      expect(withExtra(chat, body, "image", true)).toEqual(body);
    }
  });
});

describe("a body", () => {
  it("is a JSON object, or an error", () => {
    expect(parseBody('{"a": 1}')).toEqual({ a: 1 });
    expect(parseBody("[1]")).toBeInstanceOf(Error);
    expect(parseBody("{")).toBeInstanceOf(Error);
    expect(isObject(null)).toBe(false);
    expect(write({ a: 1 })).toBe('{\n  "a": 1\n}');
  });
});
