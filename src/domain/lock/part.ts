/** Giving back some items of a lock: the rest stays held, and what is left of none has ended. */
import type { Output } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { deleteItem, listItems } from './item-queries.ts';
import type { Item } from './items.ts';
import { endLock, letThrough, writeLock } from './line.ts';
import type { LockRow } from './queries.ts';
import { itemsOfRow } from './view.ts';

export async function giveBackItems(
  context: CommandContext,
  open: readonly LockRow[],
  wanted: readonly Item[],
): Promise<Output<'lock.release'>> {
  const named = new Set(wanted.map(nameOf));
  const released: string[] = [];
  let items = 0;
  for (const row of open) {
    const own = itemsOfRow(row);
    const kept = own.filter((item) => !named.has(nameOf(item)));
    if (kept.length === own.length) continue;
    released.push(row.id);
    items += own.length - kept.length;
    if (kept.length === 0) await endLock(context, row, { by: 'release' });
    else await shrink(context, row, kept);
  }
  return { released, items };
}

async function shrink(context: CommandContext, row: LockRow, kept: readonly Item[]): Promise<void> {
  const stays = new Set(kept.map(nameOf));
  const gone = itemsOfRow(row).filter((item) => !stays.has(nameOf(item)));
  for (const item of await listItems(context.tx, row.id)) {
    if (!stays.has(`${item.scope}\0${item.pattern}`)) await deleteItem(context.tx, item);
  }
  await writeLock(context, { ...row, items: shownText(kept) });
  await letThrough(context, { project: row.project, items: shownText(gone) });
}

function shownText(items: readonly Item[]): string {
  return JSON.stringify(items.map(({ shown }) => shown));
}

function nameOf({ scope, pattern }: Item): string {
  return `${scope}\0${pattern.text}`;
}
