/** What the hub knows of a file that may have been sent before its key was forgotten. */
import { limits, type Input } from '../contract/index.ts';
import type { Client } from '../client/index.ts';
import type { Draft } from './draft.ts';

const PAGE = limits.pageMax;

/** The message that was made of this very file, if there is one. */
export async function findSent(
  client: Client,
  draft: Draft,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { sender: from, input, digest } = draft;
  const asked: Input<'message.list'> = { from, to: draft.recipient, type: input.type, limit: PAGE };
  for (let cursor: string | undefined; ;) {
    const page = await client.message.list({ ...asked, cursor }, { signal });
    const found = page.items.find(({ data }) => isFrom(data, digest));
    if (found !== undefined || page.nextCursor === null) return found?.id;
    cursor = page.nextCursor;
  }
}

function isFrom(data: Record<string, unknown> | null, digest: string): boolean {
  const bridge = data?.['bridge'];
  return typeof bridge === 'object' && bridge !== null && Reflect.get(bridge, 'digest') === digest;
}
