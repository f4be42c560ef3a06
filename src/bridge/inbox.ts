/** `<agent>_inbox/` with its folders: what was done, what was refused, what is on its way. */
import { join } from 'node:path';
import type { SignalboxError } from '../contract/index.ts';
import { Folder, isDraft, shortened } from './folder.ts';

export interface Inbox {
  main: Folder;
  processed: Folder;
  failed: Folder;
  /** Files that are being sent to the hub, and nothing else. */
  sending: Folder;
}

export const PLACES = { processed: '.processed', failed: '.failed', sending: '.sending' } as const;

/** Opened for one look at it, so that a folder that was made anew is found. */
export async function withInbox<Value>(
  path: string,
  work: (inbox: Inbox) => Promise<Value>,
): Promise<Value> {
  const opened: Folder[] = [];
  const keep = (folder: Folder): Folder => {
    opened.push(folder);
    return folder;
  };
  try {
    const main = keep(await Folder.make(path));
    const inside = async (name: string): Promise<Folder> =>
      keep(await Folder.make(main.path(name), join(path, name)));
    return await work({
      main,
      processed: await inside(PLACES.processed),
      failed: await inside(PLACES.failed),
      sending: await inside(PLACES.sending),
    });
  } finally {
    await Promise.all(opened.map((folder) => folder.close()));
  }
}

/** What a killed bridge was writing. */
export async function removeDrafts(path: string): Promise<void> {
  await withInbox(path, async ({ main, failed }) => {
    for (const folder of [main, failed]) {
      for (const name of await folder.names()) if (isDraft(name)) await folder.remove(name);
    }
  });
}

const REASON = '.reason.md';
const STEM_BYTES_MAX = 230;

export interface SetAside {
  from: Folder;
  name: string;
  refusal: SignalboxError;
  /** What it is called there, unless that is taken. */
  as?: string;
}

/** Into `.failed/`, with a file beside it that says why and what to do. */
export async function setAside(
  { failed }: Inbox,
  { from, name, refusal, as = name }: SetAside,
): Promise<void> {
  const stem = as.replace(/\.md$/, '');
  const free = await failed.freeName(shortened(stem, STEM_BYTES_MAX) + as.slice(stem.length));
  const reason = `${free}${REASON}`;
  await failed.remove(reason);
  await failed.write(reason, `${refusal.message}\n\n${refusal.hint}\n`);
  await from.move(name, failed, free);
}

/** What a reader wrote beside a file that it moved to `.failed/`. */
export function reasonNames(name: string): string[] {
  const stem = name.replace(/\.md$/, '');
  return [`${name}${REASON}`, `${stem}${REASON}`, `${stem}.reason`];
}
