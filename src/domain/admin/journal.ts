/**
 * The journal: one row a command, which is its audit line and, for a day, its answer under its
 * idempotency key. It is written in the command's own transaction. Refusals are not kept, because
 * nothing happened; secrets are not kept, because nobody is to read them twice.
 */
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import { findEntry, findOldReply, forgetReplies, insertEntry } from './queries.ts';

export interface Command {
  operation: string;
  key: string | undefined;
  inputHash: string;
}

/** The answer that this key was given before, as JSON text; undefined where it is new. */
export async function recall(
  context: CommandContext,
  command: Command,
): Promise<{ reply: string } | undefined> {
  if (command.key === undefined) return undefined;
  const { project, key: actor } = context.actor;
  const { operation, key, inputHash } = command;
  const entry = await findEntry(context.tx, { project, actor, operation, key });
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

/** `reply` is JSON text, or null where it holds a secret. */
export async function keep(
  context: CommandContext,
  command: Command,
  reply: string | null,
): Promise<void> {
  await insertEntry(context.tx, {
    at_ms: context.nowMs,
    project: context.actor.project,
    actor: context.actor.key,
    operation: command.operation,
    key: command.key ?? null,
    input_hash: command.inputHash,
    reply: command.key === undefined ? null : reply,
  });
}

const FORGOTTEN_AT_ONCE = 500;

export async function hasOldReplies(db: Db, nowMs: number): Promise<boolean> {
  return (await findOldReply(db, nowMs - limits.replyKeptMs)) !== undefined;
}

export async function forgetOldReplies(context: CommandContext): Promise<void> {
  await forgetReplies(context.tx, context.nowMs - limits.replyKeptMs, FORGOTTEN_AT_ONCE);
}
