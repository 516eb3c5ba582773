import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { itemOf, usualColumns } from "@/features/datasets/importing/columns";
import { CsvReader } from "@/features/datasets/importing/csv";
import { readRows } from "@/features/datasets/importing/rows";
import { batchesOf, checkFile } from "@/features/datasets/importing/work";

const WORK = { signal: new AbortController().signal, onProgress: () => undefined };

function file(name: string, text: string): File {
  return new File([text], name);
}

async function rowsOf(given: File) {
  const rows = [];
  for await (const row of readRows(given)) rows.push(row);
  return rows;
}

test("CSV keeps quotes, line breaks and line numbers, wherever its pieces end", () => {
  const text = 'a,b\r\n"x ""y""","two\nlines"\r\n\r\n1,';
  const whole = new CsvReader(",");
  const lines = [...whole.read(text), whole.end()];
  const single = new CsvReader(",");
  const pieces = Array.from(text).flatMap((char) => single.read(char));
  expect([...pieces, single.end()]).toEqual(lines);
  expect(lines).toEqual([
    { line: 1, cells: ["a", "b"] },
    { line: 2, cells: ['x "y"', "two\nlines"] },
    { line: 5, cells: ["1", ""] },
  ]);
  const open = new CsvReader(",");
  open.read('a\n"b');
  expect(() => open.end()).toThrow("begins in line 2");
});

test("a check names the lines with errors and changes nothing", async () => {
  const given = file("faq.csv", "question,answer,topic\nWhy?,So.,x\n,empty,y\none,two\nHow?,,z\n");
  const columns = usualColumns(["question", "answer", "topic"]);
  expect(columns.map(({ role }) => role)).toEqual(["input", "expected", "metadata"]);
  const found = await checkFile(given, columns, WORK);
  expect(found.items).toBe(2);
  expect(found.listed).toEqual([
    { place: "faq.csv, line 3", message: "it has no input" },
    {
      place: "faq.csv, line 4",
      message: "it has 2 columns, but the first row names 3",
    },
  ]);
  expect(found.first[1]).toMatchObject({ input: "How?", expected: null, metadata: { topic: "z" } });
});

test("several inputs become an object, and JSON is parsed where that is wanted", () => {
  const columns = [
    { name: "a", role: "input", json: false },
    { name: "b", role: "input", json: true },
    { name: "c", role: "context", json: true },
    { name: "d", role: "unused", json: false },
  ] as const;
  const fields = { a: "1", b: "[2]", c: '["p","q"]', d: "x" };
  const item = itemOf({ place: "f, line 2", done: 1, fields }, columns);
  expect(item).toMatchObject({ input: { a: "1", b: [2] }, context: ["p", "q"], metadata: {} });
  const wrong = { place: "f, line 3", done: 1, fields: { ...fields, b: "{" } };
  expect(() => itemOf(wrong, columns)).toThrow("the column “b” is not valid JSON");
});

test("JSON lines have errors by line; an exported item keeps its origin", async () => {
  const source = { kind: "span", trace_id: "t", span_id: "s", place: "" };
  const own = { id: "a", input: "x", expected: null, context: [], metadata: {}, source };
  const text = `${JSON.stringify({ ...own, findings: ["email"] })}\n[1]\n{"input": \n`;
  const found = await checkFile(file("a.jsonl", text), usualColumns(["input"]), WORK);
  expect(found.first).toEqual([{ ...own, split: "", group: "" }]);
  expect(found.listed.map(({ place }) => place)).toEqual(["a.jsonl, line 2", "a.jsonl, line 3"]);
});

test("a large file is sent in batches", async () => {
  const text = Array.from({ length: 1200 }, (_, at) => `{"input": "q${at}"}`).join("\n");
  const sizes = [];
  for await (const batch of batchesOf(file("a.jsonl", text), usualColumns(["input"]), WORK)) {
    sizes.push(batch.length);
  }
  expect(sizes).toEqual([500, 500, 200]);
});

test("Parquet and Excel files have rows", async () => {
  const folder = "src/features/datasets/importing/fixtures";
  for (const name of ["faq.parquet", "faq.xlsx"]) {
    const rows = await rowsOf(new File([readFileSync(`${folder}/${name}`)], name));
    expect(rows.map(({ fields }) => fields)).toMatchObject([
      { question: "Why?", answer: "So.", grade: 3 },
      { question: "How?", answer: "Thus.", grade: 4 },
    ]);
    expect(rows.map(({ place }) => place)).toEqual(
      name === "faq.xlsx"
        ? [`${name}, row 2`, `${name}, row 3`]
        : [`${name}, row 1`, `${name}, row 2`],
    );
  }
});

test("a file that is not known, or not text, says what to do", async () => {
  expect(() => readRows(file("a.doc", ""))).toThrow("Use one of .csv");
  const latin = new File([new Uint8Array([0x61, 0x0a, 0xe9, 0x0a])], "a.csv");
  await expect(rowsOf(latin)).rejects.toThrow("is not UTF-8");
  await expect(rowsOf(file("a.csv", "a,a\n1,2\n"))).rejects.toThrow("not different ones");
});
