import { CsvReader, MAX_CELL_CHARS, type CsvLine } from "@/features/datasets/importing/csv";

/** A row of a file, or what is wrong with it. `done`: the share of the file that is read. */
export interface FileRow {
  place: string;
  done: number;
  fields: Record<string, unknown>;
  problem?: string;
}

/** The largest file that is read completely before its first row. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;
const PARQUET_ROWS = 500;
export const SUFFIXES = [".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx"];

/** Yields the rows of a file; its name says the format. Throws if it cannot be read at all. */
export function readRows(file: File): AsyncGenerator<FileRow> {
  const suffix = /\.[^.]*$/.exec(file.name.toLowerCase())?.[0] ?? "";
  if (suffix === ".csv" || suffix === ".tsv") return csvRows(file, suffix === ".tsv" ? "\t" : ",");
  if (suffix === ".jsonl" || suffix === ".ndjson") return jsonRows(file);
  if (suffix === ".parquet") return parquetRows(file);
  if (suffix === ".xlsx") return excelRows(file);
  throw new Error(
    `${file.name} has a format that is not known. Use one of ${SUFFIXES.join(", ")}.`,
  );
}

/** Yields the text of a file in pieces, each with the share that is read. */
async function* pieces(file: File): AsyncGenerator<{ text: string; done: number }> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = file.stream().getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      yield { text: decoder.decode(value, { stream: true }), done: bytes / file.size };
    }
    decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Error(`${file.name} is not UTF-8. Save it as UTF-8.`, { cause: error });
  } finally {
    await reader.cancel();
  }
}

async function* csvRows(file: File, delimiter: string): AsyncGenerator<FileRow> {
  const reader = new CsvReader(delimiter);
  let header: string[] | undefined;
  let share = 0;
  const row = (line: CsvLine): FileRow | undefined => {
    if (header) return csvRow(line, header, file.name, share);
    header = checkedHeader(line.cells, file.name);
    return undefined;
  };
  for await (const { text, done } of pieces(file)) {
    share = done;
    for (const line of reader.read(text)) {
      const found = row(line);
      if (found) yield found;
    }
  }
  const last = reader.end();
  const found = last && row(last);
  if (found) yield found;
}

function csvRow({ line, cells }: CsvLine, header: string[], name: string, done: number): FileRow {
  const fields = Object.fromEntries(header.map((column, at) => [column, cells[at] ?? ""]));
  const row = { place: `${name}, line ${line}`, done, fields };
  if (cells.length === header.length) return row;
  const problem = `it has ${cells.length} columns, but the first row names ${header.length}`;
  return { ...row, problem };
}

function checkedHeader(cells: readonly string[], name: string): string[] {
  const header = cells.map((cell) => cell.trim());
  while (header.at(-1) === "") header.pop();
  if (header.length > 0 && !header.includes("") && new Set(header).size === header.length) {
    return header;
  }
  throw new Error(`The first row of ${name} has no names of columns, or not different ones.`);
}

async function* jsonRows(file: File): AsyncGenerator<FileRow> {
  let [rest, number, share] = ["", 0, 0];
  for await (const { text, done } of pieces(file)) {
    share = done;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_CELL_CHARS) {
      throw new Error(`Line ${number + lines.length + 1} of ${file.name} is longer than 8 MiB.`);
    }
    for (const line of lines) {
      number += 1;
      if (line.trim()) yield jsonRow(line, `${file.name}, line ${number}`, share);
    }
  }
  if (rest.trim()) yield jsonRow(rest, `${file.name}, line ${number + 1}`, 1);
}

function jsonRow(line: string, place: string, done: number): FileRow {
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) {
      return { place, done, fields: fields as Record<string, unknown> };
    }
    return { place, done, fields: {}, problem: "it is no JSON object" };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { place, done, fields: {}, problem: `it is not valid JSON: ${why}` };
  }
}

async function* parquetRows(file: File): AsyncGenerator<FileRow> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const buffer = {
    byteLength: file.size,
    slice: (start: number, end?: number) => file.slice(start, end).arrayBuffer(),
  };
  const metadata = await parquetMetadataAsync(buffer);
  const count = Number(metadata.num_rows);
  for (let start = 0; start < count; start += PARQUET_ROWS) {
    const end = Math.min(count, start + PARQUET_ROWS);
    const rows = await parquetReadObjects({ file: buffer, metadata, rowStart: start, rowEnd: end });
    for (const [at, fields] of rows.entries()) {
      const number = start + at + 1;
      yield { place: `${file.name}, row ${number}`, done: number / count, fields };
    }
  }
}

async function* excelRows(file: File): AsyncGenerator<FileRow> {
  if (file.size > MAX_WHOLE_BYTES) {
    throw new Error(`${file.name} is larger than 64 MiB. Save the sheet as CSV.`);
  }
  const { readSheet } = await import("read-excel-file/universal");
  const [first, ...rows] = await readSheet(file);
  const header = checkedHeader(
    (first ?? []).map((cell) => String(cell ?? "")),
    file.name,
  );
  for (const [at, cells] of rows.entries()) {
    if (cells.every((cell) => cell === null)) continue;
    const fields = Object.fromEntries(header.map((column, index) => [column, cells[index] ?? ""]));
    yield { place: `${file.name}, row ${at + 2}`, done: (at + 1) / rows.length, fields };
  }
}
