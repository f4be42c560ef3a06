/**
 * The journal: one row a command, which is its audit line and, for a day, its answer under its
 * idempotency key. It is written in the command's own transaction. Refusals are not kept, because
 * nothing happened; secrets are not kept, because nobody is to read them twice.
 */
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import type { Actor, CommandContext } from '../event/index.ts';
import {
  findEntry,
  findMeta,
  findOldEntry,
  forgetReplies,
  insertEntry,
  setMeta,
} from './queries.ts';

export interface Command {
  operation: string;
  key: string | undefined;
  inputHash: string;
}

/** Thrown where the key turns out to have been used: what was done meanwhile is undone. */
export class KeyUsed extends Error {}

/**
 * Writes the line, with `reply` as JSON text, or null where it holds a secret. The unique index is
 * what finds a key that was used before, so a new command costs no look-up.
 */
export async function keep(
  context: CommandContext,
  command: Command,
  reply: string | null,
): Promise<void> {
  const isNew = await insertEntry(context.tx, {
    at_ms: context.nowMs,
    project: context.actor.project,
    actor: context.actor.key,
    operation: command.operation,
    key: command.key ?? null,
    input_hash: command.inputHash,
    reply: command.key === undefined ? null : reply,
  });
  if (!isNew) throw new KeyUsed();
}

/** The answer that this key was given before, as JSON text; undefined where it is new. */
export async function recall(
  db: Db,
  actor: Actor,
  command: Command,
): Promise<{ reply: string } | undefined> {
  if (command.key === undefined) return undefined;
  const { operation, key, inputHash } = command;
  const entry = await findEntry(db, { project: actor.project, actor: actor.key, operation, key });
  if (entry === undefined) return undefined;
  if (entry.input_hash !== inputHash) {
    throw new SignalboxError('key_reused', `key ${key} was used for another ${operation}`);
  }
  if (entry.reply === null) {
    throw new SignalboxError(
      'conflict',
      `this ${operation} was done; its secret is not shown again`,
      {
        hint: 'Make a new one under a new key, and revoke the one that was lost.',
      },
    );
  }
  return { reply: entry.reply };
}

const FORGOTTEN_AT_ONCE = 2_000;
const FORGOTTEN = 'journal.forgotten';

/** Forgets the next portion of answers that are older than a day; false where none is left. */
export async function forgetOldReplies(context: CommandContext): Promise<boolean> {
  const { tx, nowMs } = context;
  const afterSeq = Number((await findMeta(tx, FORGOTTEN))?.value ?? 0);
  const beforeMs = nowMs - limits.replyKeptMs;
  const found = await findOldEntry(tx, { afterSeq, beforeMs, limit: FORGOTTEN_AT_ONCE });
  const upToSeq = found?.seq ?? null;
  if (upToSeq === null) return false;
  await forgetReplies(tx, afterSeq, upToSeq);
  await setMeta(tx, FORGOTTEN, String(upToSeq));
  return true;
}
