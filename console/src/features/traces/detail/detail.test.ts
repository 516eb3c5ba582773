import { describe, expect, it } from "vitest";

import { changeOf, translations } from "@/features/traces/detail/CallNotes";
import { attemptsOf } from "@/features/traces/detail/attempts";
import { asCurl } from "@/features/traces/detail/curl";
import { inlineImage } from "@/features/traces/detail/media";
import { displayPart, type MessagePart } from "@/features/traces/detail/messages";
import type { Span } from "@/features/traces/detail/queries";
import { layoutSpans } from "@/features/traces/detail/waterfall";

function span(given: Partial<Span>): Span {
  return {
    trace_id: "t",
    span_id: "call",
    parent_span_id: null,
    name: "chat sim-small",
    kind: "call",
    start: "2026-11-21T12:00:00.000000Z",
    end: "2026-11-21T12:00:01.000000Z",
    duration_ms: 1000,
    ttft_ms: null,
    overhead_ms: 0.2,
    status: "ok",
    error: null,
    attributes: { "gen_ai.operation.name": "chat" },
    input: null,
    output: null,
    tools: null,
    events: [],
    usage: null,
    cost: null,
    request: "{}",
    response: "",
    ...given,
  };
}

describe("a call as curl", () => {
  it("escapes quotes in the request", () => {
    const lines = asCurl(span({ request: `{"q":"it's"}` }), "http://127.0.0.1:4000");
    expect(lines).toContain("curl http://127.0.0.1:4000/v1/chat/completions");
    expect(lines).toContain(`-d '{"q":"it'\\''s"}'`);
  });

  it("uses the path and the headers of its wire format", () => {
    const of = (dialect: string, operation = "chat") =>
      asCurl(
        span({ attributes: { "gen_ai.operation.name": operation, "penstock.dialect": dialect } }),
        "http://gw",
      );
    expect(of("anthropic")).toContain("http://gw/v1/messages");
    expect(of("anthropic")).toContain("anthropic-version");
    expect(of("openai")).not.toContain("anthropic-version");
    expect(of("gemini")).toBeNull();
  });

  it("uses the path of its operation", () => {
    const embeddings = span({ attributes: { "gen_ai.operation.name": "embeddings" } });
    expect(asCurl(embeddings, "http://gw")).toContain("http://gw/v1/embeddings");
    const media = (operation: string) =>
      span({
        attributes: { "gen_ai.operation.name": operation, "penstock.dialect": "openai_media" },
      });
    expect(asCurl(media("speech"), "http://gw")).toContain("http://gw/v1/audio/speech");
    expect(asCurl(media("transcription"), "http://gw")).toBeNull();
  });
});

describe("the waterfall", () => {
  it("puts attempts below their call, ordered by start", () => {
    const { bars, lengthMs } = layoutSpans([
      span({
        span_id: "second",
        parent_span_id: "call",
        kind: "attempt",
        start: "2026-11-21T12:00:00.500Z",
        duration_ms: 500,
        ttft_ms: 250,
      }),
      span({ span_id: "first", parent_span_id: "call", kind: "attempt", duration_ms: 400 }),
      span({}),
    ]);
    expect(lengthMs).toBe(1000);
    expect(bars.map((bar) => [bar.span.span_id, bar.depth, bar.left, bar.width])).toEqual([
      ["call", 0, 0, 1],
      ["first", 1, 0, 0.4],
      ["second", 1, 0.5, 0.5],
    ]);
    expect(bars[2]?.firstToken).toBe(0.75);
  });

  it("shows spans without a known parent as roots", () => {
    const { bars } = layoutSpans([span({ parent_span_id: "the caller's span" })]);
    expect(bars).toHaveLength(1);
  });
});

