/** The files of messages: found by name and head, or written. */
import { limits, type InboxItem } from '../contract/index.ts';
import { fileNames } from './file-name.ts';
import type { Folder } from './folder.ts';
import { reasonNames, type Inbox } from './inbox.ts';
import { beginningOf, writeLetter } from './letter.ts';

/** Finds the file of a message, or writes it. */
export async function write(
  inbox: Inbox,
  item: InboxItem,
  agent: string,
): Promise<{ file: string; isWritten: boolean }> {
  const [plain, own] = fileNames(item.message, agent);
  const holder = await holderOf(inbox, plain);
  const isTaken = holder !== undefined && !(await isOf(holder, plain, item.message.id));
  const file = isTaken ? own : plain;
  const isThere = isTaken ? (await holderOf(inbox, own)) !== undefined : holder !== undefined;
  if (isThere) return { file, isWritten: false };
  const isWritten = await inbox.main.write(file, writeLetter(item, agent));
  if (isWritten || isTaken) return { file, isWritten };
  // Somebody took the name in this very moment.
  return { file: own, isWritten: await inbox.main.write(own, writeLetter(item, agent)) };
}

/** In this order a file that is moved meanwhile is found all the same. */
async function holderOf(inbox: Inbox, name: string): Promise<Folder | undefined> {
  for (const folder of [inbox.main, inbox.processed, inbox.failed]) {
    if ((await folder.look(name)) !== undefined) return folder;
  }
  return undefined;
}

async function isOf(folder: Folder, name: string, id: string): Promise<boolean> {
  return (await smallText(folder, name))?.startsWith(beginningOf(id)) ?? false;
}

const REASON_MOVED = 'its reader moved the file to .failed';

export async function reasonOf(failed: Folder, file: string): Promise<string> {
  for (const name of reasonNames(file)) {
    const text = (await smallText(failed, name))?.replaceAll('\0', '').trim() ?? '';
    if (text !== '') return text.slice(0, limits.reasonCharsMax);
  }
  return REASON_MOVED;
}

async function smallText(folder: Folder, name: string): Promise<string | undefined> {
  const look = await folder.look(name);
  if (look === undefined || !look.isRegular) return undefined;
  if (look.bytes > BigInt(limits.bridgeFileBytesMax)) return undefined;
  return (await folder.read(name, look))?.toString();
}
