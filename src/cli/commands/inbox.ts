/** What waits in a mailbox; `--watch` stays and shows what comes. */
import { consume } from '../../client/index.ts';
import { type InboxItem, limits } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { itemLines } from '../words/message.ts';
import { speaker } from '../place/speaker.ts';
import { counted } from '../words/time.ts';

export async function inbox(context: Context): Promise<void> {
  if (context.options.has('watch')) return watchInbox(context);
  const { options, output, clock } = context;
  const as = await speaker(context);
  const hub = await context.hub(as);
  const page = await hub.message.read({
    after: options.integer('after', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    limit: options.integer('limit', { min: 1, max: limits.pageMax }),
    isPending: !options.has('all'),
  });
  const nowMs = clock.nowMs();
  // Who names nobody may not know whose mailbox it is.
  const isUnsaid = page.items.length === 0 && Object.keys(as).length === 0 && !output.isJson;
  const whose = isUnsaid ? ` for ${(await hub.hub.whoami()).name}; see --as NAME` : '';
  output.give(page, () =>
    page.items.length === 0
      ? [`Nothing waits${whose}.`]
      : page.items.flatMap((item) => itemLines(output, item, nowMs)),
  );
  const ids = page.items.filter(isOpen).map(({ message }) => message.id);
  if (options.has('ack') && ids.length > 0) await hub.message.ack({ ids });
  const left = page.pending - (options.has('ack') ? ids.length : page.items.length);
  if (left > 0) output.note(`${counted(left, 'message')} more in the mailbox`, 'note');
}

function isOpen({ state }: InboxItem): boolean {
  return state === 'pending' || state === 'leased';
}

async function watchInbox(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const interruption = context.interruption();
  const hub = await context.live(await speaker(context));
  if (!output.isJson) output.note('Watching the mailbox; Ctrl-C ends it.', 'note');
  await new Promise<void>((resolve, reject) => {
    const feed = consume(hub, {
      acknowledges: options.has('ack'),
      onItem(item) {
        if (output.isJson) output.jsonLine(item);
        else for (const line of itemLines(output, item, clock.nowMs())) output.line(line);
      },
      onError: reject,
    });
    const end = (): void => (feed.close(), resolve());
    interruption.addEventListener('abort', end, { once: true });
    if (interruption.aborted) end();
  });
}
