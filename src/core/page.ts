/** What `limit` rows of a list are to whoever asked: the items, and where the next page begins. */
export interface Page<Item> {
  items: Item[];
  /** Null where nothing comes after. */
  nextCursor: string | null;
}

export interface PageOf<Row, Item> {
  limit: number;
  toItem: (row: Row) => Item;
  toCursor: (row: Row) => string;
}

export function pageOf<Row, Item>(rows: readonly Row[], of: PageOf<Row, Item>): Page<Item> {
  const last = rows.length === of.limit ? rows.at(-1) : undefined;
  const nextCursor = last === undefined ? null : of.toCursor(last);
  return { items: rows.map((row) => of.toItem(row)), nextCursor };
}
