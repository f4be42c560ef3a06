/**
 * Waits until there is a change to verify. A hub on which nothing is handed in need not have its
 * verifier in memory.
 */
import type { Client } from '../../client/client.ts';
import type { ChangeState } from '../../contract/change.ts';

const OPEN: readonly ChangeState[] = ['submitted', 'verifying', 'landing'];

export async function firstChange(client: Client, stop: AbortSignal): Promise<void> {
  const { headCursor: after } = await client.event.list({ limit: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const types: ('change.submitted' | 'change.approved')[] = ['change.submitted', 'change.approved'];
  const feed = client.subscribe({ after, filter: { types }, onEvent: () => resolve() });
  stop.addEventListener('abort', () => resolve(), { once: true });
  for (const state of OPEN) {
    const { items } = await client.change.list({ state, limit: 1 });
    if (items.length > 0) resolve();
  }
  await promise;
  feed.close();
}
