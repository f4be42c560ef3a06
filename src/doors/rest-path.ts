/** A line in the tables of plain paths. */
import type { z } from 'zod';
import { limits } from '../contract/index.ts';

export interface Answering<Out extends z.ZodType> {
  name: string;
  output: Out;
}

/** Asks the hub in the name of whoever sent the request; `claimed` is whom it names as itself. */
export type Ask = <Out extends z.ZodType>(
  operation: Answering<Out>,
  input: Record<string, unknown>,
  claimed?: unknown,
) => Promise<z.output<Out>>;

export interface RestRequest {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: Readonly<Record<string, unknown>>;
}

export interface RestPath {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  /** Without one it is refused; elsewhere a body is not looked at. */
  takesBody?: true;
  answer: (ask: Ask, request: RestRequest) => Promise<unknown>;
}

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** These paths know no pages, so that a list is asked for page by page until it is whole. */
export async function all<Item>(
  pageAfter: (page: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const limit = limits.pageMax;
  let { items, nextCursor } = await pageAfter({ limit });
  while (nextCursor !== null && items.length < limits.plainListMax) {
    const next = await pageAfter({ limit, cursor: nextCursor });
    items = items.concat(next.items);
    ({ nextCursor } = next);
  }
  return items;
}
