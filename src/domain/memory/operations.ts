/** Remembering, recalling and taking back. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  limits,
  type Memory,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { registerActor } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { ensureRepository } from '../repository/index.ts';
import {
  deleteMemory,
  findMemory,
  findSaid,
  insertMemory,
  listNewest,
  type MemoryWithRepository,
} from './queries.ts';
import { asksForAll, scoreOf } from './rank.ts';

const HOUR_MS = 60 * 60_000;

export async function remember(
  context: CommandContext,
  input: Parsed<'memory.remember'>,
): Promise<Output<'memory.remember'>> {
  const { tx, actor, nowMs, random } = context;
  await registerActor(context);
  const { project } = actor;
  const { text, layer, type } = input;
  const digest = createHash('sha256')
    .update(JSON.stringify([actor.key, layer, type, text]))
    .digest('hex');
  const said = await findSaid(tx, { project, digest, sinceMs: nowMs - HOUR_MS });
  if (said !== undefined) return { id: said.id, isNew: false, createdAtMs: said.created_at_ms };
  const repository =
    input.repository === undefined ? null : await ensureRepository(context, input.repository, null);
  const id = newId('mem', nowMs, random);
  await insertMemory(tx, {
    id,
    project,
    agent: actor.name,
    agent_key: actor.key,
    session: input.session ?? null,
    layer,
    type,
    body: text,
    tags: JSON.stringify([...new Set(input.tags)]),
    paths: JSON.stringify([...new Set(input.paths)]),
    repository_id: repository?.id ?? null,
    digest,
    created_at_ms: nowMs,
  });
  await record(context, { type: 'memory.stored', subject: id, data: { agent: actor.name } });
  return { id, isNew: true, createdAtMs: nowMs };
}

export async function recall(
  { db, actor }: QueryContext,
  input: Parsed<'memory.recall'>,
): Promise<Output<'memory.recall'>> {
  const question = { query: input.query ?? '', tags: input.tags, paths: input.paths };
  const isAll = asksForAll(question);
  const fitting = (await listNewest(db, actor.project, limits.recallSeenMax))
    .filter((row) => isWanted(row, input))
    .map((row) => toMemory(row))
    .map((memory) => ({ ...memory, score: rounded(scoreOf(question, memory)) }))
    .filter(({ score }) => isAll || score > 0)
    .toSorted((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1));
  let chars = 0;
  const items = fitting
    .slice(0, input.limit)
    .filter(({ text }) => (chars += text.length) <= input.charsMax);
  return { items, left: fitting.length - items.length };
}

function isWanted(row: MemoryWithRepository, input: Parsed<'memory.recall'>): boolean {
  const { layers, agent, session } = input;
  if (layers.length > 0 && !layers.includes(row.layer)) return false;
  if (agent !== undefined && row.agent_key !== nameKey(agent)) return false;
  return session === undefined || row.session === session;
}

export async function forget(
  context: CommandContext,
  input: Parsed<'memory.forget'>,
): Promise<Output<'memory.forget'>> {
  const { tx, actor } = context;
  const row = await findMemory(tx, actor.project, input.id);
  if (row === undefined) {
    throw new SignalboxError('not_found', `there is no memory ${input.id}`, {
      hint: '`signalbox recall` shows what is remembered.',
    });
  }
  if (row.agent_key !== actor.key && !actor.scopes.has('operate')) {
    throw new SignalboxError('forbidden', `${row.agent} has remembered that`, {
      hint: 'An agent takes back only its own; ask a person.',
    });
  }
  await deleteMemory(tx, row.id);
  await record(context, { type: 'memory.forgotten', subject: row.id, data: { agent: row.agent } });
  return { id: row.id };
}

const List = z.array(z.string());

function toMemory(row: MemoryWithRepository): Memory {
  return {
    id: row.id,
    text: row.body,
    layer: row.layer,
    type: row.type,
    tags: List.parse(JSON.parse(row.tags)),
    paths: List.parse(JSON.parse(row.paths)),
    repository: row.repository_url,
    agent: row.agent,
    session: row.session,
    createdAtMs: row.created_at_ms,
    score: 0,
  };
}

/** Enough digits to tell scores apart, and few enough to be read. */
function rounded(score: number): number {
  return Math.round(score * 1_000) / 1_000;
}
