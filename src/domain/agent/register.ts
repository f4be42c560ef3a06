/** An agent is known from its first word on, and was seen when it last said one. */
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import { newcomer } from './newcomer.ts';
import { countTokensByRole } from './token-queries.ts';
import { addAgent, findAgent, listAgentsLike, touchAgent } from './queries.ts';

/** `last_seen_ms` is only for display, so it is written at most this often. */
const SEEN_EVERY_MS = 10_000;

/** Makes the caller known where it is new; it need not be connected to have a mailbox. */
export async function registerActor(context: CommandContext): Promise<void> {
  const { tx, actor, nowMs } = context;
  const { project, key } = actor;
  const before = await findAgent(tx, project, key);
  if (before === undefined) return addAgent(tx, newcomer(context));
  if (nowMs - before.last_seen_ms >= SEEN_EVERY_MS) await touchAgent(tx, { project, key, nowMs });
}

/**
 * Whether the caller is a program at work and not a person: it has been connected, or its name was
 * ever given to an agent. A person who reads mail or sends some stays one.
 */
export async function worksAsAgent({ tx, actor, nowMs }: CommandContext): Promise<boolean> {
  const { project, key } = actor;
  const row = await findAgent(tx, project, key);
  if (row !== undefined && (row.session_id !== null || row.role === 'agent')) return true;
  const tokens = await countTokensByRole(tx, { project, key, nowMs });
  return tokens.some(({ role }) => role === 'agent');
}

/** The names of agents whose keys begin so. */
export async function listNear(
  db: Db,
  project: string,
  { prefix, limit }: { prefix: string; limit: number },
): Promise<string[]> {
  const page = { project, afterKey: prefix, upToKey: `${prefix}~`, limit };
  return (await listAgentsLike(db, page)).map(({ name }) => name);
}
