import { itemOf, type Column, type NewItem } from "@/features/datasets/importing/columns";
import { readRows } from "@/features/datasets/importing/rows";

/** Errors that a check lists; further ones are counted. */
const MAX_LISTED = 100;
const SHOWN_ITEMS = 5;
/** Items of one request, and their characters. */
const BATCH_ITEMS = 500;
const BATCH_CHARS = 1_000_000;
/** Rows after which the page may draw itself. */
const PAUSE_ROWS = 2000;

/** What a file would become. */
export interface FileCheck {
  items: number;
  errors: number;
  listed: readonly { place: string; message: string }[];
  first: readonly NewItem[];
}

interface Work {
  signal: AbortSignal;
  /** Called with the share of the file that is read. */
  onProgress: (share: number) => void;
}

/** Reads a whole file and returns what it would become. Changes nothing. */
export async function checkFile(
  file: File,
  columns: readonly Column[],
  work: Work,
): Promise<FileCheck> {
  const first: NewItem[] = [];
  const listed: { place: string; message: string }[] = [];
  let [items, errors] = [0, 0];
  for await (const { item, place, message } of itemsOf(file, columns, work)) {
    if (item) {
      items += 1;
      if (first.length < SHOWN_ITEMS) first.push(item);
    } else {
      errors += 1;
      if (listed.length < MAX_LISTED) listed.push({ place, message });
    }
  }
  return { items, errors, listed, first };
}

/** Yields the valid items of a file in batches for requests. */
export async function* batchesOf(file: File, columns: readonly Column[], work: Work) {
  let [batch, chars] = [[] as NewItem[], 0];
  for await (const { item } of itemsOf(file, columns, work)) {
    if (!item) continue;
    const own = JSON.stringify(item).length;
    if (batch.length > 0 && (batch.length === BATCH_ITEMS || chars + own > BATCH_CHARS)) {
      yield batch;
      [batch, chars] = [[], 0];
    }
    batch.push(item);
    chars += own;
  }
  if (batch.length > 0) yield batch;
}

async function* itemsOf(file: File, columns: readonly Column[], { signal, onProgress }: Work) {
  let rows = 0;
  for await (const row of readRows(file)) {
    signal.throwIfAborted();
    rows += 1;
    if (rows % PAUSE_ROWS === 0) {
      onProgress(row.done);
      await new Promise((resolve) => setTimeout(resolve));
    }
    try {
      yield { item: itemOf(row, columns), place: row.place, message: "" };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      yield { item: undefined, place: row.place, message };
    }
  }
  onProgress(1);
}
