import { itemText } from "@/shared/datasets/itemText";

/** The rows of a file by the names of its columns. */
export interface FileRows {
  columns: string[];
  rows: Record<string, unknown>[];
}

const MOST_ROWS = 50_000; // of a file that a browser reads; more are for the command line

/** Reads CSV, TSV, JSON lines, or a JSON array. Throws an error that says what to do. */
export function readRows(name: string, text: string): FileRows {
  const found = /\.(csv|tsv)$/i.test(name)
    ? readTable(text, /\.tsv$/i.test(name) ? "\t" : ",")
    : readJson(text);
  if (found.rows.length === 0) throw new Error(`${name} has no rows.`);
  if (found.rows.length > MOST_ROWS) {
    throw new Error(
      `${name} has more than ${MOST_ROWS} rows. Import it with: penstock dataset import NAME ${name}`,
    );
  }
  return found;
}

function readJson(text: string): FileRows {
  const rows = text.trimStart().startsWith("[")
    ? (JSON.parse(text) as unknown[])
    : text.split("\n").flatMap((line, at) => (line.trim() ? [parsedLine(line, at + 1)] : []));
  const objects = rows.map((row, at) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) {
      return row as Record<string, unknown>;
    }
    throw new Error(`Row ${at + 1} is no JSON object.`);
  });
  return { columns: [...new Set(objects.flatMap((row) => Object.keys(row)))], rows: objects };
}

function parsedLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`Line ${number} is not valid JSON. Each line is one object.`);
  }
}

function readTable(text: string, delimiter: string): FileRows {
  const [header, ...records] = tableRecords(text.replace(/^\uFEFF/, ""), delimiter);
  const columns = header ?? [];
  if (columns.length === 0 || new Set(columns).size < columns.length || columns.includes("")) {
    throw new Error("The first row must name all columns, each differently.");
  }
  const rows = records.map((record, at) => {
    if (record.length !== columns.length) {
      throw new Error(
        `Record ${at + 2} has ${record.length} columns, but the first row names ${columns.length}.`,
      );
    }
    return Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ""]));
  });
  return { columns, rows };
}

/** The records of CSV (RFC 4180): quoted fields may have delimiters, quotes and lines. */
function tableRecords(text: string, delimiter: string): string[][] {
  const records: string[][] = [];
  const field = new RegExp(`("(?:[^"]|"")*"|(?!")[^${delimiter}\\r\\n]*)(${delimiter}|\\r?\\n|$)`, "gy");
  let record: string[] = [];
  while (field.lastIndex < text.length || record.length > 0) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new Error(`A quote at character ${at + 1} has no end.`);
    const [, value = "", end] = match;
    record.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === delimiter) continue;
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
  }
  return records;
}

export const ITEM_FIELDS = ["input", "expected", "context", "id", "split", "group"] as const;
export type ItemField = (typeof ITEM_FIELDS)[number];
export type ColumnMap = Record<ItemField, string>;

const USUAL: Record<ItemField, readonly string[]> = {
  input: ["input", "question", "prompt", "query", "instruction", "messages", "text"],
  expected: ["expected", "expected_output", "answer", "output", "completion", "reference", "label"],
  context: ["context", "contexts"],
  id: ["id"],
  split: ["split"],
  group: ["group"],
};

/** The columns by their usual names; the first column is the input if none has such a name. */
export function usualColumns(columns: readonly string[]): ColumnMap {
  const find = (field: ItemField) => USUAL[field].find((name) => columns.includes(name)) ?? "";
  const found = Object.fromEntries(ITEM_FIELDS.map((field) => [field, find(field)])) as ColumnMap;
  return { ...found, input: found.input || (columns[0] ?? "") };
}

/** An item of each row. Columns without a field become metadata. */
export function itemsOf({ columns, rows }: FileRows, map: ColumnMap, file: string) {
  const used = new Set(Object.values(map));
  const others = columns.filter((column) => !used.has(column) && column !== "metadata");
  return rows.map((row, at) => {
    const text = (field: ItemField) => itemText(row[map[field]]).trim();
    const expected = map.expected ? row[map.expected] : null;
    const metadata = others.filter((name) => isGiven(row[name])).map((name) => [name, row[name]]);
    const own = row["metadata"];
    return {
      id: text("id"),
      input: row[map.input],
      expected: isGiven(expected) ? expected : null,
      context: contextOf(map.context ? row[map.context] : undefined),
      metadata: {
        ...(typeof own === "object" ? own : {}),
        ...(Object.fromEntries(metadata) as Record<string, unknown>),
      },
      split: text("split"),
      group: text("group"),
      source: { kind: "file", trace_id: "", span_id: "", place: `${file}, row ${at + 1}` },
    };
  });
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function contextOf(value: unknown): string[] {
  if (!isGiven(value)) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
