interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** Fetches all pages of a list. For short lists only. */
export async function fetchAllPages<T>(fetch: (cursor: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined = "";
  while (cursor !== null && cursor !== undefined) {
    const page: Page<T> = await fetch(cursor);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}
