interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** All items of a paged list, asked for page by page. For lists of people's size. */
export async function everyPage<T>(fetch: (cursor: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined = "";
  while (cursor !== null && cursor !== undefined) {
    const page: Page<T> = await fetch(cursor);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}
