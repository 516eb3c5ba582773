import { describe, expect, it } from "vitest";

import {
  type AnswerBody,
  EMPTY_BODY,
  MAX_READ_BYTES,
  MAX_SHOWN_CHARS,
  readBody,
} from "@/features/playground/request/answerBody";
import { toBase64, toSentFile } from "@/features/playground/request/files";
import { MAX_PICTURES, withoutPictures } from "@/features/playground/request/pictures";

type Known = AnswerBody & { error?: string };

const PNG = "iVBORw0KGgoAAAAN";

async function bodyOf(type: string, ...parts: (string | Uint8Array<ArrayBuffer>)[]) {
  let [found, cancelled] = [EMPTY_BODY as Known, false];
  const bodies: string[] = [];
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(control) {
      const part = parts[at++];
      if (part === undefined) control.close();
      else control.enqueue(typeof part === "string" ? new TextEncoder().encode(part) : part);
    },
    cancel() {
      cancelled = true;
    },
  });
  await readBody(stream, type, (part) => {
    found = { ...found, ...part };
    if (part.body !== undefined) bodies.push(part.body);
  });
  return { found, bodies, cancelled };
}

describe("the body of an answer", () => {
  it("is a text that grows as a stream arrives, also where a character is divided", async () => {
    const [first, second] = [new Uint8Array([0x61, 0xc3]), new Uint8Array([0xb8])];
    const { found, bodies } = await bodyOf("text/event-stream; charset=utf-8", first, second);
    expect(bodies).toEqual(["a", "aø"]);
    expect(found).toEqual({ ...EMPTY_BODY, body: "aø", size: 3 });
  });

  it("is a file with type and size where it is no text", async () => {
    const { found, bodies } = await bodyOf("audio/mpeg", new Uint8Array(7), new Uint8Array(3));
    expect(bodies).toEqual([]);
    expect([found.file?.type, found.file?.size, found.body]).toEqual(["audio/mpeg", 10, ""]);
  });

  it("has the images of a document apart from its text", async () => {
    const answer = JSON.stringify({ data: [{ b64_json: PNG }], usage: { total_tokens: 1 } });
    const { found } = await bodyOf("application/json", answer.slice(0, 20), answer.slice(20));
    const src = `data:image/png;base64,${PNG}`;
    expect(found.pictures).toEqual([{ src, type: "image/png", size: 12 }]);
    expect(JSON.parse(found.body)).toEqual({
      data: [{ b64_json: "(image/png, 12 B)" }],
      usage: { total_tokens: 1 },
    });
  });

  it("is shown up to a limit", async () => {
    for (const type of ["text/plain", "application/json"]) {
      const { found } = await bodyOf(type, "x".repeat(MAX_SHOWN_CHARS + 1));
      expect([found.body.length, found.cut]).toEqual([MAX_SHOWN_CHARS, true]);
    }
  });

  it("is read up to a limit, and then ended", async () => {
    const large = new Uint8Array(MAX_READ_BYTES);
    const { found, cancelled } = await bodyOf("audio/wav", large, new Uint8Array(1), large);
    expect([found.cut, found.file, cancelled]).toEqual([true, undefined, true]);
    expect(found.error).toMatch("longer than 32 MiB");
  });
});

describe("images in an answer", () => {
  it("are as many as a page can show, of types that are known", () => {
    const images = Array.from({ length: MAX_PICTURES + 1 }, () => ({ b64_json: PNG }));
    const svg = { b64_json: "PHN2ZyB4bWxucz0=" };
    const { text, pictures } = withoutPictures(JSON.stringify({ data: [svg, ...images] }));
    expect(pictures.length).toBe(MAX_PICTURES);
    expect(text).toContain("(unknown type, 11 B)");
    expect(text).not.toContain(PNG);
  });

  it("leave another text as it is", () => {
    for (const text of ["", "{", '{"b64_json": 1}', '{"data": [{"embedding": [1]}]}', "[1]"]) {
      expect(withoutPictures(text)).toEqual({ text, pictures: [] });
    }
    const odd = '{"data": [{"b64_json": 1}, null]}';
    expect(JSON.parse(withoutPictures(odd).text)).toEqual(JSON.parse(odd));
  });
});

describe("a file", () => {
  it("is sent as base64, with its type and a name that the server takes", async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    const file = new File([bytes], `${"a".repeat(300)}.webm`, { type: "audio/webm;codecs=opus" });
    const sent = await toSentFile(file);
    expect([sent.field, sent.content_type, sent.name.length]).toEqual(["file", "audio/webm", 200]);
    expect((await toSentFile(new File([], "a"))).content_type).toBe("application/octet-stream");
  });
});