describe("message parts", () => {
  it("distinguish tool calls and tool results", () => {
    const call = displayPart({
      type: "tool_call",
      id: "c1",
      name: "weather",
      arguments: { city: "Graz" },
    });
    expect(call).toEqual({ kind: "tool call", title: "weather", id: "c1", json: { city: "Graz" } });
    const result = displayPart({ type: "tool_call_response", id: "c1", response: '{"t":3}' });
    expect(result).toEqual({ kind: "tool result", id: "c1", json: { t: 3 } });
  });

  it("show JSON output as data, and text that only starts like JSON as text", () => {
    const read = (content: unknown) => displayPart({ type: "text", content });
    expect(read('{"urgency":"low"}').json).toEqual({ urgency: "low" });
    expect(read("[sic] he said")).toEqual({ kind: "text", text: "[sic] he said" });
    expect(read(null)).toEqual({ kind: "text", text: "" });
  });

  it("show media by address or file, and token ids by number", () => {
    const image = { type: "uri", modality: "image", uri: "https://example.org/a.png" } as const;
    expect(displayPart(image)).toMatchObject({ kind: "media", text: "https://example.org/a.png" });
    const file = { type: "file", modality: "file", file_id: "file-1" } as const;
    expect(displayPart(file)).toMatchObject({ kind: "media", text: "file-1" });
    expect(displayPart({ type: "token_ids", count: 3 }).text).toBe("3 token IDs");
  });

  it("show the parts of a result, whether it is an error, and the sources of a text", () => {
    const text = { type: "text", content: "rain", citations: [{ title: "Weather" }] } as const;
    const result = { type: "tool_call_response", id: "c1", response: [text], is_error: true };
    expect(displayPart(result as MessagePart)).toEqual({
      kind: "tool result",
      id: "c1",
      isError: true,
      parts: [{ kind: "text", text: "rain", sources: [{ title: "Weather" }] }],
    });
    const openai = { ...result, is_error: undefined, response: [{ type: "text", text: "rain" }] };
    expect(displayPart(openai as MessagePart).json).toEqual([{ type: "text", text: "rain" }]);
  });

  it("show unknown types unchanged", () => {
    const part = { type: "hologram", depth: 3 } as unknown as MessagePart;
    expect(displayPart(part)).toEqual({ kind: "other", title: "hologram", json: part });
  });
});

describe("inline images", () => {
  const source = { type: "base64", media_type: "image/png", data: "AAAA" };
  const shown = span({
    request: JSON.stringify({ "a/b": [source, { url: "data:image/gif;base64,BBBB" }] }),
  });

  it("are found at their pointer", () => {
    const png = inlineImage(shown, "request:#/a~1b/0/data", "image/png");
    expect(png).toBe("data:image/png;base64,AAAA");
    const gif = inlineImage(shown, "request:#/a~1b/1/url");
    expect(gif).toBe("data:image/gif;base64,BBBB");
  });

  it("are nothing else: no other host, no other type, no wrong pointer", () => {
    expect(inlineImage(shown, "https://example.org/a.png", "image/png")).toBeNull();
    expect(inlineImage(shown, "request:#/a~1b/0/data", "image/svg+xml")).toBeNull();
    expect(inlineImage(shown, "request:#/a~1b/7/data", "image/png")).toBeNull();
    expect(inlineImage(span({ request: "{" }), "request:#/a", "image/png")).toBeNull();
  });
});

describe("the notes of a call", () => {
  it("name what a translation dropped, changed and fetched", () => {
    const attempt = span({
      span_id: "first",
      parent_span_id: "call",
      kind: "attempt",
      attributes: {
        "penstock.translation.dropped": ["seed", "user"],
        "penstock.translation.changed": ["reasoning.budget"],
        "penstock.translation.fetched": ["image image/png 68 bytes"],
      },
    });
    const other = span({ span_id: "second", parent_span_id: "call", kind: "attempt" });
    expect(translations(span({}), [span({}), attempt, other])).toEqual([
      "Translation: dropped seed, user; changed reasoning.budget; fetched image image/png 68 bytes.",
    ]);
  });

  it("name both versions of a model", () => {
    const call = span({
      attributes: { "gen_ai.response.model": "m-1", "openai.response.system_fingerprint": "fp_2" },
    });
    const note = changeOf(call, {
      name: "penstock.model.changed",
      attributes: {
        "penstock.previous.model": "m-1",
        "penstock.previous.fingerprint": "fp_1",
        "penstock.previous.time": "2026-11-21T12:00:00Z",
      },
    });
    expect(note).toContain("m-1 / fp_2, before m-1 / fp_1");
  });
});

describe("the attempts of a call", () => {
  it("are in order, each with its target and the name of its credential", () => {
    const attempt = (id: string, start: string, model: string) =>
      span({
        span_id: id,
        parent_span_id: "call",
        kind: "attempt",
        start,
        attributes: { "gen_ai.provider.name": "sim", "penstock.model": model },
      });
    const call = span({ attributes: { "penstock.credentials": ["team-a", ""] } });
    const second = attempt("b", "2026-11-21T12:00:00.500000Z", "large");
    const first = attempt("a", "2026-11-21T12:00:00.000000Z", "small");
    const found = attemptsOf(call, [call, second, first, span({ span_id: "other" })]);
    expect(found.map((one) => [one.provider, one.model, one.credential])).toEqual([
      ["sim", "small", "team-a"],
      ["sim", "large", ""],
    ]);
  });
});
